"""The pool: a limit with a fair line, connections kept and thrown away, streams that nobody reads."""

import asyncio
import itertools
import random
import resource
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aios3.errors import InvalidInput, PoolTimeout, ReadTimeout, TransportError
from aios3.testing.peer import Peer, Visit, peer_in_thread
from aios3.testing.steps import (
    answering,
    close,
    ignore,
    read_request,
    repeat,
    reset,
    response,
    say_goodbye,
    send,
    stall,
)
from aios3.transport.connection import SMALL_BODY
from aios3.transport.pool import FRESH
from tests import leaks
from tests.loops import BOTH_LOOPS
from tests.servers.certificates import Certificate

from .buckets import KIB, MIB, bucket_at, holds, pool, request_to, turns

pytestmark = BOTH_LOOPS

HELLO = response(b"hello")
DESCRIPTORS = Path("/proc/self/fd")


# ------------------------------------------------------------------ limit and line
async def test_no_more_connections_are_open_than_the_limit() -> None:
    async with Peer([read_request(), stall(), send(HELLO), *answering(b"hello")]) as peer:
        async with bucket_at(peer.endpoint, max_connections=3) as bucket:
            calls = [asyncio.create_task(bucket.get("key")) for _ in range(20)]
            await peer.until_stalled(3)
            peer.release()
            bodies = await asyncio.gather(*calls)

        assert bodies == [b"hello"] * 20
        assert peer.connections == 3
        assert len(peer.requests) == 20


async def test_waiters_are_served_in_the_order_they_came() -> None:
    async with Peer([read_request(), stall(), send(HELLO), *answering()]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            calls = []
            for number in range(10):
                calls.append(asyncio.create_task(bucket.get(f"key-{number}")))
                await turns(3)
            await peer.until_stalled()
            peer.release()
            await asyncio.gather(*calls)

        assert [asked.target.decode() for asked in peer.requests] == [f"/bucket/key-{number}" for number in range(10)]


async def test_newcomer_does_not_overtake_those_in_line() -> None:
    async with Peer([read_request(), stall(), send(HELLO), *answering()]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:

            async def twice(name: str) -> None:
                await bucket.get(name)
                await bucket.get(f"{name}-again")

            calls = [asyncio.create_task(twice(name)) for name in ("a", "b", "c")]
            await peer.until_stalled()
            peer.release()
            await asyncio.gather(*calls)

        targets = [asked.target.decode().rpartition("/")[2] for asked in peer.requests]
        assert targets == ["a", "b", "c", "a-again", "b-again", "c-again"]


async def test_waiting_in_line_ends_in_pool_timeout_and_is_no_read_time() -> None:
    async with Peer([read_request(), stall(), send(HELLO), *answering()]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, pool_timeout=0.1, read_timeout=10) as bucket:
            first = asyncio.create_task(bucket.get("key"))
            await peer.until_stalled()
            with pytest.raises(PoolTimeout, match=r"all 1 connections were in use for 0\.1 s"):
                await bucket.get("key")
            peer.release()
            await first
            await bucket.get("key")

        assert peer.connections == 1


async def test_waiting_in_line_takes_nothing_from_the_read_timeout() -> None:
    async with Peer([read_request(), stall(), send(HELLO), *answering()]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, read_timeout=0.4) as bucket:
            # Two wait in line, each longer than all of them together may take to be answered.
            calls = [asyncio.create_task(bucket.get("key")) for _ in range(3)]
            await peer.until_stalled()
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(calls[0]), 0.3)
            peer.release()

            assert len(await asyncio.gather(*calls)) == 3


async def test_pool_timeout_is_over_when_a_connection_comes_free() -> None:
    gate = asyncio.Event()

    async def until_open(_: Visit) -> None:
        await gate.wait()

    async with Peer([read_request(), stall(), send(HELLO), read_request(), until_open, send(HELLO)]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, pool_timeout=0.3) as bucket:
            first, second = [asyncio.create_task(bucket.get("key")) for _ in range(2)]
            await peer.until_stalled()
            peer.release()
            assert await first == b"hello"
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(second), 0.5)
            gate.set()

            assert await second == b"hello"


