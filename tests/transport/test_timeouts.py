"""Timeouts: what counts as progress, and what does not count at all."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver

from aios3.errors import ConnectTimeout, ReadTimeout, TransportError
from aios3.testing.peer import Peer, peer_in_thread
from aios3.testing.steps import answering, ignore, read_head, read_request, read_slowly, response, send, stall, trickle
from tests.loops import BOTH_LOOPS

from .buckets import KIB, MIB, bucket_at, pool, request_to

pytestmark = BOTH_LOOPS

SHORT = 0.25
# A timer ticks eight times in a timeout; a busy machine may be late.
AT_MOST = 2.0


# ------------------------------------------------------------------ connecting
@contextmanager
def black_hole() -> Iterator[int]:
    """Give a port on which nobody ever accepts: its queue is full, and the kernel drops what else comes."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_host_that_never_accepts_is_a_connect_timeout() -> None:
    with black_hole() as port:
        async with bucket_at(f"http://127.0.0.1:{port}", connect_timeout=SHORT) as bucket:
            async with asyncio.timeout(AT_MOST):
                with pytest.raises(ConnectTimeout, match=rf"127\.0\.0\.1:{port} within 0\.25 s"):
                    await bucket.get("key")


async def test_tls_peer_that_never_shakes_hands_is_a_connect_timeout() -> None:
    async with Peer([ignore()]) as peer:
        async with bucket_at(f"https://127.0.0.1:{peer.port}", connect_timeout=SHORT) as bucket:
            async with asyncio.timeout(AT_MOST):
                with pytest.raises(ConnectTimeout):
                    await bucket.get("key")


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 Connection est"], ids=["nothing", "half an answer"])
async def test_proxy_that_never_answers_connect_is_a_connect_timeout_that_names_it(said: bytes) -> None:
    async with Peer([read_head(), send(said)]) as proxy:
        options: dict[str, Any] = {"proxy": f"http://user:secret@127.0.0.1:{proxy.port}", "connect_timeout": SHORT}
        async with bucket_at("https://s3.test", **options) as bucket, asyncio.timeout(AT_MOST):
            with pytest.raises(
                ConnectTimeout, match=rf"s3\.test:443 through the proxy http://127\.0\.0\.1:{proxy.port}"
            ):
                await bucket.get("key")
            await proxy.until_left()


