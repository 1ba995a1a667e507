"""What a scripted peer can do with one connection: read, write, wait, end it; each a function that returns the step.

A step is an async function of a Visit, so a test may write its own.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress

from .peer import Asked, Step, Visit

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


# ------------------------------------------------------------------ reading
def read_head() -> Step:
    """Read a request's head, and not its body."""

    async def step(visit: Visit) -> None:
        visit.requests.append(Asked(head=await visit.read_head()))
        visit.peer.changed()

    return step


def read_request() -> Step:
    """Read a request with its body, as long as Content-Length says."""

    async def step(visit: Visit) -> None:
        head = await visit.read_head()
        length = _LENGTH.search(head)
        body = await visit.read(int(length[1])) if length else b""
        visit.requests.append(Asked(head=head, body=body))
        visit.peer.changed()

    return step


def read(size: int) -> Step:
    """Read *size* bytes."""

    async def step(visit: Visit) -> None:
        await visit.read(size)

    return step


def read_slowly(size: int, *, piece: int, pause: float) -> Step:
    """Read *size* bytes in pieces, with a pause after each."""

    async def step(visit: Visit) -> None:
        for start in range(0, size, piece):
            await visit.read(min(piece, size - start))
            await asyncio.sleep(pause)

    return step


def read_on() -> Step:
    """Read until the client goes; a peer that is silent, but alive."""

    async def step(visit: Visit) -> None:
        await visit.read_on()
        visit.over = "eof"
        visit.peer.changed()

    return step


# ------------------------------------------------------------------ writing
def send(data: bytes) -> Step:
    """Send bytes, and wait until the kernel has most of them."""

    async def step(visit: Visit) -> None:
        visit.writer.write(data)
        await visit.writer.drain()

    return step


def trickle(data: bytes, *, pause: float = 0) -> Step:
    """Send byte by byte, so that the client reads them one at a time."""

    async def step(visit: Visit) -> None:
        for value in data:
            visit.writer.write(bytes([value]))
            await visit.writer.drain()
            await asyncio.sleep(pause)

    return step


# ------------------------------------------------------------------ waiting and ending
def stall() -> Step:
    """Do nothing, not even read, until the peer is released."""

    async def step(visit: Visit) -> None:
        await visit.peer.wait_for_release(visit)

    return step


def ignore() -> Step:
    """Neither read nor send any more, for as long as the peer lives; even a TLS goodbye gets no answer."""

    async def step(visit: Visit) -> None:
        await asyncio.Event().wait()

    return step


def close() -> Step:
    """Close the socket, over TLS with no goodbye; the kernel sends a reset if something was not read."""

    async def step(visit: Visit) -> None:
        _close_socket(visit)

    return step


def reset() -> Step:
    """Close with SO_LINGER 0: a reset, and whatever was not sent yet is lost."""

    async def step(visit: Visit) -> None:
        _socket(visit).setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        _close_socket(visit)

    return step


def say_goodbye() -> Step:
    """Close as a server does that has time: over TLS with close_notify."""

    async def step(visit: Visit) -> None:
        visit.over = "closed"
        visit.writer.close()
        with suppress(OSError):
            await visit.writer.wait_closed()

    return step


def half_close() -> Step:
    """End this side's half: the client reads EOF, and may go on sending. TCP only."""

    async def step(visit: Visit) -> None:
        visit.writer.write_eof()

    return step


def repeat(*steps: Step) -> Step:
    """Play some steps again and again, until one of them ends the connection."""

    async def step(visit: Visit) -> None:
        while not visit.over:
            for inner in steps:
                await inner(visit)

    return step


def _socket(visit: Visit) -> socket.socket:
    found: socket.socket = visit.writer.get_extra_info("socket")
    return found


def _close_socket(visit: Visit) -> None:
    visit.over = "closed"
    visit.writer.transport.abort()


# ------------------------------------------------------------------ answering
def response(body: bytes = b"", *, status: str = "200 OK", headers: Sequence[str] = ()) -> bytes:
    """Return a response whose body has a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def answering(body: bytes = b"", *, status: str = "200 OK", headers: Sequence[str] = ()) -> list[Step]:
    """Return the script of a decent server that always answers the same."""
    return [repeat(read_request(), send(response(body, status=status, headers=headers)))]


def serving(answer: Callable[[Asked], bytes]) -> list[Step]:
    """Return the script of a server that answers each request with what *answer* makes of it."""

    async def step(visit: Visit) -> None:
        visit.writer.write(answer(visit.requests[-1]))
        await visit.writer.drain()

    return [repeat(read_request(), step)]


__all__ = [
    "answering",
    "close",
    "half_close",
    "ignore",
    "read",
    "read_head",
    "read_on",
    "read_request",
    "read_slowly",
    "repeat",
    "reset",
    "response",
    "say_goodbye",
    "send",
    "serving",
    "stall",
    "trickle",
]
