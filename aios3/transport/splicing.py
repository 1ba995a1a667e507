"""A large body's way from its socket into a file by the system alone: in threads, through a pipe, and not through Python."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Protocol

from ..files import OpenFile, write_all
from ..protocol.http1 import ResponseReader
from .intake import LARGE, Intake
from .sockets import copy_of

if sys.platform == "linux":
    import fcntl

# What the pipe holds: with the little that one has by itself, the calls would be what it costs.
_PIPE = 1024 * 1024
# What a thread moves at a time: with much more a body that is not wanted any more takes long to stop.
_STRETCH = 8 * 1024 * 1024


class Source(Protocol):
    """What a connection lends to whoever has the system move a body.

    Attributes:
        intake: Takes the body that is large, and comes over a plain connection.
    """

    intake: Intake | None

    @property
    def closed(self) -> bool:
        """Nothing more can come."""

    async def arrival(self, intake: Intake) -> None:
        """Wait for more, of which a sip is read; or until nothing more will come."""

    def pause_reading(self) -> None:
        """What comes waits in the system."""

    def finished(self) -> None:
        """All of the body was taken."""


async def splice(
    source: Source,
    reader: ResponseReader,
    file: OpenFile,
    place: int,
    take: Callable[[], bytes],
    moved: Callable[[int], None],
) -> None:
    """Let the system move a body to *place* of a file, and first what *take* gives; tell *moved* how many bytes.

    What is left is to be read: the rest of a body that comes slowly; and whatever there is where the system cannot, or the
    connection has ended.

    Raises:
        OSError: the file cannot be written to.
    """
    intake, dry = source.intake, True
    while intake is not None and intake.splices and not source.closed and reader.left:
        if dry:
            if not intake.plenty:
                return
            await source.arrival(intake)
            dry = False
            continue
        source.pause_reading()
        async with file.writing:
            if source.closed:
                return
            try:
                copy = copy_of(intake.sock)
            except OSError:  # no descriptors are left
                intake.splices = False
                return
            held, room = take(), min(_STRETCH, reader.left)
            count, intake.splices = await _stretch(copy, file, held, place, room)
        intake.skip(count)
        if not source.closed:
            intake.learn(count)
            if reader.done:
                source.finished()
        place += len(held) + count
        moved(len(held) + count)
        dry = count < room
        if dry and count < LARGE:
            return  # little comes at once, whatever was asked for


async def _stretch(copy: socket.socket, file: OpenFile, held: bytes, place: int, room: int) -> tuple[int, bool]:
    """Have a thread move one stretch, which has the copy of the socket as long as it is at work, whoever is cancelled."""
    hop = file.begin(_move, copy.fileno(), held, place, room)
    hop.add_done_callback(lambda _: copy.close())
    await asyncio.wait([hop])
    return hop.result()


def _move(file: int, sock: int, held: bytes, place: int, room: int) -> tuple[int, bool]:
    """Write what came already, and move what is there by now, in a thread; return how many bytes, and if more may be moved so.

    Raises:
        OSError: the file cannot be written to.
    """
    write_all(file, memoryview(held), place)
    place += len(held)
    count, able = 0, True
    with ExitStack() as ends:
        try:
            out, into = os.pipe()
            ends.callback(os.close, out)
            ends.callback(os.close, into)
            fcntl.fcntl(into, fcntl.F_SETPIPE_SZ, _PIPE)
        except OSError:  # no descriptors are left, or no memory for pipes
            return 0, False
        while able and count < room:
            try:
                came = os.splice(sock, into, min(_PIPE, room - count), flags=os.SPLICE_F_NONBLOCK)
            except OSError as error:
                # It comes again when the rest is read.
                return count, isinstance(error, BlockingIOError)
            able = came > 0 and _empty(out, file, place + count, came)
            count += came
    return count, able


def _empty(pipe: int, file: int, place: int, left: int) -> bool:
    """Move to a file all that is in a pipe; tell if the system could."""
    while left:
        count = 0
        with suppress(OSError):
            count = os.splice(pipe, file, left, offset_dst=place)
        if not count:
            # Not every file system can. What ails the file shows when it is written to.
            write_all(file, memoryview(os.read(pipe, left)), place)
            return False
        place += count
        left -= count
    return True
