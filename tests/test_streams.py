"""ObjectStream as download gives it, and files as request bodies."""

import asyncio
import hashlib
import io
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from aios3 import Bucket, InvalidInput, ObjectStream, TransportError, TruncatedBody
from aios3.files import FilePart
from aios3.streams import FileBody, request_body
from tests import oracle
from tests.loops import BOTH_LOOPS
from tests.servers import Server
from tests.stores import EVERY_SERVER, bucket_at, client_of, on
from tests.wire import answering, response

BODY = os.urandom(3 * 1024 * 1024 + 17)
SMALL = b"0123456789"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + SMALL + b"\r\n0\r\n\r\n"
ANY_FRAMING = pytest.mark.parametrize("answer", [response(body=SMALL), CHUNKED], ids=["length", "chunked"])


@pytest.fixture
def key(server: Server, bucket: str) -> str:
    """A key under which BODY is stored."""
    oracle.put(server, bucket, "large", BODY)
    return "large"


# --- reading


@EVERY_SERVER
@BOTH_LOOPS
async def test_download_can_be_awaited_and_read_to_the_end(store: Bucket, key: str) -> None:
    stream = await store.download(key)

    parts = []
    while chunk := await stream.read(65536):
        assert len(chunk) <= 65536
        parts.append(chunk)

    assert b"".join(parts) == BODY
    assert await stream.read() == b""
    assert await stream.read(10) == b""


@EVERY_SERVER
async def test_download_can_be_entered_and_read_at_once(store: Bucket, key: str) -> None:
    async with store.download(key) as stream:
        assert isinstance(stream, ObjectStream)
        assert await stream.read() == BODY


@EVERY_SERVER
async def test_stream_is_an_async_iterator_of_pieces(store: Bucket, key: str) -> None:
    async with store.download(key) as stream:
        pieces = [piece async for piece in stream]

    assert b"".join(pieces) == BODY
    assert all(pieces)


@EVERY_SERVER
@pytest.mark.parametrize("size", [1000, 65536, 1 << 20, len(BODY), len(BODY) + 1])
async def test_chunks_are_of_that_size_but_the_last(store: Bucket, key: str, size: int) -> None:
    async with store.download(key) as stream:
        chunks = [chunk async for chunk in stream.chunks(size)]

    assert chunks == [BODY[start : start + size] for start in range(0, len(BODY), size)]


@EVERY_SERVER
async def test_readinto_fills_a_buffer_piece_by_piece(store: Bucket, key: str) -> None:
    buffer = bytearray(len(BODY) + 10)
    view, filled = memoryview(buffer), 0
    async with store.download(key) as stream:
        while count := await stream.readinto(view[filled : filled + 100_000]):
            filled += count

    assert filled == len(BODY)
    assert buffer[:filled] == BODY


@EVERY_SERVER
@BOTH_LOOPS
@pytest.mark.parametrize("size", [1000, 1 << 20, len(BODY), len(BODY) + 10])
async def test_fill_fills_a_buffer_as_long_as_there_is_something(store: Bucket, key: str, size: int) -> None:
    found, buffer = b"", bytearray(size)
    async with store.download(key) as stream:
        counts = []
        while count := await stream.fill(buffer):
            counts.append(count)
            found += buffer[:count]

    assert found == BODY
    assert set(counts[:-1]) <= {size}


@EVERY_SERVER
async def test_ways_to_read_can_be_mixed(store: Bucket, key: str) -> None:
    async with store.download(key) as stream:
        first = await stream.read(10)
        second = bytearray(5)
        count = await stream.readinto(second)
        third = bytearray(100_000)
        assert await stream.fill(third) == len(third)
        rest = b"".join([piece async for piece in stream])

    assert first + second[:count] + third + rest == BODY


