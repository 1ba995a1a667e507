"""Bucket.download_file: parallel ranges into a file that appears whole or not at all."""

import asyncio
import errno
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from aios3 import (
    Bucket,
    InvalidInput,
    InvalidResponse,
    NoSuchKey,
    ObjectChanged,
    PreconditionFailed,
    ServiceError,
    TruncatedBody,
)
from aios3.testing import Answer, FaultProxy
from aios3.testing.peer import Peer, Visit
from aios3.testing.steps import close, read_request, send
from tests.servers import Server
from tests.stores import NOWHERE, bucket_at, client_of
from tests.transfers.test_uploads import LARGE, MIB, ON_CEPH, ON_TWO
from tests.transport.buckets import bucket_at as peer_bucket_at
from tests.wire import answering, forwarder, response


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@ON_TWO
@pytest.mark.parametrize("length", [0, 1, MIB, len(LARGE)])
async def test_file_has_the_bytes_of_the_object(store: Bucket, tmp_path: Path, length: int) -> None:
    put = await store.put("key", LARGE[:length])
    told: list[tuple[int, int | None]] = []

    result = await store.download_file("key", tmp_path / "file", part_size=MIB, progress=lambda *now: told.append(now))

    assert (tmp_path / "file").read_bytes() == LARGE[:length]
    assert (result.key, result.size, result.etag) == ("key", length, put.etag)
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1] == (length, length)
    assert names_in(tmp_path) == ["file"]


@ON_CEPH
async def test_new_file_has_the_permissions_of_any_other(store: Bucket, tmp_path: Path) -> None:
    await store.put("key", b"x")
    (tmp_path / "other").touch()

    await store.download_file("key", str(tmp_path / "file"))

    assert (tmp_path / "file").stat().st_mode == (tmp_path / "other").stat().st_mode


@ON_CEPH
async def test_parts_are_asked_for_at_once_under_one_etag(server: Server, store: Bucket, tmp_path: Path) -> None:
    put = await store.put("key", LARGE)
    async with forwarder(server.port) as peer, client_of(server, port=peer.port) as near:
        await near.bucket(store.name).download_file("key", tmp_path / "file", part_size=4 * MIB, concurrency=3)

    assert len(peer.requests) == 4
    assert [seen.headers.get("if-match") for seen in peer.requests] == [None, *[put.etag] * 3]
    assert {seen.headers["range"] for seen in peer.requests} == {
        f"bytes={n * 4 * MIB}-{(n + 1) * 4 * MIB - 1 if n < 3 else len(LARGE) - 1}" for n in range(4)
    }


@ON_CEPH
async def test_object_that_is_replaced_meanwhile_is_noticed(store: Bucket, tmp_path: Path) -> None:
    await store.put("key", LARGE)
    (tmp_path / "file").write_bytes(b"before")
    replaced: list[asyncio.Future[Any]] = []

    def replace(done: int, total: int | None) -> None:
        if not replaced:
            replaced.append(asyncio.ensure_future(store.put("key", LARGE[::-1])))

    with pytest.raises(ObjectChanged):
        await store.download_file("key", tmp_path / "file", part_size=64 * 1024, concurrency=1, progress=replace)
    await replaced[0]

    assert (tmp_path / "file").read_bytes() == b"before"
    assert names_in(tmp_path) == ["file"]


@pytest.mark.parametrize("resume", [False, True])
async def test_download_that_is_cancelled_while_its_file_is_made_leaves_none(tmp_path: Path, resume: bool) -> None:
    async with bucket_at(1) as bucket:
        for _ in range(50):
            download = asyncio.ensure_future(bucket.download_file("key", tmp_path / "file", resume=resume))
            await asyncio.sleep(0)
            download.cancel()
            with pytest.raises(asyncio.CancelledError):
                await download
    await asyncio.get_running_loop().shutdown_default_executor()

    assert names_in(tmp_path) == []


