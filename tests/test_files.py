"""Files on disk: what is taken for one, its digests, and its descriptor."""

import asyncio
import gzip
import hashlib
import io
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from aios3.errors import InvalidInput
from aios3.files import FilePart, OpenFile, regular_file

from .transport.buckets import holds

DATA = os.urandom(700_000)


def a_file(folder: Path) -> Path:
    path = folder / "file"
    path.write_bytes(DATA)
    return path


@pytest.mark.parametrize("stretch", [1000, 256 * 1024, 1 << 30])
@pytest.mark.parametrize(("start", "length"), [(0, len(DATA)), (5, 300_000), (699_999, 1), (0, 0), (600_000, 200_000)])
async def test_digests_are_those_of_the_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stretch: int, start: int, length: int
) -> None:
    monkeypatch.setattr("aios3.files._STRETCH", stretch)
    file = await OpenFile.open(a_file(tmp_path), os.O_RDONLY)
    part = FilePart(file, start, length, last=False)
    meant = DATA[start : start + length]

    assert await part.sha256() == hashlib.sha256(meant).hexdigest()
    assert await part.md5() == hashlib.md5(meant, usedforsecurity=False).hexdigest()
    await file.close()


OWN: dict[str, Callable[[Path], Any]] = {
    "path": lambda path: path,
    "buffered": lambda path: path.open("rb"),
    "unbuffered": lambda path: path.open("rb", buffering=0),
    "both ways": lambda path: path.open("r+b"),
}


@pytest.mark.parametrize("make", OWN.values(), ids=OWN)
async def test_own_files_get_a_descriptor_that_is_closed_by_itself(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    source = make(a_file(tmp_path))
    found = await regular_file(source)
    if hasattr(source, "close"):
        source.close()

    assert found is not None
    file, start, state = found
    assert (start, state.st_size) == (0, len(DATA))
    assert await file.read(10, 5) == DATA[5:15]
    await file.close()


def _closed(path: Path) -> Any:
    file = path.open("rb")
    file.close()
    return file


def _detached(path: Path) -> Any:
    file = path.open("rb")
    file.detach().close()
    return file


OTHERS: dict[str, Callable[[Path], Any]] = {
    "bytes": lambda path: b"abc",
    "memory": lambda path: io.BytesIO(b"abc"),
    "gzip": lambda path: gzip.GzipFile(path),
    "buffered gzip": lambda path: io.BufferedReader(gzip.GzipFile(path)),
    "buffered memory": lambda path: io.BufferedReader(io.BytesIO(b"abc")),
    "text": lambda path: path.open(),
    "write only": lambda path: path.open("ab"),
    "write only, unbuffered": lambda path: path.open("ab", buffering=0),
    "closed": _closed,
    "detached": _detached,
    "device": lambda path: io.FileIO(os.devnull),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
async def test_others_are_not_taken_for_files(tmp_path: Path, make: Callable[[Path], Any]) -> None:
    source = make(a_file(tmp_path))

    assert await regular_file(source) is None
    with suppress(ValueError):  # from what is detached
        getattr(source, "close", int)()


async def test_path_of_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InvalidInput, match="no regular file"):
            await regular_file(path)


@pytest.mark.parametrize("make", [lambda path: path, lambda path: path.open("rb")], ids=["path", "open"])
@pytest.mark.parametrize("moment", range(8))
async def test_cancelled_while_it_opens_it_leaves_no_descriptor(
    tmp_path: Path, make: Callable[[Path], Any], moment: int
) -> None:
    source = make(a_file(tmp_path))
    before = open_on(tmp_path)
    for _ in range(10):
        opening = asyncio.create_task(regular_file(source))
        for _ in range(moment):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait([opening])
        if not opening.cancelled() and (found := opening.result()):
            await found[0].close()

    assert await holds(lambda: open_on(tmp_path) <= before)
    if hasattr(source, "close"):
        source.close()


async def test_file_whose_closing_is_cancelled_is_closed_when_the_threads_are_through(tmp_path: Path) -> None:
    file = await OpenFile.open(a_file(tmp_path), os.O_RDONLY)
    busy = threading.Event()
    working = file.begin(lambda descriptor: busy.wait(10) and os.fstat(descriptor).st_size)
    closing = asyncio.create_task(file.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    assert closing.cancelled()
    busy.set()

    assert await working == len(DATA)
    assert await holds(lambda: not open_on(tmp_path))


def open_on(folder: Path) -> int:
    """Count the descriptors of files in *folder*."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of the listing itself
            found += descriptor.readlink().is_relative_to(folder)
    return found
