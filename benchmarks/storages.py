"""S3Storage beside the way of a storage over aioboto3, a session's client for each call, in one run::

    pip install -e ".[bench]" && python benchmarks/storages.py

They talk to the fake S3 of fakes3.py: apt-get install nginx.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from io import BytesIO
from typing import Any

from aios3.async_storages import S3Storage
from fakes3 import fake_s3
from peers.base import ACCESS, BUCKET, REGION, SECRET, Target

DATA = b"x" * 1024
AT_ONCE, SECONDS, ROUNDS = 16, 2.0, 3

Act = Callable[[], Awaitable[object]]


def of_aioboto3(endpoint: str) -> tuple[Act, Act]:
    """Return open and upload as a storage over aioboto3 has them."""
    session: Any = import_module("aioboto3").Session(ACCESS, SECRET, region_name=REGION)

    async def read() -> BytesIO:
        async with session.client("s3", endpoint_url=endpoint) as s3:
            answer = await s3.get_object(Bucket=BUCKET, Key="1k")
            async with answer["Body"] as body:
                return BytesIO(await body.read())

    async def upload() -> None:
        async with session.client("s3", endpoint_url=endpoint) as s3:
            await s3.put_object(Bucket=BUCKET, Key="up", Body=BytesIO(DATA))

    return read, upload


async def rate(call: Act) -> float:
    """Return the calls of a second, many at once."""
    await call()
    done, started = 0, time.perf_counter()

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < started + SECONDS:
            await call()
            done += 1

    await asyncio.gather(*[work() for _ in range(AT_ONCE)])
    return done / (time.perf_counter() - started)


async def compare(at: Target) -> None:
    """Measure in turn, and print the best of each."""
    async with S3Storage(BUCKET, at.host, ACCESS, SECRET, region_name=REGION, use_ssl=False) as storage:
        read, upload = of_aioboto3(at.url)
        pairs: dict[str, tuple[Act, Act]] = {
            "open": (lambda: storage.open("1k"), read),
            "upload": (lambda: storage.upload(BytesIO(DATA), "up"), upload),
        }
        for what, (ours, theirs) in pairs.items():
            rounds = [(await rate(ours), await rate(theirs)) for _ in range(ROUNDS)]
            mine, other = (max(column) for column in zip(*rounds, strict=True))
            print(f"{what} of 1 KiB: {mine:,.0f}/s, by aioboto3 {other:,.0f}/s: {mine / other:.0f} times")


def main() -> None:
    """Start a server, and compare."""
    with fake_s3(size=1024, round_trip=0) as fake:
        asyncio.run(compare(Target(port=fake.plain)))


if __name__ == "__main__":
    main()
