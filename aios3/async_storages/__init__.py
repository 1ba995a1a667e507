"""Files of web programs behind one interface: in S3, in a folder, in memory.

A storage is made once, at module scope if you like, and used from any coroutine. Columns for SQLAlchemy are in
``aios3.async_storages.sqlalchemy``, which is imported only by whoever has it installed.
"""

from __future__ import annotations

from .base import BaseStorage
from .files import StorageFile, StorageImage
from .filesystem import FileSystemStorage
from .memory import MemoryStorage
from .s3 import S3Storage

__all__ = ["BaseStorage", "FileSystemStorage", "MemoryStorage", "S3Storage", "StorageFile", "StorageImage"]
