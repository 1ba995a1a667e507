"""MemoryStorage: what it alone must see to."""

import asyncio
import io
import threading
from typing import BinaryIO, cast

import pytest

from aios3.async_storages import MemoryStorage


class Long(io.RawIOBase):
    """A file of which every piece waits until it may go on, and that counts them."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.reads = 0

    def read(self, size: int = -1) -> bytes:
        self.reads += 1
        self.reached.set()
        assert self.go_on.wait(30)
        return b"piece" if self.reads < 1000 else b""


async def test_cancelled_upload_reads_no_more_and_leaves_nothing() -> None:
    storage, file = MemoryStorage(), Long()
    await storage.upload(io.BytesIO(b"before"), "a")
    upload = asyncio.create_task(storage.upload(cast(BinaryIO, file), "a"))
    await asyncio.to_thread(file.reached.wait, 30)

    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    file.go_on.set()
    await asyncio.get_running_loop().shutdown_default_executor()

    assert file.reads == 1
    assert (await storage.open("a")).read() == b"before"
