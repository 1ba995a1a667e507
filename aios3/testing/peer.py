"""A scripted TCP peer: plays a server byte by byte, for the faults that no real server commits when asked to.

A script is a list of steps (see steps), played over one connection; the first connection plays the first script, and
so on, the last script again and again. After its script a peer reads on until the client goes. Nothing here knows S3.

::

    async with Peer([steps.read_request(), steps.send(steps.response(b"hello")), steps.close()]) as peer:
        ...  # talk to peer.endpoint
    assert peer.visits[0].requests[0].target == b"/bucket/key"
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias, cast

from ..threads import heard

Step: TypeAlias = Callable[["Visit"], Awaitable[None]]
Script: TypeAlias = Sequence[Step]

# Long enough for a busy machine; a condition that holds is noticed at once.
PATIENCE = 10.0
PIECE = 64 * 1024


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

    peer: Peer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    received: bytearray = field(default_factory=bytearray)
    ahead: bytearray = field(default_factory=bytearray)
    requests: list[Asked] = field(default_factory=list)
    stalled: bool = False
    steps: int = 0
    over: str = ""

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
        self.readable.resume_reading()
        while await self.reader.read(PIECE):
            pass

    @property
    def readable(self) -> asyncio.ReadTransport:
        """The transport, to pause and resume reading."""
        # It is both; and uvloop's are no subclasses of asyncio's.
        return cast(asyncio.ReadTransport, self.writer.transport)

    async def _read_more(self) -> None:
        self.readable.resume_reading()
        data = await self.reader.read(PIECE)
        self.readable.pause_reading()
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

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for visit in self.visits:
            visit.writer.transport.abort()
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
        self._tasks.add(task)
        visit = Visit(peer=self, reader=reader, writer=writer)
        # Read only when a step does: what none asks for stays in the kernel, where the client feels it.
        visit.readable.pause_reading()
        script = self._scripts[min(len(self.visits), len(self._scripts) - 1)]
        self.visits.append(visit)
        self.changed()
        try:
            for step in script:
                await step(visit)
                visit.steps += 1
                self.changed()
                if visit.over:
                    return
            await visit.read_on()
            visit.over = "eof"
        except EOFError:
            visit.over = "eof"
        except (OSError, RuntimeError):  # the latter is how uvloop tells that a transport is closed
            visit.over = "reset"
        except asyncio.CancelledError:
            visit.over = "closed"
        finally:
            self.changed()
            if visit.over != "closed":
                writer.transport.abort()
            hear_the_end(writer)
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


def hear_the_end(writer: asyncio.StreamWriter) -> None:
    """Take note of how a connection ends, which is of no interest: but asyncio reports an end that nobody has heard of."""
    closing = asyncio.ensure_future(writer.wait_closed())
    closing.add_done_callback(heard)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


__all__ = ["Asked", "Peer", "Script", "Step", "Visit", "hear_the_end", "peer_in_thread"]
