"""Behaviours 4 and 11 by numbers: many random cuts of one download, many random cancellations.

AIOS3_CUTS, AIOS3_CUT_SIZE (bytes) and AIOS3_CANCELLATIONS set the numbers; 1000, 268435456 and 1000 are the full run.
"""

import asyncio
import hashlib
import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from itertools import pairwise

import pytest

from aios3 import Bucket, S3Error
from aios3.testing import Asked, Cut, Fault, HalfClose, Peer, steps
from tests import oracle
from tests.faults.scenes import KIB, MIB, behind, bucket_at, data_of, failure, serves
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
CUTS = int(os.environ.get("AIOS3_CUTS", "100"))
CUT_SIZE = int(os.environ.get("AIOS3_CUT_SIZE", str(32 * MIB)))
CANCELLATIONS = int(os.environ.get("AIOS3_CANCELLATIONS", "200"))
SLOTS = 4


def random_cuts(count: int, size: int, seed: int) -> Callable[[int, str, str], Fault | None]:
    """Cut *count* responses to GET, at places that add up to less than *size*: each of them does happen."""
    dice = random.Random(seed)
    places = sorted(dice.sample(range(1, size), count))
    gaps = [after - before for before, after in pairwise([0, *places])]

    def plan(number: int, method: str, target: str) -> Fault | None:
        if method != "GET" or not gaps:
            return None
        after = gaps.pop(0)
        faults: list[Fault] = [Cut(after=after), Cut(after=after, reset=True), HalfClose(after=after)]
        return dice.choice(faults)

    return plan


@pytest.mark.timeout(120 + CUTS)
async def test_b04_many_random_cuts_of_one_download_give_no_wrong_byte(radosgw: Server) -> None:
    data = hashlib.shake_128(b"cuts").digest(CUT_SIZE)
    # A cut may fall into a head, and several in a row are several attempts without progress.
    async with behind(radosgw, random_cuts(CUTS, CUT_SIZE, seed=4), max_attempts=10) as (proxy, bucket):
        await asyncio.to_thread(oracle.put, radosgw, bucket.name, "key", data)
        position = 0
        async with bucket.download("key") as stream:
            async for piece in stream:
                assert piece == data[position : position + len(piece)], f"wrong bytes from {position} on"
                position += len(piece)

        assert position == CUT_SIZE
        assert sum(proxy.injected.values()) == CUTS


# ------------------------------------------------------------------ cancellations
async def _stream(bucket: Bucket) -> None:
    async with bucket.download("key") as stream:
        async for _ in stream.chunks(100 * KIB):
            pass


async def _leave(bucket: Bucket) -> None:
    async with bucket.download("key") as stream:
        await stream.read(1)


CALLS: list[Callable[[Bucket], Awaitable[object]]] = [
    lambda bucket: bucket.get("key"),
    lambda bucket: bucket.get("key", start=1000),
    lambda bucket: bucket.put("other", data_of(300 * KIB)),
    lambda bucket: bucket.put("other", b"small"),
    lambda bucket: bucket.head("key"),
    lambda bucket: bucket.list(),
    lambda bucket: bucket.delete("other"),
    _stream,
    _leave,
]


def moody(seed: int) -> Callable[[Asked], bytes]:
    """Return how a server answers that is now and then overloaded."""
    dice, answer = random.Random(seed), serves(data_of(700 * KIB))

    def answers(asked: Asked) -> bytes:
        if dice.random() < 0.1:
            return failure("SlowDown")
        if asked.method == b"GET" and b"list-type" in asked.target:
            return steps.response(b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        whole = answer(asked)
        return whole[: whole.index(b"\r\n\r\n") + 4] if asked.method == b"HEAD" else whole

    return answers


@asynccontextmanager
async def in_this_loop(server: Server) -> AsyncIterator[Bucket]:
    """Give a bucket of a peer: every await of a call is some turns of this very loop away."""
    async with Peer(steps.serving(moody(1))) as peer:
        async with bucket_at(peer.endpoint, max_connections=SLOTS, pool_timeout=10) as bucket:
            yield bucket


@asynccontextmanager
async def elsewhere(server: Server) -> AsyncIterator[Bucket]:
    """Give a bucket of a real server, which answers when it likes."""
    async with behind(server, max_connections=SLOTS, pool_timeout=10) as (_, bucket):
        oracle.put(server, bucket.name, "key", data_of(700 * KIB))
        yield bucket


@pytest.mark.timeout(120 + CANCELLATIONS)
@pytest.mark.parametrize("where", [in_this_loop, elsewhere])
async def test_b11_many_random_cancellations_leak_no_connection(
    where: Callable[[Server], AbstractAsyncContextManager[Bucket]], radosgw: Server
) -> None:
    dice = random.Random(11)
    async with where(radosgw) as bucket:
        for _ in range(CANCELLATIONS):
            tasks = [asyncio.create_task(_quietly(dice.choice(CALLS), bucket)) for _ in range(dice.choice([1, 2, 6]))]
            for _ in range(dice.randrange(120)):
                await asyncio.sleep(0)
            if dice.random() < 0.5:
                await asyncio.sleep(dice.uniform(0, 0.02))
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        # Every slot is still there: as many streams are open at once as there are slots, and each is read to its end.
        async with asyncio.timeout(20):
            streams = [await bucket.download("key") for _ in range(SLOTS)]
            assert [await stream.read() for stream in streams] == [data_of(700 * KIB)] * SLOTS


async def _quietly(call: Callable[[Bucket], Awaitable[object]], bucket: Bucket) -> None:
    with suppress(S3Error):
        await call(bucket)