class NeverResolver(AbstractResolver):
    """A name server that is not there."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()

    async def resolve(self, *args: Any, **options: Any) -> Any:
        await self.closed.wait()
        raise OSError("closed")

    async def close(self) -> None:
        self.closed.set()


async def test_name_that_never_resolves_is_a_connect_timeout() -> None:
    resolver = NeverResolver()
    async with aiohttp.TCPConnector(resolver=resolver) as connector:
        async with bucket_at("http://s3.test", connector=connector, connect_timeout=SHORT) as bucket:
            async with asyncio.timeout(AT_MOST):
                with pytest.raises(ConnectTimeout):
                    await bucket.get("key")
        await resolver.close()


async def test_closing_ends_a_call_that_is_still_connecting() -> None:
    with black_hole() as port:
        bucket = bucket_at(f"http://127.0.0.1:{port}")
        call = asyncio.create_task(bucket.get("key"))
        await asyncio.sleep(0.05)  # nobody can tell when a SYN has been ignored
        async with asyncio.timeout(AT_MOST):
            await bucket.close()
            with pytest.raises(TransportError, match="the client was closed"):
                await call


# ------------------------------------------------------------------ reading
SILENCES = {
    "before the head": [read_request()],
    "in the head": [read_request(), send(b"HTTP/1.1 200 OK\r\nContent-")],
    "after an interim answer": [read_request(), send(b"HTTP/1.1 100 Continue\r\n\r\n")],
    "before the body": [read_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")],
    "in the body": [read_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")],
    "in a chunk": [read_request(), send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")],
}


@pytest.mark.parametrize("script", SILENCES.values(), ids=SILENCES)
async def test_silent_peer_is_a_read_timeout(script: Any) -> None:
    async with Peer(script, answering(b"hello")) as peer:
        async with bucket_at(peer.endpoint, read_timeout=SHORT, max_connections=1) as bucket:
            started = asyncio.get_running_loop().time()
            async with asyncio.timeout(AT_MOST):
                with pytest.raises(ReadTimeout, match=r"no progress for 0\.25 s"):
                    await bucket.get("key")
                took = asyncio.get_running_loop().time() - started
                await peer.until_left()
                again = await bucket.get("key")

    assert took >= SHORT * 0.9
    assert again == b"hello"


async def test_trickling_peer_is_no_timeout() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    # Each byte well within the timeout; all of them take much longer.
    script = [read_request(), trickle(head, pause=0.01), trickle(b"hello", pause=SHORT / 3)]
    async with Peer(script) as peer, bucket_at(peer.endpoint, read_timeout=SHORT) as bucket:
        started = asyncio.get_running_loop().time()

        assert await bucket.get("key") == b"hello"
        assert asyncio.get_running_loop().time() - started > SHORT


async def test_paused_reader_is_no_timeout() -> None:
    data = bytes(8 * MIB)
    async with Peer([read_request(), send(response(data))]) as peer:
        async with bucket_at(peer.endpoint, read_timeout=SHORT) as bucket, bucket.download("key") as stream:
            got = len(await stream.read(KIB))
            await asyncio.sleep(3 * SHORT)  # what a slow user does
            got += len(await stream.read())

    assert got == len(data)


async def test_timeout_starts_anew_when_the_reader_comes_back() -> None:
    async with Peer([read_request(), send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")]) as peer:
        async with bucket_at(peer.endpoint, read_timeout=SHORT) as bucket, bucket.download("key") as stream:
            assert await stream.read(3) == b"hel"
            await asyncio.sleep(2 * SHORT)
            started = asyncio.get_running_loop().time()
            with pytest.raises(ReadTimeout):
                await stream.read()

            assert asyncio.get_running_loop().time() - started >= SHORT * 0.9


async def test_upload_that_takes_longer_than_the_timeout_is_none_while_bytes_flow() -> None:
    size = 16 * MIB
    slowly = [read_head(), read_slowly(size, piece=512 * KIB, pause=SHORT / 8), send(response())]
    with peer_in_thread(slowly, receive_buffer=64 * KIB) as peer:
        async with bucket_at(peer.endpoint, read_timeout=SHORT) as bucket:
            started = asyncio.get_running_loop().time()
            await bucket.put("key", bytes(size))

            assert asyncio.get_running_loop().time() - started > 2 * SHORT


async def test_upload_whose_last_bytes_wait_in_the_kernel_is_no_timeout_while_they_flow() -> None:
    # All of it is taken by the kernel at once; the peer needs longer than the timeout to read it.
    size = 2 * MIB
    slowly = [read_head(), read_slowly(size, piece=64 * KIB, pause=SHORT / 10), send(response())]
    with peer_in_thread(slowly, receive_buffer=64 * KIB) as peer:
        async with bucket_at(peer.endpoint, read_timeout=SHORT) as bucket:
            await bucket.put("key", bytes(size))


async def test_upload_that_nobody_reads_is_a_read_timeout() -> None:
    async with Peer([read_head(), ignore()]) as peer:
        async with bucket_at(peer.endpoint, read_timeout=SHORT) as bucket, asyncio.timeout(AT_MOST):
            with pytest.raises(ReadTimeout):
                await bucket.put("key", bytes(20 * MIB))


async def test_upload_over_tls_that_nobody_reads_is_a_read_timeout(server_tls: ssl.SSLContext) -> None:
    async with Peer([read_head(), ignore()], tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, read_timeout=SHORT, verify=False) as bucket, asyncio.timeout(AT_MOST):
            with pytest.raises(ReadTimeout):
                await bucket.put("key", bytes(20 * MIB))


class SlowSource:
    """A body whose source needs its time."""

    length = 10

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"hello"
        await asyncio.sleep(3 * SHORT)
        yield b"hello"

    async def rewind(self) -> bool:
        return False

    async def sha256(self) -> str | None:
        return None


async def test_paused_reader_of_an_early_answer_is_no_timeout() -> None:
    # The upload it interrupted still waits for room in the socket, but nobody waits for that.
    data = bytes(8 * MIB)
    with peer_in_thread([read_head(), send(response(data, status="403 Forbidden")), ignore()]) as peer:
        async with pool(read_timeout=SHORT) as connections:
            body = await connections.send(request_to(peer.endpoint, "PUT", bytes(20 * MIB)))
            await asyncio.sleep(3 * SHORT)  # what a slow user does

            assert len(await body.read()) == len(data)


async def test_slow_source_is_no_timeout() -> None:
    async with Peer(answering()) as peer, pool(read_timeout=SHORT) as connections:
        body = await connections.send(request_to(peer.endpoint, "PUT", SlowSource()))

        assert body.head.status == 200


# ------------------------------------------------------------------ the caller's own
async def test_callers_timeout_ends_the_call_and_closes_its_connection() -> None:
    async with Peer([read_request(), stall()], answering(b"hello")) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            with pytest.raises(TimeoutError):
                await bucket.get("key", timeout=0.1)
            peer.release()
            await peer.until_left()

            assert await bucket.get("key") == b"hello"
