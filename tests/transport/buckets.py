"""What talks to a peer: buckets, and the pool below them where a test needs what a bucket does not show."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import aiohttp

from aios3 import Bucket
from aios3.protocol.messages import Buffer, Request, RequestBody, address
from aios3.protocol.uri import parse_endpoint
from aios3.transport import Pool, PoolOptions

KIB = 1024
MIB = 1024 * KIB


def bucket_at(endpoint: str, *, name: str = "bucket", **options: Any) -> Bucket:
    """Return a bucket of an endpoint that wants no signature, tries once, and has no proxy that is not given.

    It knows its region, so that a first call reads no files: calls are sent in the order in which they are begun.
    """
    fixed = {"anonymous": True, "aws_region": "us-east-1", "proxy": False, "max_attempts": 1}
    return Bucket(name, aws_endpoint=endpoint, **{**fixed, **options})


@asynccontextmanager
async def pool(connector: aiohttp.BaseConnector | None = None, **options: Any) -> AsyncIterator[Pool]:
    """Give a pool, and close it."""
    made = Pool(PoolOptions(**options), connector)
    try:
        yield made
    finally:
        await made.close()


def request_to(endpoint: str, method: str = "GET", body: Buffer | RequestBody = b"") -> Request:
    """Return an unsigned request."""
    scheme, host, port, _ = parse_endpoint(endpoint)
    to = address(scheme, host, port)
    return Request(method, to, "/bucket/key", "", {"host": to.authority}, body)


async def turns(count: int) -> None:
    """Let the loop go round *count* times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def holds(condition: Callable[[], bool], *, limit: float = 5.0) -> bool:
    """Let the loop go round until *condition* holds; tell if it did so within *limit* seconds."""
    deadline = monotonic() + limit
    while monotonic() < deadline:
        if condition():
            return True
        await turns(1)
    return condition()