@ON_CEPH
@pytest.mark.parametrize("resume", [False, True])
async def test_missing_object_leaves_no_file(store: Bucket, tmp_path: Path, resume: bool) -> None:
    with pytest.raises(NoSuchKey):
        await store.download_file("nothing", tmp_path / "file", resume=resume)

    assert not (tmp_path / "file").exists()
    assert names_in(tmp_path) == []


@ON_CEPH
async def test_condition_and_version(store: Bucket, tmp_path: Path) -> None:
    await store.put("key", b"x")

    with pytest.raises(PreconditionFailed):
        await store.download_file("key", tmp_path / "file", if_match='"0"')


async def test_server_that_ignores_ranges_is_read_once(tmp_path: Path) -> None:
    whole = response(body=LARGE, headers={"ETag": '"e"'})
    async with answering(whole) as peer, bucket_at(peer.port) as bucket:
        result = await bucket.download_file("key", tmp_path / "file", part_size=MIB)

    assert (tmp_path / "file").read_bytes() == LARGE
    assert (result.size, len(peer.requests)) == (len(LARGE), 1)


async def test_server_without_etags_is_read_by_one_request(tmp_path: Path) -> None:
    first = response(206, LARGE[:MIB], {"Content-Range": f"bytes 0-{MIB - 1}/{len(LARGE)}"})
    async with answering(first, response(body=LARGE)) as peer, bucket_at(peer.port) as bucket:
        await bucket.download_file("key", tmp_path / "file", part_size=MIB)

    assert (tmp_path / "file").read_bytes() == LARGE
    assert len(peer.requests) == 2


# --- what cannot be written


async def test_missing_folder_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(FileNotFoundError):
            await bucket.download_file("key", tmp_path / "nothing" / "file")


@ON_CEPH
async def test_folder_in_the_place_of_the_file_is_an_error(store: Bucket, tmp_path: Path) -> None:
    await store.put("key", b"x")
    (tmp_path / "file").mkdir()

    with pytest.raises(IsADirectoryError):
        await store.download_file("key", tmp_path / "file")

    assert names_in(tmp_path) == ["file"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a tmpfs")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@ON_CEPH
async def test_full_disk_is_an_error_that_leaves_nothing(store: Bucket, small_disk: Path) -> None:
    await store.put("key", LARGE)

    with pytest.raises(OSError, match="No space left") as caught:
        await store.download_file("key", small_disk / "file", part_size=MIB)

    assert caught.value.errno == errno.ENOSPC
    assert names_in(small_disk) == []


@pytest.mark.parametrize("options", [{"part_size": 0}, {"concurrency": 0}, {"bandwidth": -1}, {"timeout": 0}])
async def test_bad_options_are_refused(options: Any, tmp_path: Path) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput):
            await bucket.download_file("key", tmp_path / "file", **options)

    assert names_in(tmp_path) == []


# --- resuming


class Enough(Exception):
    """What ends a download in the middle."""


def stop_after(count: int) -> Any:
    def stop(done: int, total: int | None) -> None:
        if done >= count:
            raise Enough

    return stop


async def interrupted(store: Bucket, path: Path) -> None:
    with pytest.raises(Enough):
        await store.download_file(
            "key", path, part_size=MIB, concurrency=1, resume=True, progress=stop_after(5 * MIB + 1)
        )
    assert names_in(path.parent) == ["file.aios3-part", "file.aios3-part.journal"]


@ON_CEPH
async def test_resuming_asks_only_for_what_is_missing(server: Server, store: Bucket, tmp_path: Path) -> None:
    await store.put("key", LARGE)
    path = tmp_path / "file"
    await interrupted(store, path)

    async with forwarder(server.port) as peer, client_of(server, port=peer.port) as near:
        await near.bucket(store.name).download_file("key", path, resume=True)

    assert path.read_bytes() == LARGE
    assert names_in(tmp_path) == ["file"]
    assert len(peer.requests) == 13 - 5


@ON_CEPH
async def test_resuming_begins_anew_when_the_object_is_another(store: Bucket, tmp_path: Path) -> None:
    await store.put("key", LARGE)
    path = tmp_path / "file"
    await interrupted(store, path)
    await store.put("key", LARGE[::-1])

    await store.download_file("key", path, resume=True, part_size=MIB)

    assert path.read_bytes() == LARGE[::-1]
    assert names_in(tmp_path) == ["file"]


