"""HTTP/1.1 as a client speaks it: the bytes of a request head, and an incremental response reader.

In: a Request, or whatever bytes a peer sent, cut anywhere. Out: bytes to write, or a ResponseHead and body
pieces. Strict where leniency has been a security hole (two lengths, bad chunk sizes, white space before a
colon), lenient where RFC 9112 says so (a bare LF ends a line, folded lines become one).

Source: RFC 9112 (messages, framing), RFC 9110 (fields, status codes)
"""

from __future__ import annotations

import re
from collections import deque

from ..errors import ConnectError, InvalidInput, InvalidResponse, TruncatedBody
from .fields import MAX_LENGTH, Framed, ResponseHead, any_head, parse_fields, plain_head, unfolded_lines
from .messages import Buffer, Request, RequestBody

MAX_HEAD = 64 * 1024
MAX_CHUNK_LINE = 4 * 1024

# All that a head holds inside its lines.
_HEAD_BYTES = bytes(set(range(256)) - set(b"\r\n\0"))
_HEAD_END = re.compile(rb"\n\r?\n")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,20})(?:;.*)?[ \t]*\r\n")


def request_head(request: Request, proof: str = "") -> bytes:
    """Return the head of *request* as it goes on the wire, up to where more lines or the empty one follow.

    Args:
        proof: Lines that sign it. They are made of what is checked already.
    Raises:
        InvalidInput: a header has CR, LF or NUL, or what is not ASCII.
    """
    method, _, path, query, headers, body = request
    head = f"{method} {path}?{query} HTTP/1.1\r\n" if query else f"{method} {path} HTTP/1.1\r\n"
    for name, value in headers.items():
        head += f"{name}: {value}\r\n"
    # Asked, not tried: a UnicodeEncodeError carries the whole head, and maybe secrets, with it.
    if not head.isascii():
        raise InvalidInput(f"{_culprit(headers)} has characters that are not ASCII")
    # One look instead of one per value: a stray CR, LF or NUL anywhere changes what is left.
    if head.encode().translate(None, _HEAD_BYTES) != b"\r\n" * (len(headers) + 1):
        raise InvalidInput(f"{_culprit(headers)} has a CR, LF or NUL")
    length = f"content-length: {body_length(body)}\r\n" if body or method in ("PUT", "POST") else ""
    return f"{head}{proof}{length}".encode()


def body_length(body: Buffer | RequestBody) -> int:
    """Return the bytes a body has: what Content-Length says."""
    if isinstance(body, (bytes, bytearray)):
        return len(body)
    return body.nbytes if isinstance(body, memoryview) else body.length


def _culprit(headers: dict[str, str]) -> str:
    """Name the first header that cannot be sent; never its value, which may be a secret."""
    for name, value in headers.items():
        if not (name + value).isascii() or any(c in name + value for c in "\r\n\0"):
            return f"header {name!r}"
    return "the request line"


# How a body ends (RFC 9112 6.3).
_BY_CLOSE, _BY_LENGTH, _BY_CHUNKS = range(3)
# What ResponseReader._left means besides bytes of a chunk that are still to come.
_CHUNK_END = -2
_TRAILER = -3


