"""One request's turn in the line for a connection.

Who has waited is served where a connection comes free, in the very turn of the loop in which the answer before it came:
the server has the next request while we still look at that answer, and the loop wakes the waiting task once, not twice.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

from ..errors import PoolTimeout
from ..protocol.http1 import ResponseReader
from ..protocol.messages import Request
from .connection import SMALL_BODY, Connection
from .options import PoolOptions
from .waits import current_waits


class Turn:
    """Waits until it is served: with a free connection, or a slot to open one in.

    Args:
        head: Of *request*, as request_head gives it.
    Attributes:
        connection: What it was served with; None was a slot.
        reader: Reads the answer where the request was sent at once; else None.
        future: Done when it was served, and then, if its request was sent, when the answer's head is here.
    """

    __slots__ = ("_limit", "_started", "_waits", "connection", "future", "head", "reader", "request")

    def __init__(self, head: bytes, request: Request, loop: asyncio.AbstractEventLoop) -> None:
        self.head = head
        self.request = request
        self.future: asyncio.Future[None] = loop.create_future()
        self.connection: Connection | None = None
        self.reader: ResponseReader | None = None
        self._limit: asyncio.Timeout | None = None
        self._waits = current_waits.get()
        self._started = 0.0 if self._waits is None else perf_counter()

    async def come(self, deadline: float | None, options: PoolOptions) -> None:
        """Wait until *future* is done.

        Raises:
            PoolTimeout: nobody served it until *deadline*.
        """
        try:
            if deadline is None:
                await self.future
                return
            async with asyncio.timeout_at(deadline) as self._limit:
                await self.future
        except TimeoutError as error:
            raise PoolTimeout(
                f"all {options.max_connections} connections were in use for {options.pool_timeout} s"
            ) from error
        finally:
            self._waited()

    def serve(self, connection: Connection | None) -> None:
        """Go on: with a slot, or with a free connection, on which a request that is small is sent at once."""
        self._waited()
        if self._limit is not None:
            self._limit.reschedule(None)
        self.connection = connection
        # Over TLS the answer and a goodbye can have come at once: only the next turn shows if the connection lives.
        body = self.request.body if connection is not None and connection.tls() is None else None
        if connection is not None and isinstance(body, bytes) and len(body) <= SMALL_BODY:
            self.reader = connection.begin(self.head, body, self.request.method, self.future)
        else:
            self.future.set_result(None)

    def _waited(self) -> None:
        """Tell once for how long."""
        waits, self._waits = self._waits, None
        if waits is not None:
            waits.queued += perf_counter() - self._started
