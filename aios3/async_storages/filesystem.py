"""Files in a folder, and never outside it. All that touches the disk runs in threads."""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, TypeVar
from urllib.parse import quote

from ..errors import InvalidInput
from .base import BaseStorage
from .names import safe_name
from .sources import check_file, pieces

T = TypeVar("T")
# What file systems take as one name, in bytes.
_MAX_SEGMENT = 255
# Errors of paths that lead nowhere: no such name, or a file where a folder should be.
_ABSENT = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class FileSystemStorage(BaseStorage):
    """Files below one folder, which is made when the first one is stored.

    A file appears whole, under its name, or not at all. A symbolic link that leads out of the folder is not followed.

    Args:
        root: The folder.
        base_url: What a web server serves it under, such as ``https://www.example.com/media``; without it get_path
            returns a path.
    """

    def __init__(self, root: str | os.PathLike[str], base_url: str | None = None) -> None:
        self._root = Path(root).absolute()
        self._base_url = base_url and base_url.rstrip("/")

    def get_name(self, name: str) -> str:
        """Return *name* made safe.

        Raises:
            InvalidInput: nothing remains, or one segment has more than 255 characters.
        """
        safe = safe_name(name)
        if any(len(segment) > _MAX_SEGMENT for segment in safe.split("/")):
            raise InvalidInput(f"Invalid object key: a folder's or file's name has {_MAX_SEGMENT} characters at most")
        return safe

    async def get_path(self, name: str) -> str:
        """Return the file's URL below base_url, or its path."""
        safe = self.get_name(name)
        return f"{self._base_url}/{quote(safe)}" if self._base_url else str(self._root / safe)

    async def get_size(self, name: str) -> int:
        """Return the file's bytes; 0 if there is none."""
        safe = self.get_name(name)

        def measure() -> int:
            try:
                state = self._inside(safe).stat()
            except _ABSENT:
                return 0
            return state.st_size if stat.S_ISREG(state.st_mode) else 0

        return await asyncio.to_thread(measure)

    async def open(self, name: str) -> BytesIO:
        """Return the file, read.

        Raises:
            FileNotFoundError: there is none.
            InvalidInput: it is a link that leads out of the folder.
        """
        return BytesIO(await self._of_file(name, lambda file: file.read()))

    async def read(self, name: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* to *end*; errors as of open."""

        def part(file: BinaryIO) -> bytes:
            file.seek(start)
            return file.read(max(0, end - start))

        return await self._of_file(name, part)

    async def _of_file(self, name: str, work: Callable[[BinaryIO], T]) -> T:
        safe = self.get_name(name)

        def opened() -> T:
            try:
                with self._inside(safe).open("rb") as file:
                    return work(file)
            except _ABSENT:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), safe) from None

        return await asyncio.to_thread(opened)

    async def upload(self, file: BinaryIO, name: str) -> str:
        """Write the file beside its place, then put it there.

        Raises:
            InvalidInput: the name or the file cannot be used, or the name leads out of the folder by a link.
            OSError: it cannot be written, or there is a folder of this name; nothing is left behind.
        """
        safe = self.get_name(name)
        check_file(file)
        writing = _Writing(file)
        try:
            await asyncio.to_thread(lambda: writing.run(self._inside(safe)))
        except asyncio.CancelledError:
            # The thread goes on until its next piece, and then takes back what it wrote.
            writing.give_up()
            raise
        return safe

    async def delete(self, name: str) -> None:
        """Delete the file; none is no error."""
        safe = self.get_name(name)

        def remove() -> None:
            path = self._inside(safe)
            if path.is_file():
                path.unlink(missing_ok=True)

        await asyncio.to_thread(remove)

    def _inside(self, safe: str) -> Path:
        """Return where a file is, links resolved.

        Raises:
            InvalidInput: that is not below the root.
        """
        root = self._root.resolve()
        path = (root / safe).resolve()
        if not path.is_relative_to(root) or path == root:
            raise InvalidInput(f"Invalid object key: {safe!r} leads out of the storage's folder by a link")
        return path


class _Writing:
    """One file on its way to disk, in a thread; it can be given up from the loop."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._given_up = False

    def give_up(self) -> None:
        """After this the file does not appear."""
        with self._lock:
            self._given_up = True

    def run(self, path: Path) -> None:
        """Write all of it, then let it appear."""
        path.parent.mkdir(parents=True, exist_ok=True)
        # No name that is safe begins with a dot, so that nobody can ask for this one.
        beside = path.parent / f".{secrets.token_hex(8)}.part"
        try:
            self._write(beside)
            with self._lock:
                if not self._given_up:
                    beside.replace(path)
        finally:
            with suppress(FileNotFoundError):
                beside.unlink()

    def _write(self, path: Path) -> None:
        with path.open("xb") as target:
            for piece in pieces(self._file):
                if self._given_up:
                    return
                target.write(piece)
            target.flush()
            # Else a file without its content could take the place after the machine failed.
            os.fsync(target.fileno())


__all__ = ["FileSystemStorage"]
