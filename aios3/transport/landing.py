"""What stands in for a connection while a large body comes: the system copies it once, and nobody copies it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class _Standing:
    """Takes a connection's place on its transport, for data; the connection goes on hearing of everything else."""

    def __init__(self, displaced: asyncio.BufferedProtocol) -> None:
        self.connection_lost = displaced.connection_lost
        self.eof_received = displaced.eof_received
        self.pause_writing = displaced.pause_writing
        self.resume_writing = displaced.resume_writing


class Flow(_Standing, asyncio.Protocol):
    """Hands on what comes, in memory that the system has filled.

    Args:
        displaced: The connection.
        flowed: Told of each piece.
    """

    def __init__(self, displaced: asyncio.BufferedProtocol, flowed: Callable[[bytes], None]) -> None:
        super().__init__(displaced)
        self.data_received = flowed  # type: ignore[method-assign,assignment]  # as it is


class Landing(_Standing, asyncio.BufferedProtocol):
    """Lets the body arrive in some memory until that is full.

    Args:
        displaced: The connection.
        view: What is filled; all of it is expected.
        landed: Told how many bytes have come, and if the memory is full.
    Attributes:
        filled: Bytes that have come.
    """

    def __init__(
        self, displaced: asyncio.BufferedProtocol, view: memoryview, landed: Callable[[int, bool], None]
    ) -> None:
        super().__init__(displaced)
        self._left = view
        self.filled = 0
        self._landed = landed

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend what is still empty."""
        return self._left

    def buffer_updated(self, nbytes: int) -> None:
        """Count."""
        self._left = self._left[nbytes:]
        self.filled += nbytes
        self._landed(nbytes, not self._left)
