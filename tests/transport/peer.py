"""A scripted TCP peer: plays a server byte by byte, for the faults that no real server commits when asked to.

A script is a list of steps, played over one connection; the first connection plays the first script, and so on, the
last script again and again. After its script a peer reads on until the client goes. Nothing here knows S3.

    async with Peer([read_request(), send(response(b"hello")), close()]) as peer:
        ...  # talk to peer.endpoint
    assert peer.visits[0].requests[0].target == b"/bucket/key"
"""

import asyncio
import re
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeAlias, cast

Step: TypeAlias = Callable[["Visit"], Awaitable[None]]
Script: TypeAlias = Sequence[Step]

# Long enough for a busy machine; a condition that holds is noticed at once.
PATIENCE = 10.0
PIECE = 64 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request as it came, not decoded in any way."""

    head: bytes
    body: bytes = b""

    @property
    def method(self) -> bytes:
        """The first word of the request line."""
        return self.head.split(b" ", 1)[0]

    @property
    def target(self) -> bytes:
        """What stands between method and version."""
        return self.head.split(b"\r\n", 1)[0].split(b" ", 1)[1].rpartition(b" ")[0]

    def header(self, name: str) -> bytes | None:
        """Return the value of the first field of this name; None where there is none."""
        for line in self.head.split(b"\r\n")[1:]:
            field_name, _, value = line.partition(b":")
            if field_name.lower() == name.lower().encode():
                return value.strip(b" \t")
        return None


@dataclass(kw_only=True, slots=True, eq=False)
class Visit:
    """One connection to a peer: what came over it, and how it ended.

    Attributes:
        received: Every byte that a step has read.
        ahead: What came with it, and no step has asked for yet.
        requests: The requests that were read by `read_head` and `read_request`.
        stalled: Its script waits for the peer's `release`.
        steps: How many steps of its script are done.
        over: No step will follow: ``"eof"`` (the client closed), ``"reset"``, or ``"closed"`` (the script did).
    """

    peer: "Peer"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: bytearray = field(default_factory=bytearray)
    ahead: bytearray = field(default_factory=bytearray)
    requests: list[Asked] = field(default_factory=list)
    stalled: bool = False
    steps: int = 0
    over: str = ""

    @property
    def transport(self) -> asyncio.Transport:
        """What reader and writer stand on."""
        return cast(asyncio.Transport, self.writer.transport)

    async def read(self, size: int) -> bytes:
        """Read *size* bytes, no fewer.

        Raises:
            EOFError: the client closed.
        """
        while len(self.ahead) < size:
            await self._read_more()
        return self._take(size)

    async def read_head(self) -> bytes:
        """Read up to the empty line.

        Raises:
            EOFError: the client closed.
        """
        while (end := self.ahead.find(b"\r\n\r\n")) < 0:
            await self._read_more()
        return self._take(end + 4)

    async def read_on(self) -> None:
        """Read until the client closes, and forget what came."""
        self.transport.resume_reading()
        while await self.reader.read(PIECE):
            pass

    async def _read_more(self) -> None:
        self.transport.resume_reading()
        data = await self.reader.read(PIECE)
        self.transport.pause_reading()
        if not data:
            raise EOFError
        self.ahead += data

    def _take(self, size: int) -> bytes:
        data = bytes(self.ahead[:size])
        del self.ahead[:size]
        self.received += data
        self.peer.changed()
        return data


class Peer:
    """Listens on a free port of 127.0.0.1 while its context lasts, in the running loop.

    Args:
        scripts: See the module.
        tls: Speak TLS with this context.
        unix: Listen on this Unix socket instead.
        receive_buffer: Bytes that the kernel keeps for a script that does not read (it doubles them).
    """

    def __init__(
        self,
        *scripts: Script,
        tls: ssl.SSLContext | None = None,
        unix: Path | None = None,
        receive_buffer: int | None = None,
    ) -> None:
        self.visits: list[Visit] = []
        self._scripts = scripts or ([],)
        self._tls = tls
        self._listener = _listener(unix, receive_buffer)
        self._released = asyncio.Event()
        self._watchers: deque[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = deque()
        self._loop: asyncio.AbstractEventLoop
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._server = await asyncio.start_server(self._play, sock=self._listener, ssl=self._tls)
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._server.close()
        for visit in self.visits:
            visit.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # Closing takes a turn of the loop; wait_closed of Python 3.12 would wait for the client's end too.
        await asyncio.sleep(0)

    # -------------------------------------------------------------- for tests
    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def endpoint(self) -> str:
        """Its URL; over TLS by name, since certificates are for names."""
        return f"https://localhost:{self.port}" if self._tls else f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections were opened to it, ever."""
        return len(self.visits)

    @property
    def requests(self) -> list[Asked]:
        """The requests of all connections."""
        return [asked for visit in self.visits for asked in visit.requests]

    def release(self) -> None:
        """Let every script go on that waits in `stall`, or will; from any thread."""
        self._loop.call_soon_threadsafe(self._released.set)

    async def until(self, condition: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Wait until *condition*, which looks at this peer, holds; in any loop.

        Raises:
            TimeoutError: it did not.
        """
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(seconds):
            while True:
                # In line before asking: a change in another thread in between is not missed.
                future = loop.create_future()
                self._watchers.append((loop, future))
                if condition():
                    return
                await future

    async def until_stalled(self, visits: int = 1) -> None:
        """Wait until this many scripts are in `stall`."""
        await self.until(lambda: sum(visit.stalled for visit in self.visits) >= visits)

    async def until_asked(self, requests: int = 1) -> None:
        """Wait until this many requests were read."""
        await self.until(lambda: len(self.requests) >= requests)

    async def until_left(self, visits: int = 1) -> None:
        """Wait until this many connections were closed by the client."""
        await self.until(lambda: sum(visit.over in ("eof", "reset") for visit in self.visits) >= visits)

    # -------------------------------------------------------------- for steps
    def changed(self) -> None:
        """Wake those who wait for a condition."""
        while self._watchers:
            loop, future = self._watchers.popleft()
            with suppress(RuntimeError):  # its loop may be closed by now
                loop.call_soon_threadsafe(_wake, future)

    async def wait_for_release(self, visit: Visit) -> None:
        """Hold a script up; see `stall`."""
        visit.stalled = True
        self.changed()
        await self._released.wait()
        visit.stalled = False
        self.changed()

    # -------------------------------------------------------------- playing
    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        visit = Visit(peer=self, reader=reader, writer=writer)
        # Read only when a step does: what none asks for stays in the kernel, where the client feels it.
        visit.transport.pause_reading()
        self._tasks.add(task)
        script = self._scripts[min(len(self.visits), len(self._scripts) - 1)]
        self.visits.append(visit)
        self.changed()
        try:
            for step in [*script, read_on()]:
                await step(visit)
                visit.steps += 1
                self.changed()
                if visit.over:
                    return
        except EOFError:
            visit.over = "eof"
        except OSError:
            visit.over = "reset"
        except asyncio.CancelledError:
            visit.over = "closed"
        finally:
            self.changed()
            if visit.over != "closed":
                visit.transport.abort()
            self._tasks.discard(task)


@contextmanager
def peer_in_thread(
    *scripts: Script, tls: ssl.SSLContext | None = None, receive_buffer: int | None = None
) -> Iterator[Peer]:
    """Run a peer in a thread and loop of its own: it then acts while the client's loop is busy writing."""
    started = threading.Event()
    made: list[tuple[Peer, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        async with Peer(*scripts, tls=tls, receive_buffer=receive_buffer) as peer:
            made.append((peer, asyncio.get_running_loop(), stop))
            started.set()
            await stop.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="peer", daemon=True)
    thread.start()
    started.wait(PATIENCE)
    peer, loop, stop = made[0]
    try:
        yield peer
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)


def _listener(unix: Path | None, receive_buffer: int | None) -> socket.socket:
    listener = socket.socket(socket.AF_INET if unix is None else socket.AF_UNIX)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if receive_buffer is not None:
        # Before it listens: accepted connections inherit it, and the window is announced in the handshake.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    listener.bind(("127.0.0.1", 0) if unix is None else str(unix))
    listener.listen(1024)
    return listener


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


# ------------------------------------------------------------------ steps: reading
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

    return step


# ------------------------------------------------------------------ steps: writing
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


# ------------------------------------------------------------------ steps: waiting and ending
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
    visit.transport.abort()


# ------------------------------------------------------------------ what is sent
def response(body: bytes = b"", *, status: str = "200 OK", headers: Sequence[str] = ()) -> bytes:
    """Return a response whose body has a Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def answering(body: bytes = b"", *, status: str = "200 OK", headers: Sequence[str] = ()) -> list[Step]:
    """Return the script of a decent server that always answers the same."""
    return [repeat(read_request(), send(response(body, status=status, headers=headers)))]
