"""Memory that does not grow with the work, and work that survives kill -9; each in a process of its own.

Small by default. AIOS3_LIST_KEYS=10000000, AIOS3_LARGE_MIB=4096, AIOS3_KILLED_MIB=1024 and AIOS3_SYNC_FILES=100000 are
the real thing; the last takes many minutes, and wants ``-o faulthandler_timeout=0``.
"""

import asyncio
import hashlib
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from aios3 import Bucket
from aios3 import operations as ops
from tests.programs import BARE
from tests.servers import Server
from tests.transfers.test_downloads import names_in
from tests.wire import Peer, forwarder

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024
KEYS = int(os.environ.get("AIOS3_LIST_KEYS", "200000"))
LARGE = int(os.environ.get("AIOS3_LARGE_MIB", "256"))
KILLED = int(os.environ.get("AIOS3_KILLED_MIB", "64"))
FILES = int(os.environ.get("AIOS3_SYNC_FILES", "1000"))
# What a download or an upload may take, whatever the size: 8 parts of 8 MiB in flight, and some to spare.
LIMIT = 96
ON_CEPH = pytest.mark.parametrize("server", ["radosgw"], indirect=True)

pytestmark = [pytest.mark.timeout(120 + KEYS // 20_000 + LARGE // 4 + KILLED // 4 + FILES // 50)]


@asynccontextmanager
async def program(*arguments: str, server: Server | None = None) -> AsyncIterator[asyncio.subprocess.Process]:
    keys = server.keys if server else None
    environment = {
        **BARE,
        "PYTHONPATH": str(ROOT),
        "AWS_ACCESS_KEY_ID": keys.access_key if keys else "k",
        "AWS_SECRET_ACCESS_KEY": keys.secret_key if keys else "s",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments), env=environment, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def growth(*arguments: str, server: Server | None = None) -> int:
    """Return by how many MiB a program has grown, which must succeed."""
    async with program("tests.transfers.heavy", *arguments, server=server) as process:
        out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()[-2000:]
    return int(out)


def say(line: str) -> None:
    """Report a number, which ``pytest -s`` shows."""
    sys.stdout.write(f"{line}\n")


@asynccontextmanager
async def endless() -> AsyncIterator[str]:
    async with program("tests.transfers.endless", str(KEYS)) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(await server.stdout.readline())}"


async def test_listing_takes_the_memory_of_a_page() -> None:
    async with endless() as endpoint:
        grown = await growth("list_keys", endpoint, "bucket", str(KEYS))

    say(f"{KEYS} keys: {grown} MiB")
    assert grown <= 16


async def test_upload_of_unknown_length_takes_the_memory_of_its_parts() -> None:
    async with endless() as endpoint:
        grown = await growth("upload_generated", endpoint, "bucket", str(LARGE))

    say(f"{LARGE} MiB up: {grown} MiB")
    assert grown <= LIMIT


async def test_download_takes_the_memory_of_its_pieces(tmp_path: Path) -> None:
    path = tmp_path / "file"
    async with endless() as endpoint:
        grown = await growth("download", endpoint, "bucket", f"zeros-{LARGE * MIB}", str(path))

    say(f"{LARGE} MiB down: {grown} MiB")
    assert grown <= LIMIT
    assert path.stat().st_size == LARGE * MIB
    path.unlink()


@ON_CEPH
async def test_sync_takes_the_memory_of_its_files_in_flight(server: Server, store: Bucket, tmp_path: Path) -> None:
    for number in range(FILES):
        folder = tmp_path / "up" / f"{number // 1000}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}").write_text(str(number))

    grown = await growth(
        "sync", server.endpoint, store.name, str(tmp_path / "up"), str(tmp_path / "down"), server=server
    )

    say(f"{FILES} files: {grown} MiB")
    assert sum(path.is_file() for path in (tmp_path / "down").rglob("*")) == FILES
    assert grown <= 48


# --- kill -9


def fill(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def contents(path: Path) -> bytes:
    return path.read_bytes()


@ON_CEPH
async def test_killed_download_is_resumed(server: Server, store: Bucket, tmp_path: Path) -> None:
    data = os.urandom(MIB) * KILLED
    await store.upload("key", data)
    path = tmp_path / "file"
    work = ("resume_download", server.endpoint, store.name, "key", str(path))
    journal = tmp_path / "file.aios3-part.journal"

    def arrived() -> int:
        return journal.read_text().count("\n") - 1 if journal.exists() else 0

    async with program("tests.transfers.heavy", *work, server=server) as process:
        while arrived() < KILLED // 4 and process.returncode is None:  # noqa: ASYNC110  # another process's doing
            await asyncio.sleep(0.002)
        process.kill()
        await process.wait()
    there = arrived()
    assert KILLED // 4 <= there < KILLED

    async with forwarder(server.port) as peer:
        await growth(work[0], f"http://127.0.0.1:{peer.port}", *work[2:], server=server)

    asked = len([seen for seen in peer.requests if seen.method == "GET"])
    say(f"{KILLED} MiB down: {there} parts before the kill, {asked} after it")
    assert asked == KILLED - there
    assert contents(path) == data
    assert names_in(tmp_path) == ["file"]


def parts_sent(peer: Peer) -> set[int]:
    return {int(seen.query.split("&")[0].partition("=")[2]) for seen in peer.requests if seen.method == "PUT"}


@ON_CEPH
async def test_killed_upload_is_resumed(server: Server, store: Bucket, tmp_path: Path) -> None:
    data = os.urandom(MIB) * KILLED + b"."
    count = -(-len(data) // (5 * MIB))
    path = tmp_path / "file"
    fill(path, data)
    work = ("resume_upload", server.endpoint, store.name, "key", str(path))

    async with forwarder(server.port) as peer:
        slow = f"http://127.0.0.1:{peer.port}"
        async with program("tests.transfers.heavy", work[0], slow, *work[2:], server=server) as process:
            # Two are sent at once: those before them are stored.
            while len(parts_sent(peer)) < 2 + count // 4 and process.returncode is None:  # noqa: ASYNC110  # as above
                await asyncio.sleep(0.002)
            process.kill()
            await process.wait()
    (kept,) = [upload async for upload in store.uploads()]
    assert kept.upload_id is not None
    listing = ops.ListParts(bucket=store.name, key="key", upload_id=kept.upload_id)
    there = {part.part_number async for page in store.client.pages(listing) for part in page.parts}

    async with forwarder(server.port) as peer:
        await growth(work[0], f"http://127.0.0.1:{peer.port}", *work[2:], server=server)

    sent = parts_sent(peer)
    say(f"{KILLED} MiB up: {len(there)} parts before the kill, {len(sent)} after it")
    assert len(there) >= count // 4
    # What the server had half of when it was asked is either.
    assert sent <= set(range(1, count + 1)) - there
    assert sent
    assert hashlib.sha256(await store.get("key")).digest() == hashlib.sha256(data).digest()
    assert [upload async for upload in store.uploads()] == []
