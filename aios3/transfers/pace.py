"""A limit on bytes per second, which any number of transfers can share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

from ..errors import InvalidInput
from ..protocol.http1 import body_length
from ..protocol.messages import Buffer, RequestBody
from ..threads import in_turn

_PIECE = 64 * 1024
# A connection that rests for longer than this may be taken for a stalled one.
_LONGEST = 1.0


class Bandwidth:
    """At most *rate* bytes a second, for all transfers that are given this limit together.

    Raises:
        InvalidInput: the rate is no number above 0.
    """

    def __init__(self, rate: float) -> None:
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < float("inf"):
            raise InvalidInput(f"a bandwidth is a number of bytes per second above 0, not {rate!r}")
        self.rate = rate
        self._free = 0.0

    async def take(self, count: int) -> None:
        """Return when *count* more bytes may pass."""
        now = asyncio.get_running_loop().time()
        begin = max(now, self._free)
        self._free = begin + count / self.rate
        if begin > now:
            await asyncio.sleep(begin - now)

    @property
    def piece(self) -> int:
        """Bytes to take at a time, so that the bytes flow rather than come in bursts."""
        return max(1, min(_PIECE, int(self.rate * _LONGEST)))


class Paced:
    """A body that is sent no faster than a bandwidth allows."""

    def __init__(self, body: Buffer | RequestBody, bandwidth: Bandwidth) -> None:
        self._body = body
        self._bandwidth = bandwidth
        self.length = body_length(body)

    async def chunks(self) -> AsyncIterator[Buffer]:
        """Give the body in small pieces, each in its time."""
        size = self._bandwidth.piece
        async for chunk in self._whole():
            view = memoryview(chunk)
            for start in range(0, len(view), size):
                piece = view[start : start + size]
                await self._bandwidth.take(len(piece))
                yield piece

    async def _whole(self) -> AsyncIterator[Buffer]:
        if isinstance(self._body, bytes | bytearray | memoryview):
            yield self._body
            return
        async for chunk in self._body.chunks():
            yield chunk

    async def rewind(self) -> bool:
        """Go back, if the body can."""
        return isinstance(self._body, bytes | bytearray | memoryview) or await self._body.rewind()

    async def sha256(self) -> str | None:
        """Return the digest of the body."""
        if isinstance(self._body, bytes | bytearray | memoryview):
            return await in_turn(_sha256, self._body)
        return await self._body.sha256()


def _sha256(data: Buffer) -> str:
    return sha256(data).hexdigest()


def bandwidth_of(limit: Bandwidth | float | None) -> Bandwidth | None:
    """Return the limit that a verb was given, made of a number of bytes per second if need be."""
    return limit if limit is None or isinstance(limit, Bandwidth) else Bandwidth(limit)
