"""A place for a body in memory of the reader's own: the system copies what arrives there, and nobody copies it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Landing(asyncio.BufferedProtocol):
    """Takes a connection's place on its transport until some memory is full.

    Args:
        displaced: The connection, which goes on hearing of everything but data.
        view: What is filled; all of it is expected.
        landed: Told how many bytes have come, and if the memory is full.
    Attributes:
        filled: Bytes that have come.
    """

    def __init__(
        self, displaced: asyncio.BufferedProtocol, view: memoryview, landed: Callable[[int, bool], None]
    ) -> None:
        self._left = view
        self.filled = 0
        self._landed = landed
        self.connection_lost = displaced.connection_lost  # type: ignore[method-assign]  # passed on as they are
        self.eof_received = displaced.eof_received  # type: ignore[method-assign]
        self.pause_writing = displaced.pause_writing  # type: ignore[method-assign]
        self.resume_writing = displaced.resume_writing  # type: ignore[method-assign]

    def get_buffer(self, sizehint: int) -> memoryview:
        """Lend what is still empty."""
        return self._left

    def buffer_updated(self, nbytes: int) -> None:
        """Count."""
        self._left = self._left[nbytes:]
        self.filled += nbytes
        self._landed(nbytes, not self._left)
