"""The contract of a storage, and nothing else: whoever keeps it has a backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from io import BytesIO
from typing import BinaryIO


class BaseStorage(ABC):
    """A place for files, by name. Every method takes a name as it came, and makes it safe by ``get_name``."""

    @abstractmethod
    def get_name(self, name: str) -> str:
        """Return the name under which a file is stored: *name* without what is unsafe in it.

        A name that is stored already stays as it is.

        Raises:
            ValueError: nothing remains, or more than the storage takes.
        """

    @abstractmethod
    async def get_path(self, name: str) -> str:
        """Return the URL or path by which others reach the file, whether or not it is there."""

    @abstractmethod
    async def get_size(self, name: str) -> int:
        """Return the file's bytes; 0 if there is none."""

    @abstractmethod
    async def open(self, name: str) -> BytesIO:
        """Return the whole file, read, at its start.

        Raises:
            FileNotFoundError: there is none.
        """

    @abstractmethod
    async def upload(self, file: BinaryIO, name: str) -> str:
        """Store a file whole or not at all, in place of what was there; return the name that it has now.

        Args:
            file: Opened in binary mode. It is stored from its start where it can seek, else from where it stands, and
                is the caller's to close.
        Raises:
            ValueError: the name or the file cannot be used.
        """

    @abstractmethod
    async def delete(self, name: str) -> None:
        """Delete the file; none is no error."""

    async def read(self, name: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* to *end*, which is exclusive; fewer at the file's end.

        This reads the whole file: a storage that can do better does.

        Raises:
            FileNotFoundError: there is none.
        """
        return (await self.open(name)).getvalue()[start:end]


__all__ = ["BaseStorage"]
