"""Connections of one client in one event loop: kept per origin, limited, timed, and given out in order.

A free connection is taken without waiting for anything. One timer per pool, which runs only while there are
connections, watches read timeouts and idle ones: a timer for each request would cost more than the request.
"""

from __future__ import annotations

import asyncio
import os
import weakref
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from time import monotonic, perf_counter
from typing import Any

import aiohttp

from ..errors import InvalidInput, ReadTimeout, TransportError
from ..protocol.http1 import request_head
from ..protocol.messages import Address, Request
from .body import Body
from .connection import Connection
from .dialer import Dialer
from .line import Turn
from .options import PoolOptions
from .sockets import quiet
from .waits import current_waits

SCRATCH = 256 * 1024
# Seconds for which the loop has surely not been busy with anything else since a connection came free.
FRESH = 0.01
# A TLS peer that does not answer our goodbye is cut off after a second; then close() need wait no longer.
CLOSE_LIMIT = 1.5

# Pools that share a user's connector share its limit too: one may have to close the idle connection of another.
_sharing: weakref.WeakKeyDictionary[aiohttp.BaseConnector, weakref.WeakSet[Pool]] = weakref.WeakKeyDictionary()
_all_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


class Pool:
    """The connections of one client in one loop; made in that loop.

    Args:
        connector: The user's, never closed here; or None, with *make_connector* for one of our own.
        make_connector: Makes the connector that this pool closes when it is closed.
    """

    def __init__(
        self,
        options: PoolOptions,
        connector: aiohttp.BaseConnector | None,
        make_connector: Callable[[], aiohttp.BaseConnector] = aiohttp.TCPConnector,
    ) -> None:
        self.options = options
        self.loop = asyncio.get_running_loop()
        # Nothing public tells it. In another loop it fails in strange ways, or is driven by two threads at once.
        if connector is not None and getattr(connector, "_loop", self.loop) is not self.loop:
            raise InvalidInput("the connector belongs to another event loop: give a function that makes one for each")
        self.scratch = memoryview(bytearray(SCRATCH))
        self._connector = make_connector() if connector is None else connector
        self._owned = self._connector if connector is None else None
        self._dialer = Dialer(self._connector, options, self._make_room)
        self._idle: dict[str, list[Connection]] = {}
        self._live: set[Connection] = set()
        self._limit = self._slots = _limit(options, self._connector)
        self._overtaken = 0  # how many were served in front of the first in line
        self._yielding = False
        # In order of coming, and left at once from any place.
        self._line: OrderedDict[Turn, None] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None
        self._interval = min(0.5, max(0.01, min(options.read_timeout, options.keepalive_timeout) / 8))
        self._patience = int(options.read_timeout / self._interval) + 1
        self._closed = False
        self._open_sockets: set[Connection] = set()
        self._all_gone: asyncio.Future[None] | None = None
        self._guard = _started(_closed_with_the_loop(weakref.ref(self)))
        _sharing.setdefault(self._connector, weakref.WeakSet()).add(self)
        _all_pools.add(self)

    # -------------------------------------------------------------- sending
    def send(self, request: Request, proof: str = "") -> Coroutine[Any, Any, Body]:
        """Return what sends a request on a free or new connection, and gives the response when its head is here.

        To be awaited at once: a free connection is taken already. Not a coroutine itself, since one less costs less.

        Args:
            proof: Lines of its head that sign it.
        Raises:
            TransportError: there is no usable answer; which kind says why.
            InvalidResponse: the answer is not HTTP.
            InvalidInput: the request has characters that HTTP cannot carry.
        """
        if self._closed:
            raise TransportError("the client was closed")
        head = request_head(request, proof)
        idle = self._idle.get(request.address.origin)
        while idle:
            connection = idle.pop()
            # One that was used just now need not be looked at: that is a system call.
            if monotonic() - connection.idle_since < FRESH or quiet(connection.transport):
                return connection.exchange(head, request.body, request.method)
            connection.abort()
        return self._send_when_free(head, request)

    async def _send_when_free(self, head: bytes, request: Request) -> Body:
        """Wait in line for a connection, or for a slot to open one in; send the request there."""
        deadline = None
        if self.options.pool_timeout is not None:
            deadline = self.loop.time() + self.options.pool_timeout
        connection: Connection | None = None
        waited = False
        while self._line or not self._has_slot():
            turn = await self._line_up(Turn(head, request, self.loop), deadline, first=waited)
            connection = turn.connection
            if connection is not None and turn.reader is not None:
                return connection.answer(turn.reader)
            if connection is None or not connection.closed:
                break
            # One that died on its way to us is none; its slot is free, or went to the next in line.
            connection, waited = None, True
        else:
            self._slots -= 1
        if connection is None:
            connection = await self._open(request.address, deadline)
        return await connection.exchange(head, request.body, request.method)

    def _has_slot(self) -> bool:
        """Tell if a connection can be opened; one that is idle makes room."""
        if not self._slots and (oldest := self._oldest_idle()) is not None:
            oldest.close_idle()
        return self._slots > 0

    async def _open(self, address: Address, deadline: float | None) -> Connection:
        """Use a slot that was taken for us; give it back if that fails."""
        started = perf_counter()
        try:
            connection = await self._dialer.dial(address, self, deadline)
        except BaseException:
            self._slot_freed()
            raise
        finally:
            if (waits := current_waits.get()) is not None:
                waits.connecting = perf_counter() - started
        self._live.add(connection)
        self._open_sockets.add(connection)
        if self._closed:
            connection.abort()
            raise TransportError("the client was closed")
        if self._timer is None:
            self._timer = self.loop.call_later(self._interval, self._tick)
        return connection

    async def _line_up(self, turn: Turn, deadline: float | None, *, first: bool = False) -> Turn:
        """Wait until *turn* is served; *first*: before all others."""
        self._line[turn] = None
        if first:
            self._line.move_to_end(turn, last=False)
        try:
            await turn.come(deadline, self.options)
        except BaseException as error:
            self._leave_line(turn, error)
            raise
        return turn

    def _leave_line(self, turn: Turn, error: BaseException) -> None:
        """Give back what was handed over at the very moment of giving up."""
        future, connection = turn.future, turn.connection
        if turn in self._line:
            del self._line[turn]
        elif connection is not None and turn.reader is not None:
            connection.let_go(turn.reader, error)
        elif future.cancelled() or future.exception() is not None:
            return
        elif connection is None:
            self._slot_freed()
        elif not connection.closed:
            self.freed(connection)

    # -------------------------------------------------------------- connections tell
    def freed(self, connection: Connection) -> None:
        """Hand a free connection to the first who can use it, or keep it."""
        if self._yielding and self._crowded():
            self._yielding = False
            connection.close_idle()
            return
        if self._line:
            self._hand_over(connection)
            return
        if self._closed or (self._owned is None and self._crowded()):
            connection.close_idle()
            return
        connection.idle_since = monotonic()
        idle = self._idle.get(connection.origin)
        if idle is None:
            self._idle[connection.origin] = [connection]
        else:
            idle.append(connection)

    def lost(self, connection: Connection) -> None:
        """A connection is gone: its slot is free."""
        if connection not in self._live:
            return
        self._live.discard(connection)
        idle = self._idle.get(connection.origin)
        if idle is not None and connection in idle:
            idle.remove(connection)
        self._slot_freed()

    def gone(self, connection: Connection) -> None:
        """A connection's socket is closed."""
        self._open_sockets.discard(connection)
        if not self._open_sockets and self._all_gone is not None and not self._all_gone.done():
            self._all_gone.set_result(None)

    def _hand_over(self, connection: Connection) -> None:
        """Serve the first in line; one who needs another origin may be overtaken, or gets the slot."""
        while self._line:
            turn = next(iter(self._line))
            if turn.future.done():
                del self._line[turn]
            elif turn.request.address.origin == connection.origin:
                self._overtaken = 0
                del self._line[turn]
                turn.serve(connection)
                return
            else:
                self._overtake(connection)
                return
        self.freed(connection)

    def _overtake(self, connection: Connection) -> None:
        """Serve another in line who can use this very connection: else nearly every call connects where origins are mixed.

        After as many as there are slots the first in line have waited a round longer, and have their turn.
        """
        origin = connection.origin
        usable = (turn for turn in self._line if turn.request.address.origin == origin and not turn.future.done())
        if self._overtaken < self._limit and (turn := next(usable, None)) is not None:
            self._overtaken += 1
            del self._line[turn]
            turn.serve(connection)
        else:
            self._overtaken = 0
            connection.close_idle()  # its slot goes to the first in line

    def _slot_freed(self) -> None:
        while self._line:
            turn, _ = self._line.popitem(last=False)
            if not turn.future.done():
                turn.serve(None)
                return
        self._slots += 1

    # -------------------------------------------------------------- idle connections
    def _oldest_idle(self) -> Connection | None:
        firsts = [idle[0] for idle in self._idle.values() if idle]
        return min(firsts, key=lambda connection: connection.idle_since, default=None)

    def _make_room(self) -> None:
        """Close the longest idle connection of any pool on our connector, so that it can open another."""
        sharing = [pool for pool in _sharing.get(self._connector, ()) if pool.loop is self.loop]
        oldest = [connection for pool in sharing if (connection := pool._oldest_idle()) is not None]
        if oldest:
            connection = min(oldest, key=lambda candidate: candidate.idle_since)
            connection.close_idle()

    def _crowded(self) -> bool:
        """Somebody else, a ClientSession say, waits for a slot of the connector that an idle connection would hold."""
        if self._owned is not None:
            return False
        # Not public, but nothing public tells it; a connector without it merely waits for our keep-alive to end.
        return any(getattr(self._connector, "_waiters", {}).values())

    # -------------------------------------------------------------- the timer
    def _tick(self) -> None:
        """Look at every connection: no progress for too long, idle for too long."""
        self._timer = None
        for connection in [c for c in self._live if c.tick(self._patience)]:
            connection.abort(ReadTimeout(f"{connection.origin}: no progress for {self.options.read_timeout} s"))
        expired = monotonic() - self.options.keepalive_timeout
        crowded = self._yielding = self._crowded()
        for idle in self._idle.values():
            for connection in [c for c in idle if crowded or c.idle_since < expired]:
                connection.close_idle()
        self._idle = {origin: idle for origin, idle in self._idle.items() if idle}
        if self._live:
            self._timer = self.loop.call_later(self._interval, self._tick)

    # -------------------------------------------------------------- the end
    async def close(self) -> None:
        """Close every connection, in use or not, and a connector of our own; return when their sockets are closed."""
        await self._close()
        await self._guard.aclose()

    async def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._dialer.close()
        while self._line:
            turn, _ = self._line.popitem(last=False)
            if not turn.future.done():
                turn.future.set_exception(TransportError("the client was closed"))
        for connection in list(self._live):
            if connection.busy:
                connection.abort(TransportError("the client was closed"))
            else:
                connection.close_idle()
        if self._open_sockets:
            self._all_gone = self.loop.create_future()
            await asyncio.wait([self._all_gone], timeout=CLOSE_LIMIT)
        if self._owned is not None:
            await self._owned.close()

    def disown(self) -> None:
        """In a forked child: keep everything that was inherited, and touch none of it."""
        self._closed = True
        _inherited.append(self)
        for connection in self._open_sockets:
            connection.disown()


async def _closed_with_the_loop(pool: Callable[[], Pool | None]) -> AsyncGenerator[None, None]:
    """Close a pool when its loop ends: a client that works in several loops is closed in the last of them only.

    Before it closes a loop, asyncio.run ends the generators that were begun in it.
    """
    try:
        yield
    finally:
        if (left := pool()) is not None:
            await left._close()


def _started(guard: AsyncGenerator[None, None]) -> AsyncGenerator[None]:
    """Go to its first yield, for which nobody need wait."""
    with suppress(StopIteration):
        guard.__anext__().send(None)
    return guard


def _limit(options: PoolOptions, connector: aiohttp.BaseConnector) -> int:
    """Return how many connections a pool may have.

    Never more than its connector gives: who waits there instead of in our line gets none of our free connections.
    """
    limits = (options.max_connections, connector.limit, connector.limit_per_host)
    return min(limit for limit in limits if limit)


# What a forked child must never collect.
_inherited: list[Pool] = []


def _forked() -> None:
    for pool in list(_all_pools):
        pool.disown()
    _all_pools.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
