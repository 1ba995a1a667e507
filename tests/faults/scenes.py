"""What the fault tests are made of: buckets before a peer or a faulty server, objects that a peer serves, ways to read."""

import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aios3 import Bucket, ObjectStream
from aios3.testing import Asked, Fault, FaultProxy, Plan, Step, Visit, steps
from tests import oracle
from tests.servers import Server

KIB = 1024
MIB = 1024 * KIB
KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ETAG = '"9bb58f26192e4ba00f01e2e7b136bbd8"'

Answer = Callable[[Asked], bytes]


def data_of(size: int, seed: int = 7) -> bytes:
    """Return bytes of which no two pieces are alike."""
    return random.Random(seed).randbytes(size)


def bucket_at(endpoint: str, **options: Any) -> Bucket:
    """Return a bucket before a peer; it knows its region, so that a first call reads no files."""
    fixed = {"aws_key": KEY, "aws_secret": SECRET, "aws_region": "us-east-1", "proxy": False}
    return Bucket("bucket", aws_endpoint=endpoint, **{**fixed, **options})


@asynccontextmanager
async def behind(server: Server, plan: Plan | None = None, **options: Any) -> AsyncIterator[tuple[FaultProxy, Bucket]]:
    """Give a new bucket of *server* behind a proxy, and the proxy."""
    name = oracle.make_bucket(server, f"faults-{uuid4().hex[:16]}")
    keys = {"aws_key": server.access_key, "aws_secret": server.secret_key, "proxy": False}
    async with FaultProxy(server.endpoint, plan) as proxy:
        async with Bucket(name, aws_endpoint=proxy.url, **{**keys, **options}) as bucket:
            yield proxy, bucket


def on(method: str, *faults: Fault | None) -> Plan:
    """Plan the nth of *faults* for the nth request with *method*."""
    left = list(faults)
    return lambda number, verb, target: left.pop(0) if verb == method and left else None


# ------------------------------------------------------------------ what a peer answers
def failure(
    code: str, status: str = "503 Service Unavailable", *, more: str = "", headers: Sequence[str] = ()
) -> bytes:
    """Return an S3 error."""
    return steps.response(
        f"<Error><Code>{code}</Code><Message>as told</Message>{more}</Error>".encode(), status=status, headers=headers
    )


def listing(*keys: str) -> bytes:
    """Return a page of a listing."""
    found = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    return f"<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()


def serves(data: bytes, etag: str | None = ETAG, headers: Sequence[str] = (), *, deaf: bool = False) -> Answer:
    """Return how a server answers GET for an object; a *deaf* one does not heed Range and If-Match."""
    named = [*headers, f"ETag: {etag}"] if etag else [*headers]

    def answer(asked: Asked) -> bytes:
        match = asked.header("if-match")
        wanted = asked.header("range")
        if deaf or wanted is None:
            return steps.response(data, headers=named)
        if match is not None and match.decode() != etag:
            return failure("PreconditionFailed", "412 Precondition Failed")
        first, last = span(wanted.decode(), len(data))
        if first >= len(data):
            return failure("InvalidRange", "416 Range Not Satisfiable")
        place = f"Content-Range: bytes {first}-{last}/{len(data)}"
        return steps.response(data[first : last + 1], status="206 Partial Content", headers=[*named, place])

    return answer


def span(wanted: str, size: int) -> tuple[int, int]:
    """Read a Range header for an object of *size* bytes."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted)
    assert match is not None
    if not match[1]:
        return max(0, size - int(match[2])), size - 1
    return int(match[1]), min(int(match[2] or size), size - 1)


def partly(answer: Answer, size: int) -> list[Step]:
    """Return the script of a server that sends the head and *size* bytes of the body, and closes."""

    async def step(visit: Visit) -> None:
        head, _, body = answer(visit.requests[-1]).partition(b"\r\n\r\n")
        visit.writer.write(head + b"\r\n\r\n" + body[:size])
        await visit.writer.drain()

    return [steps.read_request(), step, steps.say_goodbye()]


# ------------------------------------------------------------------ ways to read an object
async def _get(bucket: Bucket, **options: Any) -> bytes:
    return await bucket.get("key", **options)


async def _read_all(bucket: Bucket, **options: Any) -> bytes:
    stream: ObjectStream = await bucket.download("key", **options)
    return await stream.read()


async def _read_some(bucket: Bucket, **options: Any) -> bytes:
    async with bucket.download("key", **options) as stream:
        return b"".join(await pieces(lambda: stream.read(7001)))


async def _readinto(bucket: Bucket, **options: Any) -> bytes:
    buffer, whole = bytearray(5003), bytearray()
    async with bucket.download("key", **options) as stream:
        while count := await stream.readinto(buffer):
            whole += buffer[:count]
    return bytes(whole)


async def _fill(bucket: Bucket, **options: Any) -> bytes:
    buffer, whole = bytearray(5003), bytearray()
    async with bucket.download("key", **options) as stream:
        while (count := await stream.fill(buffer)) == len(buffer):
            whole += buffer
        assert await stream.fill(memoryview(buffer)[count:]) == 0
    return bytes(whole + buffer[:count])


async def _iterate(bucket: Bucket, **options: Any) -> bytes:
    async with bucket.download("key", **options) as stream:
        return b"".join([piece async for piece in stream])


async def _chunks(bucket: Bucket, **options: Any) -> bytes:
    async with bucket.download("key", **options) as stream:
        found = [piece async for piece in stream.chunks(9000)]
    assert {len(piece) for piece in found[:-1]} <= {9000}
    return b"".join(found)


async def pieces(read: Callable[[], Awaitable[bytes]]) -> list[bytes]:
    """Call *read* until it gives nothing."""
    found = []
    while piece := await read():
        found.append(piece)
    return found


WAYS: Mapping[str, Callable[..., Awaitable[bytes]]] = {
    "get": _get,
    "read all": _read_all,
    "read some": _read_some,
    "readinto": _readinto,
    "fill": _fill,
    "iterate": _iterate,
    "chunks": _chunks,
}
"""Every way to read an object's bytes: function of a bucket and get's options; the key is ``key``."""
