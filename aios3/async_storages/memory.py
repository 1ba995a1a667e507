"""Files in a dict: for tests, and for what may be lost."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from io import BytesIO
from typing import BinaryIO
from urllib.parse import quote

from .base import BaseStorage
from .names import safe_name
from .sources import check_file, pieces


class MemoryStorage(BaseStorage):
    """Files in memory, as long as the storage lives."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def get_name(self, name: str) -> str:
        """Return *name* made safe."""
        return safe_name(name)

    async def get_path(self, name: str) -> str:
        """Return ``memory:`` and the name: nobody can reach it from outside."""
        return f"memory:{quote(self.get_name(name))}"

    async def get_size(self, name: str) -> int:
        """Return the file's bytes; 0 if there is none."""
        return len(self._files.get(self.get_name(name), b""))

    async def open(self, name: str) -> BytesIO:
        """Return the file.

        Raises:
            FileNotFoundError: there is none.
        """
        return BytesIO(self._found(name))

    async def read(self, name: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* to *end*; errors as of open."""
        return self._found(name)[start:end]

    async def upload(self, file: BinaryIO, name: str) -> str:
        """Keep the file's bytes.

        Raises:
            InvalidInput: the name or the file cannot be used.
        """
        safe = self.get_name(name)
        check_file(file)
        given_up = threading.Event()
        try:
            self._files[safe] = await asyncio.to_thread(_whole, file, given_up)
        except asyncio.CancelledError:
            # The thread goes on until its next piece.
            given_up.set()
            raise
        return safe

    async def delete(self, name: str) -> None:
        """Forget the file; none is no error."""
        self._files.pop(self.get_name(name), None)

    def _found(self, name: str) -> bytes:
        safe = self.get_name(name)
        try:
            return self._files[safe]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), safe) from None


def _whole(file: BinaryIO, given_up: threading.Event) -> bytes:
    """Return a file's bytes, or those until it was given up, which nobody waits for."""
    found = []
    for piece in pieces(file):
        if given_up.is_set():
            break
        found.append(piece)
    return b"".join(found)


__all__ = ["MemoryStorage"]
