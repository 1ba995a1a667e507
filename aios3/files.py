"""Files that several tasks read or write at once, each at a place of its own, in threads."""

from __future__ import annotations

import asyncio
import io
import mmap
import os
import stat
import sys
from collections.abc import AsyncIterator, Callable
from hashlib import md5, sha256
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from .errors import InvalidInput, SourceChanged
from .protocol.messages import Buffer
from .threads import seat, see_through, shielded

# One read of a file: large enough that the hop to a thread is lost in it, small enough for memory that the allocator has
# at hand. With 1 MiB the kernel's zeroing of new pages cost more than everything else together.
PIECE = 256 * 1024
# What a cancelled caller waits for a file to be opened: disks answer at once, some network's may not.
OPEN_SECONDS = 5.0
# Digested without asking if somebody still wants it: some 50 ms.
_STRETCH = 32 * 1024 * 1024
_OWN_FILES = (io.BufferedReader, io.BufferedRandom, io.FileIO)
# Of digests: as many as were ever made at once, which processors limit.
_buffers: list[memoryview] = []
T = TypeVar("T")


class Digest(Protocol):
    """A hash, or a checksum."""

    def update(self, data: Buffer, /) -> None:
        """Take more bytes."""


D = TypeVar("D", bound=Digest)


class OpenFile:
    """A file descriptor, which is closed only when no thread is at work with it.

    Attributes:
        writing: Held by whoever writes: the system writes a file once at a time, and threads that wait for their turn there
            spin, and burn a core.
    """

    def __init__(self, descriptor: int) -> None:
        self.writing = asyncio.Lock()
        self._descriptor = descriptor
        self._busy: set[asyncio.Future[Any]] = set()

    @classmethod
    async def open(cls, path: Path, flags: int) -> Self:
        """Open *path* in a thread; new files get the permissions that any program's do.

        Raises:
            OSError: it cannot be opened so.
        """
        opening = asyncio.ensure_future(asyncio.to_thread(os.open, path, flags | os.O_CLOEXEC, 0o666))
        try:
            return cls(await shielded(opening))
        except asyncio.CancelledError:
            opening.add_done_callback(_close_result)
            # Whoever made a file takes it away: not before it is there.
            await see_through(_outcome(opening), OPEN_SECONDS)
            raise

    def begin(self, work: Callable[..., T], *arguments: Any) -> asyncio.Future[T]:
        """Return what *work* will do with the descriptor and *arguments*, in a thread; not to be cancelled."""
        future = asyncio.get_running_loop().run_in_executor(None, work, self._descriptor, *arguments)
        self._busy.add(future)
        future.add_done_callback(self._through)
        return future

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what *work* does with the descriptor and *arguments*, in a thread."""
        return await shielded(self.begin(work, *arguments))

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
        async with self.writing:
            await self.run(write_all, data, offset)

    async def digest(self, start: int, length: int, made: D) -> D:
        """Return *made* after it was updated by *length* bytes from *start* on."""
        end = start + length
        for place in range(start, end, _STRETCH):
            async with seat():
                await self.run(_digest, place, min(place + _STRETCH, end), made)
        return made

    async def settled(self) -> None:
        """Wait until the threads are through, those too whose callers were cancelled."""
        if self._busy:
            await asyncio.wait(self._busy)

    async def close(self) -> None:
        """Close, once the threads are through: although the caller may be cancelled meanwhile."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            await shielded(self._close(descriptor))

    async def _close(self, descriptor: int) -> None:
        await self.settled()
        await asyncio.to_thread(os.close, descriptor)


