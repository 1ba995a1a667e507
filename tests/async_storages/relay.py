"""A relay that counts: bytes that pass between a storage and a real server, as they are on the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.servers import Server


class Relay:
    """What has passed.

    Attributes:
        port: Where it listens on 127.0.0.1.
        connections: That were opened.
        received: Bytes from the server.
    """

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.received = 0


@asynccontextmanager
async def counting(server: Server) -> AsyncIterator[Relay]:
    """Give a relay before *server*."""
    relay = Relay()
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: bool) -> None:
        while piece := await reader.read(65536):
            relay.received += len(piece) if back else 0
            writer.write(piece)
            await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", server.port)
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(pump(reader, far_writer, False), pump(far_reader, writer, True))
        for side in (writer, far_writer):
            side.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    relay.port = listener.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
