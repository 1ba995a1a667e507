"""The sessions of directory buckets: short-lived keys for each bucket, kept and renewed as all other keys are.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateSession.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from .credentials import Cached, Credentials
from .protocol.shapes import Operation

Call = Callable[[Operation[Any]], Awaitable[Any]]
# Keys of five minutes each: who works with more buckets than this asks more often.
MOST = 1024


class Sessions:
    """The sessions of one client.

    Args:
        call: Sends an operation and returns its result.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self._cached: dict[str, Cached] = {}

    def of(self, bucket: str) -> Cached:
        """Return the keys of a bucket's session, which is created when somebody asks for them."""
        cached = self._cached.get(bucket)
        if cached is None:
            if len(self._cached) >= MOST:
                self._cached.clear()

            async def create() -> Credentials:
                # Loaded by those who need it, in a thread, since that reads files.
                express = await asyncio.to_thread(import_module, f"{__package__}.operations.express")
                keys = (await self._call(express.CreateSession(bucket=bucket))).credentials
                return Credentials(keys.access_key_id, keys.secret_access_key, keys.session_token, keys.expiration)

            cached = self._cached[bucket] = Cached(create)
        return cached

    async def close(self) -> None:
        """End what is being fetched."""
        for cached in tuple(self._cached.values()):
            await cached.close()


__all__ = ["Sessions"]