@ON_CEPH
@pytest.mark.parametrize("journal", ["", "{", "[]\n", '{"bucket": 1}\n7\n', "cut", "foreign part"])
async def test_broken_journal_is_not_believed(store: Bucket, tmp_path: Path, journal: str) -> None:
    await store.put("key", LARGE)
    path = tmp_path / "file"
    await interrupted(store, path)
    side = tmp_path / "file.aios3-part.journal"
    text = side.read_text()
    broken = {"cut": text + "94371", "foreign part": text + "7\n"}.get(journal, journal)
    side.write_text(broken)

    await store.download_file("key", path, resume=True, part_size=MIB)

    assert path.read_bytes() == LARGE


WHOLE = bytes(range(100))


def part(start: int, end: int, size: int, *, chunks: bool = False) -> bytes:
    """Return an answer that says it has WHOLE from *start* to *end*, and has *size* bytes."""
    head = f'HTTP/1.1 206 Partial\r\nETag: "e"\r\nContent-Range: bytes {start}-{end - 1}/100\r\n'.encode()
    body = (WHOLE + WHOLE)[start : start + size]
    if chunks:
        return head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (size, body)
    return head + b"Content-Length: %d\r\n\r\n" % size + body


def serving(*parts: bytes) -> Peer:
    return Peer([step for answer in parts for step in (read_request(), send(answer))])


@pytest.mark.parametrize(("begun", "size", "left"), [(0, 49, 2), (50, 49, 1), (0, 51, 2), (50, 51, 1)])
async def test_part_of_another_length_is_never_gone_on_from(tmp_path: Path, begun: int, size: int, left: int) -> None:
    path = tmp_path / "file"
    wrong = [part(start, start + 50, size if start == begun else 50, chunks=True) for start in (0, 50)]
    async with serving(*wrong) as peer, peer_bucket_at(peer.endpoint) as bucket:
        with pytest.raises(TruncatedBody if size < 50 else InvalidResponse, match=f"{size} bytes came of the 50 that"):
            await bucket.download_file("key", path, part_size=50, concurrency=1, resume=True)

    rest = [part(start, start + 50, 50) for start in (0, 50)][-left:]
    async with serving(*rest) as peer, peer_bucket_at(peer.endpoint) as bucket:
        await bucket.download_file("key", path, part_size=50, concurrency=1, resume=True)

    assert path.read_bytes() == WHOLE


