"""Files that the system sends: all of it arrives, what goes wrong is noticed, and nothing is left behind."""

import asyncio
import errno
import hashlib
import os
import random
import resource
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from aios3 import Bandwidth
from aios3.errors import AccessDenied, ReadTimeout, SlowDown, SourceChanged, TransportError
from aios3.files import FilePart, OpenFile
from aios3.testing.peer import Peer, Step, Visit, peer_in_thread
from aios3.testing.steps import (
    answering,
    close,
    read,
    read_head,
    read_on,
    read_request,
    read_slowly,
    reset,
    response,
    send,
    stall,
)
from aios3.transport.connection import Connection
from tests import leaks
from tests.loops import BOTH_LOOPS
from tests.servers.certificates import Certificate

from .buckets import KIB, MIB, bucket_at, holds, pool, request_to, turns
from .counted import Counted

pytestmark = [BOTH_LOOPS, pytest.mark.skipif(not hasattr(os, "sendfile"), reason="the system sends no files")]

# More than the kernel takes of a peer that does not read.
LARGE = random.Random(0).randbytes(MIB) * 20 + b"tail"
DENIED = response(b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>", status="403 Forbidden")
BUSY = response(b"<Error><Code>SlowDown</Code></Error>", status="503 Slow Down", headers=["Connection: close"])


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch, "sendfile")


def a_file(folder: Path, data: bytes = LARGE) -> Path:
    path = folder / "file"
    path.write_bytes(data)
    return path


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


# ------------------------------------------------------------------ all of it arrives
@pytest.mark.parametrize("size", [0, 1, 64 * KIB, 64 * KIB + 1, 3 * MIB + 7, len(LARGE)])
async def test_file_arrives_without_being_read_and_its_connection_is_kept(
    tmp_path: Path, counted: Counted, size: int
) -> None:
    path = a_file(tmp_path, LARGE[:size])
    async with Peer(answering()) as peer, bucket_at(peer.endpoint) as bucket:
        for _ in range(3):
            await bucket.put("key", path)

        assert {hashlib.sha256(asked.body).digest() for asked in peer.requests} == {
            hashlib.sha256(LARGE[:size]).digest()
        }
        assert counted.moved == 3 * size
        assert peer.connections == 1


def _half_read(path: Path) -> IO[bytes]:
    file = path.open("rb")
    file.read(1000)
    return file


def _written_to(path: Path) -> IO[bytes]:
    file = path.open("r+b")
    file.seek(1000)
    file.write(LARGE[1000:1100])
    file.seek(1000)
    return file


def _unbuffered(path: Path) -> IO[bytes]:
    file = path.open("rb", buffering=0)
    file.seek(1000)
    return file


@pytest.mark.parametrize("opening", [_half_read, _written_to, _unbuffered])
async def test_open_file_goes_from_where_it_stands_and_stays_there(
    tmp_path: Path, counted: Counted, opening: Callable[[Path], IO[bytes]]
) -> None:
    data = LARGE[: 2 * MIB]
    with opening(a_file(tmp_path, data)) as file:
        async with Peer(answering()) as peer, bucket_at(peer.endpoint) as bucket:
            await bucket.put("key", file)

            assert peer.requests[0].body == data[1000:]
            assert file.tell() == 1000
    assert counted.moved == len(data) - 1000