class ResponseReader:
    """Reads one response from bytes as they come.

    ``feed`` what arrived, ``feed_eof`` when the peer closes. ``head`` is set once the final head is read (interim
    1xx are skipped), body pieces are appended to ``chunks`` (whoever takes them lowers ``buffered``), ``done``
    tells that the response is complete. Any error is final.

    Attributes:
        surplus: The peer sent more than one response: the connection must not be used again.
        trailers: Fields that followed a chunked body.

    Source: RFC 9112 6.3 (message body length), 7.1 (chunked)
    """

    __slots__ = (
        "_framing",
        "_left",
        "_line",
        "_method",
        "_spent",
        "buffered",
        "chunks",
        "done",
        "head",
        "surplus",
        "trailers",
    )

    def __init__(self, method: str) -> None:
        self.head: ResponseHead | None = None
        self.chunks: deque[bytes] = deque()
        self.buffered = 0
        self.done = False
        self.surplus = False
        self.trailers: dict[str, str] | None = None
        self._method = method
        self._line: bytearray | None = None
        self._left = -1
        self._spent = 0
        self._framing = _BY_CLOSE

    def feed(self, data: Buffer) -> None:
        """Take what arrived; keeps no reference to *data* unless it is bytes."""
        if self.head is None:
            rest = bytes(data)
            while rest and self.head is None:
                rest = self._feed_head(rest)
            if not rest:
                return
            if len(rest) == self._left:  # a whole body, which need not be copied again
                self._append(rest)
                self._left, self.done = 0, True
                return
            data = memoryview(rest)
        if self.done:
            self.surplus = True
        elif self._framing == _BY_LENGTH:
            self._feed_length(data)
        elif self._framing == _BY_CHUNKS:
            self._feed_chunked(data)
        else:
            self._append(bytes(data))

    @property
    def left(self) -> int:
        """Bytes of the body that are still to come; 0 where nobody knows."""
        return self._left if self._framing == _BY_LENGTH else 0

    def skip(self, count: int) -> None:
        """Take note of bytes that went elsewhere; more than are ``left`` follow the body."""
        self.surplus = count > self._left
        self._left = max(self._left - count, 0)
        self.done = not self._left

    def feed_eof(self) -> None:
        """Take the end of the stream.

        Raises:
            ConnectError: no final head came.
            TruncatedBody: the body is not complete.
        """
        if self.head is None:
            raise ConnectError("the server closed the connection before it answered")
        if self.done:
            return
        if self._framing != _BY_CLOSE:
            rest = f"the last {self._left} bytes" if self._framing == _BY_LENGTH else "the end"
            raise TruncatedBody(f"the server closed the connection before {rest} of the body came")
        self.done = True

    def take(self) -> bytes:
        """Give all buffered body bytes and forget them."""
        chunks = self.chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self.buffered = 0
        return data

    def _feed_head(self, data: bytes) -> bytes:
        """Read a head; return the bytes behind it."""
        plain = plain_head(data) if self._line is None else None
        if plain is None:
            return self._feed_any_head(data)
        framed, stop = plain
        self._read_head(framed, stop)
        return data[stop:]

    def _feed_any_head(self, data: bytes) -> bytes:
        """Read a head that came in pieces, or is not as usual."""
        head: bytes | bytearray = data
        scanned = 0
        if self._line is not None:
            scanned = max(0, len(self._line) - 3)
            self._line += data
            head = self._line
        # Told at the first byte: a peer that is no HTTP server may wait for ever for ours.
        if not head.startswith(b"HTTP/1.") and not head.startswith(b"HTTP/1."[: len(head)]):
            raise InvalidResponse(f"the peer does not speak HTTP/1.1: it began with {bytes(head[:32])!r}")
        found = _HEAD_END.search(head, scanned)
        if found is None:
            if self._spent + len(head) > MAX_HEAD:
                raise _too_large()
            self._line = bytearray(data) if self._line is None else self._line
            return b""
        end, stop = found.span()
        self._line = None
        self._read_head(any_head(bytes(head[:end])), stop)
        return bytes(head[stop:])

    def _read_head(self, framed: Framed, size: int) -> None:
        """Take a whole head: decide how the body ends (RFC 9112 6.3), and if the connection survives it."""
        self._spent += size
        if self._spent > MAX_HEAD:
            raise _too_large()
        head, length, chunked = framed
        status = head.status
        if status < 200:
            if status == 101 or status < 100:
                raise InvalidResponse(f"the server sent HTTP status {status:03}, which nothing asked for")
            return
        if self._method == "HEAD" or status in (204, 304):
            length, chunked = 0, False
        if chunked:
            self._framing, self._left = _BY_CHUNKS, 0
            if length >= 0:  # it means nothing, and nobody may go by it (RFC 9112 6.3)
                kept = {name: value for name, value in head.headers.items() if name != "content-length"}
                head = head._replace(headers=kept)
        elif length >= 0:
            self._framing, self._left = _BY_LENGTH, length
            self.done = length == 0
        else:
            head = head._replace(keep_alive=False)
        self.head = head

    def _append(self, data: bytes) -> None:
        self.chunks.append(data)
        self.buffered += len(data)

    def _feed_length(self, data: Buffer) -> None:
        left = self._left - len(data)
        if left < 0:
            self.surplus = True
            data = data[: self._left]
            left = 0
        self._append(bytes(data))
        self._left = left
        self.done = not left

    def _feed_chunked(self, data: Buffer) -> None:
        """Take chunk headers, data and trailers; ``_left`` counts the data, ``_line`` holds an unfinished line."""
        position = 0
        while position < len(data):
            if self.done:
                self.surplus = True
                return
            if self._left > 0:
                piece = data[position : position + self._left]
                self._append(bytes(piece))
                self._left -= len(piece)
                position += len(piece)
                if not self._left:
                    self._left = _CHUNK_END
            else:
                position += self._feed_line(data[position : position + MAX_CHUNK_LINE])

    def _feed_line(self, data: Buffer) -> int:
        """Take one line, or the part of it that is here; return how many bytes it had."""
        text = bytes(data)
        end = text.find(b"\n") + 1
        taken = end or len(text)
        line = self._line if self._line is not None else bytearray()
        line += text[:taken]
        self._line = line
        if len(line) > (MAX_HEAD if self._left == _TRAILER else MAX_CHUNK_LINE):
            raise InvalidResponse("the server sent a chunk line or trailer that is too long")
        if end:
            self._read_line(line)
        elif self._left == _CHUNK_END and not b"\r\n".startswith(line):
            raise InvalidResponse("the server sent a chunk that is longer than its size")
        return taken

    def _read_line(self, line: bytearray) -> None:
        if self._left == _CHUNK_END:
            if line != b"\r\n":
                raise InvalidResponse("the server sent a chunk that is longer than its size")
            self._left, self._line = 0, None
        elif self._left == _TRAILER:
            self._read_trailer(line)
        else:
            match = _CHUNK_LINE.fullmatch(line)
            size = int(match[1], 16) if match else MAX_LENGTH + 1
            if size > MAX_LENGTH:
                raise InvalidResponse(f"the server sent a bad chunk size: {bytes(line[:40])!r}")
            self._left, self._line = size or _TRAILER, None

    def _read_trailer(self, lines: bytearray) -> None:
        """Trailer lines pile up in ``_line`` until the empty one."""
        # Only the end is looked at: a search through all of them at each line would be quadratic.
        if not lines.endswith((b"\n\n", b"\n\r\n")) and lines != b"\n" and lines != b"\r\n":
            return
        self.trailers = parse_fields(unfolded_lines(b"\n" + lines)[1:-2])
        self._line = None
        self.done = True


def _too_large() -> InvalidResponse:
    return InvalidResponse(f"the server sent a head of more than {MAX_HEAD} bytes")
