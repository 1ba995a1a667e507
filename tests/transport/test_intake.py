"""Bodies that arrive in the reader's own memory, and large ones read out of the socket: whole, cut, trickling, with more behind."""

import asyncio
import itertools
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aios3 import Bucket, ObjectStream
from aios3.errors import InvalidInput, ReadTimeout, TransportError, TruncatedBody
from aios3.testing.peer import Asked, Peer, Step, Visit, peer_in_thread
from aios3.testing.steps import (
    answering,
    close,
    half_close,
    ignore,
    read_request,
    reset,
    response,
    say_goodbye,
    send,
    serving,
    stall,
    trickle,
)
from aios3.transport.connection import SIP
from aios3.transport.intake import LARGE, PATIENCE, PIECE
from tests.loops import BOTH_LOOPS
from tests.servers.certificates import Certificate

from .buckets import MIB, bucket_at

pytestmark = BOTH_LOOPS

BODY = os.urandom(3 * MIB + 7)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"


async def filled(stream: ObjectStream, size: int) -> bytes:
    """Read a stream to its end through one buffer."""
    buffer, found = bytearray(size), b""
    while count := await stream.fill(buffer):
        found += buffer[:count]
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_every_boundary(size: int) -> None:
    script = [read_request(), trickle(HEAD % 5 + b"hello"), *answering(b"next")]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            assert await filled(stream, size) == b"hello"
        assert await bucket.get("key") == b"next"

    assert peer.connections == 1


@pytest.mark.parametrize("sent", [HEAD % len(BODY) + BODY, CHUNKED % (len(BODY), BODY)], ids=["length", "chunks"])
async def test_large_body_leaves_the_connection_free(sent: bytes) -> None:
    async with Peer([read_request(), send(sent), *answering()]) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            assert await filled(stream, MIB) == BODY
        await bucket.get("key")

    assert peer.connections == 1


async def test_over_tls(server_tls: ssl.SSLContext, certificate: Certificate) -> None:
    script = [read_request(), send(HEAD % len(BODY) + BODY), *answering()]
    async with Peer(script, tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=certificate.authority) as bucket:
            async with bucket.download("key") as stream:
                assert await filled(stream, MIB) == BODY
            await bucket.get("key")

    assert peer.connections == 1


@pytest.mark.parametrize("end", [close, say_goodbye, stall])
async def test_lost_in_the_middle_over_tls(server_tls: ssl.SSLContext, certificate: Certificate, end: Any) -> None:
    script = [read_request(), send(HEAD % 100 + b"hello"), end()]
    async with Peer(script, tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=certificate.authority, read_timeout=0.2) as bucket:
            async with bucket.download("key") as stream:
                with pytest.raises(ReadTimeout if end is stall else TruncatedBody):
                    await stream.fill(bytearray(100))


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("whole", [False, True])
async def test_closed_in_the_middle(
    server_tls: ssl.SSLContext, certificate: Certificate, *, tls: bool, whole: bool
) -> None:
    script, buffer = [read_request(), send(HEAD % 100 + b"hello"), stall()], bytearray(100)
    async with Peer(script, tls=server_tls if tls else None) as peer:
        async with bucket_at(peer.endpoint, verify=certificate.authority) as bucket:
            async with bucket.download("key") as stream:
                filling = asyncio.ensure_future(stream.fill(buffer))
                while not any(buffer):  # noqa: ASYNC110  # what arrives makes no event
                    await asyncio.sleep(0)
                await (bucket if whole else stream).close()
                with pytest.raises(TransportError):
                    await filling


async def test_connection_on_which_more_came_is_not_used_again() -> None:
    script = [read_request(), send(HEAD % 5), trickle(b"hell"), send(b"oHTTP/1.1 200 OK\r\n\r\nfoul")]
    async with Peer(script, answering(b"next")) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            assert await filled(stream, 100) == b"hello"
        assert await bucket.get("key") == b"next"

    assert peer.connections == 2


@pytest.mark.parametrize("end", [close, reset])
async def test_what_came_before_the_cut_is_given_and_no_more(end: Any) -> None:
    script = [read_request(), send(HEAD % 100), trickle(b"hello"), end()]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            buffer = bytearray(100)
            with pytest.raises(TruncatedBody):
                await stream.fill(buffer)

    assert buffer.startswith(b"hell")


async def test_silence_is_a_read_timeout() -> None:
    script = [read_request(), send(HEAD % 100 + b"hello"), stall()]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=0.2) as bucket:
        async with bucket.download("key") as stream:
            with pytest.raises(ReadTimeout):
                await stream.fill(bytearray(100))