async def test_file_may_be_closed_while_it_is_sent(tmp_path: Path) -> None:
    file = a_file(tmp_path).open("rb")
    async with Peer([read_head(), stall(), read(len(LARGE)), send(response())]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            putting = asyncio.create_task(bucket.put("key", file))
            await peer.until_stalled()
            file.close()
            peer.release()
            await putting

        assert peer.visits[0].received[-len(LARGE) :] == LARGE


async def test_parts_of_an_upload_are_not_read_into_memory(tmp_path: Path, counted: Counted) -> None:
    begun = response(b"<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>")
    stored = response(headers=['ETag: "e"'])
    done = response(b'<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>')

    async def answer(visit: Visit) -> None:
        asked = visit.requests[-1]
        visit.writer.write(stored if asked.method == b"PUT" else begun if b"uploads" in asked.target else done)

    async with Peer([*[read_request(), answer] * 20]) as peer, bucket_at(peer.endpoint) as bucket:
        await bucket.upload("key", a_file(tmp_path), part_size=5 * MIB)

        parts = [asked for asked in peer.requests if asked.method == b"PUT"]
        assert sorted(len(asked.body) for asked in parts) == [4, *[5 * MIB] * 4]
    assert counted.moved == len(LARGE)


async def test_slow_reader_is_waited_for(tmp_path: Path, counted: Counted) -> None:
    slowly: list[Step] = [read_head(), read_slowly(len(LARGE), piece=2 * MIB, pause=0.05), send(response())]
    async with Peer(slowly, receive_buffer=64 * KIB) as peer, bucket_at(peer.endpoint, read_timeout=0.25) as bucket:
        await bucket.put("key", a_file(tmp_path))

        assert peer.visits[0].received[-len(LARGE) :] == LARGE
    assert counted.moved == len(LARGE)


async def test_socket_that_is_full_again_at_the_next_look_has_made_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aios3.transport.connection.unsent", lambda _: MIB)
    file = await OpenFile.open(a_file(tmp_path), os.O_RDONLY)
    looked = asyncio.Event()

    async def until_looked(visit: Visit) -> None:
        await looked.wait()

    script: list[Step] = [read_head(), stall(), read(12 * MIB), until_looked, read(8 * MIB + 4), send(response())]
    async with Peer(script, receive_buffer=64 * KIB) as peer, pool() as connections:
        part = FilePart(file, 0, len(LARGE), last=True)
        putting = asyncio.create_task(connections.send(request_to(peer.endpoint, "PUT", part)))
        await peer.until_stalled()
        (connection,) = connections._live
        await _waiting_for_room(connection)
        assert not any(connection.tick(52) for _ in range(50))  # the pool's own timer may tick, too
        peer.release()
        await peer.until(lambda: peer.visits[0].steps == 3)
        await _waiting_for_room(connection)

        assert not any(connection.tick(52) for _ in range(10))
        looked.set()
        await putting
    await file.close()


async def _waiting_for_room(connection: Connection) -> None:
    """Return when the socket is full, and stays so."""
    for _ in range(5):
        assert await holds(lambda: connection._writable is not None)
        await asyncio.sleep(0.01)


# ------------------------------------------------------------------ where it cannot
async def test_over_tls_it_is_read_and_sent(
    tmp_path: Path, counted: Counted, server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    async with Peer(answering(), tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=certificate.authority) as bucket:
            await bucket.put("key", a_file(tmp_path))

        assert peer.requests[0].body == LARGE
    assert not counted.moved


@pytest.mark.parametrize(
    ("how", "options"),
    [("put", {"checksum": "CRC32"}), ("upload", {"checksum": "CRC32"}), ("upload", {"bandwidth": Bandwidth(1 << 30)})],
)
async def test_what_is_framed_or_paced_is_read_and_sent(
    tmp_path: Path, counted: Counted, how: str, options: dict[str, Any]
) -> None:
    async with Peer(answering()) as peer, bucket_at(peer.endpoint, dialect="aws") as bucket:
        await getattr(bucket, how)("key", a_file(tmp_path, LARGE[:MIB]), **options)

        assert LARGE[:1000] in peer.requests[0].body
    assert counted.moved in (0, MIB) if how == "put" else not counted.moved


@pytest.mark.parametrize("after", [0, 3])
@pytest.mark.parametrize("reason", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
async def test_file_system_that_cannot_is_read_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, reason: int
) -> None:
    really, calls = os.sendfile, 0

    def sometimes(to: int, file: int, offset: int, count: int) -> int:
        nonlocal calls
        calls += 1
        if calls > after:
            raise OSError(reason, os.strerror(reason))
        return really(to, file, offset, min(count, 100_000))

    monkeypatch.setattr(os, "sendfile", sometimes)
    async with Peer(answering()) as peer, bucket_at(peer.endpoint) as bucket:
        await bucket.put("key", a_file(tmp_path))

        assert peer.requests[0].body == LARGE
    assert calls > after


async def test_without_a_descriptor_to_spare_it_is_read_and_sent(tmp_path: Path, counted: Counted) -> None:
    file = await OpenFile.open(a_file(tmp_path), os.O_RDONLY)
    async with Peer(answering()) as peer, pool() as connections:
        await (await connections.send(request_to(peer.endpoint, "PUT", b"opens the connection"))).read()
        with _no_more_descriptors():
            await connections.send(request_to(peer.endpoint, "PUT", FilePart(file, 0, len(LARGE), last=True)))

        assert peer.requests[1].body == LARGE
    assert not counted.moved
    await file.close()


@contextmanager
def _no_more_descriptors() -> Iterator[None]:
    free, before = os.dup(0), resource.getrlimit(resource.RLIMIT_NOFILE)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


# ------------------------------------------------------------------ answers that come early
@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize("taken", [0, 3 * MIB])
@pytest.mark.parametrize(("answer", "error"), [(DENIED, AccessDenied), (BUSY, SlowDown)], ids=["403", "503"])
async def test_early_answer_wins_over_the_end_that_follows_it(
    tmp_path: Path, answer: bytes, error: type[Exception], taken: int, end: Any
) -> None:
    path = a_file(tmp_path)
    with peer_in_thread([read_head(), read(taken), send(answer), end()]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            for _ in range(30):
                with pytest.raises(error):
                    await bucket.put("key", path)

        assert peer.connections == 30


async def test_early_answer_stops_the_body_and_what_follows_it_is_read(tmp_path: Path, counted: Counted) -> None:
    long = response(b"<Error><Code>AccessDenied</Code></Error>" + b" " * 60_000, status="403 Forbidden")
    script: list[Step] = [read_head(), read(MIB), send(long[:-50_000]), stall(), send(long[-50_000:]), stall()]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        putting = asyncio.create_task(bucket.put("key", a_file(tmp_path)))
        await peer.until_stalled()
        peer.release()
        with pytest.raises(AccessDenied):
            await putting

    assert counted.moved < len(LARGE)


async def test_peer_that_stops_reading_is_a_read_timeout(tmp_path: Path) -> None:
    async with Peer([read_head(), stall()]) as peer, bucket_at(peer.endpoint, read_timeout=0.25) as bucket:
        async with asyncio.timeout(5):
            with pytest.raises(ReadTimeout):
                await bucket.put("key", a_file(tmp_path))


@pytest.mark.parametrize("end", [close, reset])
async def test_cut_is_a_transport_error(tmp_path: Path, end: Any) -> None:
    async with Peer([read_head(), read(3 * MIB), end()]) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(5):
            with pytest.raises(TransportError):
                await bucket.put("key", a_file(tmp_path))


@pytest.mark.parametrize("end", [close, reset])
async def test_retry_after_a_cut_sends_everything_anew(tmp_path: Path, end: Any) -> None:
    async with Peer([read_head(), read(3 * MIB), end()], answering()) as peer:
        async with bucket_at(peer.endpoint, max_attempts=2) as bucket:
            await bucket.put("key", a_file(tmp_path))

        assert peer.visits[1].requests[0].body == LARGE


# ------------------------------------------------------------------ files that change
def changing(path: Path, size: int) -> Step:
    async def step(visit: Visit) -> None:
        os.truncate(path, size)

    return step


@pytest.mark.parametrize("change", [-1, 1, -5 * MIB, -len(LARGE)], ids=["shorter", "longer", "a part", "empty"])
async def test_file_that_changes_while_it_is_sent_never_arrives_whole(tmp_path: Path, change: int) -> None:
    path = a_file(tmp_path)
    script: list[Step] = [read_head(), changing(path, len(LARGE) + change), read(len(LARGE)), send(response())]
    async with Peer(script, receive_buffer=64 * KIB) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(10):
            with pytest.raises(SourceChanged):
                await bucket.put("key", path)
        await peer.until_left()

        assert peer.visits[0].steps == 2


@pytest.mark.parametrize("change", [-1, 1, -1000])
async def test_small_file_that_has_changed_never_arrives_whole(tmp_path: Path, change: int) -> None:
    path = a_file(tmp_path, LARGE[:1000])
    file = await OpenFile.open(path, os.O_RDONLY)
    os.truncate(path, 1000 + change)
    async with Peer([read_head(), read(1000), send(response())]) as peer, pool() as connections:
        with pytest.raises(SourceChanged):
            await connections.send(request_to(peer.endpoint, "PUT", FilePart(file, 0, 1000, last=True)))
        await peer.until_left()

        assert peer.visits[0].steps == 1
    await file.close()


# ------------------------------------------------------------------ nothing is left
async def test_cancelled_at_any_moment_it_leaves_no_task_and_no_descriptor(tmp_path: Path) -> None:
    path, chance = a_file(tmp_path), random.Random(1)
    script: list[Step] = [read_head(), read_slowly(8 * MIB, piece=MIB, pause=0.001), read_on()]
    async with Peer(script) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await _cancelled(bucket.put("key", path), 100)
            before, tasks = descriptors(), len(asyncio.all_tasks())
            for _ in range(80):
                await _cancelled(bucket.put("key", path), chance.choice([chance.randrange(60), chance.randrange(600)]))
            for _ in range(40):
                await _cancelled(bucket.put("key", path), chance.randrange(600), peer)
            await _cancelled(bucket.put("key", path), 100)
            await peer.until_left(peer.connections)

            # Those of the peer take a turn more.
            assert await holds(lambda: descriptors() <= before and len(asyncio.all_tasks()) <= tasks)
        assert peer.connections > 30


async def _cancelled(call: Any, moment: int, after_connecting_to: Peer | None = None) -> None:
    peer = after_connecting_to
    known = 0 if peer is None else peer.connections
    task = asyncio.ensure_future(call)
    assert peer is None or await holds(lambda: peer.connections > known)
    await turns(moment)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def test_closed_bucket_ends_what_is_being_sent(tmp_path: Path) -> None:
    async with Peer([read_head(), stall(), read_on()]) as peer:
        sockets, tasks = leaks.open_sockets(), leaks.other_tasks()
        bucket = bucket_at(peer.endpoint)
        putting = asyncio.create_task(bucket.put("key", a_file(tmp_path)))
        await peer.until_stalled()
        await bucket.close()
        with pytest.raises(TransportError):
            await putting
        peer.release()
        await peer.until_left()

        assert peer.visits[0].over == "eof"
    assert not await leaks.settled(sockets, tasks)
