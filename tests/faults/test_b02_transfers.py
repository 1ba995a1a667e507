"""Transfers that are cancelled, whose sources fail, whose connections break: nothing is left, nothing is wrong.

AIOS3_FAULT_SEEDS says how many times each is tried, 20 unless set.
"""

import asyncio
import hashlib
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aios3 import Bucket, Client
from aios3.testing import FaultProxy, RandomFaults
from aios3.transfers.multipart import ABORT_SECONDS
from tests import leaks
from tests.servers import Server
from tests.stores import bucket_at, client_of
from tests.transfers.test_downloads import names_in
from tests.transfers.test_multipart import CREATED

MIB = 1024 * 1024
PART = 5 * MIB
SEEDS = int(os.environ.get("AIOS3_FAULT_SEEDS", "20"))
DATA = os.urandom(MIB) * 17 + b"end"
ON_CEPH = pytest.mark.parametrize("server", ["radosgw"], indirect=True)

pytestmark = [pytest.mark.timeout(60 + 10 * SEEDS)]


class Broken(Exception):
    """What a source raises."""


async def pieces(fail_at: int | None = None) -> AsyncIterator[bytes]:
    for start in range(0, len(DATA), 200_000):
        if fail_at is not None and start + 200_000 > fail_at:
            raise Broken
        yield DATA[start : start + 200_000]
        await asyncio.sleep(0)


def sync_pieces(fail_at: int) -> Iterator[bytes]:
    for start in range(0, len(DATA), 200_000):
        if start + 200_000 > fail_at:
            raise Broken
        yield DATA[start : start + 200_000]


def through(proxy: FaultProxy) -> int:
    return int(proxy.url.rpartition(":")[2])


def our_tasks() -> list[str]:
    """Return the tasks of transfers; the others are the proxy's."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in leaks.other_tasks()]
    return [name for name in names if name.split(".")[0] in ("Crew", "Caller", "Multipart", "Upload", "see_through")]


async def check_nothing_is_left(proxy: FaultProxy, near: Client, store: Bucket, before: frozenset[str]) -> None:
    """Right after the verb has returned: no task, no upload, and no request comes later, nor does a socket stay."""
    assert our_tasks() == []
    requests = proxy.requests
    assert [upload async for upload in store.uploads()] == []
    await near.close()
    await asyncio.sleep(0.05)
    assert proxy.requests == requests
    tasks = {task for task in leaks.other_tasks() if "_serve" not in repr(task)}
    assert not await leaks.settled(before, tasks)


@ON_CEPH
@pytest.mark.parametrize("shift", range(2))
async def test_cancelled_upload_leaves_nothing(server: Server, store: Bucket, shift: int) -> None:
    async with FaultProxy(server.endpoint) as proxy:
        await store.list()
        before = leaks.open_sockets()
        length = 0.3
        for seed in range(shift, SEEDS, 2):
            dice = random.Random(seed)
            async with client_of(server, port=through(proxy)) as near:
                started = time.monotonic()
                source = pieces() if seed % 2 else DATA
                upload = asyncio.ensure_future(
                    near.bucket(store.name).upload("key", source, part_size=PART, concurrency=3)
                )
                if seed != shift:  # the first tells how long it takes
                    await asyncio.sleep(dice.uniform(0, length))
                    upload.cancel()
                if dice.random() < 0.3:
                    await asyncio.sleep(dice.uniform(0, 0.02))
                    upload.cancel()
                with suppress(asyncio.CancelledError):
                    await upload
                    length = time.monotonic() - started
                await check_nothing_is_left(proxy, near, store, before)
            if await store.exists("key"):
                assert await store.get("key") == DATA, seed
                await store.delete("key")


@ON_CEPH
async def test_source_that_fails_leaves_nothing(server: Server, store: Bucket) -> None:
    async with FaultProxy(server.endpoint) as proxy:
        await store.list()
        before = leaks.open_sockets()
        for seed in range(SEEDS):
            at = random.Random(seed).randrange(len(DATA))
            async with client_of(server, port=through(proxy)) as near:
                source = sync_pieces(at) if seed % 2 else pieces(at)
                with pytest.raises(Broken):
                    await near.bucket(store.name).upload("key", source, part_size=PART, concurrency=3)
                await check_nothing_is_left(proxy, near, store, before)
            assert not await store.exists("key")


@ON_CEPH
async def test_faults_change_no_byte_of_what_goes_up_and_comes_down(
    server: Server, store: Bucket, tmp_path: Path
) -> None:
    wanted = hashlib.sha256(DATA).digest()
    injected = 0
    for seed in range(SEEDS):
        faults = RandomFaults(seed, 5, within=PART, stall=0.3)
        async with FaultProxy(server.endpoint, faults) as proxy:
            async with client_of(server, port=through(proxy), max_attempts=12, read_timeout=2) as near:
                bucket = near.bucket(store.name)
                await bucket.upload("key", pieces(), part_size=PART, concurrency=3)
                assert hashlib.sha256(await store.get("key")).digest() == wanted, seed
                await bucket.download_file("key", tmp_path / "file", part_size=3 * MIB, concurrency=3)
            injected += sum(proxy.injected.values())
        assert hashlib.sha256((tmp_path / "file").read_bytes()).digest() == wanted, seed
        await store.delete("key")

    assert injected > SEEDS / 2


@ON_CEPH
async def test_cancelled_download_leaves_nothing(server: Server, store: Bucket, tmp_path: Path) -> None:
    await store.put("key", DATA)
    async with FaultProxy(server.endpoint) as proxy:
        before = leaks.open_sockets()
        for seed in range(SEEDS):
            async with client_of(server, port=through(proxy)) as near:
                download = asyncio.ensure_future(
                    near.bucket(store.name).download_file("key", tmp_path / "file", part_size=MIB, concurrency=4)
                )
                await asyncio.sleep(random.Random(seed).uniform(0, 0.15))
                download.cancel()
                with suppress(asyncio.CancelledError):
                    await download
                assert names_in(tmp_path) in ([], ["file"])
                await check_nothing_is_left(proxy, near, store, before)


async def test_abort_that_is_never_answered_ends_all_the_same() -> None:
    """Cancelled, and cancelled again: the second waits no longer than the first."""
    aborted = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if head.startswith(b"DELETE"):
                    aborted.set()
                elif head.startswith(b"POST"):
                    writer.write(CREATED)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server, bucket_at(server.sockets[0].getsockname()[1]) as bucket:
        loop = asyncio.get_running_loop()
        upload = bucket.multipart("key")
        await upload.__aenter__()
        leaving = asyncio.ensure_future(upload.__aexit__(LookupError, error := LookupError(), None))
        started = loop.time()
        await aborted.wait()
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving

    assert loop.time() - started < 2 * ABORT_SECONDS
    assert error.upload_id == "u1"  # type: ignore[attr-defined]
