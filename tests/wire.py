"""What goes over the wire: a forwarder that keeps every request as its bytes, and a peer that answers from a script."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_PIECE = 64 * 1024
# A head may be larger than asyncio's default limit of a line.
_LIMIT = 1024 * 1024

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Seen(NamedTuple):
    """One request as it came: the head's bytes and the body."""

    head: bytes
    body: bytes

    @property
    def method(self) -> str:
        """The first word of the request line."""
        return self.head.split(b" ", 1)[0].decode("ascii")

    @property
    def target(self) -> bytes:
        """The second word of the request line, untouched."""
        return self.head.split(b"\r\n", 1)[0].split(b" ")[1]

    @property
    def path(self) -> str:
        """The target up to the question mark."""
        return self.target.partition(b"?")[0].decode("ascii")

    @property
    def query(self) -> str:
        """The target after the question mark."""
        return self.target.partition(b"?")[2].decode("ascii")

    @property
    def headers(self) -> Mapping[str, str]:
        """Header fields, names in lower case; none of ours comes twice."""
        lines = self.head.decode("ascii").rstrip("\r\n").split("\r\n")[1:]
        found = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert len(found) == len(lines), f"a header that comes twice: {lines}"
        return found


@dataclass
class Peer:
    """Something that listens on 127.0.0.1: what was asked of it, over how many connections."""

    port: int = 0
    connections: int = 0
    requests: list[Seen] = field(default_factory=list)

    @property
    def last(self) -> Seen:
        """The newest request."""
        return self.requests[-1]


@asynccontextmanager
async def forwarder(port: int) -> AsyncIterator[Peer]:
    """Pass connections on to *port* of 127.0.0.1 byte by byte, and keep the requests."""
    peer = Peer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        above, below = await asyncio.open_connection("127.0.0.1", port)
        back = asyncio.create_task(_pump(above, writer))
        try:
            while seen := await read_request(reader):
                peer.requests.append(seen)
                below.write(seen.head + seen.body)
                await below.drain()
        finally:
            below.close()
            await back

    async with _listening(peer, serve):
        yield peer


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[Peer]:
    """Answer the first request with the first of *answers* and so on, whatever connection it comes on; then hang up."""
    peer = Peer()
    left = iter(answers)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while seen := await read_request(reader):
            peer.requests.append(seen)
            answer = next(left, None)
            if answer is None:
                return
            writer.write(answer)
            await writer.drain()

    async with _listening(peer, serve):
        yield peer


@asynccontextmanager
async def serving(answer: Callable[[Seen], bytes], host: str = "127.0.0.1") -> AsyncIterator[Peer]:
    """Give every request the answer that *answer* makes of it; at the end cut what clients have kept open."""
    peer = Peer()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while seen := await read_request(reader):
            peer.requests.append(seen)
            writer.write(answer(seen))
            await writer.drain()

    async with _listening(peer, serve, cut=True, host=host):
        yield peer


def response(status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Return a response with this body; headers as given, and Content-Length."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"HTTP/1.1 {status} Whatever\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def read_request(reader: asyncio.StreamReader) -> Seen | None:
    """Read a request with its body; None when the connection ends before another begins."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        return Seen(head, await reader.readexactly(int(length[1])) if length else b"")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await source.read(_PIECE):
            sink.write(piece)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def _listening(peer: Peer, serve: Serve, *, cut: bool = False, host: str = "127.0.0.1") -> AsyncIterator[None]:
    tasks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks[task] = writer
        try:
            await serve(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    server = await asyncio.start_server(accept, host, 0, limit=_LIMIT)
    peer.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for writer in tasks.values() if cut else ():
            writer.transport.abort()
        await asyncio.gather(*tasks)