async def test_journal_without_its_file_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    async with serving(part(0, 50, 50), b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n") as peer:
        async with peer_bucket_at(peer.endpoint) as bucket:
            with pytest.raises(ServiceError):
                await bucket.download_file("key", path, part_size=50, concurrency=1, resume=True)
    (tmp_path / "file.aios3-part").unlink()

    async with serving(part(0, 50, 50), part(50, 100, 50)) as peer, peer_bucket_at(peer.endpoint) as bucket:
        await bucket.download_file("key", path, part_size=50, concurrency=1, resume=True)

    assert path.read_bytes() == WHOLE


async def test_old_journal_is_not_believed_after_a_new_download_was_cancelled_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    plan = {"bucket": "bucket", "key": "key", "version_id": None, "asked_version": None, "etag": '"e"'}
    said = json.dumps({**plan, "size": 100, "part_size": 50})
    # So it is left by who is stopped when the file has its name already.
    (tmp_path / "file.aios3-part.journal").write_text(f"{said}\n0\n50\n")
    loop, really = asyncio.get_running_loop(), os.truncate

    def interrupted_truncate(file: int, size: int) -> None:
        really(file, size)
        loop.call_soon_threadsafe(call.cancel)

    monkeypatch.setattr(os, "truncate", interrupted_truncate)
    async with serving(part(0, 50, 50)) as peer, peer_bucket_at(peer.endpoint) as bucket:
        call = asyncio.create_task(bucket.download_file("key", path, part_size=50, concurrency=1, resume=True))
        with pytest.raises(asyncio.CancelledError):
            await call
    monkeypatch.undo()

    async with serving(part(0, 50, 50), part(50, 100, 50)) as peer, peer_bucket_at(peer.endpoint) as bucket:
        await bucket.download_file("key", path, part_size=50, concurrency=1, resume=True)

    assert path.read_bytes() == WHOLE


class SlowDisk(ThreadPoolExecutor):
    """Threads, of which the first that writes takes half a second more; *writing* tells that it has begun."""

    def __init__(self) -> None:
        super().__init__(4)
        self.writing = asyncio.Event()

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Any:
        if self.writing.is_set() or not any(isinstance(argument, memoryview) for argument in arguments):
            return super().submit(work, *arguments, **named)
        self.writing.set()

        def late() -> Any:
            time.sleep(0.5)
            return work(*arguments)

        return super().submit(late)


async def test_write_that_outlives_its_download_is_not_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "file"
    (tmp_path / "file.aios3-part").write_bytes(bytes(100))
    plan = {"bucket": "bucket", "key": "key", "version_id": None, "asked_version": None, "etag": '"e"'}
    (tmp_path / "file.aios3-part.journal").write_text(json.dumps({**plan, "size": 100, "part_size": 50}) + "\n")
    disk = SlowDisk()
    asyncio.get_running_loop().set_default_executor(disk)

    async def answer(visit: Visit) -> None:
        """Give the first part at once, and say that it was replaced when that is being written."""
        replaced = b"bytes=50-99" in visit.requests[-1].head
        if replaced:
            await disk.writing.wait()
        old = part(0, 50, 50).replace(b"\x01", b"x")
        await send(b"HTTP/1.1 412 No\r\nContent-Length: 0\r\n\r\n" if replaced else old)(visit)

    old = [read_request(), answer, close()]
    new = [read_request(), send(part(0, 50, 50)), read_request(), send(part(50, 100, 50))]
    async with Peer(old, old, new) as peer, peer_bucket_at(peer.endpoint) as bucket:
        await bucket.download_file("key", path, part_size=50, concurrency=2, resume=True)

    assert path.read_bytes() == WHOLE


@ON_CEPH
async def test_faults_on_the_way_do_not_reach_the_file(server: Server, store: Bucket, tmp_path: Path) -> None:
    await store.put("key", LARGE)
    async with FaultProxy(server.endpoint, lambda number, *_: Answer() if number % 3 == 1 else None) as proxy:
        async with client_of(server, port=int(proxy.url.rpartition(":")[2])) as client:
            await client.bucket(store.name).download_file("key", tmp_path / "file", part_size=MIB)

    assert (tmp_path / "file").read_bytes() == LARGE


def test_journal_is_json(tmp_path: Path) -> None:
    from aios3.transfers.journal import Journal, Plan

    plan = Plan(bucket="b", key="k\n", version_id=None, asked_version=None, etag='"e"', size=10, part_size=4)
    journal = Journal(tmp_path / "j")
    journal.begin(plan)
    journal.done(8)
    journal.close()

    assert json.loads((tmp_path / "j").read_text().split("\n")[0])["key"] == "k\n"
    again = Journal(tmp_path / "j")
    found = again.read()
    again.close()
    assert found is not None
    assert (found.done, found.end(8)) == (frozenset({8}), 10)


def test_journal_goes_on_in_a_line_of_its_own(tmp_path: Path) -> None:
    from aios3.transfers.journal import Journal, Plan

    path = tmp_path / "j"
    journal = Journal(path)
    journal.begin(Plan(bucket="b", key="k", version_id=None, asked_version=None, etag='"e"', size=20, part_size=5))
    journal.close()
    path.write_text(path.read_text() + "1")  # cut in "10"
    again = Journal(path)
    assert again.read() is not None
    again.done(5)
    again.close()

    last = Journal(path)
    found = last.read()
    last.close()

    assert found is not None
    assert found.done == {5}
