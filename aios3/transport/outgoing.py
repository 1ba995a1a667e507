"""The body of a request while it is sent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

from ..protocol.messages import Buffer


@asynccontextmanager
async def closed_at_the_end(chunks: AsyncIterator[Buffer]) -> AsyncIterator[AsyncIterator[Buffer]]:
    """Close a generator when we stop in the middle of it, and not whenever it is collected."""
    try:
        yield chunks
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
