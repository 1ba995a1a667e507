"""A response whose body is still arriving, for whoever reads it."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from io import BytesIO
from typing import Protocol

from ..errors import InvalidResponse, TransportError
from ..files import OpenFile
from ..protocol.fields import ResponseHead
from ..protocol.http1 import ResponseReader
from .intake import LARGE
from .splicing import Source, splice

# More than any body has: "until the end".
EVERYTHING = 1 << 62


class _Room(BytesIO):
    """Memory for a body; when it is collected together with an error whose frames hold views of it, nothing is said."""

    def close(self) -> None:
        with suppress(BufferError):
            super().close()


class Supply(Source, Protocol):
    """What a body needs of its connection."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop it lives in."""

    async def wait(self, reader: ResponseReader, wanted: int, view: memoryview | None) -> int:
        """Wait for *wanted* bytes, or some of a large body; return how many went into *view*, and were not buffered.

        Raises when the body will not be whole. It may be that nothing has come when this returns.
        """

    def let_go(self, reader: ResponseReader, error: BaseException | None = None) -> None:
        """Close the connection unless it has gone on to another exchange."""


class Body:
    """A response: its head, and its body as it is read from the connection.

    When the last byte has arrived the connection goes back to the pool by itself, read or not; ``close`` before that
    closes it.
    """

    __slots__ = ("_connection", "_reader", "_taken")

    def __init__(self, connection: Supply, reader: ResponseReader) -> None:
        self._connection: Supply | None = connection
        self._reader = reader
        self._taken = 0  # bytes of the first chunk that were read already

    @property
    def head(self) -> ResponseHead:
        """Status and fields; the exchange returns a body only when there is a head."""
        head = self._reader.head
        assert head is not None
        return head

    @property
    def trailers(self) -> dict[str, str]:
        """Fields that came after a chunked body; complete once the body is read."""
        return self._reader.trailers or {}

    async def read(self, size: int = -1) -> bytes:
        """Read at most *size* bytes as soon as there are any; all that remain for -1; b"" at the end.

        Raises:
            TruncatedBody, ReadTimeout, ConnectError: the rest will not come.
        """
        reader = self._reader
        if size < 0:
            while not reader.done:
                await self._more(EVERYTHING)
                # Only what is large and read out of the socket itself is not here by now.
                if reader.left > LARGE and (whole := await self._in_place()) is not None:
                    return whole
            return self._take_all() if reader.buffered else b""
        while not reader.buffered and not reader.done and size:
            await self._more(1)
        return self._take(size)

    async def read_document(self, limit: int) -> bytes:
        """Read all of what is to be held in memory, however it ends.

        Raises:
            InvalidResponse: it has more than *limit* bytes; the connection is closed.
            TruncatedBody, ReadTimeout, ConnectError: the rest will not come.
        """
        reader = self._reader
        if reader.done:
            return self._take_all() if reader.buffered else b""
        while not reader.done and not reader.left and reader.buffered <= limit:
            await self._more(limit + 1)  # in chunks, or until the end of the connection
        if max(reader.buffered, reader.left) > limit:
            await self.close()
            raise InvalidResponse(f"the server sent a document of more than {limit} bytes")
        return await self.read()

    async def _in_place(self) -> bytes | None:
        """Return all that remains, out of memory that it arrives in: pieces that are joined take theirs twice.

        None where it will not come, or there is no room for so much; what came is kept.
        """
        size = self._reader.buffered + self._reader.left
        try:
            # The bytes become the buffer's, and are given back by it, without being copied or touched.
            held = _Room(bytes(size))
        except (MemoryError, OverflowError):
            return None
        with held.getbuffer() as view:
            filled = await self.read_into(view)
            if filled < size:
                self._give_back(bytes(view[:filled]))
                return None
        return held.getvalue()

    async def read_into(self, view: memoryview) -> int:
        """Fill *view*; return how many bytes that took: fewer at the end, or where the rest will not come.

        Raises:
            TruncatedBody, ReadTimeout, ConnectError: nothing will come any more.
        """
        reader, filled = self._reader, 0
        while filled < len(view) and (reader.buffered or not reader.done):
            if reader.buffered:
                piece = self._take(len(view) - filled)
                view[filled : filled + len(piece)] = piece
                filled += len(piece)
                continue
            try:
                filled += await self._more(1, view[filled:])
            except TransportError:
                if not filled:
                    raise
                break
            except BaseException:
                # Whoever is cancelled never hears of them: else the rest would be taken for what comes next.
                self._give_back(bytes(view[:filled]))
                raise
        return filled

    async def splice_into(self, file: OpenFile, place: int, size: int, moved: Callable[[int], None]) -> None:
        """Let the system move the *size* bytes that are left to *place* of a file, as far as it can; tell *moved* how many.

        Raises:
            OSError: the file cannot be written to.
        """
        connection, reader = self._connection, self._reader
        if connection is None or reader.done or reader.buffered + reader.left != size:
            return
        try:
            await splice(connection, reader, file, place, self._take_all, moved)
        except BaseException as error:
            connection.let_go(reader, error)
            raise

    async def read_at_most(self, limit: int, *, cut: bool = False) -> bytes:
        """Read the whole body, or its first *limit* bytes, and let go of the connection: for errors, which are short.

        Args:
            cut: What came will do where the rest does not come.
        """
        parts: list[bytes] = []
        try:
            while limit > 0 and (piece := await self.read(limit)):
                parts.append(piece)
                limit -= len(piece)
        except TransportError:
            if not cut:
                raise
        finally:
            await self.close()
        return b"".join(parts)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the pieces as they arrive, without copying them together."""
        reader = self._reader
        while True:
            if not reader.buffered:
                if reader.done:
                    return
                await self._more(1)
                continue
            yield self._take(EVERYTHING)

    async def close(self) -> None:
        """Let go of the connection; one with bytes still to come is closed, since they would come first."""
        connection, self._connection = self._connection, None
        if connection is not None and not self._reader.done:
            connection.let_go(self._reader)

    async def _more(self, wanted: int, view: memoryview | None = None) -> int:
        """Wait for *wanted* bytes, or some of a large body; return how many went into *view*."""
        connection = self._connection
        if connection is None:
            raise TransportError("the response was closed before its body was read")
        try:
            return await connection.wait(self._reader, wanted, view)
        except BaseException as error:
            connection.let_go(self._reader, error)
            raise

    def _take(self, size: int) -> bytes:
        """Take from the first chunk only: joining would copy what need not be."""
        reader = self._reader
        if not reader.chunks:
            return b""
        first = reader.chunks[0]
        data = first[self._taken : self._taken + size]
        self._taken += len(data)
        if self._taken == len(first):
            reader.chunks.popleft()
            self._taken = 0
        reader.buffered -= len(data)
        return data

    def _give_back(self, data: bytes) -> None:
        """Let *data* be what is read next; nothing of the first chunk was taken."""
        if data:
            self._reader.chunks.appendleft(data)
            self._reader.buffered += len(data)

    def _take_all(self) -> bytes:
        if self._taken:
            self._reader.chunks[0] = self._reader.chunks[0][self._taken :]
            self._taken = 0
        return self._reader.take()


class OpenBody(Body):
    """A response of which bytes are still to come: when it is dropped, its connection is closed.

    A class of its own, since most responses arrive whole, and a finalizer costs something for each.
    """

    __slots__ = ()

    def __del__(self) -> None:
        connection, reader = self._connection, self._reader
        if connection is None or reader.done or connection.closed:
            return
        # The garbage collector runs in any thread. And first things first: a warning may be an error.
        if not connection.loop.is_closed():
            connection.loop.call_soon_threadsafe(connection.let_go, reader)
        warnings.warn("a response was dropped before it was read", ResourceWarning, stacklevel=2, source=self)