@EVERY_SERVER
async def test_stream_says_what_it_is_of(store: Bucket) -> None:
    put = await store.put("key", SMALL, content_type="text/x-test", metadata={"colour": "blue"})
    head = await store.head("key")

    async with store.download("key") as stream:
        assert (stream.size, stream.content_type, stream.content_range) == (10, "text/x-test", None)
        assert (stream.etag, stream.metadata) == (put.etag, {"colour": "blue"})
        assert stream.last_modified == head.last_modified
        assert stream.headers["content-type"] == "text/x-test"
        assert await stream.read() == SMALL


@on("ranges")
async def test_download_of_a_slice(store: Bucket, key: str) -> None:
    async with store.download(key, start=5, end=1_000_005) as stream:
        assert (stream.size, stream.content_range) == (1_000_000, f"bytes 5-1000004/{len(BODY)}")
        assert await stream.read() == BODY[5:1_000_005]
    async with store.download(key, start=-7) as stream:
        assert await stream.read() == BODY[-7:]


@EVERY_SERVER
async def test_empty_object_is_an_empty_stream(store: Bucket) -> None:
    await store.put("empty", b"")

    async with store.download("empty") as stream:
        assert stream.size == 0
        assert [piece async for piece in stream] == []
    async with store.download("empty") as stream:
        assert await stream.read() == b""


@EVERY_SERVER
async def test_reading_nothing_takes_nothing(store: Bucket, key: str) -> None:
    async with store.download(key) as stream:
        assert await stream.read(0) == b""
        assert await stream.readinto(bytearray()) == 0
        assert await stream.read() == BODY


@pytest.mark.parametrize("size", [0, -1])
async def test_chunk_size_below_one_is_refused(size: int) -> None:
    async with answering(response(body=SMALL)) as peer, bucket_at(peer.port) as bucket:
        async with bucket.download("key") as stream:
            with pytest.raises(InvalidInput, match="chunk size must be at least 1"):
                await anext(stream.chunks(size))
            assert await stream.read() == SMALL


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda stream: stream.read("x"), "n must be a whole number of bytes, not 'x'"),
        (lambda stream: stream.read(1.5), "n must be a whole number of bytes, not 1.5"),
        (lambda stream: anext(stream.chunks("x")), "chunk size must be a whole number of bytes, not 'x'"),
        (lambda stream: stream.readinto(b"constant"), "the buffer is read-only"),
        (lambda stream: stream.readinto(5), "buffer must be a buffer in one piece, not int"),
        (lambda stream: stream.fill(memoryview(bytearray(4))[::2]), "buffer must be a buffer in one piece, not memory"),
    ],
)
async def test_what_cannot_be_read_into_or_counted_is_refused_and_takes_nothing(ask: Any, words: str) -> None:
    async with answering(response(body=SMALL)) as peer, bucket_at(peer.port) as bucket:
        async with bucket.download("key") as stream:
            with pytest.raises(InvalidInput, match=words):
                await ask(stream)

            assert await stream.read(None) == SMALL


# --- the end


@EVERY_SERVER
async def test_stream_read_to_its_end_needs_no_close(server: Server, bucket: str, key: str) -> None:
    async with client_of(server, max_connections=1) as client:
        stream = await client.bucket(bucket).download(key)
        await stream.read()

        # The only connection is free again.
        assert await client.bucket(bucket).exists(key)
        await stream.close()
        await stream.close()


@EVERY_SERVER
@BOTH_LOOPS
async def test_leaving_a_stream_early_frees_its_connection(server: Server, bucket: str, key: str) -> None:
    async with client_of(server, max_connections=1, pool_timeout=10) as client:
        for _ in range(3):
            async with client.bucket(bucket).download(key) as stream:
                assert await stream.read(10) == BODY[:10]

        assert await client.bucket(bucket).exists(key)


@EVERY_SERVER
async def test_error_inside_the_with_frees_the_connection(server: Server, bucket: str, key: str) -> None:
    async with client_of(server, max_connections=1, pool_timeout=10) as client:
        with pytest.raises(ZeroDivisionError):
            async with client.bucket(bucket).download(key):
                raise ZeroDivisionError

        assert await client.bucket(bucket).exists(key)