async def test_bytes_that_trickle_are_no_silence() -> None:
    script = [read_request(), send(HEAD % 8), trickle(b"12345678", pause=0.1)]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=0.4) as bucket:
        async with bucket.download("key") as stream:
            assert await filled(stream, 100) == b"12345678"


async def cancelled_in_the_middle(bucket: Bucket, buffer: bytearray) -> None:
    """Begin to fill *buffer*, and stop when some of it has come."""
    async with bucket.download("key") as stream:
        filling = asyncio.ensure_future(stream.fill(buffer))
        while not any(buffer):  # noqa: ASYNC110  # what arrives makes no event
            await asyncio.sleep(0)
        filling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await filling


async def test_nothing_is_written_after_a_cancellation() -> None:
    script = [read_request(), send(HEAD % len(BODY)), send(BODY[:MIB]), send(BODY[MIB:])]
    buffer = bytearray(len(BODY))
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        await cancelled_in_the_middle(bucket, buffer)
        before = bytes(buffer)
        await asyncio.sleep(0.05)

    assert buffer == before


@pytest.mark.parametrize("turns", range(12))
async def test_what_a_cancelled_call_had_is_read_by_the_next(turns: int) -> None:
    """Whenever it comes, in the turn of the last byte too."""
    head = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 5\r\n\r\n'
    begun = [read_request(), send(head), stall(), send(b"hell"), send(b"o")]
    again = b'HTTP/1.1 206 OK\r\nETag: "e"\r\nContent-Range: bytes 0-4/5\r\nContent-Length: 5\r\n\r\nhello'
    async with Peer(begun, [read_request(), send(again)]) as peer:
        async with bucket_at(peer.endpoint, max_attempts=2) as bucket, bucket.download("key") as stream:
            buffer = bytearray(10)
            filling = asyncio.ensure_future(stream.fill(buffer))
            await peer.until_stalled()
            peer.release()
            for _ in range(turns):
                await asyncio.sleep(0)
            filling.cancel()
            await asyncio.wait([filling])

            assert (bytes(buffer[:5]) if not filling.cancelled() else await stream.read()) == b"hello"


async def test_memory_that_cannot_be_written_to_is_refused_at_once() -> None:
    async with Peer(answering(b"hello")) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            with pytest.raises(InvalidInput, match="read-only"):
                await stream.fill(memoryview(bytes(5)))
            assert await stream.read() == b"hello"


# --- a large body, which is read out of the socket


async def pieces(bucket: Bucket) -> bytes:
    async with bucket.download("key") as stream:
        return b"".join([piece async for piece in stream])


async def by_odd_fills(bucket: Bucket) -> bytes:
    async with bucket.download("key") as stream:
        return await filled(stream, 300_001)


async def by_odd_reads(bucket: Bucket) -> bytes:
    found, sizes = b"", itertools.cycle([1, 70_001, 3 * MIB, 4095])
    async with bucket.download("key") as stream:
        while piece := await stream.read(next(sizes)):
            found += piece
    return found


async def by_each_in_turn(bucket: Bucket) -> bytes:
    buffer = bytearray(200_003)
    async with bucket.download("key") as stream:
        found = b""
        while piece := await stream.read(100_001):
            found += piece + buffer[: await stream.fill(buffer)]
    return found


async def whole(bucket: Bucket) -> bytes:
    return await bucket.get("key")


EVERY_WAY = pytest.mark.parametrize("read", [whole, pieces, by_odd_fills, by_odd_reads, by_each_in_turn])
Read = Callable[[Bucket], Awaitable[bytes]]


@EVERY_WAY
async def test_large_bodies_come_one_after_the_other_over_one_connection(read: Read) -> None:
    script = [read_request(), send(HEAD % len(BODY) + BODY)] * 3
    async with Peer([*script, *answering(b"small")]) as peer, bucket_at(peer.endpoint) as bucket:
        for _ in range(3):
            assert await read(bucket) == BODY
        assert await bucket.get("key") == b"small"

    assert peer.connections == 1


