"""FileSystemStorage: whole files or none, never outside the folder, never on the loop."""

import asyncio
import io
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest

from aios3.async_storages import FileSystemStorage


class Watched(io.RawIOBase):
    """A file that waits before its end, and tells who reads it."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.readers: set[int] = set()
        self._pieces = [b"half"]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.readers.add(threading.get_ident())
        if self._pieces:
            return self._pieces.pop()
        self.reached.set()
        assert self.go_on.wait(30)
        return b""


def binary(file: io.RawIOBase) -> BinaryIO:
    return cast(BinaryIO, file)


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def storage(root: Path) -> FileSystemStorage:
    return FileSystemStorage(root)


async def test_file_is_below_the_folder_and_others_may_read_it(storage: FileSystemStorage, root: Path) -> None:
    before = os.umask(0o022)
    try:
        await storage.upload(io.BytesIO(b"1"), "../../a/b")
    finally:
        os.umask(before)

    assert files_below(root) == ["a/b"]
    assert (root / "a" / "b").stat().st_mode & 0o777 == 0o644
    assert await storage.get_path("a/b") == str(root / "a" / "b")


async def test_link_is_below_the_base_url(root: Path) -> None:
    assert (
        await FileSystemStorage(root, "https://example.com/media/").get_path("a/b") == "https://example.com/media/a/b"
    )


async def test_until_all_is_written_the_old_file_stands(storage: FileSystemStorage) -> None:
    await storage.upload(io.BytesIO(b"before"), "a")
    file = Watched()
    upload = asyncio.create_task(storage.upload(binary(file), "a"))
    await asyncio.to_thread(file.reached.wait, 30)

    assert (await storage.open("a")).read() == b"before"

    file.go_on.set()
    await upload
    assert (await storage.open("a")).read() == b"half"
    assert threading.get_ident() not in file.readers


async def test_cancelled_upload_leaves_nothing(storage: FileSystemStorage, root: Path) -> None:
    await storage.upload(io.BytesIO(b"before"), "a")
    file = Watched()
    upload = asyncio.create_task(storage.upload(binary(file), "a"))
    await asyncio.to_thread(file.reached.wait, 30)

    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    file.go_on.set()
    await asyncio.get_running_loop().shutdown_default_executor()

    assert files_below(root) == ["a"]
    assert (root / "a").read_bytes() == b"before"


async def test_broken_file_leaves_nothing(storage: FileSystemStorage, root: Path) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        await storage.upload(binary(Broken()), "folder/a")

    assert files_below(root) == []


@pytest.mark.parametrize("name", ["link", "folder/link", "away/secret"])
async def test_link_out_of_the_folder_is_not_followed(
    storage: FileSystemStorage, root: Path, tmp_path: Path, name: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "folder").mkdir(parents=True)
    (root / "link").symlink_to(outside / "secret")
    (root / "folder" / "link").symlink_to(outside / "secret")
    (root / "away").symlink_to(outside)

    calls: list[Any] = [storage.open(name), storage.get_size(name), storage.delete(name), storage.read(name, 0, 1)]
    for call in [*calls, storage.upload(io.BytesIO(b"overwritten"), name)]:
        with pytest.raises(ValueError, match="leads out of the storage's folder"):
            await call

    assert (outside / "secret").read_bytes() == b"secret"
    assert files_below(outside) == ["secret"]


async def test_link_within_the_folder_is_followed(storage: FileSystemStorage, root: Path) -> None:
    await storage.upload(io.BytesIO(b"1"), "real/a")
    (root / "short").symlink_to(root / "real")

    assert (await storage.open("short/a")).read() == b"1"


async def test_folder_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    root.symlink_to(tmp_path / "real")  # noqa: ASYNC240
    storage = FileSystemStorage(root)
    await storage.upload(io.BytesIO(b"1"), "a")

    assert (tmp_path / "real" / "a").read_bytes() == b"1"
    assert await storage.get_size("a") == 1


async def test_folder_is_no_file(storage: FileSystemStorage, root: Path) -> None:
    await storage.upload(io.BytesIO(b"1"), "a/b")

    assert await storage.get_size("a") == 0
    with pytest.raises(FileNotFoundError):
        await storage.open("a")
    await storage.delete("a")
    with pytest.raises(OSError, match="a"):
        await storage.upload(io.BytesIO(b"2"), "a")
    assert files_below(root) == ["a/b"]


async def test_file_is_no_folder(storage: FileSystemStorage) -> None:
    await storage.upload(io.BytesIO(b"1"), "a")

    assert await storage.get_size("a/b") == 0
    with pytest.raises(FileNotFoundError):
        await storage.open("a/b")
    await storage.delete("a/b")
    with pytest.raises(OSError, match="a"):
        await storage.upload(io.BytesIO(b"2"), "a/b")
    assert (await storage.open("a")).read() == b"1"


async def test_segment_that_no_disk_takes_is_refused(storage: FileSystemStorage, root: Path) -> None:
    with pytest.raises(ValueError, match="255"):
        await storage.upload(io.BytesIO(b"1"), "x" * 256)

    assert not root.exists()  # noqa: ASYNC240


async def test_disk_that_is_down_is_an_oserror(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    storage = FileSystemStorage(tmp_path / "file")

    with pytest.raises(OSError, match="file"):
        await storage.upload(io.BytesIO(b"1"), "a")
