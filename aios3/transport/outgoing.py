"""The body of a request while it is sent: piece by piece, or by the system itself where it is a file on disk."""

from __future__ import annotations

import asyncio
import os
import select
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from ..errors import SourceChanged
from ..files import FilePart
from ..protocol.messages import Buffer, RequestBody
from .sockets import plain_socket

# A body in memory goes out in pieces with back-pressure between.
_PIECE = 512 * 1024
# What the system sends of a file at a time: with much more a body that is not wanted any more takes long to stop.
_STRETCH = 8 * 1024 * 1024
# What stays here of a body until the file's length is proven right.
_LAST = 64 * 1024
# A peer that takes what it gets at once has room again sooner than the loop could be told.
_PATIENCE_MS = 1


class Sender(Protocol):
    """What a connection lends to whoever sends a body over it."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport

    def answered(self) -> bool:
        """Tell if an answer has begun, and nothing more need be sent; raise what has ended the connection."""

    def write(self, data: Buffer) -> Awaitable[bool]:
        """Write, and wait while the peer is slow; False when an answer came meanwhile."""

    def full(self) -> Awaitable[None]:
        """Wait until somebody calls ``resume_writing``, an answer begins, or the connection ends."""

    def resume_writing(self) -> None:
        """There is room again."""


async def send_body(body: Buffer | RequestBody, sender: Sender) -> bool:
    """Write a body, whatever it is, while nobody answers; False where not all was sent."""
    if isinstance(body, (bytes, bytearray, memoryview)):
        return await _send_buffer(memoryview(body).cast("B"), sender)
    return await (send_file(body, sender) if isinstance(body, FilePart) else send_stream(body, sender))


async def _send_buffer(view: memoryview, sender: Sender) -> bool:
    for start in range(0, len(view), _PIECE):
        if not await sender.write(view[start : start + _PIECE]):
            return start + _PIECE >= len(view)
    return True


async def send_stream(body: RequestBody, sender: Sender) -> bool:
    """Write a body from its source, one piece behind it: the last goes out only when the length is right.

    False where not all was sent.
    """
    held: Buffer = b""
    given = 0
    async with closed_at_the_end(body.chunks()) as chunks:
        async for piece in chunks:
            given += len(piece)
            if given > body.length:
                break
            if held and not await sender.write(held):
                return False
            held = piece
    if given != body.length:
        found = f"at least {given}" if given > body.length else str(given)
        raise SourceChanged(f"the source declared {body.length} bytes and gave {found}")
    # Answered while the source was read: the last piece stays here.
    return not held or (not sender.answered() and (await sender.write(held) or True))


@asynccontextmanager
async def closed_at_the_end(chunks: AsyncIterator[Buffer]) -> AsyncIterator[AsyncIterator[Buffer]]:
    """Close a generator when we stop in the middle of it, and not whenever it is collected."""
    try:
        yield chunks
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


# ------------------------------------------------------------------ files that the system sends
async def send_file(part: FilePart, sender: Sender) -> bool:
    """Let the system send a file out of its cache, so that no byte of it comes here; False where not all was sent.

    Over TLS, and where the system cannot, it is read and written like any other body.
    """
    if sender.transport.get_write_buffer_size():
        await asyncio.sleep(0)  # uvloop writes at the end of a turn
    copy = _copy_of_socket(sender.transport) if part.length else None
    if copy is None:
        return await send_stream(part, sender)
    sending = _Sending(part, sender, copy)
    try:
        return await sending.run()
    except BaseException:
        sending.cut()
        raise
    finally:
        sending.close()


def _copy_of_socket(transport: asyncio.Transport) -> socket.socket | None:
    """Return what threads may use of a connection; None where the system cannot send, or has no descriptor left."""
    sock = plain_socket(transport)
    if sock is None or transport.get_write_buffer_size() or not hasattr(os, "sendfile"):
        return None
    with suppress(OSError):
        return socket.socket(fileno=os.dup(sock.fileno()))
    return None


class _Sending:
    """One part of a file on its way through a copy of the socket's descriptor."""

    def __init__(self, part: FilePart, sender: Sender, copy: socket.socket) -> None:
        self._part = part
        self._sender = sender
        self._socket = copy
        self._process = os.getpid()
        self._stretch: asyncio.Future[tuple[int, bool]] | None = None

    async def run(self) -> bool:
        part, sender = self._part, self._sender
        place, end = part.start, part.start + part.length
        while place < end:
            if sender.answered():
                return False
            self._stretch = part.file.begin(_send_stretch, self._socket.fileno(), place, end, part.last)
            await asyncio.wait([self._stretch])
            try:
                place, full = self._stretch.result()
            except OSError:
                # Not every file system can; and what ails the file or the socket shows, with all that is done for it, there.
                return await send_stream(part.rest(place), sender)
            # Not after an answer or the end, which came while the thread was at work: nobody would wake us.
            if full and not sender.answered():
                await self._room()
        return True

    async def _room(self) -> None:
        """Wait until the socket takes more."""
        sender = self._sender
        sender.loop.add_writer(self._socket, sender.resume_writing)
        try:
            await sender.full()
        finally:
            if self._is_ours():
                sender.loop.remove_writer(self._socket)
            sender.resume_writing()

    def _is_ours(self) -> bool:
        """A forked child that drops what it inherited must not touch what it shares with its parent: socket and epoll."""
        return os.getpid() == self._process

    def cut(self) -> None:
        """End the connection at once: the copy would keep it open as long as a thread is at work."""
        if self._is_ours():
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the copy, once no thread is at work with it."""
        if self._stretch is None or self._stretch.done():
            self._socket.close()
        else:
            self._stretch.add_done_callback(lambda _: self._socket.close())


def _send_stretch(file: int, sock: int, start: int, end: int, last: bool) -> tuple[int, bool]:
    """Send from *start* on, in a thread; return where that ended, and if the socket takes no more.

    Raises:
        SourceChanged: the file is not as long as it was.
        OSError: nothing can be sent.
    """
    place, stop, waited = start, min(end, start + _STRETCH), -1
    while place < stop:
        upto = stop
        if last and stop == end:
            if end - place > _LAST:
                upto = end - _LAST
            elif os.pread(file, 1, end):
                raise SourceChanged(f"the file has grown while it was read: it had {end} bytes")
        try:
            count = os.sendfile(sock, file, place, upto - place)
        except BlockingIOError:
            if place in (start, waited) or not _has_room(sock):
                return place, True
            waited = place
            continue
        except OSError:
            if place > start:
                break  # it comes again
            raise
        if not count:
            raise SourceChanged(f"the file has shrunk while it was read: {place} bytes are left of {end}")
        place += count
    return place, False


def _has_room(sock: int) -> bool:
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(_PATIENCE_MS))
