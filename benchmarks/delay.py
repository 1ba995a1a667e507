"""A TCP proxy that keeps every byte for a while, as a long way would: prints its port, then serves until it is ended.

::

    python benchmarks/delay.py PORT SECONDS

SECONDS are one way; the round trip grows by twice as much. TCP's own handshake is answered at once.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque


class Side(asyncio.Protocol):
    """One of the two connections of a visit; what it reads, the other side writes later, in order."""

    def __init__(self, seconds: float) -> None:
        self.other: Side
        self.transport: asyncio.Transport | None = None
        self._seconds = seconds
        self._kept: deque[tuple[float, bytes]] = deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Keep *data* until it is due."""
        loop = asyncio.get_running_loop()
        self._kept.append((loop.time() + self._seconds, data))
        if len(self._kept) == 1:
            loop.call_later(self._seconds, self._pass_on)

    def connection_lost(self, exc: Exception | None) -> None:
        """Close the other side, after what is still on its way."""
        self._kept.append((0.0, b""))
        if len(self._kept) == 1:
            self._pass_on()

    def _pass_on(self) -> None:
        loop = asyncio.get_running_loop()
        out = self.other.transport
        while self._kept and self._kept[0][0] <= loop.time():
            data = self._kept.popleft()[1]
            if out is not None and not out.is_closing():
                out.write(data) if data else out.close()
        if self._kept:
            loop.call_at(self._kept[0][0], self._pass_on)


class Near(Side):
    """The side of the client: opens the far one."""

    def __init__(self, port: int, seconds: float) -> None:
        super().__init__(seconds)
        self.other = Side(seconds)
        self.other.other = self
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connect to the server; nothing is read before that."""
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._opening = asyncio.get_running_loop().create_task(self._open(transport))

    async def _open(self, transport: asyncio.Transport) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.other, "127.0.0.1", self._port)
        except OSError:
            transport.abort()
        else:
            transport.resume_reading()


async def main() -> None:
    """Listen on a free port of 127.0.0.1, print it, and serve."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    server = await asyncio.get_running_loop().create_server(lambda: Near(port, seconds), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