@EVERY_WAY
async def test_what_comes_behind_a_large_body_is_never_read_as_an_answer(read: Read) -> None:
    first = [read_request(), send(HEAD % len(BODY) + BODY + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")]
    async with Peer(first, answering(b"good")) as peer, bucket_at(peer.endpoint) as bucket:
        assert await read(bucket) == BODY
        assert await bucket.get("key") == b"good"

    assert peer.connections == 2


@EVERY_WAY
async def test_what_comes_later_behind_a_large_body_is_never_read_as_an_answer(read: Read) -> None:
    first = [read_request(), send(HEAD % len(BODY) + BODY), stall(), send(b"HTTP/1.1 200 OK\r\n\r\nevil")]
    async with Peer(first, answering(b"good")) as peer, bucket_at(peer.endpoint) as bucket:
        assert await read(bucket) == BODY
        await peer.until_stalled()
        peer.release()
        await peer.until_left()
        assert await bucket.get("key") == b"good"

    assert peer.connections == 2


@EVERY_WAY
@pytest.mark.parametrize("missing", [1, 2, 300_000, 2 * MIB, len(BODY) - 1])
@pytest.mark.parametrize("end", [close, half_close, reset])
async def test_large_body_that_is_cut_is_an_error(end: Any, missing: int, read: Read) -> None:
    script = [read_request(), send(HEAD % len(BODY) + BODY[:-missing]), end()]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(TransportError):
            await read(bucket)


@EVERY_WAY
async def test_body_for_which_nobody_has_room_is_cut_like_any_other(read: Read) -> None:
    async with Peer([read_request(), send(HEAD % 2**62 + BODY), close()]) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(TruncatedBody, match="the last 4611686018424242169 bytes"):
            await read(bucket)


async def test_reset_in_the_middle_of_a_large_body_is_told_as_it_was() -> None:
    script = [read_request(), send(HEAD % len(BODY) + BODY[: 2 * MIB]), stall(), reset()]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket, bucket.download("key") as stream:
        buffer = bytearray(2 * MIB)
        assert await stream.fill(buffer) == len(buffer)
        filling = asyncio.ensure_future(stream.fill(buffer))
        await peer.until_stalled()
        peer.release()
        with pytest.raises(TruncatedBody, match=r"(?i)reset") as caught:
            await filling
        assert isinstance(caught.value.__cause__, ConnectionResetError)


@EVERY_WAY
async def test_large_body_that_stalls_is_a_read_timeout(read: Read) -> None:
    script = [read_request(), send(HEAD % len(BODY) + BODY[:MIB]), stall()]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=0.1) as bucket:
        with pytest.raises(ReadTimeout):
            await read(bucket)


@EVERY_WAY
async def test_large_body_of_which_some_trickles_is_no_silence(read: Read) -> None:
    begun = send(HEAD % len(BODY) + BODY[:MIB])
    script = [read_request(), begun, trickle(BODY[MIB : MIB + 8], pause=0.1), send(BODY[MIB + 8 :])]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=0.4) as bucket:
        assert await read(bucket) == BODY


async def test_few_bytes_of_a_slow_peer_are_given_before_more_come() -> None:
    script = [read_request(), send(HEAD % len(BODY) + BODY[:MIB]), stall(), send(BODY[MIB : MIB + 7]), ignore()]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=3) as bucket:
        async with bucket.download("key") as stream:
            assert await stream.fill(bytearray(MIB)) == MIB
            reading = asyncio.ensure_future(stream.read(100))
            await peer.until_stalled()
            peer.release()

            assert await reading == BODY[MIB : MIB + 7]


def send_in_bursts(data: bytes) -> Step:
    """Send now a little, now much, with pauses in which a client gives up to wait for more."""

    async def step(visit: Visit) -> None:
        sizes, start = itertools.cycle([100_000, 900, 2 * MIB]), 0
        while start < len(data):
            size = next(sizes)
            visit.writer.write(data[start : start + size])
            await visit.writer.drain()
            await asyncio.sleep(0 if size == 900 else PATIENCE * 0.8)
            start += size

    return step


@EVERY_WAY
async def test_large_body_that_comes_in_bursts_is_whole(read: Read) -> None:
    large = BODY * 3
    with peer_in_thread([read_request(), send(HEAD % len(large)), send_in_bursts(large)]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            found = await read(bucket)

    assert len(found) == len(large)
    assert found == large


@pytest.mark.parametrize("missing", [1, 700, 5_000, 270_000])
@EVERY_WAY
async def test_connection_is_as_before_when_the_end_was_waited_for(read: Read, missing: int) -> None:
    last = [stall(), send(BODY[-missing:])]
    script = [read_request(), send(HEAD % len(BODY) + BODY[:-missing]), *last, *answering(b"x")]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=3) as bucket:
        reading = asyncio.ensure_future(read(bucket))
        await peer.until_stalled()
        for _ in range(100):
            await asyncio.sleep(0)
        peer.release()
        assert await reading == BODY
        assert await bucket.get("key") == b"x"

    assert peer.connections == 1


