"""What lies below a transport: its socket, and what the kernel holds of it, which has come or has not gone."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Protocol

if sys.platform != "win32":
    import fcntl
    import termios

_PIECE = 256 * 1024
_INT = struct.Struct("i")


class HasFileno(Protocol):
    """What a transport calls its socket."""

    def fileno(self) -> int:
        """The descriptor; -1 when it is closed."""


def plain_socket(transport: asyncio.BaseTransport) -> socket.socket | None:
    """Return the socket on which there is what *transport* is given, and nothing else.

    None over TLS; and for a transport that no event loop made: one around it may encrypt, and tell of the socket below.
    """
    loop = type(transport).__module__.partition(".")[0]
    if loop not in ("asyncio", "uvloop") or transport.get_extra_info("ssl_object") is not None:
        return None
    sock: socket.socket | None = transport.get_extra_info("socket")
    return sock


def copy_of(sock: HasFileno) -> socket.socket:
    """Return a copy of a socket's descriptor, which stays open when the transport closes its own: for threads.

    Raises:
        OSError: it is closed already, or no descriptors are left.
    """
    return socket.socket(fileno=os.dup(sock.fileno()))


def received(sock: HasFileno) -> Iterator[bytes]:
    """Give what is in the receive queue: it outlives a reset (Linux, macOS)."""
    try:
        with copy_of(sock) as copy:
            copy.setblocking(False)
            while data := copy.recv(_PIECE):
                yield data
    except OSError:
        return


def unsent(sock: HasFileno) -> int:
    """Return how many bytes the peer's host has not acknowledged yet; 0 where the system does not tell.

    Source: https://man7.org/linux/man-pages/man7/tcp.7.html (SIOCOUTQ, which is TIOCOUTQ)
    """
    return 0 if sys.platform == "win32" else _queued(sock, termios.TIOCOUTQ)


def unread(sock: HasFileno) -> int:
    """Return how many bytes have come that nobody has taken; 0 where the system does not tell."""
    return 0 if sys.platform == "win32" else _queued(sock, termios.FIONREAD)


def quiet(transport: asyncio.BaseTransport) -> bool:
    """Tell if nothing has come, an end neither, that the loop has not got round to; True where the system does not tell."""
    sock = plain_socket(transport)
    if sock is None or not hasattr(select, "poll"):
        return True
    if (descriptor := sock.fileno()) < 0:  # it is being closed
        return False
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return not poll.poll(0)


def _queued(sock: HasFileno, queue: int) -> int:
    try:
        (size,) = _INT.unpack(fcntl.ioctl(sock.fileno(), queue, bytes(_INT.size)))
    except (OSError, ValueError):
        return 0
    return int(size)
