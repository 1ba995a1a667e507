"""AWS's event stream: bytes of an answer to messages, each checked twice.

In: pieces of a body, cut anywhere. Out: messages of headers and a payload. A message is a prelude (its length, its
headers' length, a CRC32 of the two), the headers, the payload, and a CRC32 of all that.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html,
https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, Self, TypeVar

from ..errors import InvalidResponse, TruncatedBody
from .messages import ResponseBody
from .values import NamedTuple

E_co = TypeVar("E_co", covariant=True)

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_AROUND = _PRELUDE.size + _CRC.size
# What the specification allows: 24 MiB a message, 128 KiB of headers.
MAX_MESSAGE = 24 * 1024 * 1024
MAX_HEADERS = 128 * 1024
PIECE = 64 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Message(NamedTuple):
    """One message: headers such as ``:event-type``, and a payload."""

    headers: dict[str, Any]
    payload: bytes


class Decoder:
    """Puts messages together from pieces: ``feed`` it, take ``messages``, ``end`` it."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, piece: bytes) -> None:
        """Take the next bytes of the body."""
        self._buffer += piece

    def messages(self) -> Iterator[Message]:
        """Yield the messages that are whole.

        Raises:
            InvalidResponse: a length or a CRC that cannot be right, or a header that cannot be read.
        """
        while len(self._buffer) >= _PRELUDE.size:
            length, headers_length = self._prelude()
            if len(self._buffer) < length:
                return
            with memoryview(self._buffer)[:length] as view:
                message = _message(view, headers_length)
            del self._buffer[:length]
            yield message

    def end(self) -> None:
        """Tell that there are no more bytes.

        Raises:
            TruncatedBody: a message is not whole.
        """
        if self._buffer:
            raise TruncatedBody(f"the event stream ended inside a message, after {len(self._buffer)} of its bytes")

    def _prelude(self) -> tuple[int, int]:
        length, headers_length, crc = _PRELUDE.unpack_from(self._buffer)
        if crc != zlib.crc32(self._buffer[:8]):
            raise InvalidResponse("the event stream has a prelude that does not fit its CRC32")
        if not _AROUND <= length <= MAX_MESSAGE or headers_length > min(MAX_HEADERS, length - _AROUND):
            raise InvalidResponse(f"the event stream has a message of {length} bytes, {headers_length} of them headers")
        return length, headers_length


def _message(view: memoryview, headers_length: int) -> Message:
    (crc,) = _CRC.unpack(view[-_CRC.size :])
    if crc != zlib.crc32(view[: -_CRC.size]):
        raise InvalidResponse("the event stream has a message that does not fit its CRC32")
    start = _PRELUDE.size + headers_length
    try:
        headers = dict(_headers(bytes(view[_PRELUDE.size : start])))
    except (struct.error, ValueError, IndexError, KeyError, OverflowError) as error:
        raise InvalidResponse(f"the event stream has a header that cannot be read: {error!r}") from error
    return Message(headers, bytes(view[start : -_CRC.size]))


def _headers(data: bytes) -> Iterator[tuple[str, Any]]:
    at = 0
    while at < len(data):
        name, at = _sized(data, at, ">B")
        kind, at = data[at], at + 1
        if kind in _FIXED:
            form, read = _FIXED[kind]
            value = read(*struct.unpack_from(form, data, at))
            at += struct.calcsize(form)
        else:
            raw, at = _sized(data, at, ">H")
            value = _SIZED[kind](raw)
        yield name.decode(), value


def _sized(data: bytes, at: int, form: str) -> tuple[bytes, int]:
    (size,) = struct.unpack_from(form, data, at)
    start = at + struct.calcsize(form)
    if start + size > len(data):
        raise ValueError(f"{size} bytes are announced, {len(data) - start} are there")
    return data[start : start + size], start + size


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _uuid(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=raw)


# Header types by number: those of a fixed size, and those that say their length.
_FIXED: dict[int, tuple[str, Callable[..., Any]]] = {
    0: (">", lambda: True),
    1: (">", lambda: False),
    2: (">b", int),
    3: (">h", int),
    4: (">i", int),
    5: (">q", int),
    8: (">q", _moment),
    9: (">16s", _uuid),
}
_SIZED: dict[int, Callable[[bytes], Any]] = {6: bytes, 7: bytes.decode}


class EventStream(Generic[E_co]):
    """The events of an answer, as they arrive: ``async for event in stream``. It can be walked once.

    The connection is given back at the end; ``close`` does so earlier.

    Args:
        body: Where the bytes come from.
        read: Makes an event of a message, None of one to be passed over; raises what an error message means.
        is_last: Tells if the stream is whole with this event.
    """

    def __init__(
        self, body: ResponseBody, read: Callable[[Message], E_co | None], is_last: Callable[[E_co], bool]
    ) -> None:
        self._body = body
        self._read = read
        self._is_last = is_last
        self._decoder = Decoder()
        self._whole = False

    def __aiter__(self) -> AsyncIterator[E_co]:
        return self._walk()

    async def _walk(self) -> AsyncIterator[E_co]:
        try:
            while piece := await self._body.read(PIECE):
                self._decoder.feed(piece)
                for message in self._decoder.messages():
                    event = self._read(message)
                    if event is not None:
                        self._whole = self._is_last(event)
                        yield event
            self._decoder.end()
            if not self._whole:
                raise TruncatedBody("the event stream ended without its last event: its results may not be complete")
        finally:
            await self.close()

    async def close(self) -> None:
        """Let go of the connection; what was not read is lost. Idempotent."""
        await self._body.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()
