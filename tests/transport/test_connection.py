"""One connection: how bodies end, when it is kept, and back-pressure both ways."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import pytest

from aios3 import Bucket
from aios3.errors import AccessDenied, ConnectError, NotModified, SourceChanged, TruncatedBody
from aios3.protocol.messages import Buffer
from aios3.testing.peer import Peer, peer_in_thread
from aios3.testing.steps import (
    answering,
    close,
    half_close,
    ignore,
    read,
    read_head,
    read_request,
    repeat,
    reset,
    response,
    send,
    stall,
    trickle,
)
from tests.loops import BOTH_LOOPS

from .buckets import KIB, MIB, bucket_at, pool, request_to

pytestmark = BOTH_LOOPS

DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"


class Framing(NamedTuple):
    """A response, and what is to be made of it."""

    sent: bytes
    body: bytes
    kept: bool = True
    ends: bool = False  # the server closes behind it


FRAMINGS = {
    "content-length": Framing(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "empty": Framing(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
    "two equal lengths": Framing(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "chunked": Framing(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"
    ),
    "chunked with trailers": Framing(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-One: 1\r\nX-Two: 2\r\n\r\n",
        b"hello",
    ),
    "chunked and empty": Framing(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b""),
    "until close": Framing(b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello", kept=False, ends=True),
    "interim answers first": Framing(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        b"hello",
    ),
    "connection: close": Framing(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", b"hello", kept=False
    ),
    "close among others": Framing(
        b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 5\r\n\r\nhello", b"hello", kept=False
    ),
    "http/1.0": Framing(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello", kept=False),
    "http/1.0 keep-alive": Framing(
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello", b"hello"
    ),
    "http/1.0 until close": Framing(b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello", kept=False, ends=True),
}


@pytest.mark.parametrize("play", [send, trickle], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("framing", FRAMINGS.values(), ids=FRAMINGS)
async def test_body_is_read_to_its_end_and_the_connection_kept_if_it_may_be(framing: Framing, play: Any) -> None:
    script = (
        [read_request(), play(framing.sent), close()] if framing.ends else [repeat(read_request(), play(framing.sent))]
    )
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        bodies = [await bucket.get("key"), await bucket.get("key")]
        connections = peer.connections

    assert bodies == [framing.body] * 2
    assert connections == (1 if framing.kept else 2)


async def test_connection_on_which_more_came_than_was_asked_for_is_not_used_again() -> None:
    sent = FRAMINGS["content-length"].sent
    async with Peer([read_request(), send(sent + sent)]) as peer, bucket_at(peer.endpoint) as bucket:
        bodies = [await bucket.get("key"), await bucket.get("key")]

        assert bodies == [b"hello"] * 2
        assert peer.connections == 2


BODYLESS = {
    "HEAD with a length": ("head", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"),
    "HEAD with chunks": ("head", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "HEAD with neither": ("head", b"HTTP/1.1 200 OK\r\n\r\n"),
    "204": ("delete", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "204 with a length": ("delete", b"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n"),
    "304": ("get_unmodified", b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 7\r\n\r\n'),
}


@pytest.mark.parametrize(("verb", "sent"), BODYLESS.values(), ids=BODYLESS)
async def test_answer_without_a_body_leaves_the_connection_free(verb: str, sent: bytes) -> None:
    async def ask(bucket: Bucket) -> None:
        if verb == "get_unmodified":
            with pytest.raises(NotModified):
                await bucket.get("key", if_none_match='"1"')
        else:
            await getattr(bucket, verb)("key")

    async with Peer([repeat(read_request(), send(sent))]) as peer, bucket_at(peer.endpoint) as bucket:
        await ask(bucket)
        await ask(bucket)

        assert peer.connections == 1
        assert len(peer.requests) == 2


async def test_trailers_are_kept() -> None:
    async with Peer([read_request(), send(FRAMINGS["chunked with trailers"].sent)]) as peer, pool() as connections:
        body = await connections.send(request_to(peer.endpoint))

        assert await body.read() == b"hello"
        assert body.trailers == {"x-one": "1", "x-two": "2"}


async def test_head_is_given_before_the_body_is_there() -> None:
    script = [read_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), stall(), send(b"hello")]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            size = stream.size
            peer.release()
            body = await stream.read()

    assert (size, body) == (5, b"hello")


async def test_stream_is_read_in_pieces_of_any_size() -> None:
    data = bytes(range(256)) * 4096
    async with Peer(answering(data)) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            pieces = [await stream.read(0), await stream.read(1), await stream.read(70_000)]
            pieces += [piece async for piece in stream]
            end = await stream.read()

    assert b"".join(pieces) == data
    assert pieces[0] == end == b""
    assert len(pieces[1]) == 1


async def test_request_goes_out_as_one_piece() -> None:
    async with Peer([read_head(), read(5), send(response())]) as peer, bucket_at(peer.endpoint) as bucket:
        await bucket.put("a b/..", b"hello")

    asked = peer.requests[0]
    assert (asked.method, asked.target) == (b"PUT", b"/bucket/a%20b/..")
    assert asked.header("content-length") == b"5"
    assert bytes(peer.visits[0].received) == asked.head + b"hello"


# ------------------------------------------------------------------ cut short
CUT_BODIES = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhello",
    "between chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-One: 1\r\n",
}


@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize("sent", CUT_BODIES.values(), ids=CUT_BODIES)
async def test_body_that_is_cut_short_is_never_given_as_whole(sent: bytes, end: Any) -> None:
    async with Peer([read_request(), send(sent), end()]) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(TruncatedBody):
            await bucket.get("key")


async def test_body_until_close_that_ends_with_a_reset_is_cut_short() -> None:
    script = [read_request(), send(ENDLESS + b"hello"), stall(), reset()]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            first = await stream.read(100)
            peer.release()
            with pytest.raises(TruncatedBody):
                await stream.read()

    assert first == b"hello"


async def test_bytes_that_came_before_the_cut_can_be_read() -> None:
    script = [read_request(), send(CUT_BODIES["length"]), close()]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            first = await stream.read(100)
            with pytest.raises(TruncatedBody):
                await stream.read(100)

    assert first == b"hello"


@pytest.mark.parametrize("end", [close, reset, half_close])
async def test_server_that_goes_before_it_answers_is_a_connect_error(end: Any) -> None:
    async with Peer([read_request(), end()]) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(ConnectError):
            await bucket.get("key")


# ------------------------------------------------------------------ what is sent
async def test_half_closed_peer_that_reads_nothing_ends_the_upload_at_once() -> None:
    async with Peer([read_head(), half_close(), stall()]) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(5):
            with pytest.raises(ConnectError):
                await bucket.put("key", bytes(20 * MIB))


async def test_answer_until_half_close_ends_the_upload_at_once() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\n\r\n" + DENIED
    async with Peer([read_head(), send(refusal), half_close(), stall()]) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(5):
            with pytest.raises(AccessDenied):
                await bucket.put("key", bytes(20 * MIB))


@dataclass
class Source:
    """A request body that gives *pieces*; the second waits for *gate*."""

    length: int
    pieces: list[bytes]
    gate: asyncio.Event
    closed: bool = False

    async def chunks(self) -> AsyncIterator[Buffer]:
        try:
            for number, piece in enumerate(self.pieces):
                if number == 1:
                    await self.gate.wait()
                yield piece
            if len(self.pieces) == 1:
                await self.gate.wait()
        finally:
            self.closed = True

    async def rewind(self) -> bool:
        return False

    async def sha256(self) -> str | None:
        return None


@pytest.mark.parametrize("pieces", [[b"hello"], [b"hel", b"lo"]], ids=["one piece", "two pieces"])
async def test_connection_whose_request_was_not_wholly_sent_is_not_used_again(pieces: list[bytes]) -> None:
    # A server that keeps the connection alive takes what comes next for the body that it was promised.
    early = [read_head(), send(response(status="403 Forbidden"))]
    source = Source(5, pieces, asyncio.Event())
    async with Peer(early, answering()) as peer, pool() as connections:
        sending = asyncio.create_task(connections.send(request_to(peer.endpoint, "PUT", source)))
        await peer.until_asked()
        # The answer is on its way through this very loop.
        for _ in range(20):
            await asyncio.sleep(0)
        source.gate.set()
        refused = await sending
        accepted = await connections.send(request_to(peer.endpoint))

        assert (refused.head.status, accepted.head.status) == (403, 200)
        assert peer.connections == 2


async def test_connection_with_unsent_bytes_is_not_used_again(tmp_path: Path) -> None:
    # A Unix socket takes about 208 KiB; what is left is less than what makes the transport pause.
    early = [stall(), send(response(status="403 Forbidden")), ignore()]
    unix = tmp_path / "peer"
    async with Peer(early, answering(), unix=unix) as peer, aiohttp.UnixConnector(str(unix)) as connector:
        async with bucket_at("http://peer.test", connector=connector) as bucket, asyncio.timeout(5):
            sending = asyncio.create_task(bucket.put("key", bytes(256 * KIB)))
            await peer.until_stalled()
            peer.release()
            with pytest.raises(AccessDenied):
                await sending
            await bucket.put("key", b"")

        assert peer.connections == 2


async def test_connection_is_kept_after_an_upload_in_pieces() -> None:
    async with Peer(answering()) as peer, bucket_at(peer.endpoint) as bucket:
        for _ in range(3):
            await bucket.put("key", bytes(3 * MIB))
            await bucket.put("key", io.BytesIO(bytes(3 * MIB)))

        assert peer.connections == 1
        assert {len(asked.body) for asked in peer.requests} == {3 * MIB}


@pytest.mark.parametrize(
    "pieces", [[b"hel"], [b"hello", b"!"], [b"hello!!"], []], ids=["short", "long", "longer", "none"]
)
async def test_source_of_another_length_than_declared_never_completes_a_request(pieces: list[bytes]) -> None:
    gate = asyncio.Event()
    gate.set()
    source = Source(5, pieces, gate)
    async with Peer([read_request(), send(response())]) as peer, pool() as connections:
        with pytest.raises(SourceChanged, match="declared 5 bytes"):
            await connections.send(request_to(peer.endpoint, "PUT", source))
        await peer.until_left()

        assert not peer.requests


async def test_source_is_closed_when_sending_stops() -> None:
    source = Source(20 * MIB, [bytes(10 * MIB)] * 2, asyncio.Event())
    source.gate.set()
    async with Peer([read_head(), send(response(status="403 Forbidden"))]) as peer, pool() as connections:
        body = await connections.send(request_to(peer.endpoint, "PUT", source))

        assert body.head.status == 403
        assert source.closed


# ------------------------------------------------------------------ back-pressure
async def test_slow_reader_makes_the_server_wait() -> None:
    size = 48 * MIB
    half = bytes(size // 2)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size
    script = [read_request(), send(head), send(half), send(half), *answering()]
    with peer_in_thread(script, [read_request()]) as peer:
        async with bucket_at(peer.endpoint) as bucket, bucket.download("key") as stream:
            got = len(await stream.read(1))
            # The first half does not fit into what kernel and client hold, so that the second is never begun.
            with pytest.raises(TimeoutError):
                await peer.until(lambda: peer.visits[0].steps > 3, seconds=0.5)
            async for piece in stream:
                got += len(piece)

    assert got == size


class CountingFile(io.BytesIO):
    """A file that knows how far it was ever read."""

    farthest = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.farthest = max(self.farthest, self.tell() if data else 0)
        return data


async def test_slow_server_makes_the_source_wait() -> None:
    size = 48 * MIB
    file = CountingFile(bytes(size))
    script = [read_head(), stall(), read(size), send(response())]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        sending = asyncio.create_task(bucket.put("key", file))
        await peer.until_stalled()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await asyncio.shield(sending)
        farthest = file.farthest
        peer.release()
        await sending

    # Kernel buffers on the way of about 10 MiB, and a few pieces of ours.
    assert 0 < farthest < 20 * MIB
    assert file.farthest == size


async def test_fast_server_does_not_keep_the_loop_from_others() -> None:
    rounds = 0
    seen = []

    async def tick() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    class NotingSource(Source):
        async def chunks(self) -> AsyncIterator[Buffer]:
            for piece in self.pieces:
                seen.append(rounds)
                yield piece

    # Less than what kernels take, so that nothing else makes the sender wait.
    source = NotingSource(3 * MIB, [bytes(256 * KIB)] * 12, asyncio.Event())
    async with Peer(answering()) as peer, pool() as connections:
        await connections.send(request_to(peer.endpoint))
        ticking = asyncio.create_task(tick())
        await connections.send(request_to(peer.endpoint, "PUT", source))
        ticking.cancel()

    assert seen[-1] > seen[0]


async def test_answer_that_came_while_sending_is_held_back_too() -> None:
    # What the exchange before wanted, all of a body, must not be taken for what this one wants.
    half = bytes(24 * MIB)
    before = [read_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"), stall(), send(b"lo")]
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n" % (2 * len(half))
    with peer_in_thread([*before, read_head(), send(head), send(half), send(half), ignore()]) as peer:
        async with pool() as connections:
            first = await connections.send(request_to(peer.endpoint))
            reading = asyncio.create_task(first.read())
            await peer.until_stalled()
            peer.release()
            assert await reading == b"hello"
            second = await connections.send(request_to(peer.endpoint, "PUT", bytes(20 * MIB)))
            with pytest.raises(TimeoutError):
                await peer.until(lambda: peer.visits[0].steps > 7, seconds=0.5)
            got = len(await second.read())

    assert got == 2 * len(half)