async def test_read_timeout_begins_when_the_line_is_over() -> None:
    async with Peer([read_request(), stall(), send(HELLO), read_request(), ignore()]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, read_timeout=0.2, max_attempts=1) as bucket:
            first, second = [asyncio.create_task(bucket.get("key")) for _ in range(2)]
            await peer.until_stalled()
            peer.release()

            assert await first == b"hello"
            with pytest.raises(ReadTimeout):
                await second


@pytest.mark.parametrize("size", [0, 1, SMALL_BODY, SMALL_BODY + 1, MIB])
async def test_body_that_stood_in_line_is_sent_whole(size: int) -> None:
    body = bytes(range(256)) * (size // 256 + 1)
    async with Peer([read_request(), stall(), send(HELLO), *answering()]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            calls = [asyncio.create_task(bucket.put("key", body[:size])) for _ in range(3)]
            await peer.until_stalled()
            peer.release()
            await asyncio.gather(*calls)

    assert [asked.body for asked in peer.requests] == [body[:size]] * 3


@pytest.mark.parametrize("kept", [True, False], ids=["gets a connection", "gets a slot"])
async def test_waiter_cancelled_at_any_moment_loses_nobody_a_connection(kept: bool) -> None:
    answer = response(b"hello", headers=[] if kept else ["Connection: close"])
    for moment in itertools.count():
        async with Peer([read_request(), stall(), send(answer), repeat(read_request(), send(answer))]) as peer:
            async with bucket_at(peer.endpoint, max_connections=1) as bucket, asyncio.timeout(5):
                first, second, third = [asyncio.create_task(bucket.get("key")) for _ in range(3)]
                await peer.until_stalled()
                peer.release()
                await turns(moment)
                in_time = second.cancel()
                results = await asyncio.gather(first, second, third, bucket.get("key"), return_exceptions=True)

        assert results[0] == results[2] == results[3] == b"hello"
        if not in_time:
            break
    assert moment > 2


async def test_waiter_who_is_handed_a_connection_that_dies_gets_another(
    server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    # Over TLS the answer and the goodbye can be read in one go: the connection dies in the hands of the next in line.
    dying = [read_request(), stall(), send(HELLO), say_goodbye()]
    async with Peer(dying, answering(b"again"), tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, verify=certificate.authority) as bucket:
            first = asyncio.create_task(bucket.get("key"))
            await peer.until_stalled()
            second = asyncio.create_task(bucket.get("key"))
            await turns(5)
            peer.release()

            assert await first == b"hello"
            assert await second == b"again"


async def test_waiter_who_was_handed_a_dead_connection_is_the_first_in_line_again(
    server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    dying = [read_request(), stall(), send(HELLO), say_goodbye()]
    async with Peer(dying, answering(), tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, max_connections=1, verify=certificate.authority) as bucket:
            calls = [asyncio.create_task(bucket.get("first"))]
            await peer.until_stalled()
            calls += [asyncio.create_task(bucket.get(name)) for name in ("unlucky", "third", "fourth", "fifth")]
            await turns(5)
            peer.release()
            await asyncio.gather(*calls)

        targets = [asked.target.decode().rpartition("/")[2] for asked in peer.requests]
        assert targets == ["first", "third", "unlucky", "fourth", "fifth"]


async def test_waiter_who_was_handed_a_dead_connection_takes_the_place_of_an_idle_one(
    server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    gate = asyncio.Event()

    async def answer(visit: Visit) -> None:
        if visit.requests[-1].target.endswith(b"slow"):
            await gate.wait()
        await send(HELLO)(visit)

    dying = [read_request(), stall(), send(HELLO), say_goodbye()]
    others = [read_request(), answer]
    alive = [read_request(), stall(), send(HELLO), *others]
    async with Peer(dying, alive, others, others, tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, max_connections=2, verify=certificate.authority) as bucket:
            first = [asyncio.create_task(bucket.get(name)) for name in ("x", "y")]
            await peer.until(lambda: sum(visit.stalled for visit in peer.visits) == 2)
            quick, slow = [asyncio.create_task(bucket.get(name)) for name in ("quick", "slow")]
            await turns(5)
            peer.release()
            await asyncio.gather(*first)

            assert await asyncio.wait_for(quick, 5) == b"hello"
            assert not slow.done()
            gate.set()
            assert await slow == b"hello"


# ------------------------------------------------------------------ idle connections
@pytest.mark.parametrize("end", [close, reset])
async def test_idle_connection_that_the_server_closes_is_thrown_away_at_once(end: Any) -> None:
    async with Peer([read_request(), send(HELLO), stall(), end()], answering(b"again")) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            before = leaks.open_sockets()
            await bucket.get("key")
            peer.release()
            await peer.until(lambda: peer.visits[0].over == "closed")

            assert not await leaks.settled(before, leaks.other_tasks())
            assert await bucket.get("key") == b"again"


@pytest.mark.parametrize("unasked", [response(b"evil"), response(status="408 Request Timeout"), b""], ids=len)
async def test_what_came_on_an_idle_connection_while_the_loop_was_busy_is_no_answer(unasked: bytes) -> None:
    spoken = threading.Event()

    async def speak(visit: Visit) -> None:
        await (send(unasked) if unasked else close())(visit)
        spoken.set()

    with peer_in_thread([read_request(), send(HELLO), stall(), speak], answering(b"again")) as peer:
        async with bucket_at(peer.endpoint, max_attempts=1) as bucket:
            await bucket.get("key")
            peer.release()
            # The loop is busy, and longer than it takes to make sure that a connection is as it was.
            spoken.wait(5)
            time.sleep(2 * FRESH)  # noqa: ASYNC251

            assert await bucket.get("key") == b"again"


async def test_idle_connection_on_which_the_server_speaks_is_thrown_away() -> None:
    unasked = response(status="408 Request Timeout")
    async with Peer([read_request(), send(HELLO), stall(), send(unasked)], answering(b"again")) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            await bucket.get("key")
            peer.release()
            await peer.until_left()

            assert await bucket.get("key") == b"again"


async def test_idle_connection_is_closed_when_its_time_is_over() -> None:
    async with Peer(answering()) as peer, bucket_at(peer.endpoint, keepalive_timeout=0.2) as bucket:
        started = asyncio.get_running_loop().time()
        await bucket.get("key")
        await peer.until_left()
        took = asyncio.get_running_loop().time() - started
        await bucket.get("key")

        assert 0.2 <= took < 1
        assert peer.connections == 2


async def test_connection_in_use_is_not_taken_for_idle() -> None:
    slow = [read_request(), stall(), send(HELLO)]
    async with Peer(answering(), slow) as peer, bucket_at(peer.endpoint, keepalive_timeout=0.1) as bucket:
        await bucket.get("key")
        await peer.until_left()
        call = asyncio.create_task(bucket.get("key"))
        await peer.until_stalled()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(call), 0.4)
        peer.release()

        assert await call == b"hello"


async def test_idle_connection_makes_room_for_another_origin() -> None:
    async with Peer(answering(b"one")) as one, Peer(answering(b"two")) as two, pool(max_connections=1) as connections:
        for peer, answer in ((one, b"one"), (two, b"two"), (one, b"one")):
            body = await connections.send(request_to(peer.endpoint))
            assert await body.read() == answer
        await two.until_left()

        assert (one.connections, two.connections) == (2, 1)


async def test_longest_idle_connection_is_the_one_that_makes_room() -> None:
    async with Peer(answering()) as one, Peer(answering()) as two, Peer(answering()) as three:
        async with pool(max_connections=2) as connections:
            for peer in (one, two, one, three):
                await connections.send(request_to(peer.endpoint))
                await asyncio.sleep(0.002)  # uvloop's clock counts milliseconds
            await two.until_left()
            await connections.send(request_to(one.endpoint))

            assert (one.connections, two.connections, three.connections) == (1, 1, 1)


async def test_waiter_for_another_origin_gets_the_slot_of_a_connection_that_becomes_free() -> None:
    async with Peer([read_request(), stall(), send(HELLO)]) as one, Peer(answering(b"two")) as two:
        async with pool(max_connections=1) as connections:
            first = asyncio.create_task(connections.send(request_to(one.endpoint)))
            await one.until_stalled()
            second = asyncio.create_task(connections.send(request_to(two.endpoint)))
            await turns(3)
            one.release()

            assert await (await first).read() == b"hello"
            assert await (await second).read() == b"two"
            await one.until_left()


async def test_waiters_for_mixed_origins_share_the_connections_there_are() -> None:
    async with Peer(answering()) as one, Peer(answering()) as two, pool(max_connections=8) as connections:
        peers = random.Random(1).sample([one, two] * 500, 1000)
        answers = await asyncio.gather(*[connections.send(request_to(peer.endpoint)) for peer in peers])

        assert {answer.head.status for answer in answers} == {200}
        assert one.connections + two.connections <= 40


async def test_first_in_line_is_overtaken_by_no_more_than_there_are_slots() -> None:
    served: list[str] = []
    async with Peer(answering()) as one, Peer(answering()) as two, pool(max_connections=1) as connections:

        async def call(name: str, peer: Peer) -> None:
            await connections.send(request_to(peer.endpoint))
            served.append(name)

        line = [("a", one), ("B", two), ("c", one), ("d", one), ("E", two), ("f", one)]
        await asyncio.gather(*[call(*entry) for entry in line])

    assert "".join(served) == "acBEdf"
    assert (one.connections, two.connections) == (2, 1)


async def test_waiter_who_overtakes_and_is_cancelled_loses_nobody_a_connection() -> None:
    for count in range(30):
        async with Peer(answering()) as one, Peer(answering()) as two, pool(max_connections=2) as connections:
            calls = [
                asyncio.create_task(connections.send(request_to(p.endpoint))) for p in (one, one, two, one, two, one)
            ]
            await turns(count)
            calls[3].cancel()
            done = await asyncio.gather(*calls, return_exceptions=True)

            assert [isinstance(answer, BaseException) for answer in done].count(True) <= 1


# ------------------------------------------------------------------ streams that nobody reads
BIG = response(bytes(8 * MIB))


async def test_unread_streams_hold_their_slots_until_they_are_left() -> None:
    async with Peer([repeat(read_request(), send(BIG))]) as peer:
        async with bucket_at(peer.endpoint, max_connections=2, pool_timeout=0.1) as bucket:
            async with bucket.download("a"), bucket.download("b"):
                with pytest.raises(PoolTimeout):
                    await bucket.get("c")
            assert len(await bucket.get("c")) == 8 * MIB


async def test_leaving_a_stream_lets_the_next_in_line_go_on() -> None:
    async with Peer([repeat(read_request(), send(BIG))]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket, asyncio.timeout(5):
            async with bucket.download("a") as stream:
                await stream.read(KIB)
                waiting = asyncio.create_task(bucket.get("b"))
                await turns(5)
            assert len(await waiting) == 8 * MIB


async def test_small_stream_frees_its_slot_unread() -> None:
    async with Peer(answering(b"hello")) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket, asyncio.timeout(5):
            stream = await bucket.download("a")
            await bucket.get("b")

            assert await stream.read() == b"hello"
            assert peer.connections == 1


async def test_stream_that_is_dropped_frees_its_slot_and_warns() -> None:
    async with Peer([repeat(read_request(), send(BIG))]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket, asyncio.timeout(5):
            kept = [await bucket.download("a")]
            await kept[0].read(KIB)
            with pytest.warns(ResourceWarning, match="dropped before it was read"):
                kept.clear()
            assert len(await bucket.get("b")) == 8 * MIB


@pytest.mark.filterwarnings("error::ResourceWarning")
async def test_stream_that_is_dropped_frees_its_slot_even_where_warnings_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raised: list[Any] = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: raised.append(unraisable.exc_type))
    async with Peer([repeat(read_request(), send(BIG))]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket, asyncio.timeout(5):
            kept = [await bucket.download("a")]
            kept.clear()
            assert len(await bucket.get("b")) == 8 * MIB

    assert raised == [ResourceWarning]


async def test_stream_that_another_thread_collects_frees_its_slot() -> None:
    # The garbage collector runs wherever it happens to, and asyncio's transports are for one thread only.
    asyncio.get_running_loop().set_debug(True)
    async with Peer([repeat(read_request(), send(BIG))]) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket, asyncio.timeout(5):
            kept = [await bucket.download("a")]
            with pytest.warns(ResourceWarning, match="dropped before it was read"), ThreadPoolExecutor(1) as other:
                other.submit(kept.clear)
            assert len(await bucket.get("b")) == 8 * MIB


# ------------------------------------------------------------------ many, and the end
CLIENT = """
import asyncio, resource, sys
from aios3 import Bucket

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()

async def main(endpoint, count):
    async with Bucket("bucket", aws_endpoint=endpoint, anonymous=True, proxy=False, max_attempts=1, max_connections=count) as bucket:
        await bucket.get("first")
        before = resident()
        await asyncio.gather(*[bucket.get("key") for _ in range(count)])
        print(resident() - before)

resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


@pytest.fixture
def many_files() -> Iterator[None]:
    """Let this process open as many sockets as the test needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_a_thousand_idle_connections_take_little_memory(many_files: None) -> None:
    first = [read_request(), send(HELLO), read_request(), stall(), send(HELLO)]
    async with Peer(first, [read_request(), stall(), send(HELLO)]) as peer:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, peer.endpoint, "1000", stdout=asyncio.subprocess.PIPE
        )
        await peer.until_stalled(1000)
        peer.release()
        printed, _ = await process.communicate()

        assert peer.connections == 1000
        assert int(printed) < 64 * MIB


async def test_closing_ends_what_is_under_way_and_what_waits() -> None:
    async with Peer([read_request(), stall()]) as peer:
        bucket = bucket_at(peer.endpoint, max_connections=1)
        calls = [asyncio.create_task(bucket.get("key")) for _ in range(3)]
        await peer.until_stalled()
        await bucket.close()
        results = await asyncio.gather(*calls, return_exceptions=True)

        assert [type(result) for result in results] == [TransportError] * 3
        assert {str(result) for result in results} == {"the client was closed"}


@pytest.mark.parametrize("make", [lambda: None, aiohttp.TCPConnector], ids=["own connector", "the user's"])
async def test_client_that_is_closed_at_whatever_moment_says_so_and_connects_no_more(make: Any) -> None:
    told = set()
    for count in range(40):
        async with Peer(answering()) as peer:
            connector = make()
            bucket = bucket_at(peer.endpoint, connector=connector, max_connections=1)
            calls = [asyncio.create_task(bucket.get("key")) for _ in range(3)]
            await turns(count + 1)
            await bucket.close()
            found = await asyncio.gather(*calls, return_exceptions=True)
            told |= {f"{type(error).__name__}: {error}" for error in found if isinstance(error, Exception)}
            if connector is not None:
                await connector.close()

            assert peer.connections <= 1, f"closed after {count} turns"

    assert told == {"TransportError: the client was closed"}


async def test_closing_ends_a_stream() -> None:
    async with Peer([read_request(), send(BIG)]) as peer:
        bucket = bucket_at(peer.endpoint)
        stream = await bucket.download("key")
        await bucket.close()
        with pytest.raises(TransportError, match="the client was closed"):
            await stream.read()
        await stream.close()


async def test_closed_client_says_so_and_closes_twice() -> None:
    async with Peer(answering()) as peer:
        bucket = bucket_at(peer.endpoint)
        await bucket.get("key")
        await bucket.close()
        await bucket.close()
        with pytest.raises(InvalidInput, match="closed"):
            await bucket.get("key")


def open_descriptors() -> int:
    """Count the files and sockets of this process."""
    return len(list(DESCRIPTORS.iterdir()))


async def test_a_thousand_clients_leave_nothing_behind() -> None:
    async with Peer(answering()) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.get("key")
        descriptors, tasks = open_descriptors(), len(asyncio.all_tasks())
        for _ in range(1000):
            async with bucket_at(peer.endpoint) as bucket:
                await bucket.get("key")
        await peer.until_left(1001)
        await holds(lambda: len(asyncio.all_tasks()) <= tasks)

        assert len(asyncio.all_tasks()) <= tasks
        assert open_descriptors() <= descriptors
