"""Behaviours 11 and 12: the pool never hangs, nothing is limited in total, and what stalls is a ReadTimeout."""

import asyncio
import socket

import pytest

from aios3 import Attempt, ConnectTimeout, PoolTimeout, ReadTimeout
from aios3.testing import Peer, Stall, Trickle, peer_in_thread, steps
from tests import oracle
from tests.faults.scenes import ETAG, MIB, WAYS, behind, bucket_at, data_of, on, serves
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
DATA = data_of(100_000)
HEAD = f"HTTP/1.1 200 OK\r\nETag: {ETAG}\r\nContent-Length: {len(DATA)}\r\n\r\n".encode()


# ------------------------------------------------------------------ 11
async def test_b11_streams_that_nobody_reads_end_in_pool_timeout_not_in_a_hang() -> None:
    told: list[Attempt] = []
    script = [steps.read_request(), steps.send(HEAD + DATA[:1000])]
    async with Peer(script) as peer:
        options = {"max_connections": 2, "pool_timeout": 0.1, "on_attempt": told.append}
        async with bucket_at(peer.endpoint, **options) as bucket:
            one, two = await bucket.download("1"), await bucket.download("2")
            with pytest.raises(PoolTimeout, match="all 2 connections were in use"):
                await bucket.download("3")
            # Asking again would not free a connection.
            assert [attempt.error for attempt in told] == [None, None, "PoolTimeout"]

            await one.close()
            three = await bucket.download("3")
            for stream in (two, three):
                await stream.close()


async def test_b11_leaving_a_stream_early_frees_its_slot() -> None:
    async with Peer(steps.serving(serves(bytes(30 * MIB)))) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, pool_timeout=5) as bucket:
            for _ in range(5):
                async with bucket.download("key") as stream:
                    assert await stream.read(10)

        assert peer.connections == 5


async def test_b11_small_body_that_nobody_reads_holds_no_slot() -> None:
    async with Peer(steps.serving(serves(DATA[:100]))) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, pool_timeout=5) as bucket:
            streams = [await bucket.download("key") for _ in range(3)]

            assert [await stream.read() for stream in streams] == [DATA[:100]] * 3
            assert peer.connections == 1


async def test_b11_waiting_for_a_slot_is_no_read_time() -> None:
    script = [
        steps.read_request(),
        steps.send(HEAD + DATA[:1000]),
        steps.stall(),
        steps.send(DATA[1000:]),
        *steps.answering(),
    ]
    async with Peer(script) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, read_timeout=0.2, max_attempts=1) as bucket:
            stream = await bucket.download("key")
            waiting = asyncio.create_task(bucket.put("key", b""))
            done, _ = await asyncio.wait([waiting], timeout=0.6)
            assert not done

            peer.release()
            assert await stream.read() == DATA
            await waiting


# ------------------------------------------------------------------ 12
async def test_b12_silent_server_is_a_read_timeout_that_is_retried() -> None:
    told: list[Attempt] = []
    async with Peer([steps.read_request()], steps.serving(serves(DATA))) as peer:
        async with bucket_at(peer.endpoint, read_timeout=0.1, on_attempt=told.append) as bucket:
            assert await bucket.get("key") == DATA

    assert [(attempt.attempt, attempt.status, attempt.error) for attempt in told] == [
        (1, None, "ReadTimeout"),
        (2, 200, None),
    ]


async def test_b12_server_that_stays_silent_is_a_read_timeout_in_bounded_time() -> None:
    async with Peer([steps.read_request()]) as peer:
        async with bucket_at(peer.endpoint, read_timeout=0.1, max_attempts=3) as bucket, asyncio.timeout(10):
            with pytest.raises(ReadTimeout, match=r"no progress for 0\.1 s"):
                await bucket.get("key")

        assert peer.connections == 3


@pytest.mark.parametrize("way", WAYS)
async def test_b12_body_that_stalls_is_read_on_over_another_connection(way: str, radosgw: Server) -> None:
    plan = on("GET", Stall(after=40_000, seconds=60))
    async with behind(radosgw, plan, read_timeout=0.2) as (proxy, bucket):
        oracle.put(radosgw, bucket.name, "key", DATA)
        async with asyncio.timeout(10):
            got = await WAYS[way](bucket)

    assert got == DATA
    assert proxy.injected["Stall"] == 1


async def test_b12_trickle_is_progress_however_slow() -> None:
    body = b"x" * 60
    slow = [steps.read_request(), steps.trickle(HEAD.replace(b"100000", b"60") + body, pause=0.005)]
    async with Peer(slow) as peer, bucket_at(peer.endpoint, read_timeout=0.2, max_attempts=1) as bucket:
        begun = asyncio.get_running_loop().time()
        assert await bucket.get("key") == body

        assert asyncio.get_running_loop().time() - begun > 0.4


async def test_b12_trickled_answer_is_read_whole(radosgw: Server) -> None:
    async with behind(radosgw, on("GET", Trickle(size=1, pieces=1000))) as (_, bucket):
        oracle.put(radosgw, bucket.name, "key", DATA)

        assert await bucket.get("key") == DATA


async def test_b12_upload_longer_than_the_read_timeout_is_fine_while_bytes_flow() -> None:
    size = 8 * MIB
    script = [steps.read_head(), steps.read_slowly(size, piece=size // 40, pause=0.02), steps.send(steps.response())]
    with peer_in_thread(script, receive_buffer=64 * 1024) as peer:
        async with bucket_at(peer.endpoint, read_timeout=0.4, max_attempts=1) as bucket:
            begun = asyncio.get_running_loop().time()
            await bucket.put("key", bytes(size))

            assert asyncio.get_running_loop().time() - begun > 0.6


async def test_b12_upload_that_stalls_is_a_read_timeout_and_sent_again() -> None:
    told: list[Attempt] = []
    with peer_in_thread([steps.read_head(), steps.ignore()], steps.answering(), receive_buffer=64 * 1024) as peer:
        async with bucket_at(peer.endpoint, read_timeout=0.2, on_attempt=told.append) as bucket:
            await bucket.put("key", data_of(8 * MIB))

        assert peer.requests[-1].body == data_of(8 * MIB)
    assert [attempt.error for attempt in told] == ["ReadTimeout", None]


async def test_b12_slow_reader_is_no_stalled_server() -> None:
    """A slow Complete with a limit of its own belongs to the transfers: its operation does not exist yet."""
    async with Peer(steps.serving(serves(bytes(20 * MIB)))) as peer:
        async with bucket_at(peer.endpoint, read_timeout=0.1, max_attempts=1) as bucket:
            async with bucket.download("key") as stream:
                got = len(await stream.read(1))
                done, _ = await asyncio.wait([asyncio.create_task(peer.until_left())], timeout=0.5)
                assert not done
                async for piece in stream:
                    got += len(piece)
            await peer.until_left(0)

    assert got == 20 * MIB


async def test_b12_connecting_has_a_limit_of_its_own() -> None:
    # A listener whose backlog is full: the kernel drops what knocks.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        knocking = [socket.socket() for _ in range(4)]
        for knocker in knocking:
            knocker.setblocking(False)
            knocker.connect_ex(listener.getsockname())
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with bucket_at(endpoint, connect_timeout=0.1, max_attempts=2) as bucket:
            with pytest.raises(ConnectTimeout, match=r"within 0\.1 s"):
                await bucket.get("key")
        for knocker in knocking:
            knocker.close()
