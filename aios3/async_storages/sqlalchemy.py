"""Columns that hold a file's name and give a StorageFile; for SQLAlchemy 2.

::

    class User(Base):
        avatar: Mapped[StorageImage | None] = mapped_column(ImageType(storage))

The file itself is stored by whoever has it: ``await user.avatar.upload(file)``.
"""

from __future__ import annotations

from typing import Any

from .base import BaseStorage
from .files import StorageFile, StorageImage

try:
    from sqlalchemy import Dialect, String
    from sqlalchemy.types import TypeDecorator
except ImportError as error:
    raise ImportError('these columns need SQLAlchemy: pip install "aio-s3[sqlalchemy]"') from error


class _Place:
    """Where a column's files are kept. SQLAlchemy copies types, and the copies share this, so that it may be set later."""

    def __init__(self, storage: BaseStorage | None) -> None:
        self.storage = storage


class FileType(TypeDecorator[StorageFile]):
    """A column with the name of a file.

    It takes None, a str, a StorageFile, and an upload of a web framework (its ``filename``), and gives StorageFiles. In
    the database it is a string, so that a migration may say ``FileType()`` or ``String()``.

    Args:
        storage: Where the files are kept; it may be set later, as the attribute ``storage``, before the first row is read.
        length: Characters of the column; some databases want it.
    """

    impl = String
    cache_ok = True

    def __init__(self, storage: BaseStorage | None = None, length: int | None = None) -> None:
        super().__init__(length)
        # Under this name SQLAlchemy puts it into the keys of its cache of statements.
        self.__dict__["storage"] = _Place(storage)

    @property
    def storage(self) -> BaseStorage | None:
        """Where the files are kept."""
        place: _Place = self.__dict__["storage"]
        return place.storage

    @storage.setter
    def storage(self, storage: BaseStorage) -> None:
        """Keep them there from now on."""
        self.__dict__["storage"].storage = storage

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """Return what is written for *value*: a name, as it is."""
        if value is None or isinstance(value, str):
            return value
        name = value.name if isinstance(value, StorageFile) else getattr(value, "filename", None)
        if not isinstance(name, str):
            raise TypeError(f"a file's column takes a StorageFile, a name or an upload, not {type(value).__name__}")
        return name

    def process_result_value(self, value: str | None, dialect: Dialect) -> StorageFile | None:
        """Return the file of the name that was read; None for none."""
        return None if value is None else StorageFile(value, self._found())

    def _found(self) -> BaseStorage:
        if self.storage is None:
            raise ValueError(f"{type(self).__name__} has no storage yet: give it one, or set its attribute storage")
        return self.storage


class ImageType(FileType):
    """A column with the name of a picture; it gives StorageImages."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> StorageImage | None:
        """Return the picture of the name that was read; None for none."""
        return None if value is None else StorageImage(value, self._found())


__all__ = ["FileType", "ImageType"]
