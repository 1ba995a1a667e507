"""Bucket.upload: every kind of source, every length, and nothing left behind by what fails."""

import asyncio
import ctypes
import gzip
import hashlib
import io
import os
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aios3 import Bandwidth, Bucket, Client, InvalidInput, PreconditionFailed, SourceChanged, TransferError
from aios3.protocol.dialects import Dialect
from aios3.transfers.sizes import PartSizes
from tests.servers import Server
from tests.stores import NOWHERE, bucket_at, client_of
from tests.wire import answering, forwarder, response

MIB = 1024 * 1024
PART = 5 * MIB
LARGE = os.urandom(MIB) * 12 + b"tail"
ON_TWO = pytest.mark.parametrize("server", ["radosgw", "ministack"], indirect=True)
ON_CEPH = pytest.mark.parametrize("server", ["radosgw"], indirect=True)


class AsyncFile:
    """A file as aiofiles has it, which gives less than it is asked for."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    async def read(self, n: int = -1) -> bytes:
        await asyncio.sleep(0)
        return self._file.read(min(n, 89_900))


class ShortReads(io.BytesIO):
    """A file that gives 89,900 bytes at a time, and cannot be sought in."""

    def read(self, n: int | None = -1) -> bytes:
        return super().read(min(n or 0, 89_900))

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def seekable(self) -> bool:
        return False


async def async_pieces(data: bytes, size: int = 300_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def pieces(data: bytes, size: int = 300_000) -> Iterator[bytearray]:
    """Give pieces in one buffer, again and again."""
    buffer = bytearray()
    for start in range(0, len(data), size):
        buffer[:] = data[start : start + size]
        yield buffer


def stream_reader(data: bytes, _: Path) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return reader


def _path(data: bytes, folder: Path) -> Path:
    (folder / "source").write_bytes(data)
    return folder / "source"


def _gzip(data: bytes, folder: Path) -> Any:
    (folder / "source.gz").write_bytes(gzip.compress(data, 1))
    return gzip.open(folder / "source.gz")


SOURCES: dict[str, Callable[[bytes, Path], Any]] = {
    "bytes": lambda data, _: data,
    "bytearray": lambda data, _: bytearray(data),
    "memoryview": lambda data, _: memoryview(data),
    "Path": _path,
    "file": lambda data, folder: _path(data, folder).open("rb"),
    "raw file": lambda data, folder: _path(data, folder).open("rb", buffering=0),
    "gzip file": _gzip,
    "BytesIO": lambda data, _: io.BytesIO(data),
    "short reads": lambda data, _: ShortReads(data),
    "async file": lambda data, _: AsyncFile(data),
    "StreamReader": stream_reader,
    "iterator": lambda data, _: pieces(data),
    "list": lambda data, _: [data[:7], b"", data[7:]],
    "async iterator": lambda data, _: async_pieces(data),
}


@ON_TWO
@pytest.mark.parametrize("kind", SOURCES)
@pytest.mark.parametrize("length", [0, 1, PART, len(LARGE)])
async def test_every_source_arrives_whole(store: Bucket, kind: str, length: int, tmp_path: Path) -> None:
    data = LARGE[:length]
    source = SOURCES[kind](data, tmp_path)
    told: list[tuple[int, int | None]] = []

    try:
        result = await store.upload("key", source, part_size=PART, progress=lambda *now: told.append(now))
    finally:
        if hasattr(source, "close"):
            source.close()

    head = await store.head("key")
    assert (result.key, result.size, result.etag) == ("key", length, head.etag)
    assert result.parts == max(1, -(-length // PART))
    assert hashlib.sha256(await store.get("key")).digest() == hashlib.sha256(data).digest()
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert told[-1][0] == length


@ON_TWO
async def test_files_are_sent_by_the_system(store: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really, sent = os.sendfile, 0

    def counting(*arguments: int) -> int:
        nonlocal sent
        count = really(*arguments)
        sent += count
        return count

    monkeypatch.setattr(os, "sendfile", counting)
    path = _path(LARGE, tmp_path)

    await store.put("one", path)
    await store.upload("parts", path, part_size=PART)

    assert sent == 2 * len(LARGE)
    for key in ("one", "parts"):
        assert hashlib.sha256(await store.get(key)).digest() == hashlib.sha256(LARGE).digest()


@ON_TWO
async def test_stream_of_another_object_is_a_source(store: Bucket) -> None:
    await store.put("a", LARGE)

    async with store.download("a") as stream:
        result = await store.upload("b", stream, part_size=PART)

    assert (result.size, await store.get("b")) == (len(LARGE), LARGE)


@ON_TWO
async def test_file_is_sent_from_where_it_stands(store: Bucket, tmp_path: Path) -> None:
    with _path(LARGE, tmp_path).open("rb") as file:
        file.seek(3)
        await store.upload("key", file, part_size=PART)
        assert file.tell() == 3

    assert await store.get("key") == LARGE[3:]


@ON_TWO
@pytest.mark.parametrize("length", [10, len(LARGE)])
async def test_description_goes_with_the_object(store: Bucket, length: int) -> None:
    await store.upload(
        "key", LARGE[:length], part_size=PART, content_type="text/x", metadata={"colour": "blue"}, tags={"a b": "c+d"}
    )

    head = await store.head("key")
    assert (head.content_type, head.metadata) == ("text/x", {"colour": "blue"})
    assert await store.tags("key") == {"a b": "c+d"}


@pytest.mark.parametrize("server", ["ministack"], indirect=True)
@pytest.mark.parametrize("length", [10, len(LARGE)])
async def test_condition_holds_for_small_and_large(store: Bucket, length: int) -> None:
    await store.put("key", b"first")

    with pytest.raises(PreconditionFailed):
        await store.upload("key", LARGE[:length], part_size=PART, if_none_match="*")

    assert await store.get("key") == b"first"
    assert [upload async for upload in store.uploads()] == []


@ON_CEPH
async def test_bandwidth_is_kept(store: Bucket) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()

    await store.upload("key", LARGE, part_size=PART, bandwidth=12 * MIB)

    assert 0.9 <= loop.time() - started < 10
    assert await store.get("key") == LARGE


@ON_CEPH
async def test_bandwidth_is_shared(store: Bucket, tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    limit = Bandwidth(10 * MIB)
    started = loop.time()

    await asyncio.gather(*[store.upload(f"key{n}", LARGE[: 5 * MIB], bandwidth=limit) for n in range(2)])
    await store.download_file("key0", tmp_path / "f", bandwidth=limit)

    assert 1.4 <= loop.time() - started < 10


# --- resuming


@ON_CEPH
async def test_resuming_sends_only_what_is_missing(server: Server, store: Bucket, tmp_path: Path) -> None:
    path = _path(LARGE, tmp_path)

    class Enough(Exception):
        pass

    def stop(done: int, total: int | None) -> None:
        if done >= PART:
            raise Enough

    with pytest.raises(Enough) as caught:
        await store.upload("key", path, part_size=PART, concurrency=1, resume=True, progress=stop)
    (kept,) = [upload async for upload in store.uploads()]
    assert caught.value.upload_id == kept.upload_id  # type: ignore[attr-defined]

    async with forwarder(server.port) as peer, client_of(server, port=peer.port) as near:
        result = await near.bucket(store.name).upload("key", path, part_size=PART, resume=True)

    sent = [seen.query.split("&")[0] for seen in peer.requests if seen.method == "PUT"]
    assert sorted(sent) == ["partNumber=2", "partNumber=3"]
    assert (result.parts, await store.get("key")) == (3, LARGE)
    assert [upload async for upload in store.uploads()] == []


@ON_CEPH
@pytest.mark.parametrize("other", [b"x" * PART, b"x" * (PART + 1)], ids=["other bytes", "another size"])
async def test_resuming_sends_again_what_is_different(store: Bucket, other: bytes) -> None:
    upload = store.multipart("key")
    await upload.__aenter__()
    await upload.part(other, 1)
    await upload.part(other, 3)

    await store.upload("key", LARGE, part_size=PART, resume=True)

    assert await store.get("key") == LARGE


@ON_CEPH
async def test_resuming_reads_a_large_part_after_a_short_one(store: Bucket, tmp_path: Path) -> None:
    size = 16 * MIB
    whole = LARGE[:MIB] * 16 + b"x"
    upload = store.multipart("key")
    await upload.__aenter__()
    await upload.part(whole[1:], 1)

    # While the first is compared, the last is sent, and leaves its memory.
    await store.upload("key", _path(whole, tmp_path), part_size=size, resume=True)

    assert await store.get("key") == whole


# --- bad input


def _text_pieces(data: bytes, _: Path) -> Iterator[str]:
    yield data.decode()


async def _async_text(data: bytes, _: Path) -> AsyncIterator[str]:
    yield data.decode()


def _closed(data: bytes, folder: Path) -> Any:
    with _path(data, folder).open("rb") as file:
        return file


BAD: dict[str, Callable[[bytes, Path], Any]] = {
    "str": lambda data, _: "text",
    "None": lambda data, _: None,
    "int": lambda data, _: 7,
    "ints": lambda data, _: [1, 2],
    "text pieces": _text_pieces,
    "async text pieces": _async_text,
    "StringIO": lambda data, _: io.StringIO("text"),
    "folder": lambda data, folder: folder,
    "closed file": _closed,
}


@pytest.mark.parametrize("kind", BAD)
async def test_what_is_no_source_is_refused(kind: str, tmp_path: Path) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput):
            await bucket.upload("key", BAD[kind](b"abc", tmp_path))


async def test_file_that_is_written_to_only_is_refused(tmp_path: Path) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with (tmp_path / "file").open("wb") as file:
            for store in (bucket.put, bucket.upload):
                with pytest.raises(InvalidInput, match="opened for writing only"):
                    await store("key", file)


@pytest.mark.parametrize(
    "piece",
    [memoryview(b"a_b_c_")[::2], array("H", [0x6161]), (ctypes.c_ubyte * 3 * 0)()],
    ids=["steps", "array", "empty table"],
)
async def test_buffer_of_any_form_is_a_source_and_a_piece_of_one(piece: Any) -> None:
    expected = memoryview(piece).tobytes()
    async with answering(*[response()] * 3) as peer, bucket_at(peer.port) as bucket:
        await bucket.put("key", piece)
        await bucket.upload("key", piece)
        await bucket.upload("key", [piece, b"", piece])

    assert [seen.body for seen in peer.requests] == [expected, expected, expected * 2]


async def test_missing_file_and_text_file(tmp_path: Path) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(FileNotFoundError):
            await bucket.upload("key", tmp_path / "nothing")
        with _path(b"abc", tmp_path).open() as file, pytest.raises(InvalidInput, match="text mode"):
            await bucket.upload("key", file)  # type: ignore[arg-type]  # that is what is tested


@pytest.mark.parametrize("options", [{"part_size": 1}, {"part_size": 6 << 30}, {"concurrency": 0}, {"bandwidth": 0}])
async def test_bad_options_are_refused(options: Any) -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        with pytest.raises(InvalidInput):
            await bucket.upload("key", LARGE, **options)


class Broken(Exception):
    """What a source raises."""


async def _raises_after(count: int) -> AsyncIterator[bytes]:
    async for piece in async_pieces(LARGE[:count]):
        yield piece
    raise Broken


def _raises_in_thread(count: int) -> Iterator[bytes]:
    yield LARGE[:count]
    raise Broken


@ON_CEPH
@pytest.mark.parametrize("source", [_raises_after, _raises_in_thread])
@pytest.mark.parametrize("after", [0, 10, PART, 2 * PART + 7])
async def test_error_of_a_source_is_raised_and_nothing_stays(
    store: Bucket, source: Callable[[int], Any], after: int
) -> None:
    with pytest.raises(Broken):
        await store.upload("key", source(after), part_size=PART)

    assert not await store.exists("key")
    assert [upload async for upload in store.uploads()] == []


@ON_CEPH
@pytest.mark.parametrize("to", [0, PART, len(LARGE) + 1])
async def test_file_that_changes_is_noticed(store: Bucket, tmp_path: Path, to: int) -> None:
    path = _path(LARGE, tmp_path)

    def change(done: int, total: int | None) -> None:
        os.truncate(path, to)

    with pytest.raises(SourceChanged):
        await store.upload("key", path, part_size=PART, concurrency=1, progress=change)

    assert not await store.exists("key")
    assert [upload async for upload in store.uploads()] == []


@ON_CEPH
@pytest.mark.parametrize("more", [-1, 1])
async def test_file_that_lies_about_its_length_is_noticed(store: Bucket, more: int) -> None:
    class Liar(io.BytesIO):
        def seek(self, place: int, whence: int = 0) -> int:
            found = super().seek(place, whence)
            return found + more if whence == os.SEEK_END else found

    with pytest.raises(SourceChanged, match=f"declared {len(LARGE) + more} bytes"):
        await store.upload("key", Liar(LARGE), part_size=PART)

    assert [upload async for upload in store.uploads()] == []


@ON_CEPH
async def test_more_parts_than_the_store_takes_is_an_error(server: Server, store: Bucket) -> None:
    async with client_of(server, dialect=Dialect(max_parts=2)) as client:
        with pytest.raises(TransferError, match="more than 2 parts"):
            await client.bucket(store.name).upload("key", async_pieces(LARGE), part_size=PART)

    assert [upload async for upload in store.uploads()] == []


@ON_CEPH
async def test_timeout_holds_for_the_whole(client: Client, store: Bucket) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield LARGE[:MIB]
            await asyncio.sleep(0.05)

    with pytest.raises(TimeoutError):
        await store.upload("key", endless(), part_size=PART, timeout=0.8)

    assert [upload async for upload in store.uploads()] == []


# --- sizes of parts


def test_parts_grow_where_the_length_is_unknown() -> None:
    sizes = PartSizes(None, 8 * MIB, Dialect())

    assert [sizes.of(n) // MIB for n in (1, 1000, 1001, 2001)] == [8, 8, 16, 32]
    assert sum(sizes.of(n) for n in range(1, 10_001)) > 5 << 40


@pytest.mark.parametrize(
    ("length", "dialect", "size"),
    [
        (1, Dialect(), 8 * MIB),
        (5 << 40, Dialect(), -(-(5 << 40) // 10_000)),
        (1 << 40, Dialect(max_parts=1000), -(-(1 << 40) // 1000)),
        (None, Dialect(equal_parts=True), 8 * MIB),
    ],
)
def test_part_size_follows_from_the_length(length: int | None, dialect: Dialect, size: int) -> None:
    sizes = PartSizes(length, 8 * MIB, dialect)

    assert {sizes.of(n) for n in (1, 2, 500)} == {size}


def test_what_no_parts_can_hold_is_refused() -> None:
    with pytest.raises(InvalidInput, match="more than 10000 parts"):
        PartSizes(60 << 40, 8 * MIB, Dialect())
