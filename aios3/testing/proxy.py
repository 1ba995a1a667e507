"""A proxy on loopback that relays HTTP/1.1 to a real server, and does what a plan says to some of the requests."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

from ..errors import InvalidInput, S3Error
from ..protocol.http1 import ResponseReader
from ..protocol.uri import parse_endpoint
from .faults import Answer, Corrupt, Cut, CutUpload, Fault, HalfClose, LoseAnswer, Plan, Stall, Trickle
from .peer import hear_the_end

PIECE = 64 * 1024
MAX_HEAD = 256 * 1024


class _Ended(Exception):
    """This connection has seen its fault, or its peers are gone."""


class _HalfClosed(Exception):
    """The client has heard our FIN; what it still says is read and forgotten."""


class _Head(NamedTuple):
    """A request's head as it came, and what the proxy needs of it."""

    raw: bytes
    method: str
    target: str
    length: int


class _Wires(NamedTuple):
    """Both ends of both connections."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answers: asyncio.StreamReader
    upstream: asyncio.StreamWriter


class FaultProxy:
    """Relays to *upstream*, one server connection for each client connection, in both directions at once.

    Requests whose body has no Content-Length are not for it.

    Args:
        upstream: ``http://host:port`` of a real server; plain http, since it reads what it relays.
        plan: Gets the number of the request (from 0), its method and target; returns a Fault or None.

    Attributes:
        url: Where it listens.
        requests: How many requests came.
        injected: How many faults of each class happened; one beyond the end of its response does not.
    """

    def __init__(self, upstream: str, plan: Plan | None = None) -> None:
        endpoint = parse_endpoint(upstream)
        if endpoint.scheme != "http":
            raise InvalidInput(f"upstream must be http://host:port, not {upstream!r}: TLS cannot be looked into")
        self._upstream = endpoint.host, endpoint.port
        self.plan: Plan = plan or (lambda number, method, target: None)
        self.url = ""
        self.requests = 0
        self.injected: Counter[str] = Counter()
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_HEAD)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    # -------------------------------------------------------------- one client connection
    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        upstream: asyncio.StreamWriter | None = None
        try:
            answers, upstream = await asyncio.open_connection(*self._upstream)
            while True:
                await self._relay(_Wires(reader, writer, answers, upstream))
        except (_Ended, OSError, EOFError, ValueError, S3Error, asyncio.LimitOverrunError, RuntimeError):
            pass  # a fault, or one of the two is no HTTP, or gone: of which uvloop tells with a RuntimeError
        except asyncio.CancelledError:
            # The proxy's end. It is not passed on, since asyncio's streams complain about a cancelled task.
            _reset(writer)
        finally:
            for side in (writer, upstream):
                if side is not None:
                    side.close()
                    hear_the_end(side)
            self._serving.discard(task)

    async def _relay(self, wires: _Wires) -> None:
        head = await _read_head(wires.reader)
        fault = self.plan(self.requests, head.method, head.target)
        self.requests += 1
        await _Exchange(head, fault, wires, self.injected).run()


async def _read_head(reader: asyncio.StreamReader) -> _Head:
    raw = await reader.readuntil(b"\r\n\r\n")
    lines = raw.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ", 2)
    length = next((int(line[15:]) for line in lines[1:] if line[:15].lower() == "content-length:"), 0)
    return _Head(raw, method, target, length)


class _Exchange:
    """One request and its response, with what is to happen to them."""

    def __init__(self, head: _Head, fault: Fault | None, wires: _Wires, injected: Counter[str]) -> None:
        self._head = head
        self._fault = fault
        self._reader, self._writer, self._answers, self._upstream = wires
        self._injected = injected
        self._passed = 0

    def _count(self) -> None:
        self._injected[type(self._fault).__name__] += 1

    async def run(self) -> None:
        """Relay it; raise _Ended when the connection is of no use afterwards."""
        if isinstance(self._fault, Answer):
            await self._answer(self._fault)
            return
        try:
            await self._relay()
        except _HalfClosed:
            while await self._reader.read(PIECE):
                pass
            raise _Ended from None

    async def _relay(self) -> None:
        self._upstream.write(self._head.raw)
        sending = asyncio.create_task(self._relay_body())
        answering = asyncio.create_task(self._relay_response())
        try:
            await asyncio.wait([sending, answering], return_when=asyncio.FIRST_EXCEPTION)
            for task in (sending, answering):
                if task.done():
                    task.result()
        finally:
            sending.cancel()
            answering.cancel()
            await asyncio.gather(sending, answering, return_exceptions=True)

    async def _relay_body(self) -> None:
        cut = self._fault if isinstance(self._fault, CutUpload) and self._fault.after < self._head.length else None
        left = cut.after if cut else self._head.length
        while left:
            piece = await self._reader.read(min(left, PIECE))
            if not piece:
                raise _Ended
            left -= len(piece)
            # One who has answered already may well close before it has read everything.
            with suppress(ConnectionError):
                self._upstream.write(piece)
                await _drained(self._upstream)
        if cut:
            self._count()
            _reset(self._upstream)
            if cut.reset:
                _reset(self._writer)
            raise _Ended

    async def _relay_response(self) -> None:
        """Relay until the response is complete."""
        parser = ResponseReader(self._head.method)
        while not parser.done:
            data = await self._answers.read(PIECE)
            if data:
                parser.feed(memoryview(data))
                parser.chunks.clear()
                await self._pass_on(data)
            else:
                parser.feed_eof()
        if isinstance(self._fault, LoseAnswer):
            self._count()
            raise _Ended
        if parser.head is None or not parser.head.keep_alive:
            raise _Ended

    async def _pass_on(self, data: bytes) -> None:
        """Write one piece of the response, and do to it what the fault says."""
        fault, start = self._fault, self._passed
        self._passed += len(data)
        if isinstance(fault, LoseAnswer):
            return
        if isinstance(fault, Cut | HalfClose | Stall | Corrupt) and start <= fault.after < self._passed:
            self._count()
            data = await self._spoil(fault, data, fault.after - start)
        elif isinstance(fault, Trickle) and not start:
            self._count()
            for _ in range(fault.pieces):
                self._writer.write(data[: fault.size])
                data = data[fault.size :]
                await asyncio.sleep(0)
        self._writer.write(data)
        await _drained(self._writer)

    async def _spoil(self, fault: Cut | HalfClose | Stall | Corrupt, data: bytes, place: int) -> bytes:
        """Do what happens at one place of the response; return what is still to be written."""
        if isinstance(fault, Corrupt):
            return data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :]
        self._writer.write(data[:place])
        await _drained(self._writer)
        if isinstance(fault, Stall):
            await asyncio.sleep(fault.seconds)
            return data[place:]
        if isinstance(fault, HalfClose):
            self._writer.write_eof()
            raise _HalfClosed
        if fault.reset:
            _reset(self._writer)
        raise _Ended

    async def _answer(self, fault: Answer) -> None:
        self._count()
        left = 0 if fault.early else self._head.length
        while left and (piece := await self._reader.read(min(left, PIECE))):
            left -= len(piece)
        body = fault.body
        if body is None:
            body = f"<Error><Code>{fault.code}</Code><Message>injected</Message></Error>".encode()
        extra = "".join(f"{name}: {value}\r\n" for name, value in fault.headers)
        closing = "connection: close\r\n" if fault.early else ""
        start = f"HTTP/1.1 {fault.status} Injected\r\ncontent-length: {len(body)}\r\n{closing}{extra}\r\n"
        self._writer.write(start.encode() + (b"" if self._head.method == "HEAD" else body))
        await _drained(self._writer)
        if fault.early:
            raise _Ended


async def _drained(writer: asyncio.StreamWriter) -> None:
    """Wait as drain() does, but in a task that is never cancelled.

    If it were in the moment in which the connection breaks, asyncio would report an error that nobody heard.
    """
    draining = asyncio.ensure_future(writer.drain())
    try:
        await asyncio.wait([draining])
    except asyncio.CancelledError:
        writer.transport.abort()
        await asyncio.gather(draining, return_exceptions=True)
        raise
    draining.result()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Make the close that follows a reset."""
    sock = writer.get_extra_info("socket")
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


__all__ = ["FaultProxy"]
