"""One client in several event loops: connections of its own in each, and never a hang."""

import asyncio
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import pytest

from aios3 import Bucket
from aios3.errors import InvalidInput
from aios3.testing.peer import peer_in_thread
from aios3.testing.steps import answering
from tests.loops import LOOPS

from .buckets import bucket_at

pytestmark = pytest.mark.parametrize("loop", LOOPS)


@pytest.fixture(autouse=True)
def _nothing_is_logged(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail a test in which a loop complains."""
    yield
    assert not caplog.records


async def get_twice(bucket: Bucket) -> list[bytes]:
    return [await bucket.get("key"), await bucket.get("key")]


def test_client_works_in_one_loop_after_another(loop: str) -> None:
    with peer_in_thread(answering(b"hello")) as peer:
        bucket = bucket_at(peer.endpoint)
        for _ in range(3):
            with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
                assert runner.run(asyncio.wait_for(get_twice(bucket), 5)) == [b"hello", b"hello"]
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(asyncio.wait_for(bucket.close(), 5))

        # One in each loop, used twice there.
        assert peer.connections == 3


def test_connector_of_another_loop_is_refused_by_name(loop: str) -> None:
    async def made() -> aiohttp.TCPConnector:
        return aiohttp.TCPConnector()

    async def get(bucket: Bucket) -> None:
        with pytest.raises(InvalidInput, match="the connector belongs to another event loop: give a function"):
            await bucket.get("key")
        await bucket.close()

    with asyncio.Runner(loop_factory=LOOPS[loop]) as its:
        connector = its.run(made())
        with ThreadPoolExecutor(1) as other:  # while its own is there
            other.submit(asyncio.run, get(bucket_at("http://127.0.0.1:9", connector=connector))).result()
        its.run(asyncio.wait_for(connector.close(), 5))
    asyncio.run(get(bucket_at("http://127.0.0.1:9", connector=connector)))  # and when it is gone


def test_client_works_in_the_loops_of_two_threads_at_once(loop: str) -> None:
    both = threading.Barrier(2)

    async def use(bucket: Bucket) -> list[bytes]:
        await bucket.get("key")
        await asyncio.to_thread(both.wait)
        found = await get_twice(bucket)
        await asyncio.to_thread(both.wait)
        return found

    def run(bucket: Bucket) -> list[bytes]:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            return runner.run(asyncio.wait_for(use(bucket), 10))

    with peer_in_thread(answering(b"hello")) as peer:
        bucket = bucket_at(peer.endpoint)
        with ThreadPoolExecutor(2) as threads:
            found = list(threads.map(run, [bucket, bucket]))
        asyncio.run(bucket.close())

        assert found == [[b"hello"] * 2] * 2
        assert peer.connections == 2


def test_closing_in_one_loop_closes_the_connections_of_another_that_runs(loop: str) -> None:
    started, stop = threading.Event(), threading.Event()

    async def stay(bucket: Bucket) -> None:
        await bucket.get("key")
        started.set()
        await asyncio.to_thread(stop.wait)
        with pytest.raises(InvalidInput, match="closed"):
            await bucket.get("key")

    def run(bucket: Bucket) -> None:
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(stay(bucket))

    async def close(bucket: Bucket) -> None:
        async with asyncio.timeout(5):
            await bucket.get("key")
            await bucket.close()
            await peer.until_left(2)

    with peer_in_thread(answering(b"hello")) as peer, ThreadPoolExecutor(1) as threads:
        bucket = bucket_at(peer.endpoint)
        other = threads.submit(run, bucket)
        started.wait(5)
        with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
            runner.run(close(bucket))
        stop.set()
        other.result(5)


def test_client_dropped_in_its_loop_closes_its_connections_in_time(loop: str) -> None:
    async def use_and_drop() -> None:
        bucket = bucket_at(peer.endpoint, keepalive_timeout=0.1)
        await bucket.get("key")
        del bucket
        gc.collect()
        await peer.until_left()

    with peer_in_thread(answering(b"hello")) as peer, asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(asyncio.wait_for(use_and_drop(), 5))