@EVERY_WAY
@pytest.mark.parametrize("size", [LARGE - 1, LARGE, LARGE + 1, LARGE + SIP, LARGE + SIP + 1, PIECE, PIECE + 1])
async def test_bodies_about_as_large_as_what_is_read_at_once(read: Read, size: int) -> None:
    """Read out of the socket or not, whole or but for a byte, as soon as the head is here."""
    script = [read_request(), send(HEAD % size), stall(), send(BODY[:size]), *answering(b"x")]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=3) as bucket:
        reading = asyncio.ensure_future(read(bucket))
        await peer.until_stalled()
        peer.release()
        assert await reading == BODY[:size]
        assert await bucket.get("key") == b"x"

    assert peer.connections == 1


async def test_large_body_over_a_unix_socket(tmp_path: Path) -> None:
    """Where the system wakes us for the first byte, whatever it was told."""
    path = tmp_path / "socket"
    script = [read_request(), send(HEAD % len(BODY) + BODY), *answering(b"x")]
    async with Peer(script, unix=path) as peer, aiohttp.UnixConnector(str(path)) as connector:
        async with bucket_at("http://127.0.0.1:1", connector=connector) as bucket:
            assert await by_each_in_turn(bucket) == BODY
            assert await bucket.get("key") == b"x"

    assert peer.connections == 1


async def test_large_body_that_is_left_closes_its_connection() -> None:
    first = [read_request(), send(HEAD % len(BODY) + BODY[: 2 * MIB])]
    async with Peer(first, answering(b"next")) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            assert await anext(aiter(stream))
        assert await bucket.get("key") == b"next"
        await peer.until_left()


async def test_reader_who_waits_keeps_a_large_body_in_the_kernel() -> None:
    large = bytes(64 * MIB)
    async with Peer([read_request(), send(HEAD % len(large) + large)]) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            assert await anext(aiter(stream))
            for _ in range(100):
                await asyncio.sleep(0)
            assert stream._body._reader.buffered < MIB  # type: ignore[attr-defined]  # nothing public tells it
            assert len(await stream.read()) > 0


async def test_others_have_their_turn_while_a_large_body_comes() -> None:
    size = 32 * MIB
    buffer, counts = bytearray(size), [0]

    async def count() -> None:
        while True:
            # What has not come yet is 0: nothing public tells how far it is.
            counts.append(buffer.find(0, counts[-1]) % (size + 1))
            await asyncio.sleep(0)

    with peer_in_thread([read_request(), send(HEAD % size + b"x" * size)]) as peer:
        async with bucket_at(peer.endpoint) as bucket, bucket.download("key") as stream:
            counting = asyncio.ensure_future(count())
            assert await stream.fill(buffer) == size
            counting.cancel()

    assert max(after - before for before, after in itertools.pairwise(counts)) <= 2 * MIB


def rest(asked: Asked) -> bytes:
    """Answer a request for the rest of the body."""
    found = re.fullmatch(rb"bytes=([0-9]+)-([0-9]*)", asked.header("range") or b"bytes=0-")
    assert found is not None
    part = BODY[int(found[1]) :]
    named = f"Content-Range: bytes {int(found[1])}-{len(BODY) - 1}/{len(BODY)}"
    return response(part, status="206 Partial Content", headers=['ETag: "e"', named])


@pytest.mark.parametrize("turns", range(0, 40, 3))
async def test_large_body_is_whole_for_whoever_reads_on_after_a_cancellation(turns: int) -> None:
    first = [read_request(), send(response(BODY, headers=['ETag: "e"']))]
    with peer_in_thread(first, serving(rest)) as peer:
        async with bucket_at(peer.endpoint, max_attempts=3) as bucket, bucket.download("key") as stream:
            buffer = bytearray(2 * MIB)
            filling = asyncio.ensure_future(stream.fill(buffer))
            for _ in range(turns):
                await asyncio.sleep(0)
            filling.cancel()
            await asyncio.wait([filling])
            found = b"" if filling.cancelled() else bytes(buffer[: filling.result()])

            assert found + await stream.read() == BODY


async def test_fill_after_pieces() -> None:
    script = [read_request(), send(HEAD % len(BODY) + BODY), *answering(b"next")]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        async with bucket.download("key") as stream:
            found = await anext(aiter(stream))
            found += await filled(stream, MIB)
        assert found == BODY
        assert await bucket.get("key") == b"next"

    assert peer.connections == 1