class FilePart:
    """A range of a file as a request body, which any number of others may read at the same time.

    Args:
        last: The file ends where the part does; should it have grown, that is noticed.
    """

    def __init__(self, file: OpenFile, start: int, length: int, *, last: bool) -> None:
        self.file = file
        self.start = start
        self.last = last
        self.length = length

    def rest(self, start: int) -> FilePart:
        """Return what is left of the part from *start* on, a place in the file."""
        return FilePart(self.file, start, self.start + self.length - start, last=self.last)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the bytes; less than ``length`` if the file has shrunk, one more if it has grown."""
        done = 0
        while done < self.length:
            piece = await self.file.read(min(PIECE, self.length - done), self.start + done)
            if not piece:
                return
            yield piece
            done += len(piece)
        if self.last and (more := await self.file.read(1, self.start + done)):
            yield more

    async def read_into(self, buffer: mmap.mmap) -> memoryview:
        """Return the part as a view of *buffer*, which it is read into.

        Raises:
            SourceChanged: the file has shrunk, or grown.
        """
        view = memoryview(buffer)[: self.length]
        async with seat():
            found = await self.file.run(_fill, view, self.start, self.last)
        if found != self.length:
            what = "shrunk" if found < self.length else "grown"
            raise SourceChanged(f"the file has {what} while it was read: it had {self.start + self.length} bytes")
        return view

    async def rewind(self) -> bool:
        """Nothing to do: each reading begins at the start."""
        return True

    async def sha256(self) -> str:
        """Read the part for its digest."""
        return (await self.file.digest(self.start, self.length, sha256())).hexdigest()

    async def md5(self) -> str:
        """Read the part for what may be its ETag."""
        return (await self.file.digest(self.start, self.length, md5(usedforsecurity=False))).hexdigest()

    async def close(self) -> None:
        """Close the file: for whoever has opened it for this part alone."""
        await self.file.close()


async def regular_file(source: Any) -> tuple[OpenFile, int, os.stat_result] | None:
    """Open a path, or the file that an open one stands on; return it, where it stands, and what the system knows of it.

    None for what is no such thing: exactly Python's own files count, on what is regular. A gzip file has a descriptor
    too, but of other bytes than it gives. The file is the caller's to close, whatever becomes of the one given.

    Raises:
        InvalidInput: the path is of something else, as a folder or a pipe.
        OSError: it cannot be opened.
    """
    if isinstance(source, os.PathLike):
        # A pipe is refused, not waited for.
        file = await OpenFile.open(Path(source), os.O_RDONLY | os.O_NONBLOCK)
    elif type(source) in _OWN_FILES and _is_on_disk(source):
        # Not in a thread, whose result nobody would close after a cancellation.
        file = OpenFile(os.dup(source.fileno()))
    else:
        return None
    try:
        start = 0 if isinstance(source, os.PathLike) else await asyncio.to_thread(_place, source)
        state = await file.state()
    except BaseException:
        await file.close()
        raise
    if stat.S_ISREG(state.st_mode):
        return file, start, state
    await file.close()
    if isinstance(source, os.PathLike):
        raise InvalidInput(f"{os.fspath(source)!r} is no regular file: open it, and give the file")
    return None


def check_readable(file: Any) -> None:
    """Refuse an open file that cannot be read, as far as it says so.

    Raises:
        InvalidInput: it is closed, or only written to.
    """
    if getattr(file, "closed", False) is True:
        raise InvalidInput("the file is closed: open it, and close it when it is sent")
    if isinstance(file, io.IOBase) and not file.readable():
        raise InvalidInput("the file is opened for writing only: open it with 'rb'")


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


def write_all(descriptor: int, data: memoryview, offset: int) -> None:
    """Write *data* from *offset* on."""
    while data:
        written = os.pwrite(descriptor, data, offset)
        data = data[written:]
        offset += written


def _digest(descriptor: int, start: int, end: int, made: Digest) -> None:
    # Memory that is used again and again stays in the processor's cache, which a new piece each time does not.
    try:
        buffer = _buffers.pop()
    except IndexError:
        buffer = memoryview(bytearray(PIECE))
    while start < end and (count := os.preadv(descriptor, [buffer[: end - start]], start)):
        made.update(buffer[:count])
        start += count
    _buffers.append(buffer)


def _is_on_disk(file: Any) -> bool:
    """Tell if it is a file on disk, as far as it knows: a BufferedReader may well stand on something else."""
    try:
        # A gzip file in a buffer has a descriptor, too.
        own = type(getattr(file, "raw", file)) is io.FileIO
        return own and bool(file.seekable() and file.readable())
    except ValueError:  # it is closed, or has let go of what it stood on
        return False


def _place(file: Any) -> int:
    """Return where a file stands, with everything written that it buffers."""
    if file.writable():
        file.flush()
    return int(file.tell())
