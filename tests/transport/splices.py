"""What tests of splicing are made of: os.splice that is slow, servers of one object, and what is open or written."""

import asyncio
import hashlib
import os
import random
import re
import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast

import aiohttp
import pytest

from aios3.testing.peer import Asked, Step, Visit
from aios3.testing.steps import read_request, send, serving
from tests import leaks

from .buckets import MIB

LARGE = random.Random(0).randbytes(MIB) * 9 + b"tail"
ONE_PART: Any = {"part_size": 64 * MIB}


# ------------------------------------------------------------------ what the system does
class SlowSplice:
    """os.splice, of which each call out of the socket, or into the file, takes its time, or waits until it may go on."""

    def __init__(self, side: str, seconds: float) -> None:
        self.calls = 0
        self.entered = threading.Event()
        self.may_go = threading.Event()
        self.failures: list[OSError] = []
        self._side = side
        self._seconds = seconds
        self._really = os.splice

    def __call__(self, source: int, to: int, count: int, **more: Any) -> int:
        if ("offset_dst" in more) != (self._side == "file"):
            return self._really(source, to, count, **more)
        self.calls += 1
        self.entered.set()
        if self._seconds:
            time.sleep(self._seconds)
        else:
            assert self.may_go.wait(10)
        try:
            return self._really(source, to, count, **more)
        except OSError as error:
            self.failures.append(error)
            raise

    @classmethod
    def put_in(cls, patch: pytest.MonkeyPatch, side: str = "file", seconds: float = 0) -> Self:
        made = cls(side, seconds)
        patch.setattr(os, "splice", made)
        return made


# ------------------------------------------------------------------ servers, and ways to them
def head(start: int, end: int, size: int) -> bytes:
    """Return the head of an answer that has a range of an object."""
    named = f"Content-Range: bytes {start}-{end - 1}/{size}\r\nContent-Length: {end - start}"
    return f'HTTP/1.1 206 Partial Content\r\nETag: "e"\r\n{named}\r\n\r\n'.encode()


def part_of(data: bytes, asked: Asked) -> bytes:
    """Answer a request for a range."""
    found = re.fullmatch(rb"bytes=([0-9]+)-([0-9]*)", asked.header("range") or b"")
    assert found is not None
    start, end = int(found[1]), min(int(found[2] or len(data)) + 1, len(data))
    return head(start, end, len(data)) + data[start:end]


def relay(port: int) -> Step:
    """Pass on what comes, both ways."""

    async def step(visit: Visit) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        visit.readable.resume_reading()
        await asyncio.gather(_pump(visit.reader, writer), _pump(reader, visit.writer))

    return step


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()


def serves(data: bytes) -> list[Step]:
    return serving(lambda asked: part_of(data, asked))


def cut(missing: int, end: Step, data: bytes = LARGE) -> list[Step]:
    """Return a script in which the one part does not come whole."""
    return [read_request(), send(head(0, len(data), len(data)) + data[:-missing]), end]


class TwiceEncrypted(aiohttp.TCPConnector):
    """Opens TLS connections, and TLS within them."""

    async def _create_connection(self, *arguments: Any, **options: Any) -> Any:
        protocol = await super()._create_connection(*arguments, **options)
        outer, loop = cast(asyncio.Transport, protocol.transport), asyncio.get_running_loop()
        assert isinstance(self._ssl, ssl.SSLContext)
        protocol.transport = await loop.start_tls(outer, protocol, self._ssl, server_hostname="localhost")
        return protocol


# ------------------------------------------------------------------ what is there
def digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def is_right(path: Path, data: bytes = LARGE) -> bool:
    return digest(path) == hashlib.sha256(data).digest()


def links_of_descriptors() -> dict[str, str]:
    """Return what is open, but for what uvloop keeps in reserve."""
    found = {}
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found[descriptor.name] = str(descriptor.readlink())
    return {name: link for name, link in found.items() if link != os.devnull}


def descriptors() -> int:
    return len(links_of_descriptors())


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def times_in(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def sockets_to(port: int) -> list[socket.socket]:
    """Return copies of this process's sockets that are connected to a port."""
    ours = {name.partition(" ")[0] for name in leaks.open_sockets() if name.endswith(f"-> ('127.0.0.1', {port})")}
    links = {link: name for name, link in links_of_descriptors().items()}
    return [socket.socket(fileno=os.dup(int(links[inode]))) for inode in ours]
