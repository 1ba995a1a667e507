"""Signatures alone, ours beside botocore's, and presigned URLs of all that make them, in one run::

    pip install -e ".[bench]" && python benchmarks/signing.py

Each figure is the least of many short rounds, so that what else the machine does counts little. Nothing is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from aios3 import Credentials
from aios3.protocol.sigv4 import EMPTY_SHA256, Signer
from peers import PEERS, Target, installed
from peers.base import ACCESS, REGION, SECRET

KEY = "path/to/key.txt"
HOST = f"bucket.s3.{REGION}.amazonaws.com"
ROUNDS, CALLS = 300, 100


def least(call: Callable[[], object]) -> float:
    """Return the microseconds of one call."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, time.perf_counter() - started)
    return best / CALLS * 1e6


def ours() -> float:
    """Return the time of a signature of ours."""
    keys = Credentials(ACCESS, SECRET)
    return least(
        lambda: Signer(keys, "20260102T030405Z", REGION).proof("GET", f"/{KEY}", "", {"host": HOST}, EMPTY_SHA256)
    )


def botocores() -> float:
    """Return the time of a signature of botocore's."""
    request = import_module("botocore.awsrequest").AWSRequest
    keys = import_module("botocore.credentials").Credentials(ACCESS, SECRET)
    signer = import_module("botocore.auth").S3SigV4Auth(keys, "s3", REGION)
    return least(lambda: signer.add_auth(request(method="GET", url=f"https://{HOST}/{KEY}")))


async def url(name: str) -> float:
    """Return the time of a URL of a peer's."""
    peer: Any = PEERS[name](Target(port=9))
    opened = peer.open()
    if peer.threads:
        return least(lambda: peer.presign(KEY))
    await opened
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            await peer.presign(KEY)
        best = min(best, time.perf_counter() - started)
    await peer.close()
    return best / CALLS * 1e6


def main() -> None:
    """Print the table."""
    rows = {"aios3, signature": ours()}
    if installed("boto3"):
        rows["botocore, signature"] = botocores()
    for name, peer in PEERS.items():
        if hasattr(peer, "presign") and installed(name):
            rows[f"{name}, URL"] = asyncio.run(url(name))
    print(f"{'':26}{'us':>10}{'per second':>14}")
    for name, found in rows.items():
        print(f"{name:26}{found:10.2f}{1e6 / found:14,.0f}")


if __name__ == "__main__":
    main()
