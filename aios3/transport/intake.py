"""A large body read out of the socket itself: what has come is taken in the reader's own turn, and copied once."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable

from ..protocol.http1 import ResponseReader
from ..protocol.messages import Buffer
from .endings import cut_of, end_of
from .sockets import plain_socket, unread

# Less than this is not worth the trouble, and the loop reads it.
LARGE = 256 * 1024
# The most that is read at once: others wait for so long.
PIECE = 384 * 1024
# Bytes that the system gathers before it wakes us, at most; and seconds after which we want what there is, and less the
# next time. Each packet's news would cost more than the packet.
GATHERED = 1024 * 1024
PATIENCE = 0.01
# Does this system wake us for that? Others may never tell of what came before we asked for less.
_GATHERS = sys.platform == "linux"

# Once so much was freed, glibc's allocator keeps the memory of one piece for the next: else each one's pages would be
# asked for, zeroed and given back, which costs more than all else. (mallopt(3), M_MMAP_THRESHOLD)
bytes(4 * PIECE)


class Intake:
    """Takes one body from a plain connection's socket, in front of its transport, which keeps nothing of its own.

    Args:
        sock: What a thread may have a copy of.
        reader: Has read the head, which said how long the body is.

    Attributes:
        splices: The system itself may move the body into a file; it has not refused to.
    """

    def __init__(self, sock: socket.socket, reader: ResponseReader) -> None:
        self.sock = sock
        self._reader = reader
        self.splices = hasattr(os, "splice")
        self._gathered = GATHERED if _GATHERS else 1
        self._least = 1

    def draw(self, view: memoryview | None) -> int:
        """Take what has come, into *view* or as a chunk; return how many bytes of the body.

        Raises:
            TruncatedBody: the connection has ended.
        """
        reader, left = self._reader, self._reader.left
        try:
            count = self._read(view, left)
        except BlockingIOError:
            return 0
        except OSError as error:
            # Said once: the transport would take the rest for an end.
            raise cut_of(reader, error) from error
        if not count:
            raise end_of(reader)
        self.learn(count)
        return min(count, left)

    def _read(self, view: memoryview | None, left: int) -> int:
        """Ask for one byte more than is left: what follows a body is seen, and the connection not used again."""
        descriptor = self.sock.fileno()
        if view is None:
            data = os.read(descriptor, min(PIECE, left + 1))
            self._reader.feed(data)
            return len(data)
        views: list[Buffer] = [view[:PIECE]] if min(len(view), PIECE) < left else [view[:left], bytearray(1)]
        count = os.readv(descriptor, views)
        self._reader.skip(count)
        return count

    @property
    def plenty(self) -> bool:
        """So much comes at once, and is still to come, that a hop to a thread is lost in it."""
        return self._gathered >= LARGE and self._reader.left > GATHERED

    def skip(self, count: int) -> None:
        """Take note of bytes that went elsewhere; and of what follows the body, if those were its last."""
        follows = unread(self.sock) if count == self._reader.left else 0
        self._reader.skip(count + follows)

    def learn(self, count: int) -> None:
        """Expect as much as came at once, or more; near the end anything."""
        if _GATHERS and count >= self._gathered:
            self._gathered = min(2 * self._gathered, GATHERED)
        if self._reader.left <= LARGE:
            self._expect(1)

    async def more(self, news: asyncio.Future[None], wake: Callable[[], None]) -> None:
        """Wait for *news*, but not for every packet's; *wake* ends it."""
        # The end of a body, which is all that may still come, and what comes after it are never gathered.
        self._expect(max(1, min(self._gathered, self._reader.left - LARGE)))
        if self._least == 1:
            await news
            return
        timer = news.get_loop().call_later(PATIENCE, self._hurry, wake)
        try:
            await news
        finally:
            timer.cancel()

    def _hurry(self, wake: Callable[[], None]) -> None:
        self._gathered = max(1, self._gathered // 4)
        wake()

    def _expect(self, least: int) -> None:
        if least != self._least:
            self._least = least
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least)


def intake_of(transport: asyncio.BaseTransport, reader: ResponseReader) -> Intake | None:
    """Return what takes the rest of a large body; None where the transport must: over TLS, and on Windows."""
    sock = None if sys.platform == "win32" else plain_socket(transport)
    return None if sock is None else Intake(sock, reader)
