"""What the end of a connection means for the response that was being read from it."""

from __future__ import annotations

import ssl
from contextlib import suppress

from ..errors import ConnectError, S3Error, TransportError, TruncatedBody
from ..protocol.fields import ResponseHead
from ..protocol.http1 import ResponseReader
from .sockets import HasFileno, received


def end_of(reader: ResponseReader) -> S3Error:
    """Return what to tell whoever wants more of a response than came before the peer said goodbye."""
    try:
        reader.feed_eof()
    except TransportError as cut:
        return cut
    return ConnectError("the server closed the connection after the response")


def cut_of(reader: ResponseReader, exc: Exception | None) -> S3Error:
    """Return the same for a connection that ended with no goodbye: a body that ends by it is not complete."""
    reason = exc or "the connector was closed, or TLS ended without a goodbye"
    error: S3Error
    if reader.head is None:
        error = ConnectError(f"the connection was lost before an answer came: {reason}")
    else:
        error = TruncatedBody(f"the connection was lost in the middle of the body: {reason}")
    error.__cause__ = exc
    return error


def said_goodbye(tls: ssl.SSLObject | None, closing: bool) -> bool:
    """Tell if the peer ended the stream, and not somebody on the way: over TLS only its close_notify does.

    Args:
        closing: This side is about to close; over TLS that was not the peer then, but the connector's owner.

    Source: RFC 8446 6.1
    """
    if tls is None or closing:
        return tls is None
    try:
        return tls.read(1) == b""
    except ssl.SSLError as error:
        return isinstance(error, ssl.SSLZeroReturnError)


def says_keep_alive(head: ResponseHead) -> bool:
    """Tell if the peer said so in so many words: with HTTP/1.1 it need not."""
    return "keep-alive" in head.headers.get("connection", "").lower()


def drain(sock: HasFileno | None, reader: ResponseReader) -> None:
    """Read what the kernel holds: an answer sent before a reset (403 to a large body) is still there."""
    if sock is not None:
        with suppress(S3Error):
            for data in received(sock):
                reader.feed(data)
