"""What is told of each attempt: one debug line, and the user's hook. Nothing that is secret is in either."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .protocol.fields import ResponseHead
from .protocol.http1 import body_length
from .protocol.shapes import Operation, class_of
from .protocol.values import Value
from .transport.waits import Waits

log = logging.getLogger("aios3")


class Attempt(Value):
    """One request of a call, as ``on_attempt`` gets it when its head has arrived or it has failed.

    Attributes:
        operation: Name of the operation, such as ``"GetObject"``.
        bucket: Name of the bucket; None for operations on the store.
        attempt: 1 for the first request of the call.
        status: HTTP status; None when there was no answer.
        request_id: The server's name for the request, where it gave one.
        bytes: Of the request's body, and of the body that the answer announces.
        seconds: From the signing to the answer's head.
        queued: Seconds of these that it stood in line, since all connections were in use.
        connecting: Seconds of these for DNS, TCP, TLS and a proxy; None where a kept connection was used.
        error: Class of the error when there was no answer, such as ``"ReadTimeout"``.
    """

    operation: str
    bucket: str | None
    attempt: int
    status: int | None
    request_id: str | None
    bytes: int
    seconds: float
    queued: float
    connecting: float | None
    error: str | None


AttemptHook: TypeAlias = Callable[[Attempt], object]


def observed(
    operation: Operation[Any],
    attempt: int,
    head: ResponseHead | None,
    seconds: float,
    waits: Waits,
    failure: BaseException | None,
) -> Attempt:
    """Return what is told of a request: its head is here, or it has failed."""
    status, headers, _ = head or (0, {}, False)
    sent = body_length(getattr(operation, "body", None) or b"")
    return Attempt(
        operation=class_of(operation).__name__,
        bucket=getattr(operation, "bucket", None),
        attempt=attempt,
        status=status or None,
        request_id=headers.get("x-amz-request-id"),
        bytes=sent + announced_bytes(operation.method, status, headers),
        seconds=seconds,
        queued=waits.queued,
        connecting=waits.connecting,
        error=None if failure is None else type(failure).__name__,
    )


def announced_bytes(method: str, status: int, headers: Mapping[str, str]) -> int:
    """Return the body length that a response announces; 0 when it does not, or has no body (RFC 9112 6.3)."""
    text = headers.get("content-length", "")
    has_body = method != "HEAD" and status not in (204, 304)
    return int(text) if has_body and text.isascii() and text.isdecimal() else 0


def tell(attempt: Attempt, hook: AttemptHook | None) -> None:
    """Log *attempt* and hand it to the hook; what a hook raises goes to the loop's exception handler, not to the call."""
    log.debug(
        "%s %s attempt %d: %s in %.3f s, %d bytes, request id %s",
        attempt.operation,
        attempt.bucket or "-",
        attempt.attempt,
        attempt.status or attempt.error,
        attempt.seconds,
        attempt.bytes,
        attempt.request_id or "-",
    )
    if hook is None:
        return
    try:
        hook(attempt)
    except Exception as error:  # noqa: BLE001  # a watcher must not change what it watches
        message = "on_attempt raised an exception"
        asyncio.get_running_loop().call_exception_handler({"message": message, "exception": error})
