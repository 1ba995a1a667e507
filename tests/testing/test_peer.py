"""The scripted peer: each step does what it says, no more."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from aios3.testing import Asked, Peer, Step, Visit, peer_in_thread, steps
from tests.loops import BOTH_LOOPS

pytestmark = BOTH_LOOPS
GET = b"GET /a?b HTTP/1.1\r\nHost: h\r\nX-One:  1 \r\n\r\n"
PUT = b"PUT /c HTTP/1.1\r\ncontent-length: 5\r\n\r\nhello"


@asynccontextmanager
async def visiting(peer: Peer) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a peer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.sleep(0)


async def test_requests_are_read_as_they_came() -> None:
    async with Peer([steps.read_request(), steps.read_request()]) as peer, visiting(peer) as (_, writer):
        writer.write(GET + PUT)
        await peer.until_asked(2)

        first, second = peer.requests
        assert (first.head, first.body, second.body) == (GET, b"", b"hello")
        assert (first.method, first.target, second.method) == (b"GET", b"/a?b", b"PUT")
        assert (first.header("x-one"), first.header("X-ONE"), first.header("x-two")) == (b"1", b"1", None)
        assert bytes(peer.visits[0].received) == GET + PUT


async def test_head_is_read_without_the_body() -> None:
    async with Peer([steps.read_head(), steps.read(5), steps.send(b"ok")]) as peer, visiting(peer) as (reader, writer):
        writer.write(PUT)

        assert await reader.readexactly(2) == b"ok"
        assert [asked.body for asked in peer.requests] == [b""]


async def test_first_connection_plays_the_first_script_and_the_last_one_is_repeated() -> None:
    async with Peer([steps.send(b"1")], [steps.send(b"2")], [steps.send(b"3")]) as peer:
        heard = []
        for _ in range(5):
            async with visiting(peer) as (reader, _):
                heard.append(await reader.readexactly(1))

        assert heard == [b"1", b"2", b"3", b"3", b"3"]
        assert peer.connections == 5


async def test_peer_without_a_script_listens_and_says_nothing() -> None:
    async with Peer() as peer, visiting(peer) as (reader, writer):
        writer.write(b"anything")
        writer.write_eof()
        await peer.until_left()

        assert await reader.read() == b""
        assert peer.visits[0].over == "eof"


@pytest.mark.parametrize("end", ["close", "say_goodbye"])
async def test_close_ends_the_connection(end: str) -> None:
    async with Peer([steps.send(b"x"), getattr(steps, end)()]) as peer, visiting(peer) as (reader, _):
        assert await reader.read() == b"x"

        assert peer.visits[0].over == "closed"


async def test_reset_is_one() -> None:
    async with Peer([steps.read_head(), steps.reset()]) as peer, visiting(peer) as (reader, writer):
        writer.write(GET)
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_half_close_ends_one_direction() -> None:
    async with Peer([steps.half_close(), steps.read_request()]) as peer, visiting(peer) as (reader, writer):
        assert await reader.read() == b""
        writer.write(GET)
        await peer.until_asked()

        assert peer.requests[0].head == GET


async def test_stall_waits_for_release() -> None:
    async with Peer([steps.send(b"1"), steps.stall(), steps.send(b"2")]) as peer, visiting(peer) as (reader, _):
        await peer.until_stalled()
        assert await reader.read(10) == b"1"
        assert peer.visits[0].steps == 1
        peer.release()

        assert await reader.read(10) == b"2"
        assert not peer.visits[0].stalled


async def test_trickle_comes_in_small_pieces() -> None:
    data = bytes(range(50))
    async with Peer([steps.trickle(data)]) as peer, visiting(peer) as (reader, _):
        got = [await reader.read(100)]
        while sum(map(len, got)) < len(data):
            got.append(await reader.read(100))

        assert b"".join(got) == data
        assert len(got) > 5


async def test_read_slowly_takes_its_time() -> None:
    loop = asyncio.get_running_loop()
    script = [steps.read_slowly(100, piece=10, pause=0.01), steps.send(b"ok")]
    async with Peer(script) as peer, visiting(peer) as (reader, writer):
        begun = loop.time()
        writer.write(bytes(100))

        assert await reader.readexactly(2) == b"ok"
        assert loop.time() - begun > 0.09


async def test_what_no_step_reads_stays_in_the_kernel() -> None:
    async with Peer([steps.stall()], receive_buffer=4096) as peer, visiting(peer) as (_, writer):
        writer.write(bytes(50_000_000))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await writer.drain()
        writer.transport.abort()


async def test_answering_answers_every_request_the_same() -> None:
    script = steps.answering(b"body", status="418 Teapot", headers=["A: b"])
    async with Peer(script) as peer, visiting(peer) as (reader, writer):
        for request in (GET, PUT):
            writer.write(request)
            whole = await reader.readuntil(b"body")
            assert whole == b"HTTP/1.1 418 Teapot\r\nA: b\r\nContent-Length: 4\r\n\r\nbody"

        assert len(peer.requests) == 2


async def test_serving_answers_what_a_function_says() -> None:
    def echo(asked: Asked) -> bytes:
        return steps.response(asked.target + asked.body)

    async with Peer(steps.serving(echo)) as peer, visiting(peer) as (reader, writer):
        writer.write(GET + PUT)

        assert (await reader.readuntil(b"/a?b")).endswith(b"\r\n\r\n/a?b")
        assert (await reader.readuntil(b"/chello")).endswith(b"\r\n\r\n/chello")


async def test_step_of_ones_own_is_an_async_function() -> None:
    async def shout(visit: Visit) -> None:
        visit.writer.write(visit.requests[-1].target.upper())

    async with Peer([steps.read_request(), shout]) as peer, visiting(peer) as (reader, writer):
        writer.write(GET)

        assert await reader.readexactly(4) == b"/A?B"


async def test_waiting_has_an_end() -> None:
    async with Peer() as peer:
        with pytest.raises(TimeoutError):
            await peer.until(lambda: False, seconds=0.01)


async def test_leaving_ends_every_visit() -> None:
    async with Peer([steps.ignore()]) as peer:
        reader, writer = await asyncio.open_connection("127.0.0.1", peer.port)
        await peer.until(lambda: peer.connections == 1)

    assert peer.visits[0].over == "closed"
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", peer.visits[0].writer.get_extra_info("sockname")[1])


@pytest.mark.parametrize("step", [steps.send(bytes(8_000_000)), steps.trickle(bytes(100_000))], ids=["send", "trickle"])
async def test_client_that_goes_while_it_is_written_to_leaves_no_error_that_nobody_heard(step: Step) -> None:
    async with Peer([step]) as peer:
        client = socket.create_connection(("127.0.0.1", peer.port))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await peer.until(lambda: peer.connections == 1)
        client.close()
        await peer.until_left()

    # Asyncio's streams hear it, too, when they are dropped; but what is dropped in a circle is so in any order.
    writer: Any = peer.visits[0].writer
    end = writer._protocol._get_close_waiter(writer)
    assert end.done()
    assert not end._log_traceback


async def test_unix_socket_is_one_too(tmp_path: Path) -> None:
    async with Peer([steps.send(b"hello")], unix=tmp_path / "peer"):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "peer"))
        assert await reader.readexactly(5) == b"hello"
        writer.close()
        await writer.wait_closed()


async def test_peer_in_a_thread_acts_while_this_loop_is_busy() -> None:
    with peer_in_thread(steps.answering(b"data")) as peer:
        with socket.create_connection(("127.0.0.1", peer.port), timeout=5) as blocking:
            blocking.sendall(GET)
            got = b""
            while not got.endswith(b"data"):
                got += blocking.recv(100)
        await peer.until_left()

        assert [asked.head for asked in peer.requests] == [GET]
