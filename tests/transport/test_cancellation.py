"""Cancelled anywhere: one connection is closed at most, its slot is free, and nothing else happens."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import aiohttp
import pytest

from aios3 import Bucket
from aios3.protocol.messages import Buffer
from aios3.testing.peer import Peer, Step
from aios3.testing.steps import answering, read_head, read_request, repeat, response, send, stall
from tests import leaks
from tests.loops import BOTH_LOOPS

from .buckets import MIB, bucket_at, holds, pool, request_to, turns

pytestmark = BOTH_LOOPS

BIG = bytes(3 * MIB)


async def download(bucket: Bucket) -> Buffer:
    async with bucket.download("key") as stream:
        return b"".join([piece async for piece in stream])


async def put(bucket: Bucket) -> Buffer:
    await bucket.put("key", BIG)
    return BIG


CALLS: dict[str, Callable[[Bucket], Awaitable[Buffer]]] = {
    "get": lambda bucket: bucket.get("key"),
    "download": download,
    "put": put,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("warm", [True, False], ids=["kept connection", "new connection"])
async def test_call_cancelled_at_any_moment_costs_one_connection_at_most(
    call: Callable[[Bucket], Awaitable[Buffer]], warm: bool
) -> None:
    for moment in itertools.count():
        async with Peer(answering(BIG)) as peer, bucket_at(peer.endpoint, max_connections=2) as bucket:
            async with asyncio.timeout(10):
                # One that goes on all the while, and one to be used again or not.
                other = await bucket.download("other")
                if warm:
                    await bucket.get("key")
                task = asyncio.ensure_future(call(bucket))
                await turns(moment)
                in_time = task.cancel()
                await asyncio.gather(task, return_exceptions=True)

                assert task.cancelled() == in_time
                assert await other.read() == BIG
                # Both slots serve: neither was lost.
                both = await asyncio.gather(bucket.get("key"), bucket.get("key"))
                assert [len(body) for body in both] == [len(BIG)] * 2
                assert peer.connections <= 3
        if not in_time:
            break
    assert moment > 2


async def test_cancelled_call_closes_its_connection_at_once() -> None:
    async with Peer([read_request(), stall()]) as peer, bucket_at(peer.endpoint) as bucket:
        call = asyncio.create_task(bucket.get("key"))
        await peer.until_stalled()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        peer.release()
        await peer.until_left()


async def test_others_live_when_one_is_cancelled() -> None:
    async with Peer([read_request(), stall(), send(response(b"hello"))]) as peer, bucket_at(peer.endpoint) as bucket:
        calls = [asyncio.create_task(bucket.get("key")) for _ in range(5)]
        await peer.until_stalled(5)
        calls[2].cancel()
        await asyncio.wait([calls[2]])
        peer.release()
        results = await asyncio.gather(*calls, return_exceptions=True)

        assert isinstance(results.pop(2), asyncio.CancelledError)
        assert results == [b"hello"] * 4


async def test_cancelling_a_call_whose_answer_is_there_spares_the_connection_that_serves_another() -> None:
    """Its answer is complete, the connection went to the next in line, and only then is the first cancelled."""
    for moment in itertools.count():
        script: list[Step] = [read_request(), stall(), send(response(b"hello")), *answering(b"hello")]
        async with Peer(script) as peer, bucket_at(peer.endpoint, max_connections=1) as bucket, asyncio.timeout(5):
            first, second = [asyncio.create_task(bucket.get("key")) for _ in range(2)]
            await peer.until_stalled()
            peer.release()
            await turns(moment)
            in_time = first.cancel()
            results = await asyncio.gather(first, second, return_exceptions=True)

            assert results[1] == b"hello"
            # The second was sent over the first's connection or over one that replaced it, once in any case.
            assert len(peer.requests) == 2
        if not in_time:
            break
    assert moment > 2


async def test_cancelling_a_finished_answer_does_not_close_its_connection() -> None:
    async with Peer([repeat(read_request(), send(response(b"hello")))]) as peer, pool(max_connections=1) as connections:
        sending = asyncio.create_task(connections.send(request_to(peer.endpoint)))
        body = await sending
        # It has all arrived: the connection is free, and serves the next.
        following = asyncio.create_task(connections.send(request_to(peer.endpoint)))
        await turns(1)
        await body.close()
        other = await following

        assert await other.read() == b"hello"
        assert peer.connections == 1


async def test_call_cancelled_while_it_connects_leaves_no_socket() -> None:
    async with Peer(answering(b"hello")) as peer:
        before, tasks = leaks.open_sockets(), leaks.other_tasks()
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            for moment in range(12):
                call = asyncio.create_task(bucket.get("key"))
                await turns(moment)
                call.cancel()
                await asyncio.wait([call])
            assert await bucket.get("key") == b"hello"
        assert not await leaks.settled(before, tasks)


async def test_call_cancelled_in_the_connectors_line_gives_its_place_up() -> None:
    held_up: list[Step] = [read_request(), stall(), send(response(b"hello")), *answering(b"hello")]
    async with Peer(held_up) as peer, aiohttp.TCPConnector(limit=1) as connector:
        async with (
            aiohttp.ClientSession(connector=connector, connector_owner=False) as session,
            bucket_at(peer.endpoint, connector=connector, max_connections=1) as bucket,
        ):

            async def ask() -> bytes:
                async with session.get(peer.endpoint) as answer:
                    return await answer.read()

            first = asyncio.create_task(ask())
            await peer.until_stalled()
            waiting = asyncio.create_task(bucket.get("key"))
            await turns(10)
            waiting.cancel()
            await asyncio.wait([waiting])
            peer.release()
            async with asyncio.timeout(5):
                assert await first == b"hello"
                assert await bucket.get("key") == b"hello"


async def test_cancelled_upload_leaves_no_half_object() -> None:
    async with Peer([read_head(), stall()]) as peer, bucket_at(peer.endpoint) as bucket:
        call = asyncio.create_task(bucket.put("key", bytes(20 * MIB)))
        await peer.until_stalled()
        await turns(10)
        call.cancel()
        await asyncio.wait([call])
        peer.release()
        await peer.until_left()

        # The server read less than was promised: it stores nothing.
        assert await holds(lambda: peer.visits[0].over in ("eof", "reset"))
        assert call.cancelled()
