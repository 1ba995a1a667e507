"""Bodies at the user's end: files as request bodies, and the stream that a download is read from."""

from __future__ import annotations

import asyncio
import hashlib
import operator
import os
import re
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, Self, TypeVar, runtime_checkable

from .errors import InvalidInput, InvalidResponse, TransportError, TruncatedBody
from .files import FilePart, OpenFile, check_readable, regular_file
from .protocol.checksums import Verification
from .protocol.messages import Buffer, RequestBody, ResponseBody
from .threads import in_turn

# One read of a file: large enough that the hop to a thread is lost in it.
FILE_PIECE = 1024 * 1024
# More than a connection ever buffers: the pieces of a stream are what arrived.
LARGE_PIECE = 1 << 62
T = TypeVar("T")


class Described(Protocol):
    """The members of a GetObjectResult that a stream shows."""

    @property
    def body(self) -> ResponseBody:
        """Where the bytes come from."""

    @property
    def content_length(self) -> int | None:
        """Bytes of the body."""

    @property
    def content_range(self) -> str | None:
        """Which bytes they are of the whole, if it is not all."""

    @property
    def content_type(self) -> str | None:
        """As it was stored."""

    @property
    def etag(self) -> str | None:
        """With its quotes."""

    @property
    def headers(self) -> Mapping[str, str]:
        """All response headers, names in lower case."""

    @property
    def last_modified(self) -> datetime | None:
        """When it was written, aware."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """Without the prefix, names in lower case."""

    @property
    def version_id(self) -> str | None:
        """Which version it is, where the bucket keeps versions."""


class Reopen(Protocol):
    """Gives the rest of a body that was cut; see transfers.resumption."""

    async def __call__(self, position: int, error: TransportError, failures: int) -> ResponseBody:
        """Return the body from *position* on, or raise what is the matter."""


@runtime_checkable
class _Spliced(Protocol):
    """A body that the system can move into a file."""

    async def splice_into(self, file: OpenFile, place: int, size: int, moved: Callable[[int], None]) -> None:
        """Let the system move the *size* bytes that are left to *place*, as far as it can; tell *moved* how many."""


class ObjectStream:
    """An object while it is read: bytes as they arrive, memory of a piece.

    Use it as an async context manager, or close it when it is not read to the end; at the end it has let go of
    its connection by itself.

    Attributes:
        size: Bytes that this stream gives; None when the server did not say.
        etag, content_type, content_range, last_modified, metadata, version_id: What S3 says of the object.
        headers: All response headers, names in lower case.
        verified: The checksum that the whole was checked by, once it is read; None before that, and where there is none.
    """

    def __init__(
        self, result: Described, reopen: Reopen | None = None, verification: Verification | None = None
    ) -> None:
        self._body = result.body
        self._reopen = reopen
        self._position = 0
        self._failures = 0
        self._closed = False
        self._ended = False
        self._verification = verification
        self.verified: str | None = None
        self.size = _size_of(result.content_range) if result.content_length is None else result.content_length
        self.etag = result.etag
        self.content_type = result.content_type
        self.content_range = result.content_range
        self.last_modified = result.last_modified
        self.metadata = result.metadata
        self.version_id = result.version_id
        self.headers = result.headers

    async def read(self, n: int | None = -1) -> bytes:
        """Return at most *n* bytes as soon as there are any, all the rest for -1 or None, b"" at the end.

        A cut connection is mended: reading goes on at the next byte, of the same object.
        A read of all the rest that is cancelled has taken bytes that nobody hears of: close the stream then.

        Raises:
            InvalidInput: *n* is no whole number.
            TransportError: it could not be mended, or the stream was closed; nothing short is passed off as whole.
            ObjectChanged: the object was replaced meanwhile.
            ChecksumMismatch: the whole is not what was stored; raised instead of returning its last bytes.
        """
        if type(n) is not int:
            n = -1 if n is None else _whole("n", n)
        if n < 0:
            return b"".join([piece async for piece in self])
        return await self._piece(n)

    async def _piece(self, size: int) -> bytes:
        while True:
            try:
                data = await self._body.read(size)
                if not data and size:
                    self._check_end()
            except TransportError as error:
                await self._mend(error)
                continue
            if data:
                self._position += len(data)
                self._failures = 0
            if self._verification is not None and size:
                self._verify(self._verification, data)
            return data

    def _verify(self, verification: Verification, data: Buffer) -> None:
        """Take note of the next bytes; with the last ones compare."""
        verification.update(data)
        if not data or self._position == self.size:
            self.verified = verification.finish()

    def _check_end(self) -> None:
        """Let an end pass that is where it was to be: of a range in chunks only Content-Range tells."""
        if self.size is None or self._position == self.size:
            self._ended = True
            return
        told = f"{self._position} bytes came of the {self.size} that the server announced"
        raise TruncatedBody(told) if self._position < self.size else InvalidResponse(told)

    async def _mend(self, error: TransportError) -> None:
        """Go on with another response, from where this one ended."""
        if self._reopen is None or self._closed:
            raise error
        self._failures += 1
        await self._body.close()
        self._body = await self._reopen(self._position, error, self._failures)

    async def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill *buffer* from its start with what is there; return how many bytes that was, 0 at the end.

        Raises:
            InvalidInput: nothing can arrive in it.
            What ``read`` does.
        """
        view = _writable(buffer)
        data = await self.read(len(view))
        view[: len(data)] = data
        return len(data)

    async def fill(self, buffer: bytearray | memoryview) -> int:
        """Fill *buffer*, which the bytes arrive in without being copied again; return how many: fewer at the end only.

        A call that is cancelled may have taken bytes that nobody hears of: close the stream then.

        Raises:
            InvalidInput: nothing can arrive in it.
            What ``read`` does.
        """
        view = _writable(buffer)
        filled = 0
        while filled < len(view):
            # What is verified is hashed on the loop, which lets others have their turn in between.
            room = view[filled:] if self._verification is None else view[filled : filled + FILE_PIECE]
            try:
                count = await self._body.read_into(room)
                if not count:
                    self._check_end()
            except TransportError as error:
                await self._mend(error)
                continue
            self._position += count
            self._failures = 0 if count else self._failures
            if self._verification is not None:
                self._verify(self._verification, room[:count])
            if not count:
                break
            filled += count
        return filled

    async def splice_into(self, file: OpenFile, place: int, size: int, moved: Callable[[int], None]) -> int:
        """Let the system move the *size* bytes that are left to *place* of a file; return how many it could.

        The others are there to be read: what is verified, what comes over TLS or slowly, and what was cut.

        Args:
            moved: Told of each stretch.

        Raises:
            OSError: the file cannot be written to.
        """
        start = self._position

        def note(count: int) -> None:
            self._position += count
            self._failures = 0 if count else self._failures
            moved(count)

        if self._verification is None and isinstance(self._body, _Spliced):
            await self._body.splice_into(file, place, size, note)
        return self._position - start

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while piece := await self._piece(LARGE_PIECE):
            yield piece

    async def chunks(self, size: int) -> AsyncIterator[bytes]:
        """Give pieces of exactly *size* bytes; the last may be shorter."""
        if (size := _whole("chunk size", size)) < 1:
            raise InvalidInput(f"chunk size must be at least 1, not {size}")
        parts: list[bytes] = []
        missing = size
        while piece := await self.read(missing):
            parts.append(piece)
            missing -= len(piece)
            if not missing:
                yield b"".join(parts)
                parts, missing = [], size
        if parts:
            yield b"".join(parts)

    async def close(self) -> None:
        """Let go of the connection; what was not read is lost. Idempotent."""
        self._closed = True
        body = self._body
        # What has arrived is lost, too: else it were a matter of size, and of time, what can still be read.
        if not self._ended and self._position != self.size:
            self._body = _Closed()
        await body.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Closed:
    """The body of a stream that was closed before its end."""

    async def read(self, size: int = -1) -> bytes:
        raise TransportError("the response was closed before its body was read")

    async def read_into(self, view: memoryview) -> int:
        raise TransportError("the response was closed before its body was read")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield await self.read()

    async def close(self) -> None:
        """Nothing to let go of."""


