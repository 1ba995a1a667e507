"""S3Storage beside the way of a storage over aioboto3, a session's client for each call, in one run::

    pip install -e . aioboto3 && python benchmarks/storages.py http://127.0.0.1:9311 bucket 1k

The store must be there, the bucket in it, and an object of that name; any keys must do, or those of the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from importlib import import_module
from io import BytesIO
from typing import Any

from aios3.async_storages import S3Storage

KEY = os.environ.get("AWS_ACCESS_KEY_ID", "key")
SECRET = os.environ.get("AWS_SECRET_ACCESS_KEY", "secret")
DATA = b"x" * 1024
AT_ONCE, SECONDS, ROUNDS = 16, 2.0, 3


def of_aioboto3(
    endpoint: str, bucket: str
) -> tuple[Callable[[str], Awaitable[BytesIO]], Callable[[str], Awaitable[Any]]]:
    """Return open and upload as a storage over aioboto3 has them."""
    session = import_module("aioboto3").Session(KEY, SECRET, region_name="us-east-1")

    async def read(name: str) -> BytesIO:
        async with session.client("s3", endpoint_url=endpoint) as s3:
            answer = await s3.get_object(Bucket=bucket, Key=name)
            async with answer["Body"] as body:
                return BytesIO(await body.read())

    async def upload(name: str) -> Any:
        async with session.client("s3", endpoint_url=endpoint) as s3:
            await s3.put_object(Bucket=bucket, Key=name, Body=BytesIO(DATA))

    return read, upload


async def rate(call: Callable[[str], Awaitable[Any]], name: str) -> float:
    """Return the calls of a second, many at once."""
    await call(name)
    done, end = 0, time.perf_counter() + SECONDS

    async def work() -> None:
        nonlocal done
        while time.perf_counter() < end:
            await call(name)
            done += 1

    started = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(AT_ONCE)])
    return done / (time.perf_counter() - started)


async def main() -> None:
    """Measure in turn, and print the best of each."""
    endpoint, bucket, name = sys.argv[1:4]
    host = endpoint.partition("://")[2]
    async with S3Storage(
        bucket, host, KEY, SECRET, region_name="us-east-1", use_ssl=endpoint[:5] == "https"
    ) as storage:
        read, upload = of_aioboto3(endpoint, bucket)
        pairs = {
            "open": (storage.open, read),
            "upload": (lambda key: storage.upload(BytesIO(DATA), f"{key}-up"), lambda key: upload(f"{key}-up")),
        }
        for what, (ours, theirs) in pairs.items():
            rounds = [(await rate(ours, name), await rate(theirs, name)) for _ in range(ROUNDS)]
            mine, other = (max(column) for column in zip(*rounds, strict=True))
            print(
                f"{what} of 1 KiB: {mine:,.0f}/s, by aioboto3 {other:,.0f}/s: {mine / other:.0f} times"
            )  # what it is for


if __name__ == "__main__":
    asyncio.run(main())
