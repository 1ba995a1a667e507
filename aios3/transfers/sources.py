"""Whatever can be uploaded, cut into parts.

Bytes are cut without copying and files are read where they stand, each part by itself. What can be read only once is
gathered into parts in memory, and read a little ahead, to know which part is the last.
"""

from __future__ import annotations

import asyncio
import inspect
import io
import os
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import IO, Any, Protocol, TypeAlias

from ..errors import InvalidInput, SourceChanged
from ..files import FilePart, OpenFile, check_readable, new_buffer, regular_file
from ..protocol.messages import Buffer
from ..streams import ObjectStream, buffer_of

Part: TypeAlias = Buffer | FilePart


class AsyncReader(Protocol):
    """An async file, a StreamReader, an ObjectStream."""

    async def read(self, n: int, /) -> bytes:
        """Return at most *n* bytes, b"" at the end."""


AnySource: TypeAlias = Buffer | os.PathLike[str] | IO[bytes] | AsyncReader | Iterable[Buffer] | AsyncIterable[Buffer]
# What is read ahead of a part.
_AHEAD = 64 * 1024
# After so many bytes the loop has its turn.
_BREATH = 1024 * 1024


class Source(Protocol):
    """Something that is cut into parts, one after the other.

    Attributes:
        length: Bytes in all; None where that is not known before the end.
        ended: Nothing is left to take.
    """

    length: int | None
    ended: bool

    async def take(self, size: int) -> Part:
        """Return the next *size* bytes; less at the end only."""

    async def check(self) -> None:
        """Raise SourceChanged if it is no longer what was taken from."""


class Bytes:
    """Bytes in memory; parts are views of them."""

    def __init__(self, data: Buffer) -> None:
        self._left = memoryview(data).cast("B")
        self.length: int | None = self._left.nbytes
        self.ended = not self.length

    async def take(self, size: int) -> Part:
        """Return a view."""
        part, self._left = self._left[:size], self._left[size:]
        self.ended = not self._left
        return part

    async def check(self) -> None:
        """Bytes stay what they are."""


class File:
    """A file on disk, from a place in it to its end."""

    def __init__(self, file: OpenFile, start: int, state: os.stat_result) -> None:
        self._file = file
        self._position = min(start, state.st_size)
        self._state = state
        self.length: int | None = state.st_size - self._position
        self.ended = not self.length

    async def take(self, size: int) -> Part:
        """Return where the part stands; it is read when it is sent."""
        start = self._position
        length = min(size, self._state.st_size - start)
        self._position += length
        self.ended = self._position == self._state.st_size
        return FilePart(self._file, start, length, last=self.ended)

    async def check(self) -> None:
        """Compare size and time of the last change."""
        before, now = self._state, await self._file.state()
        if (before.st_size, before.st_mtime_ns) != (now.st_size, now.st_mtime_ns):
            raise SourceChanged(
                f"the file was changed while it was read: {before.st_size} bytes before, {now.st_size} bytes now"
            )


class Stream:
    """What can be read only once, gathered into parts.

    Args:
        more: Returns some pieces, about as many bytes as it is asked for; none at the end.
        length: What the source declares, if it does.
    """

    def __init__(self, more: Callable[[int], Awaitable[list[Any]]], length: int | None = None) -> None:
        self._more = more
        self._left: deque[memoryview] = deque()
        self._over = False
        self._given = 0
        self._unbroken = 0
        self.length = length
        self.ended = False

    async def take(self, size: int) -> Part:
        """Gather a part, and look if it is the last."""
        # Of its full size at once: one that grows is copied, and is twice as large while it is.
        view, filled = memoryview(new_buffer(size)), 0
        while filled < size and await self._has_more(size - filled):
            piece = self._left.popleft()
            used = piece[: size - filled]
            view[filled : filled + len(used)] = used
            filled += len(used)
            if len(used) < len(piece):
                self._left.appendleft(piece[len(used) :])
            self._unbroken += len(used)
            if self._unbroken >= _BREATH:
                # A generator that waits for nothing would keep the loop from everybody else.
                await asyncio.sleep(0)
                self._unbroken = 0
        self.ended = not await self._has_more(_AHEAD)
        return view[:filled]

    async def _has_more(self, wanted: int) -> bool:
        while not self._left and not self._over:
            pieces = await self._more(wanted)
            self._over = not pieces
            self._left.extend([view for piece in pieces if (view := _view(piece))])
            self._given += sum(map(len, self._left))
        self._check_length()
        return bool(self._left)

    def _check_length(self) -> None:
        declared = self.length
        if declared is None or self._given == declared or (self._given < declared and not self._over):
            return
        at_least = "" if self._over else "at least "
        raise SourceChanged(f"the source declared {declared} bytes and gave {at_least}{self._given}")

    async def check(self) -> None:
        """What was given was counted."""


