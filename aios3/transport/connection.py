"""One HTTP/1.1 connection: a BufferedProtocol over a transport that a connector made and lent.

The bytes of every connection of a loop arrive in one shared buffer, since the loop calls get_buffer, recv_into and
buffer_updated back to back: an idle connection holds no buffer at all. Only of a large body most does not come that
way: its Intake takes it. Nothing here knows S3, retries or limits.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol

from aiohttp.connector import Connection as Loan

from ..errors import ConnectError, S3Error
from ..protocol.http1 import ResponseReader
from ..protocol.messages import Buffer, RequestBody
from .body import Body, OpenBody
from .endings import cut_of, drain, end_of, said_goodbye, says_keep_alive
from .intake import LARGE, Intake, intake_of
from .outgoing import send_body
from .sockets import plain_socket, unsent

# A body up to this size goes out with its head in one write.
SMALL_BODY = 64 * 1024
# After so many bytes that a fast peer took at once the loop has its turn: others wait, perhaps for an answer to us. Few,
# since all connections that send do so in the same turn.
BREATH = 512 * 1024
# Of a large body the loop reads only so much, to tell that there is more: out of the shared buffer it is copied.
SIP = 4 * 1024
# Seconds that a TLS peer has to answer our goodbye (one that never does kept sockets open for 5 s and more).
GOODBYE = 1.0
# Body bytes that may wait for a slow reader before the socket is left alone.
HIGH_WATER = 1024 * 1024


class Owner(Protocol):
    """What a connection tells the pool it belongs to."""

    scratch: memoryview

    def freed(self, connection: Connection) -> None:
        """The exchange is over, and the connection can be used again."""

    def lost(self, connection: Connection) -> None:
        """The connection cannot be used any more: its slot is free."""

    def gone(self, connection: Connection) -> None:
        """Its socket is closed."""


class Connection(asyncio.BufferedProtocol):
    """Sends one request at a time and reads its response.

    Args:
        transport: What the connector opened; ours from now on.
        loan: The connector's handle on it, closed when the transport is gone.
        displaced: The protocol that the connector had put on the transport.
        owner: Told when the connection is free again, or lost.
        origin: Names the connections that can stand in for this one.
        absolute: What a request target begins with behind a plain HTTP proxy (RFC 9112 3.2.2); else "".
        tail: What ends every head: unsigned header lines, and the empty line.
    """

    __slots__ = (
        "_bodied",
        "_displaced",
        "_gone",
        "_goodbye",
        "_lost",
        "_paused",
        "_quiet",
        "_reader",
        "_reusable",
        "_scratch",
        "_sending",
        "_unbroken",
        "_unsent",
        "_waiter",
        "_wanted",
        "_writable",
        "absolute",
        "idle_since",
        "intake",
        "loan",
        "loop",
        "origin",
        "owner",
        "tail",
        "transport",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        loan: Loan,
        displaced: asyncio.Protocol,
        owner: Owner,
        *,
        loop: asyncio.AbstractEventLoop,
        origin: str,
        absolute: bytes,
        tail: bytes,
    ) -> None:
        self.transport = transport
        self.loan = loan
        self.owner = owner
        self.loop = loop
        self.origin = origin
        self.absolute = absolute
        self.tail = tail
        self.idle_since = 0.0
        self._displaced = displaced
        self._scratch = owner.scratch
        self.intake: Intake | None = None
        self._reader: ResponseReader | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._wanted = 0
        self._sending = False
        self._reusable = True
        self._bodied = False
        self._paused = False
        self._lost: S3Error | None = None
        self._gone = False
        self._quiet = 0
        self._unsent = 0
        self._unbroken = 0
        self._goodbye: asyncio.TimerHandle | None = None

    # -------------------------------------------------------------- one exchange
    async def exchange(self, head: bytes, body: Buffer | RequestBody, method: str) -> Body:
        """Send a request; return its response as soon as the head is here.

        *head* comes from request_head. Whatever interrupts this, cancellation too, closes this connection and nothing else.

        Raises:
            TransportError: no answer came.
            InvalidResponse: what came is not HTTP.
            SourceChanged: the body is not as long as it said.
        """
        small = body if isinstance(body, bytes) and len(body) <= SMALL_BODY else None
        reader = self.begin(head, small or b"", method)
        try:
            if small is None:
                await self._send(body)
            if reader.head is None and self._lost is None:
                await self._news(0)
        except BaseException as error:
            self.let_go(reader, error)
            raise
        return self.answer(reader)

    def begin(
        self, head: bytes, body: bytes, method: str, waiter: asyncio.Future[None] | None = None
    ) -> ResponseReader:
        """Write a head and a small body; return who reads the answer. *waiter* is done when ``answer`` has something."""
        if self.absolute:
            head = head.replace(b" ", b" " + self.absolute, 1)
        self._reader = reader = ResponseReader(method)
        self._reusable = True
        self._wanted = 0
        self._bodied = bool(body)
        self._quiet = 0
        self._waiter = waiter
        self.transport.write(head + self.tail + body)
        return reader

    def answer(self, reader: ResponseReader) -> Body:
        """Return the response whose head is here; or raise what has ended the connection."""
        if reader.head is None:
            self._judge(reader, 0)
        return Body(self, reader) if reader.done else OpenBody(self, reader)

    async def _send(self, body: Buffer | RequestBody) -> None:
        """Write a body with back-pressure; stop when the answer is here before it is sent."""
        self._sending = self._bodied = True
        self._reusable = await send_body(body, self)
        self._sending = False
        if self._reader is not None and self._reader.done:
            self.finished()

    async def write(self, data: Buffer) -> bool:
        """Write, and wait while the peer is slow; False when an answer came meanwhile."""
        if self.answered():
            return False
        self.transport.write(data)
        self._unbroken += len(data)
        if self._writable is not None:
            await self._writable
        elif self._unbroken >= BREATH:
            await asyncio.sleep(0)
            self._unbroken = 0
        return not self.answered()

    def answered(self) -> bool:
        """Tell if an answer has begun, and nothing more need be sent; raise what has ended the connection."""
        reader = self._reader
        if reader is None or reader.head is not None:
            return True
        if self._lost is not None:
            raise self._lost
        return False

    async def full(self) -> None:
        """Wait until somebody calls ``resume_writing``, an answer begins, or the connection ends."""
        self.pause_writing()
        if self._writable is not None:
            await self._writable

    async def wait(self, reader: ResponseReader, wanted: int, view: memoryview | None = None) -> int:
        """Wait for *wanted* bytes of the body, or some of a large one; return how many went into *view*."""
        intake = self.intake
        if intake is not None and self._unbroken >= BREATH:
            self._unbroken = 0
            await asyncio.sleep(0)
            if reader.buffered or reader.done:
                return 0  # first things first
        if self._lost is None:
            if intake is None:
                self.resume_reading()
                await self._news(wanted)
            elif count := self._draw(intake, reader, view):
                return count
            elif self._lost is None:
                await self.arrival(intake)
        self._judge(reader, wanted)
        return 0

    async def arrival(self, intake: Intake) -> None:
        """Wait for more of a large body, of which a sip is read; or until nothing more will come."""
        self.resume_reading()
        await intake.more(self._news(1), self._wake)
        self._unbroken = 0

    def _draw(self, intake: Intake, reader: ResponseReader, view: memoryview | None) -> int:
        """Take what has come of a large body; return how many bytes that were."""
        try:
            count = 0 if self.transport.is_closing() else intake.draw(view)
        except S3Error as error:
            self.abort(error)
            return 0
        self._unbroken += count
        if reader.done:
            self.finished()
        return count

    def _news(self, wanted: int) -> asyncio.Future[None]:
        """Return what is done when there are the head and *wanted* bytes, or nothing more will come."""
        self._wanted = wanted
        self._quiet = 0
        self._waiter = waiter = self.loop.create_future()
        return waiter

    def _judge(self, reader: ResponseReader, wanted: int) -> None:
        # A result, never an exception, wakes us: nobody may be left to retrieve one after a cancellation.
        if self._lost is not None and not reader.done and (reader.head is None or reader.buffered < wanted):
            raise self._lost

    def let_go(self, reader: ResponseReader, error: BaseException | None = None) -> None:
        """Close the connection unless it has gone on to another exchange."""
        if self._reader is reader:
            self.abort(error)

    def finished(self) -> None:
        """The response is complete: the connection goes back to the pool, or away."""
        reader, self._reader = self._reader, None
        self.intake = None
        head = None if reader is None or reader.surplus else reader.head
        # Both sides must want to go on. A proxy must say so: tinyproxy, HTTP/1.1, closes without a word.
        keep = head is not None and head.keep_alive and (not self.absolute or says_keep_alive(head))
        keep = keep and self._reusable and self._lost is None
        # Bytes that did not fit into the socket before the answer came would be read as the next request.
        if keep and not (self._bodied and self.transport.get_write_buffer_size()):
            if self._paused:
                self.resume_reading()
            self.owner.freed(self)
        else:
            self.abort()

    def pause_reading(self) -> None:
        """What comes waits in the system."""
        if not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """The reader has taken what was buffered."""
        if self._paused and not self._gone:
            self._paused = False
            self.transport.resume_reading()

    # -------------------------------------------------------------- the end
    @property
    def busy(self) -> bool:
        """An exchange is going on."""
        return self._reader is not None

    @property
    def closed(self) -> bool:
        """The connection cannot be used any more."""
        return self._lost is not None or self.transport.is_closing()

    def abort(self, error: BaseException | None = None) -> None:
        """Close at once, without flushing or a TLS goodbye; the slot is free when this returns."""
        self._fail(error if isinstance(error, S3Error) else ConnectError("the connection was closed by this side"))
        # A transport that has told of its end has no loop any more, and cannot be touched.
        if not self._gone:
            self.transport.abort()
            self._end_loan()

    def close_idle(self) -> None:
        """Close politely: with a goodbye over TLS, which is given a second."""
        self._fail(ConnectError("the connection was closed by this side"))
        if self.tls() is None:
            self.transport.abort()
        else:
            # The loan's end closes the transport. Closing it here too would deafen it: asyncio's TLS transport, closed
            # twice, takes no abort() any more.
            self._goodbye = self.loop.call_later(GOODBYE, self.transport.abort)
        self._end_loan()

    def _end_idle(self) -> None:
        # Closing over TLS reads what is there, and asyncio reports an error if the transport is aborted meanwhile.
        if self._lost is None:
            self.abort()

    def disown(self) -> None:
        """In a forked child: make sure that nothing here ever touches the parent's socket or its event loop.

        Closing would remove the socket from the epoll set that parent and child share. aiohttp's Connection does
        so when it is collected, unless it has no protocol any more.
        """
        self._reader = None
        self._lost = ConnectError("the connection belongs to the parent process")
        self.loan._protocol = None

    def _end_loan(self) -> None:
        # close(), never release(): a released transport would be handed to others with our protocol on it.
        self.loan.close()
        self.owner.lost(self)

    def _fail(self, error: S3Error) -> None:
        if self._lost is None:
            self._lost = error
        self._wake()

    def _wake(self) -> None:
        waiter, writable = self._waiter, self._writable
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        if writable is not None and not writable.done():
            writable.set_result(None)

    def tick(self, patience: int) -> bool:
        """Count a tick without progress while somebody waits; True when *patience* is used up."""
        waiting = any(future is not None and not future.done() for future in (self._waiter, self._writable))
        unsent = self._backlog() if waiting else 0
        if not waiting or unsent != self._unsent:
            self._unsent = unsent
            self._quiet = 0
            return False
        self._quiet += 1
        return self._quiet > patience

    def _backlog(self) -> int:
        """Count the bytes of a request that are still here; the kernel alone takes megabytes."""
        if self._reader is None or self._reader.head is not None:
            return 0
        sock = self.transport.get_extra_info("socket")
        return self.transport.get_write_buffer_size() + (unsent(sock) if sock is not None else 0)

    # -------------------------------------------------------------- asyncio calls these
    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend the loop's shared buffer for the one read that follows."""
        return self._scratch if self.intake is None else self._scratch[:SIP]

    def buffer_updated(self, nbytes: int) -> None:
        """Read what arrived; nothing stays in the shared buffer."""
        self._take(self._scratch[:nbytes])

    def _take(self, data: Buffer) -> None:
        self._quiet = 0
        reader = self._reader
        if reader is None:
            # Idle, and the peer speaks: it may not, and what it says belongs to no request.
            self._end_idle()
            return
        try:
            reader.feed(data)
        except S3Error as error:
            self.abort(error)
            return
        if reader.head is not None:
            self._progress(reader)

    def _progress(self, reader: ResponseReader) -> None:
        if not reader.done and self.intake is None and reader.left > LARGE:
            self.intake = intake_of(self.transport, reader)
        # Before the connection goes on to another exchange. A sender too: the rest of its body need not go out.
        if reader.done or self._sending or reader.buffered >= self._wanted:
            self._wake()
        if reader.done:
            if not self._sending:
                self.finished()
        elif self.intake or reader.buffered > max(HIGH_WATER, self._wanted):
            self.pause_reading()  # nobody wants it yet

    def eof_received(self) -> bool:
        """The peer has said all: nothing is left to wait for, least of all that it reads what we still have to send."""
        reader = self._reader
        if reader is None:
            self._end_idle()
        else:
            goodbye = said_goodbye(self.tls(), self.transport.is_closing())
            self.abort(end_of(reader) if goodbye else cut_of(reader, None))
        return False

    def tls(self) -> ssl.SSLObject | None:
        """Return what encrypts, for https."""
        tls: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        return tls

    def connection_lost(self, exc: Exception | None) -> None:
        """Judge what was received, end the loan, and let the connector's own protocol know."""
        self._gone = True
        reader = self._reader
        if reader is not None and self._lost is None:
            if exc is not None:
                drain(plain_socket(self.transport), reader)
            self._lost = cut_of(reader, exc)
        self._fail(ConnectError("the connection was lost"))
        # The connector waits for its own protocol to hear of the end: without this its close() hangs for ever.
        self._displaced.connection_lost(exc)
        self._end_loan()
        if self._goodbye is not None:
            self._goodbye.cancel()
        self.owner.gone(self)

    def pause_writing(self) -> None:
        """The transport's buffer is full: senders wait."""
        self._writable = self.loop.create_future()

    def resume_writing(self) -> None:
        """The transport's buffer has room again."""
        self._quiet = 0  # what is full again by the next tick looks as if nothing had moved
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)