@EVERY_SERVER
async def test_closed_stream_gives_an_error_instead_of_less(store: Bucket, key: str) -> None:
    stream = await store.download(key)
    await stream.read(10)
    await stream.close()

    with pytest.raises(TransportError, match="closed before its body was read"):
        await _drained(stream)


@ANY_FRAMING
async def test_closed_stream_gives_nothing_of_what_had_arrived(answer: bytes) -> None:
    asks: list[Callable[[ObjectStream], Awaitable[object]]] = [
        lambda stream: stream.read(),
        lambda stream: stream.read(1),
        lambda stream: stream.readinto(bytearray(4)),
        lambda stream: stream.fill(bytearray(4)),
        lambda stream: anext(stream.chunks(4)),
    ]
    async with answering(*[answer] * 5) as peer, bucket_at(peer.port) as bucket:
        for ask in asks:
            stream = await bucket.download("key")
            await stream.read(1)
            await stream.close()
            with pytest.raises(TransportError, match="closed before its body was read"):
                await ask(stream)


@ANY_FRAMING
async def test_stream_that_was_read_to_its_end_and_closed_is_at_its_end(answer: bytes) -> None:
    async with answering(answer) as peer, bucket_at(peer.port) as bucket:
        stream = await bucket.download("key")
        await stream.read()
        await stream.close()

        assert await stream.read() == b""


async def _drained(stream: ObjectStream) -> bytes:
    return b"".join([piece async for piece in stream])


@EVERY_SERVER
async def test_cancelled_read_leaves_the_client_usable(server: Server, bucket: str, key: str) -> None:
    async with client_of(server, max_connections=1, pool_timeout=10) as client:
        started = asyncio.Event()

        async def read_on() -> None:
            async with client.bucket(bucket).download(key) as stream:
                async for _ in stream:
                    started.set()
                    await asyncio.Event().wait()

        task = asyncio.create_task(read_on())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        assert await client.bucket(bucket).get(key) == BODY


async def test_closing_the_client_ends_a_read_that_is_under_way() -> None:
    begun = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + SMALL
    async with answering(begun) as peer, bucket_at(peer.port) as bucket:
        stream = await bucket.download("key")
        reading = asyncio.create_task(stream.read())
        await asyncio.gather(asyncio.wait([reading]), bucket.close())

        with pytest.raises(TransportError):
            reading.result()


async def test_body_that_ends_early_is_a_truncated_body() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + SMALL)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with bucket_at(server.sockets[0].getsockname()[1]) as bucket:
        for read in (bucket.get("key"), _read_all(bucket)):
            with pytest.raises(TruncatedBody):
                await read
    server.close()
    await server.wait_closed()


async def _read_all(bucket: Bucket) -> bytes:
    async with bucket.download("key") as stream:
        return b"".join([chunk async for chunk in stream.chunks(7)])


# --- request bodies


async def test_file_body_gives_its_bytes_and_can_be_rewound(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(BODY)
    body = await request_body(path)

    assert isinstance(body, FilePart)
    assert body.length == len(BODY)
    assert await body.sha256() == hashlib.sha256(BODY).hexdigest()
    assert b"".join([bytes(piece) async for piece in body.chunks()]) == BODY
    assert await body.rewind()
    assert b"".join([bytes(piece) async for piece in body.chunks()]) == BODY
    await body.close()


async def test_file_body_starts_where_the_file_stood() -> None:
    file = io.BytesIO(BODY)
    file.seek(1000)
    body = await request_body(file)

    assert isinstance(body, FileBody)
    assert body.length == len(BODY) - 1000
    assert await body.sha256() == hashlib.sha256(BODY[1000:]).hexdigest()
    assert b"".join([bytes(piece) async for piece in body.chunks()]) == BODY[1000:]
    assert not file.closed


async def test_file_that_stands_behind_its_end_is_empty() -> None:
    file = io.BytesIO(SMALL)
    file.seek(100)
    body = await request_body(file)

    assert isinstance(body, FileBody)
    assert body.length == 0
