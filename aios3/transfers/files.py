"""Files that several tasks read or write at once, each at a place of its own, in threads."""

from __future__ import annotations

import asyncio
import mmap
import os
import sys
from collections.abc import AsyncIterator, Callable
from hashlib import md5, sha256
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from ..errors import SourceChanged
from ..protocol.messages import Buffer
from .crew import see_through

# One read of a file: large enough that the hop to a thread is lost in it, small enough for memory that the allocator has
# at hand. With 1 MiB the kernel's zeroing of new pages cost more than everything else together.
PIECE = 256 * 1024
# What a cancelled caller waits for a file to be opened: disks answer at once, some network's may not.
OPEN_SECONDS = 5.0
T = TypeVar("T")


class Digest(Protocol):
    """A hash, or a checksum."""

    def update(self, data: Buffer, /) -> None:
        """Take more bytes."""


D = TypeVar("D", bound=Digest)


class OpenFile:
    """A file descriptor, which is closed only when no thread is at work with it.

    Args:
        owned: Close it in the end.
    """

    def __init__(self, descriptor: int, *, owned: bool = True) -> None:
        self._descriptor = descriptor
        self._owned = owned
        self._busy: set[asyncio.Future[Any]] = set()
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, flags: int) -> Self:
        """Open *path* in a thread; new files get the permissions that any program's do.

        Raises:
            OSError: it cannot be opened so.
        """
        opening = asyncio.ensure_future(asyncio.to_thread(os.open, path, flags | os.O_CLOEXEC, 0o666))
        try:
            return cls(await asyncio.shield(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_close_result)
            # Whoever made a file takes it away: not before it is there.
            await see_through(_outcome(opening), OPEN_SECONDS)
            raise

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what *work* does with the descriptor and *arguments*, in a thread."""
        future = asyncio.get_running_loop().run_in_executor(None, work, self._descriptor, *arguments)
        self._busy.add(future)
        future.add_done_callback(self._through)
        return await asyncio.shield(future)

    def _through(self, future: asyncio.Future[Any]) -> None:
        self._busy.discard(future)
        # Heard by whoever waits; who was cancelled meanwhile has no use for an error, and asyncio would report it.
        if not future.cancelled():
            future.exception()

    async def state(self) -> os.stat_result:
        """Return what the system knows of the file."""
        return await self.run(os.fstat)

    async def read(self, size: int, offset: int) -> bytes:
        """Return *size* bytes from *offset* on, less at the end."""
        return await self.run(os.pread, size, offset)

    async def write(self, data: memoryview, offset: int) -> None:
        """Write *data* from *offset* on."""
        # The system writes a file once at a time: threads that wait for their turn there spin, and burn a core.
        async with self._writing:
            await self.run(_write_all, data, offset)

    async def digest(self, start: int, length: int, made: D) -> D:
        """Return *made* after it was updated by *length* bytes from *start* on."""
        return await self.run(_digest, start, length, made)

    async def settled(self) -> None:
        """Wait until the threads are through, those too whose callers were cancelled."""
        if self._busy:
            await asyncio.wait(self._busy)

    async def close(self) -> None:
        """Close, once the threads are through."""
        await self.settled()
        descriptor, self._descriptor = self._descriptor, -1
        if self._owned and descriptor >= 0:
            await asyncio.to_thread(os.close, descriptor)


class FilePart:
    """A range of a file as a request body, which any number of others may read at the same time.

    Args:
        last: The file ends where the part does; should it have grown, that is noticed.
    """

    def __init__(self, file: OpenFile, start: int, length: int, *, last: bool) -> None:
        self._file = file
        self._start = start
        self._last = last
        self.length = length

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the bytes; less than ``length`` if the file has shrunk, one more if it has grown."""
        done = 0
        while done < self.length:
            piece = await self._file.read(min(PIECE, self.length - done), self._start + done)
            if not piece:
                return
            yield piece
            done += len(piece)
        if self._last and (more := await self._file.read(1, self._start + done)):
            yield more

    async def read_into(self, buffer: mmap.mmap) -> memoryview:
        """Return the part as a view of *buffer*, which it is read into.

        Raises:
            SourceChanged: the file has shrunk, or grown.
        """
        view = memoryview(buffer)[: self.length]
        found = await self._file.run(_fill, view, self._start, self._last)
        if found != self.length:
            what = "shrunk" if found < self.length else "grown"
            raise SourceChanged(f"the file has {what} while it was read: it had {self._start + self.length} bytes")
        return view

    async def rewind(self) -> bool:
        """Nothing to do: each reading begins at the start."""
        return True

    async def sha256(self) -> str:
        """Read the part for its digest."""
        return (await self._file.digest(self._start, self.length, sha256())).hexdigest()

    async def md5(self) -> str:
        """Read the part for what may be its ETag."""
        return (await self._file.digest(self._start, self.length, md5(usedforsecurity=False))).hexdigest()


def new_buffer(size: int, *, populate: bool = False) -> mmap.mmap:
    """Return memory that is only taken, and zeroed, as it is written to: a bytearray's would be at once, on the loop.

    Args:
        populate: Take it all now, where the system can: for threads.
    """
    if populate and sys.platform == "linux":
        return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
    return mmap.mmap(-1, size)


async def _outcome(opening: asyncio.Future[int]) -> None:
    await asyncio.wait([opening])


def _close_result(opening: asyncio.Future[int]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        os.close(opening.result())


def _fill(descriptor: int, view: memoryview, offset: int, last: bool) -> int:
    """Fill *view*; return how many bytes there were, one more than its length if the file goes on behind the last part."""
    done = 0
    while done < len(view) and (count := os.preadv(descriptor, [view[done:]], offset + done)):
        done += count
    return done + len(os.pread(descriptor, 1, offset + done)) if last else done


def _write_all(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written


def _digest(descriptor: int, start: int, length: int, made: D) -> D:
    end = start + length
    while start < end and (piece := os.pread(descriptor, min(PIECE, end - start), start)):
        made.update(piece)
        start += len(piece)
    return made
