"""The parts of one download as they arrive: into a file, counted, noted, and held against the checksum of the whole."""

from __future__ import annotations

import asyncio
import os

from ..errors import ChecksumMismatch, TransferError
from ..files import OpenFile, new_buffer
from ..protocol.checksums import RangesVerification, encoded, new
from ..streams import ObjectStream
from .journal import Journal, Plan
from .pace import Bandwidth
from .results import Meter

# Memory of all parts in flight together, in which each has at most, and at least, so many bytes: with less the hops to
# threads show, with more the bytes have left the processor's caches before they are written.
_MEMORY = 32 * 1024**2
_LARGEST = 4 * 1024**2
_SMALLEST = 1024**2


class Arrivals:
    """Where the parts of one download go.

    Args:
        concurrency: Parts that arrive at once.
        verification: What the whole is held against, if there is anything.
    """

    def __init__(
        self,
        file: OpenFile,
        plan: Plan,
        journal: Journal | None,
        meter: Meter,
        verification: RangesVerification | None,
        bandwidth: Bandwidth | None,
        concurrency: int,
    ) -> None:
        self.plan = plan
        self._file = file
        self._journal = journal
        self._meter = meter
        self._verification = verification
        self._bandwidth = bandwidth
        self._piece = min(plan.part_size, max(1, plan.size), _LARGEST, max(_SMALLEST, _MEMORY // concurrency))
        self._buffers: list[memoryview] = []

    async def save(self, start: int, end: int, stream: ObjectStream) -> None:
        """Write what *stream* gives between *start* and *end*, out of memory that it arrives in, and that is used again.

        Raises:
            TransferError: it gives less, or more, as an answer in chunks may.
        """
        crc = None if self._verification is None else new(self._verification.algorithm)
        offset = start
        while True:
            spliced = await self._splice(offset, end, stream)
            offset += spliced
            if spliced and offset == end:
                return
            buffer = self._buffers.pop() if self._buffers else await self._new_buffer()
            filled = buffer[: await self._fill(buffer, stream)]
            if len(filled) > end - offset or (offset < end and not filled):
                came = offset + len(filled) - start
                raise TransferError(
                    f"{self.plan.bucket}/{self.plan.key}: {came} bytes came of the {end - start} from {start} on"
                )
            if not filled:
                break
            if crc is not None:
                await asyncio.to_thread(crc.update, filled)
            await self._file.write(filled, offset)
            # Not after an error: a thread may still be at work with it.
            self._buffers.append(buffer)
            self._meter.add(len(filled))
            offset += len(filled)
        self._buffers.append(buffer)
        if crc is not None and self._verification is not None:
            self._verification.add(start, encoded(crc.digest()), offset - start)

    async def _splice(self, start: int, end: int, stream: ObjectStream) -> int:
        """Let the system write what nobody needs to see; return how many bytes those were."""
        if self._verification is not None or self._bandwidth is not None:
            return 0
        return await stream.splice_into(self._file, start, end - start, self._meter.add)

    async def _new_buffer(self) -> memoryview:
        if self._piece <= _SMALLEST:
            return memoryview(new_buffer(self._piece))
        # Page by page, as the bytes arrive, the loop would stand still for longer than they take.
        return memoryview(await asyncio.to_thread(new_buffer, self._piece, populate=True))

    async def _fill(self, buffer: memoryview, stream: ObjectStream) -> int:
        limit = self._bandwidth
        if limit is None:
            return await stream.fill(buffer)
        filled = 0
        while count := await stream.fill(buffer[filled : filled + limit.piece]):
            await limit.take(count)
            filled += count
        return filled

    def again(self) -> None:
        """What came is of no use: everything will come once more."""
        self._meter.done = 0
        self._verification = None

    async def note(self, start: int) -> None:
        """Remember that a part is on disk."""
        if self._journal is not None:
            # First the bytes, then the word that they are there.
            await self._file.run(os.fdatasync)
            self._journal.done(start)

    async def recall(self, start: int) -> None:
        """Count a part that an earlier download has left; read it once more if the whole is to be checked."""
        size = self.plan.end(start) - start
        if self._verification is not None:
            crc = await self._file.digest(start, size, new(self._verification.algorithm))
            self._verification.add(start, encoded(crc.digest()), size)
        self._meter.add(size)

    async def end(self) -> None:
        """Let a download pass that has come as a whole, and as it was stored.

        Raises:
            TransferError: bytes are missing, or too many.
            ChecksumMismatch: they are others.
        """
        # Giving so much memory back takes milliseconds.
        await asyncio.to_thread(self._buffers.clear)
        plan = self.plan
        if self._meter.done != plan.size:
            raise TransferError(f"{plan.bucket}/{plan.key} has {plan.size} bytes, {self._meter.done} came")
        if self._verification is None:
            return
        try:
            self._verification.finish(plan.size)
        except ChecksumMismatch:
            if self._journal is not None:
                self._journal.forget()  # nothing of it is worth going on with
            raise