def _whole(name: str, value: object) -> int:
    """Return a number that may be another library's."""
    try:
        return operator.index(value)  # type: ignore[arg-type]  # what it is not raises
    except TypeError:
        raise InvalidInput(f"{name} must be a whole number of bytes, not {value!r}") from None


def _writable(buffer: bytearray | memoryview) -> memoryview:
    try:
        view = memoryview(buffer).cast("B")
    except TypeError as error:
        raise InvalidInput(f"buffer must be a buffer in one piece, not {type(buffer).__name__}") from error
    if view.readonly:
        raise InvalidInput("the buffer is read-only: nothing can arrive in it")
    return view


def _size_of(content_range: str | None) -> int | None:
    match = re.match(r"bytes ([0-9]+)-([0-9]+)/", content_range or "")
    return None if match is None else int(match[2]) - int(match[1]) + 1


class FileBody:
    """What can be read as a file, and is none on disk, as a request body: from where it stands to its end, in threads.

    Args:
        file: Binary and seekable; the caller's to close.
    """

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self._file = file
        self._start = start
        self.length = length

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the bytes, at most ``length`` and one more piece: a file that grew is noticed, not cut."""
        while piece := await asyncio.to_thread(self._file.read, FILE_PIECE):
            yield piece

    async def rewind(self) -> bool:
        """Go back to where the body starts; False where the file is closed by now, or cannot."""
        try:
            await asyncio.to_thread(self._file.seek, self._start)
        except (OSError, ValueError):
            return False
        return True

    async def sha256(self) -> str:
        """Read the file once for its digest, and go back."""
        digest = await in_turn(self._digest)
        await self.rewind()
        return digest

    def _digest(self) -> str:
        digest = hashlib.sha256()
        left = self.length
        while left and (piece := self._file.read(min(FILE_PIECE, left))):
            digest.update(piece)
            left -= len(piece)
        return digest.hexdigest()


async def request_body(data: Buffer | str | Path | IO[bytes]) -> Buffer | FileBody | FilePart:
    """Return what the transport sends for *data*; a FilePart is for the caller to close.

    Raises:
        InvalidInput: not bytes-like, str, Path or a binary file of known length.
    """
    if isinstance(data, (bytes, bytearray)):
        return data
    if isinstance(data, str):
        return _text(data)
    if (found := await regular_file(data)) is not None:
        file, start, state = found
        return FilePart(file, start, max(state.st_size - start, 0), last=True)
    # Before it is looked at as a file: an mmap is both, and keeps its place so.
    if (view := buffer_of(data)) is not None:
        return view
    if not isinstance(data, memoryview | Path) and hasattr(data, "read") and hasattr(data, "seek"):
        return await asyncio.to_thread(_measure, data)
    kind = type(data).__name__
    raise InvalidInput(f"data must be bytes-like, str, a Path or a seekable binary file, not {kind}")


def buffer_of(data: object) -> memoryview | None:
    """Return the bytes of arrays, an mmap and the like, copied where they are not in one piece; None of what has none.

    Raises:
        InvalidInput: it had, and has let go of them.
    """
    try:
        view = memoryview(data)  # type: ignore[arg-type]  # whatever is no buffer raises
    except TypeError:
        return None
    except ValueError as error:
        raise InvalidInput(f"the {type(data).__name__} has no bytes any more: {error}") from error
    # Python refuses to cast a table without rows.
    return view.cast("B") if view.c_contiguous and view.nbytes else memoryview(view.tobytes())


def _text(data: str) -> bytes:
    try:
        return data.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"the text has a lone surrogate at index {error.start}: it has no UTF-8 form") from error


def _measure(file: IO[bytes]) -> FileBody:
    check_readable(file)
    try:
        start = file.tell()
        length = file.seek(0, os.SEEK_END) - start
        file.seek(start)
        first = file.read(0)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"the file's length cannot be known: {error}") from error
    if isinstance(first, str):
        raise InvalidInput("the file is opened in text mode: open it with 'rb'")
    if not isinstance(first, bytes):
        raise InvalidInput(f"the file gave {type(first).__name__}, not bytes: give what blocks until there are some")
    return FileBody(file, start, max(length, 0))


class Opening:
    """A download that can be awaited or entered: ``stream = await ...`` or ``async with ... as stream``."""

    def __init__(self, open_stream: Callable[[], Any]) -> None:
        self._open = open_stream
        self._stream: ObjectStream | None = None

    def __await__(self) -> Any:
        return self._open().__await__()

    async def __aenter__(self) -> ObjectStream:
        stream: ObjectStream = await self._open()
        self._stream = stream
        return stream

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            await self._stream.close()


__all__ = ["Described", "FileBody", "ObjectStream", "Opening", "Reopen", "RequestBody", "buffer_of", "request_body"]
