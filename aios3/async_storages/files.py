"""A stored file as a value: its name, and where it is kept."""

from __future__ import annotations

from typing import BinaryIO

from .base import BaseStorage
from .images import HEADS, NotAnImage, dimensions


class StorageFile:
    """A file of a storage, there or not yet.

    Args:
        name: As of the storage; it is made safe.
        storage: Where it is kept.
    """

    def __init__(self, name: str, storage: BaseStorage) -> None:
        self._name = name
        self._storage = storage

    @property
    def name(self) -> str:
        """The name in the storage.

        Raises:
            ValueError: nothing remains of it when it is made safe.
        """
        return self._storage.get_name(self._name)

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, StorageFile):
            return NotImplemented
        return self._storage is other._storage and self._known_as() == other._known_as()

    def __hash__(self) -> int:
        return hash((id(self._storage), self._known_as()))

    def _known_as(self) -> str:
        """Return the name, or where it cannot be used what was given for it: comparing is never an error."""
        try:
            return self.name
        except ValueError:
            return self._name

    async def get_path(self) -> str:
        """Return the URL or path by which others reach it."""
        return await self._storage.get_path(self.name)

    async def get_size(self) -> int:
        """Return its bytes; 0 if it is not there."""
        return await self._storage.get_size(self.name)

    async def upload(self, file: BinaryIO) -> str:
        """Store *file* under this name; return the name. Errors as of the storage's upload."""
        return await self._storage.upload(file, self.name)

    async def delete(self) -> None:
        """Delete it from the storage; none is no error."""
        await self._storage.delete(self.name)


class StorageImage(StorageFile):
    """A picture of a storage, there or not yet.

    Args:
        width, height: Pixels, where they are known; 0 where they are not.
    """

    def __init__(self, name: str, storage: BaseStorage, width: int = 0, height: int = 0) -> None:
        super().__init__(name, storage)
        self._width = width
        self._height = height

    async def upload(self, file: BinaryIO) -> str:
        """Store *file*, which may have other dimensions than the one before."""
        name = await super().upload(file)
        self._width = self._height = 0
        return name

    async def get_dimensions(self) -> tuple[int, int]:
        """Return width and height in pixels, as they are stored.

        A JPEG's EXIF orientation is not applied: a photo that a viewer turns upright has the sides of its pixels. Only
        the beginning of a large file is read, as far as the header of its format goes; nothing is decompressed.

        Raises:
            FileNotFoundError: there is no such file.
            NotAnImage: an OSError and a ValueError: it is no image, its header is not whole, or it has more pixels than
                Pillow would open (``PIL.Image.MAX_IMAGE_PIXELS``, twice).
            ImportError: Pillow is missing: ``pip install "aio-s3[images]"``.
        """
        if not (self._width and self._height):
            self._width, self._height = await self._read_dimensions()
        return self._width, self._height

    async def _read_dimensions(self) -> tuple[int, int]:
        storage, name = self._storage, self.name
        head, size = b"", None
        for end in HEADS:
            head += await storage.read(name, len(head), end)
            whole = len(head) < end
            if (found := await dimensions(name, head, len(head))) is not None:
                return found
            if whole:
                break
            # Some formats are read only where the file is as long as its header says.
            size = size or await storage.get_size(name)
            if (found := await dimensions(name, head, size)) is not None:
                return found
        raise NotAnImage(f"{name} is no image that can be read: its first {len(head)} bytes tell no dimensions")


__all__ = ["StorageFile", "StorageImage"]
