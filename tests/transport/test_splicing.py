"""Bodies that the system moves into a file: whole, cut, refused, cancelled, and nothing is left behind."""

import asyncio
import base64
import errno
import fcntl
import os
import random
import resource
import socket
import ssl
import zlib
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aios3 import Bandwidth, Bucket
from aios3.errors import ReadTimeout, TransportError, TruncatedBody
from aios3.testing import Cut, HalfClose
from aios3.testing.peer import Peer, peer_in_thread
from aios3.testing.steps import close, half_close, read_request, reset, send, stall, trickle
from aios3.transport import intake
from aios3.transport.sockets import unread
from tests import oracle
from tests.faults.scenes import behind, on
from tests.loops import BOTH_LOOPS
from tests.servers import Server
from tests.servers.certificates import Certificate

from .buckets import KIB, MIB, bucket_at, holds, turns
from .counted import Counted
from .splices import (
    LARGE,
    ONE_PART,
    SlowSplice,
    TwiceEncrypted,
    cut,
    descriptors,
    head,
    is_right,
    names_in,
    relay,
    serves,
    sockets_to,
    times_in,
)

pytestmark = [BOTH_LOOPS, pytest.mark.skipif(not hasattr(os, "splice"), reason="the system moves no bytes")]


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    return Counted(monkeypatch, "splice", only="offset_dst")  # into the file


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is now, bytes do not come so slowly that they are read."""
    monkeypatch.setattr(intake, "PATIENCE", 2.0)


# ------------------------------------------------------------------ all of it arrives
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("size", [2 * MIB - 1, 3 * MIB + 7, len(LARGE)])
@pytest.mark.parametrize("part_size", [2 * MIB, 2_345_678, 64 * MIB])
async def test_file_has_every_byte_and_its_connections_are_kept(
    tmp_path: Path, counted: Counted, size: int, part_size: int
) -> None:
    data, before = LARGE[:size], descriptors()
    told: list[int] = []
    with peer_in_thread(*[serves(data) * 20] * 4) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            for _ in range(2):
                await bucket.download_file(
                    "key",
                    tmp_path / "file",
                    part_size=part_size,
                    concurrency=2,
                    progress=lambda done, _: told.append(done),
                )
                assert is_right(tmp_path / "file", data)
        assert peer.connections <= 2
    assert counted.moved > MIB
    assert told[-1] == size
    assert told[: told.index(size) + 1] == sorted(told[: told.index(size) + 1])
    assert await holds(lambda: descriptors() <= before)


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("server", ["radosgw", "ministack"], indirect=True)
async def test_file_from_a_store_is_what_was_stored(
    server: Server, store: Bucket, tmp_path: Path, counted: Counted
) -> None:
    data = LARGE[: 5 * MIB + 3]
    await store.put("key", data)
    await store.download_file("key", tmp_path / "file", part_size=2 * MIB + 1)

    assert is_right(tmp_path / "file", data)
    assert counted.moved > 2 * MIB


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("early", [1, 4 * KIB, 100_000, 3 * MIB])
async def test_what_came_with_the_head_is_first(tmp_path: Path, counted: Counted, early: int) -> None:
    first = head(0, len(LARGE), len(LARGE)) + LARGE[:early]
    async with Peer([read_request(), send(first), stall(), send(LARGE[early:])]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            download = asyncio.create_task(bucket.download_file("key", tmp_path / "file", **ONE_PART))
            await peer.until_stalled()
            await turns(20)
            peer.release()
            await download

    assert is_right(tmp_path / "file")
    assert counted.moved > 5 * MIB


@pytest.mark.usefixtures("patient")
async def test_what_follows_the_body_is_no_answer(tmp_path: Path, counted: Counted) -> None:
    size, part = len(LARGE), 3 * MIB
    foul = head(part, 2 * part, size) + bytes(part)
    with peer_in_thread([read_request(), send(head(0, part, size) + LARGE[:part] + foul)], serves(LARGE)) as peer:
        # The next request waits already for the connection.
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            await bucket.download_file("key", tmp_path / "file", part_size=part, concurrency=2)
        assert peer.connections == 2

    assert is_right(tmp_path / "file")
    assert counted.moved > 8 * MIB


@pytest.mark.usefixtures("patient")
async def test_kept_connection_is_as_it_was(tmp_path: Path, counted: Counted) -> None:
    with peer_in_thread(serves(LARGE) * 2) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.download_file("key", tmp_path / "file", **ONE_PART)

            (sock,) = sockets_to(peer.port)
            with sock:
                assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT) == 1
                assert not os.get_blocking(sock.fileno())
    assert counted.moved > 8 * MIB


@pytest.mark.usefixtures("patient")
async def test_over_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    async with Peer(serves(LARGE), unix=path) as peer, aiohttp.UnixConnector(str(path)) as connector:
        async with bucket_at("http://127.0.0.1:1", connector=connector) as bucket:
            for _ in range(2):
                await bucket.download_file("key", tmp_path / "file", part_size=3 * MIB)
                assert is_right(tmp_path / "file")

    assert len(peer.requests) == 8


async def test_what_comes_while_a_thread_takes_from_the_socket_waits_for_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread = SlowSplice.put_in(monkeypatch, side="socket")
    early = 100_000  # less than is waited for
    first = send(head(0, len(LARGE), len(LARGE)) + LARGE[:early])
    with peer_in_thread([read_request(), first, stall(), send(LARGE[early:])]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            download = asyncio.create_task(bucket.download_file("key", tmp_path / "file", **ONE_PART))
            assert await asyncio.to_thread(thread.entered.wait, 10)
            peer.release()
            (sock,) = sockets_to(peer.port)
            with sock:
                while unread(sock) < MIB:  # noqa: ASYNC110  # what arrives makes no event
                    await asyncio.sleep(0.001)
            await turns(20)
            thread.may_go.set()
            await download

    assert is_right(tmp_path / "file")
    assert thread.calls > 1


async def test_bytes_that_come_in_bursts_and_drops_are_all_there(tmp_path: Path, counted: Counted) -> None:
    steps = [send(head(0, len(LARGE), len(LARGE)))]
    steps += [send(LARGE[start : start + MIB + 1]) for start in range(0, 5 * MIB, MIB + 1)]
    done = 5 * (MIB + 1)
    steps += [trickle(LARGE[done : done + 20], pause=0.01), send(LARGE[done + 20 :])]
    with peer_in_thread([read_request(), *steps]) as peer:
        async with bucket_at(peer.endpoint, read_timeout=2) as bucket:
            await bucket.download_file("key", tmp_path / "file", **ONE_PART)

    assert is_right(tmp_path / "file")
    assert counted.moved > 0


# ------------------------------------------------------------------ who needs to see the bytes
async def test_not_over_tls(
    tmp_path: Path, counted: Counted, server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    async with Peer(serves(LARGE), tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=certificate.authority) as bucket:
            await bucket.download_file("key", tmp_path / "file", **ONE_PART)

    assert is_right(tmp_path / "file")
    assert counted.moved == 0


async def test_not_over_tls_in_tls(
    tmp_path: Path, counted: Counted, server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    context = ssl.create_default_context(cafile=certificate.authority)
    async with Peer(serves(LARGE), tls=server_tls) as origin, Peer([relay(origin.port)], tls=server_tls) as outer:
        async with TwiceEncrypted(ssl=context) as connector:
            async with bucket_at(outer.endpoint, connector=connector, verify=certificate.authority) as bucket:
                await bucket.download_file("key", tmp_path / "file", **ONE_PART)

        assert len(origin.requests) == 1
    assert is_right(tmp_path / "file")
    assert counted.moved == 0


async def test_not_in_chunks(tmp_path: Path, counted: Counted) -> None:
    named = head(0, len(LARGE), len(LARGE)).partition(b"Content-Length")[0] + b"Transfer-Encoding: chunked\r\n\r\n"
    sent = named + b"%x\r\n%b\r\n0\r\n\r\n" % (len(LARGE), LARGE)
    with peer_in_thread([read_request(), send(sent)]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.download_file("key", tmp_path / "file", **ONE_PART)

    assert is_right(tmp_path / "file")
    assert counted.moved == 0


async def test_not_under_a_limit(tmp_path: Path, counted: Counted) -> None:
    with peer_in_thread(serves(LARGE)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.download_file("key", tmp_path / "file", bandwidth=Bandwidth(1 << 40), **ONE_PART)

    assert is_right(tmp_path / "file")
    assert counted.moved == 0


async def test_not_where_the_whole_is_verified(tmp_path: Path, counted: Counted) -> None:
    checksum = base64.b64encode(zlib.crc32(LARGE).to_bytes(4)).decode()
    named = f"x-amz-checksum-crc32: {checksum}\r\nx-amz-checksum-type: FULL_OBJECT\r\n\r\n".encode()
    answer = head(0, len(LARGE), len(LARGE)).removesuffix(b"\r\n") + named + LARGE
    with peer_in_thread([read_request(), send(answer)]) as peer:
        async with bucket_at(peer.endpoint, checksum="CRC32") as bucket:
            result = await bucket.download_file("key", tmp_path / "file", **ONE_PART)

    assert is_right(tmp_path / "file")
    assert result.checksum == checksum
    assert counted.moved == 0


# ------------------------------------------------------------------ the connection
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("missing", [1, 2, 5, 300_000, 4 * MIB, 9 * MIB - 50])
@pytest.mark.parametrize("end", [close, half_close, reset])
async def test_cut_body_is_mended_from_the_next_byte(tmp_path: Path, counted: Counted, missing: int, end: Any) -> None:
    with peer_in_thread(cut(missing, end()), serves(LARGE)) as peer:
        async with bucket_at(peer.endpoint, max_attempts=3) as bucket:
            await bucket.download_file("key", tmp_path / "file", **ONE_PART)
        # After a reset, what the kernel still had may be lost.
        start = int((peer.requests[1].header("range") or b"").removeprefix(b"bytes=").partition(b"-")[0])
        assert start == len(LARGE) - missing or (end is reset and start <= len(LARGE) - missing)

    assert is_right(tmp_path / "file")
    assert names_in(tmp_path) == ["file"]


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("end", [close, half_close, reset])
async def test_cut_body_that_cannot_be_mended_is_an_error(tmp_path: Path, counted: Counted, end: Any) -> None:
    with peer_in_thread(cut(3 * MIB, end())) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(TruncatedBody):
                await bucket.download_file("key", tmp_path / "file", **ONE_PART)

    assert names_in(tmp_path) == []


async def test_cuts_anywhere_of_a_real_store_lose_and_double_nothing(radosgw: Server, tmp_path: Path) -> None:
    chance, data = random.Random(5), LARGE[: 3 * MIB + 5]
    async with behind(radosgw) as (proxy, bucket):
        oracle.put(radosgw, bucket.name, "key", data)
        for number in range(12):
            place = chance.randrange(len(data))
            proxy.plan = on("GET", HalfClose(after=place) if number % 3 else Cut(after=place, reset=bool(number % 2)))
            await bucket.download_file("key", tmp_path / "file", **ONE_PART)
            assert is_right(tmp_path / "file", data), f"cut at byte {place}"


@pytest.mark.usefixtures("patient")
async def test_silence_is_a_read_timeout(tmp_path: Path, counted: Counted) -> None:
    with peer_in_thread(cut(3 * MIB, stall())) as peer:
        async with bucket_at(peer.endpoint, read_timeout=0.2) as bucket:
            with pytest.raises(ReadTimeout):
                await bucket.download_file("key", tmp_path / "file", **ONE_PART)

    assert counted.moved > 4 * MIB
    assert names_in(tmp_path) == []


# ------------------------------------------------------------------ the file
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("side", ["socket", "file"])
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, 0])
@pytest.mark.parametrize("after", [0, 2])
async def test_where_the_system_cannot_it_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: str, number: int, after: int
) -> None:
    really, calls = os.splice, {"socket": 0, "file": 0}

    def refuse(source: int, to: int, count: int, **more: Any) -> int:
        which = "file" if "offset_dst" in more else "socket"
        calls[which] += 1
        if which == side and calls[side] > after and not number:
            return 0
        if which == side and calls[side] > after:
            raise OSError(number, os.strerror(number))
        return really(source, to, count, **more)

    monkeypatch.setattr(os, "splice", refuse)
    with peer_in_thread(serves(LARGE)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.download_file("key", tmp_path / "file", **ONE_PART)
        assert len(peer.requests) == 1

    assert is_right(tmp_path / "file")
    assert calls[side] == after + 1


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("call", [(os, "dup"), (os, "pipe"), (fcntl, "fcntl")], ids=["dup", "pipe", "size"])
async def test_without_descriptors_or_memory_for_a_pipe_it_is_read_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, counted: Counted, call: Any
) -> None:
    refused, before = 0, descriptors()

    def none_left(*_: object) -> int:
        nonlocal refused
        refused += 1
        raise OSError(errno.EMFILE, "Too many open files")

    with peer_in_thread(serves(LARGE)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with monkeypatch.context() as patch:
                patch.setattr(call[0], call[1], none_left)
                await bucket.download_file("key", tmp_path / "file", **ONE_PART)
        assert len(peer.requests) == 1

    assert is_right(tmp_path / "file")
    assert counted.moved == 0
    assert refused == 1
    assert await holds(lambda: descriptors() <= before)


@pytest.mark.usefixtures("patient")
async def test_file_that_may_not_grow_is_an_error_that_is_not_tried_again(tmp_path: Path, counted: Counted) -> None:
    before, open_before = resource.getrlimit(resource.RLIMIT_FSIZE), descriptors()

    def forbid(done: int, _: int | None) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 * MIB, before[1]))

    with peer_in_thread(serves(LARGE)) as peer:
        async with bucket_at(peer.endpoint, max_attempts=3) as bucket:
            try:
                with pytest.raises(OSError, match="File too large"):
                    await bucket.download_file(
                        "key", tmp_path / "file", part_size=3 * MIB, concurrency=1, progress=forbid
                    )
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert len(peer.requests) == 2

    assert names_in(tmp_path) == []
    assert counted.moved >= 3 * MIB
    assert await holds(lambda: descriptors() <= open_before)


@pytest.mark.usefixtures("patient")
async def test_slow_disk_is_no_read_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = SlowSplice.put_in(monkeypatch, seconds=0.06)
    with peer_in_thread(*[serves(LARGE)] * 3) as peer:
        async with bucket_at(peer.endpoint, read_timeout=0.2) as bucket:
            await bucket.download_file("key", tmp_path / "file", part_size=3 * MIB)

    assert is_right(tmp_path / "file")
    assert disk.calls >= 8


# ------------------------------------------------------------------ nothing is left
@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("resume", [False, True])
async def test_cancelled_call_returns_when_no_thread_writes_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, resume: bool
) -> None:
    before, disk = descriptors(), SlowSplice.put_in(monkeypatch)
    with peer_in_thread(serves(LARGE)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            download = asyncio.create_task(bucket.download_file("key", tmp_path / "file", resume=resume, **ONE_PART))
            assert await asyncio.to_thread(disk.entered.wait, 10)
            download.cancel()
            await turns(50)
            assert not download.done()
            disk.may_go.set()
            with pytest.raises(asyncio.CancelledError):
                await download
            left = times_in(tmp_path)
            calls = disk.calls
    assert await holds(lambda: descriptors() <= before)

    assert disk.calls == calls
    assert not disk.failures
    assert sorted(left) == (["file.aios3-part", "file.aios3-part.journal"] if resume else [])
    assert left == times_in(tmp_path)


@pytest.mark.usefixtures("patient")
async def test_closed_bucket_ends_a_download_and_takes_no_descriptor_from_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, disk = descriptors(), SlowSplice.put_in(monkeypatch)
    with peer_in_thread(serves(LARGE)) as peer:
        bucket = bucket_at(peer.endpoint)
        download = asyncio.create_task(bucket.download_file("key", tmp_path / "file", **ONE_PART))
        assert await asyncio.to_thread(disk.entered.wait, 10)
        await bucket.close()
        # What gets the number of a descriptor that was closed too early.
        others = [os.open(os.devnull, os.O_RDWR) for _ in range(20)]
        disk.may_go.set()
        with pytest.raises(TransportError):
            await download
        for other in others:
            os.close(other)
    assert await holds(lambda: descriptors() <= before)

    assert not disk.failures
    assert names_in(tmp_path) == []


@pytest.mark.usefixtures("patient")
async def test_cancelled_at_any_moment_it_leaves_no_task_no_file_and_no_descriptor(
    tmp_path: Path, counted: Counted
) -> None:
    chance, path = random.Random(1), tmp_path / "file"
    with peer_in_thread(*[serves(LARGE) * 9] * 600) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.download_file("key", path, part_size=3 * MIB)
        before, tasks = descriptors(), len(asyncio.all_tasks())
        async with bucket_at(peer.endpoint) as bucket:
            cancelled = 0
            for _ in range(80):
                path.unlink(missing_ok=True)
                download = asyncio.ensure_future(bucket.download_file("key", path, part_size=3 * MIB))
                await turns(chance.randrange(30))
                await asyncio.sleep(chance.random() * 0.02)
                download.cancel()
                await asyncio.wait([download])
                cancelled += download.cancelled()
                # It may be there already when the cancellation comes: whole, then.
                assert names_in(tmp_path) == (["file"] if path.exists() else [])
                assert not path.exists() or is_right(path)
        assert await holds(lambda: descriptors() <= before and len(asyncio.all_tasks()) <= tasks)
    assert cancelled > 20
    assert counted.moved > 10 * MIB
