"""One contract, every storage: the same calls have the same results."""

import inspect
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3.async_storages import BaseStorage, FileSystemStorage, MemoryStorage, S3Storage, StorageFile, StorageImage
from tests.async_storages.conftest import STORAGES

UNNAMED = "Invalid object key|no name"
EVERY = pytest.mark.parametrize("storage", STORAGES, indirect=True)
OURS = pytest.mark.parametrize("storage", [name for name in STORAGES if name != "own"], indirect=True)


class NotSeekable(io.RawIOBase):
    """A file of which nobody knows the length, like a socket's."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


# ------------------------------------------------------------------ what every storage does
@EVERY
async def test_file_comes_back_as_it_was_uploaded(storage: BaseStorage) -> None:
    name = await storage.upload(io.BytesIO(b"hello"), "docs/a.txt")

    assert name == "docs/a.txt"
    opened = await storage.open("docs/a.txt")
    assert type(opened) is io.BytesIO
    assert (opened.tell(), opened.read()) == (0, b"hello")
    assert await storage.get_size("docs/a.txt") == 5


@EVERY
async def test_what_is_absent_has_no_size_and_cannot_be_opened(storage: BaseStorage) -> None:
    assert await storage.get_size("absent") == 0
    with pytest.raises(FileNotFoundError):
        await storage.open("absent")
    await storage.delete("absent")


@EVERY
async def test_upload_replaces_and_delete_removes(storage: BaseStorage) -> None:
    await storage.upload(io.BytesIO(b"longer than the next"), "a")
    await storage.upload(io.BytesIO(b"next"), "a")
    assert (await storage.open("a")).getvalue() == b"next"

    await storage.delete("a")
    with pytest.raises(FileNotFoundError):
        await storage.open("a")


@EVERY
async def test_empty_file_is_a_file(storage: BaseStorage) -> None:
    await storage.upload(io.BytesIO(), "empty")

    assert (await storage.open("empty")).getvalue() == b""
    assert await storage.read("empty", 0, 10) == b""


@EVERY
async def test_part_of_a_file_is_read(storage: BaseStorage) -> None:
    await storage.upload(io.BytesIO(b"0123456789"), "digits")

    assert await storage.read("digits", 2, 5) == b"234"
    assert await storage.read("digits", 8, 50) == b"89"
    assert await storage.read("digits", 50, 60) == b""
    with pytest.raises(FileNotFoundError):
        await storage.read("absent", 0, 5)


@EVERY
@pytest.mark.parametrize("name", ["", "..", "/", "../..", "./."])
async def test_name_of_which_nothing_remains_is_an_error_everywhere(storage: BaseStorage, name: str) -> None:
    for call in (storage.get_path, storage.get_size, storage.open, storage.delete):
        with pytest.raises(ValueError, match=UNNAMED):
            await call(name)
    with pytest.raises(ValueError, match=UNNAMED):
        await storage.upload(io.BytesIO(b"1"), name)
    with pytest.raises(ValueError, match=UNNAMED):
        storage.get_name(name)


@EVERY
async def test_file_in_text_mode_is_refused_and_replaces_nothing(storage: BaseStorage, tmp_path: Path) -> None:
    await storage.upload(io.BytesIO(b"before"), "a")
    path = tmp_path / "text"
    path.write_text("text")

    with path.open("r") as file, pytest.raises(ValueError, match="text"):
        await storage.upload(file, "a")  # type: ignore[arg-type]  # which is the point

    assert (await storage.open("a")).getvalue() == b"before"


@EVERY
async def test_closed_file_is_refused_and_replaces_nothing(storage: BaseStorage) -> None:
    await storage.upload(io.BytesIO(b"before"), "a")
    file = io.BytesIO(b"after")
    file.close()

    with pytest.raises(ValueError, match="closed"):
        await storage.upload(file, "a")

    assert (await storage.open("a")).getvalue() == b"before"


@EVERY
async def test_file_object_passes_on_what_the_storage_does(storage: BaseStorage) -> None:
    file = StorageFile("docs//a.txt", storage)

    assert await file.upload(io.BytesIO(b"hello")) == file.name == str(file) == "docs/a.txt"
    assert await file.get_size() == 5
    assert await file.get_path() == await storage.get_path("docs/a.txt")
    assert file == StorageFile("docs/a.txt", storage)
    assert file != StorageFile("docs/b.txt", storage)
    assert len({file, StorageFile("docs/a.txt", storage)}) == 1
    await file.delete()
    assert await file.get_size() == 0


@EVERY
@pytest.mark.parametrize("name", ["", "..", "?"])
async def test_file_without_a_usable_name_is_equal_to_itself_only(storage: BaseStorage, name: str) -> None:
    file, usable = StorageFile(name, storage), StorageFile("a", storage)

    assert file == StorageFile(name, storage)
    assert file != usable
    assert file != StorageFile(f"{name}/", storage)
    assert len({file, StorageFile(name, storage), usable}) == 2


# ------------------------------------------------------------------ what all of ours do
@OURS
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a.txt", "a.txt"),
        ("docs/2026/a.txt", "docs/2026/a.txt"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc//passwd", "etc/passwd"),
        ("./a/./b", "a/b"),
        ("..\\..\\windows\\system.ini", "windows/system.ini"),
        ("my file (1).txt", "my_file_1.txt"),
        ("Übergröße.txt", "Ubergroe.txt"),
        ("nul\0l.txt", "null.txt"),
        ("a/\0/b", "a/b"),
        ("CON", "_CON"),
        ("com1.txt", "_com1.txt"),
        (".hidden", "hidden"),
        ("a?b#c%d+e", "abcde"),
    ],
)
async def test_every_method_uses_the_safe_name(storage: BaseStorage, given: str, kept: str) -> None:
    assert storage.get_name(given) == kept
    assert await storage.upload(io.BytesIO(b"1"), given) == kept
    assert (await storage.open(given)).getvalue() == (await storage.open(kept)).getvalue() == b"1"
    assert await storage.get_size(given) == 1
    assert (await storage.get_path(given)).partition("?")[0].endswith(kept)
    await storage.delete(given)
    assert await storage.get_size(kept) == 0


@OURS
@pytest.mark.parametrize("name", ["日本語", "\0", "x" * 2000, "a/" * 1000 + "b", "____", "???"])
async def test_names_that_cannot_be_used_are_refused(storage: BaseStorage, name: str) -> None:
    with pytest.raises(ValueError, match="Invalid object key"):
        await storage.upload(io.BytesIO(b"1"), name)
    with pytest.raises(ValueError, match="Invalid object key"):
        await storage.open(name)


@OURS
async def test_name_that_is_no_text_is_refused(storage: BaseStorage) -> None:
    with pytest.raises(ValueError, match="must be a str"):
        await storage.open(None)  # type: ignore[arg-type]  # which is the point


@OURS
async def test_names_that_clash_are_one_file(storage: BaseStorage) -> None:
    assert await storage.upload(io.BytesIO(b"first"), "my file") == "my_file"
    assert await storage.upload(io.BytesIO(b"second"), "my_file") == "my_file"

    assert (await storage.open("my file")).getvalue() == b"second"


@OURS
async def test_longest_name_is_kept(storage: BaseStorage) -> None:
    name = "/".join(["x" * 254] * 4)

    assert await storage.upload(io.BytesIO(b"1"), name) == name
    assert await storage.get_size(name) == 1


def files_of(data: bytes, folder: Path) -> Iterator[Any]:
    path = folder / "data"
    path.write_bytes(data)
    yield path.open("rb")
    yield path.open("rb", buffering=0)
    yield path.open("r+b")
    for max_size in (len(data) * 2, 1):
        with tempfile.SpooledTemporaryFile(max_size=max_size) as spooled:
            spooled.write(data)
            yield spooled
    yield io.BufferedReader(io.BytesIO(data))
    yield NotSeekable(data)
    yield io.BufferedReader(NotSeekable(data))


@OURS
@pytest.mark.parametrize("size", [11, 9 * 1024 * 1024])
async def test_every_kind_of_file_is_stored_whole(storage: BaseStorage, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    for number, file in enumerate(files_of(data, tmp_path)):
        with file:
            await storage.upload(file, f"files/{number}")
            assert not file.closed
        assert (await storage.open(f"files/{number}")).getvalue() == data


@OURS
async def test_file_that_was_read_before_is_stored_from_its_start(storage: BaseStorage) -> None:
    file = io.BytesIO(b"hello")
    file.read()

    await storage.upload(file, "a")

    assert (await storage.open("a")).getvalue() == b"hello"


@OURS
async def test_spooled_file_of_text_is_refused_and_replaces_nothing(storage: BaseStorage) -> None:
    await storage.upload(io.BytesIO(b"before"), "a")
    with tempfile.SpooledTemporaryFile(mode="w+") as file:
        file.write("text")
        with pytest.raises(ValueError, match=r"not bytes|text mode"):
            await storage.upload(file, "a")  # type: ignore[arg-type]  # which is the point

    assert (await storage.open("a")).getvalue() == b"before"


@OURS
@pytest.mark.parametrize("file", [b"bytes", "text", None])
async def test_what_is_no_file_is_refused(storage: BaseStorage, file: Any) -> None:
    with pytest.raises(ValueError, match="must be a binary file"):
        await storage.upload(file, "a")


class Breaking(io.RawIOBase):
    """A file of which the second piece cannot be read."""

    def __init__(self) -> None:
        self._pieces = [os.urandom(1024)]

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        raise OSError("the disk is broken")


@OURS
async def test_file_that_breaks_leaves_nothing_half_written(storage: BaseStorage) -> None:
    await storage.upload(io.BytesIO(b"before"), "a")

    with pytest.raises(OSError, match="the disk is broken"):
        await storage.upload(Breaking(), "a")  # type: ignore[arg-type]  # RawIOBase is no BinaryIO for mypy

    assert (await storage.open("a")).getvalue() == b"before"


@given(st.text(max_size=300))
def test_safe_name_is_safe_and_stays_as_it_is(name: str) -> None:
    try:
        safe = MemoryStorage().get_name(name)
    except ValueError:
        return
    assert safe.isascii()
    assert not set(safe) & set('\\\0 :*?"<>|')
    assert all(part.strip(".") == part != "" for part in safe.split("/"))
    assert MemoryStorage().get_name(safe) == safe


# ------------------------------------------------------------------ signatures, as the older interface has them
@pytest.mark.parametrize(
    ("what", "parameters"),
    [
        (BaseStorage.delete, ["self", "name"]),
        (BaseStorage.get_name, ["self", "name"]),
        (BaseStorage.get_path, ["self", "name"]),
        (BaseStorage.get_size, ["self", "name"]),
        (BaseStorage.open, ["self", "name"]),
        (BaseStorage.upload, ["self", "file", "name"]),
        (
            S3Storage,
            [
                "bucket_name",
                "endpoint_url",
                "aws_access_key_id",
                "aws_secret_access_key",
                "region_name",
                "use_ssl",
                "default_acl",
                "custom_domain",
                "querystring_auth",
            ],
        ),
        (StorageFile, ["name", "storage"]),
        (StorageFile.upload, ["self", "file"]),
        (StorageImage, ["name", "storage", "width", "height"]),
    ],
)
def test_signature_is_that_of_the_interface(what: Any, parameters: list[str]) -> None:
    assert list(inspect.signature(what).parameters) == parameters


def test_base_storage_is_abstract() -> None:
    assert BaseStorage.__abstractmethods__ == {"delete", "get_name", "get_path", "get_size", "open", "upload"}
    with pytest.raises(TypeError):
        BaseStorage()  # type: ignore[abstract]  # which is the point
    assert all(issubclass(storage, BaseStorage) for storage in (S3Storage, FileSystemStorage, MemoryStorage))