@asynccontextmanager
async def opened(source: AnySource) -> AsyncIterator[Source]:
    """Open anything that can be uploaded; what is opened here is closed with the context.

    Raises:
        InvalidInput: it cannot.
        OSError: a file cannot be read.
    """
    found = await regular_file(source)
    if found is None:
        yield await _in_memory(source)
        return
    try:
        yield File(*found)
    finally:
        await found[0].close()


async def _in_memory(source: Any) -> Source:
    if isinstance(source, str):
        raise InvalidInput("a str is text or a name? Give text.encode() or a pathlib.Path")
    # Before it is looked at as a file: an mmap is both, and keeps its place so.
    if (view := buffer_of(source)) is not None:
        return Bytes(view)
    if isinstance(source, ObjectStream):
        return Stream(_from_coroutine(source.read), source.size)
    if inspect.iscoroutinefunction(getattr(source, "read", None)):
        return Stream(_from_coroutine(source.read))
    if hasattr(source, "read"):
        if isinstance(source, io.TextIOBase):
            raise InvalidInput("the file is opened in text mode: open it with 'rb'")
        check_readable(source)
        return Stream(_from_function(source.read), await asyncio.to_thread(_rest, source))
    if isinstance(source, AsyncIterable):
        return Stream(_from_async_iterator(aiter(source)))
    if isinstance(source, Iterable):
        return Stream(_from_iterator(iter(source)))
    raise InvalidInput(
        "source must be bytes-like, a Path, a binary file, or an iterable of bytes, each sync or async, "
        f"not {type(source).__name__}"
    )


def _view(piece: Any) -> memoryview:
    view = buffer_of(piece)
    if view is None:
        raise InvalidInput(f"the source gave a {type(piece).__name__}, not bytes")
    return view


def _own(piece: Any) -> bytes:
    """Return a piece that stays what it is: an iterator may fill the same buffer for the next one."""
    return piece if isinstance(piece, bytes) else bytes(_view(piece))


def _rest(file: Any) -> int | None:
    """Return how much of a file is left, if it can tell."""
    try:
        start = file.tell()
        end = file.seek(0, os.SEEK_END)
        file.seek(start)
    except (AttributeError, OSError, ValueError):
        return None
    return max(end - start, 0) if isinstance(end, int) else None


# ------------------------------------------------------------------ four ways to read what comes but once
def _from_coroutine(read: Callable[[int], Awaitable[Any]]) -> Callable[[int], Awaitable[list[Any]]]:
    async def more(size: int) -> list[Any]:
        piece = await read(size)
        return [piece] if piece else []

    return more


def _from_function(read: Callable[[int], Any]) -> Callable[[int], Awaitable[list[Any]]]:
    async def more(size: int) -> list[Any]:
        piece = await asyncio.to_thread(read, size)
        if inspect.isawaitable(piece):
            piece = await piece
        if piece is None:
            raise InvalidInput("the source is a file that does not block, and has nothing now: give an async one")
        return [piece] if piece else []

    return more


def _from_async_iterator(iterator: AsyncIterator[Any]) -> Callable[[int], Awaitable[list[Any]]]:
    async def more(size: int) -> list[Any]:
        try:
            return [_own(await anext(iterator))]
        except StopAsyncIteration:
            return []

    return more


def _from_iterator(iterator: Iterator[Any]) -> Callable[[int], Awaitable[list[Any]]]:
    def some(size: int) -> list[Any]:
        """Take several pieces in one hop to a thread: they may be small, and may take their time."""
        pieces: list[Any] = []
        for piece in iterator:
            pieces.append(_own(piece))
            size -= len(pieces[-1])
            if size <= 0:
                break
        return pieces

    async def more(size: int) -> list[Any]:
        return await asyncio.to_thread(some, size)

    return more
