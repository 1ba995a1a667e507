"""Signatures and presigned URLs, ours beside botocore's, minio's and obstore's, in one run::

    pip install -e ".[bench]" minio && python benchmarks/signing.py

Each line is the least time of many short rounds, so that what else the machine does counts little. Nothing is sent.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

from aios3 import Bucket, Credentials
from aios3.protocol.sigv4 import EMPTY_SHA256, sign

ACCESS, SECRET, REGION, BUCKET, KEY = "AKIDEXAMPLE", "secret" * 7, "us-east-1", "bucket", "path/to/key.txt"
HOST = f"{BUCKET}.s3.{REGION}.amazonaws.com"
ROUNDS, CALLS = 300, 100


def least(call: Callable[[], Any]) -> float:
    """Return the microseconds of one call."""
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, time.perf_counter() - started)
    return best / CALLS * 1e6


async def ours() -> tuple[float, float]:
    """Return the times of a signature, and of a URL through ``await bucket.presign``."""
    keys = Credentials(ACCESS, SECRET)

    def signature() -> object:
        return sign(
            "GET",
            f"/{KEY}",
            "",
            {"host": HOST},
            EMPTY_SHA256,
            credentials=keys,
            timestamp="20260102T030405Z",
            region=REGION,
        )

    bucket = Bucket(BUCKET, aws_key=ACCESS, aws_secret=SECRET, aws_region=REGION)
    best = float("inf")
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            await bucket.presign(KEY)
        best = min(best, time.perf_counter() - started)
    return least(signature), best / CALLS * 1e6


def botocores() -> tuple[float, float]:
    """Return botocore's; its client presigns with the signer that is timed alone, too."""
    auth, request = import_module("botocore.auth"), import_module("botocore.awsrequest").AWSRequest
    keys = import_module("botocore.credentials").Credentials(ACCESS, SECRET)
    signer = auth.S3SigV4Auth(keys, "s3", REGION)
    session = import_module("botocore.session").get_session()
    client = session.create_client("s3", REGION, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET)
    target = {"Bucket": BUCKET, "Key": KEY}
    return (
        least(lambda: signer.add_auth(request(method="GET", url=f"https://{HOST}/{KEY}"))),
        least(lambda: client.generate_presigned_url("get_object", Params=target)),
    )


def minios() -> tuple[float, float]:
    """Return minio's."""
    made = import_module("minio").Minio(
        endpoint="s3.amazonaws.com", access_key=ACCESS, secret_key=SECRET, region=REGION
    )
    return float("nan"), least(lambda: made.presigned_get_object(bucket_name=BUCKET, object_name=KEY))


def obstores() -> tuple[float, float]:
    """Return obstore's, whose signatures cannot be had alone."""
    obstore = import_module("obstore")
    store = obstore.store.S3Store(BUCKET, region=REGION, access_key_id=ACCESS, secret_access_key=SECRET)
    hour = timedelta(hours=1)
    return float("nan"), least(lambda: obstore.sign(store, "GET", KEY, hour))


def main() -> None:
    """Print the table."""
    rows = {"aios3": asyncio.run(ours())}
    for name, measure in (("botocore", botocores), ("minio", minios), ("obstore", obstores)):
        try:
            rows[name] = measure()
        except ImportError as error:
            print(f"{name}: {error}")  # what it is for
    print(f"{'':10}{'signature us':>14}{'per second':>12}{'URL us':>10}{'per second':>12}")
    for name, (signature, url) in rows.items():
        print(f"{name:10}{signature:14.2f}{1e6 / signature:12,.0f}{url:10.2f}{1e6 / url:12,.0f}")


if __name__ == "__main__":
    main()
