"""One object into a file: parallel ranges of one ETag, a file beside the target, renamed when all of it is there."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ..caller import Caller
from ..errors import InvalidRange, ObjectChanged, PreconditionFailed, TransferError
from ..files import OpenFile
from ..operations.objects import GetObject, GetObjectResult
from ..protocol.checksums import crc_of_all
from ..protocol.values import Value
from ..streams import ObjectStream
from .arrivals import Arrivals
from .crew import Crew, check_function, whole_number
from .journal import Journal, Plan
from .multipart import checksum_of
from .pace import Bandwidth
from .ranges import check_range, range_header
from .results import Meter, Progress, TransferResult
from .resumption import Resumption
from .sizes import PART_SIZE

_TOTAL = r"bytes [0-9]+-[0-9]+/([0-9]+)"


class Download(Value):
    """How one object is downloaded.

    Args:
        members: What GetObject is told beside key and range.
        resume: Leave what has arrived when this fails, and go on from there the next time.
    """

    caller: Caller
    bucket: str
    key: str
    members: Mapping[str, Any] = {}
    part_size: int = PART_SIZE
    concurrency: int = 8
    progress: Progress | None = None
    bandwidth: Bandwidth | None = None
    resume: bool = False

    async def run(self, target: Path) -> TransferResult:
        """Write the object to *target*, which is replaced when all is there, and left alone before."""
        whole_number("part_size", self.part_size)
        whole_number("concurrency", self.concurrency)
        check_function("progress", self.progress)
        name = f"{target.name}.aios3-part" if self.resume else f".{target.name[:200]}.{secrets.token_hex(8)}"
        part = target.with_name(name)
        flags = os.O_RDWR | os.O_CREAT | (0 if self.resume else os.O_EXCL)
        journal = Journal(part.with_name(f"{name}.journal")) if self.resume else None
        done, process = False, os.getpid()
        try:
            file = await OpenFile.open(part, flags)
        except asyncio.CancelledError:
            if journal is None or not journal.exists():
                part.unlink(missing_ok=True)
            raise
        try:
            result = await self._fetch(file, journal)
            await file.run(_finish, part, target)
            done = True
        finally:
            # A forked child that drops this leaves its parent's files alone.
            if os.getpid() == process:
                # At once, whatever may interrupt the rest.
                if journal is not None:
                    journal.close(remove=done)
                if journal is None or not journal.exists():
                    part.unlink(missing_ok=True)
                await file.close()
        return result

    # -------------------------------------------------------------- what is to be fetched
    async def _fetch(self, file: OpenFile, journal: Journal | None) -> TransferResult:
        known = journal.read() if journal else None
        if (
            known is not None
            and journal is not None
            and known.fits(self.bucket, self.key, self.members.get("version_id"))
            and (await file.state()).st_size == known.size  # else the journal is of another file
        ):
            try:
                return await self._rest(file, known, journal, None)
            except ObjectChanged:
                # It is another object by now: what was kept is of no use, nor what is still being written.
                journal.forget()
                await file.settled()
        first = await self._first()
        size = _size(first)
        algorithm, checksum = crc_of_all(first.headers) or (None, None)
        plan = Plan(
            bucket=self.bucket,
            key=self.key,
            version_id=first.version_id,
            asked_version=self.members.get("version_id"),
            etag=first.etag,
            size=size,
            part_size=self.part_size,
            algorithm=algorithm,
            checksum=checksum,
        )
        try:
            if journal:
                journal.forget()  # what it says is here is not, whatever interrupts us
            await file.run(os.truncate, size)
            if journal:
                journal.begin(plan)
        except BaseException:
            await first.body.close()
            raise
        return await self._rest(file, plan, journal, first)

    async def _first(self) -> GetObjectResult:
        """Ask for the first part: the answer tells how much there is."""
        operation = self._operation(0, self.part_size)
        try:
            # With the first range comes the checksum of the whole, if there is one.
            checked = operation.replace(checksum_mode="ENABLED") if self.caller.verifies else operation
            result = await self.caller.call(checked)
        except InvalidRange:
            # There is no first byte: the object is empty.
            return await self.caller.call(operation.replace(range=None))
        if result.content_range is not None:
            await check_range(operation, result)
        return result

    def _operation(self, start: int, end: int, etag: str | None = None) -> GetObject:
        members = dict(self.members)
        if etag is not None:
            members["if_match"] = etag
        return GetObject(bucket=self.bucket, key=self.key, range=range_header(start, end), **members)

    async def _rest(
        self, file: OpenFile, plan: Plan, journal: Journal | None, first: GetObjectResult | None
    ) -> TransferResult:
        verification = plan.verification() if self.caller.verifies else None
        meter = Meter(self.progress, plan.size)
        arrivals = Arrivals(file, plan, journal, meter, verification, self.bandwidth, self.concurrency)
        missing = [start for start in range(0, plan.size, plan.part_size) if start not in plan.done]
        if first is not None:
            missing = missing[1:]
            if first.content_range is None or plan.guard is None:
                # Everything came at once, or nothing guards several answers against being of two objects.
                missing = []
        async with Crew(self.concurrency) as crew:
            if first is not None:
                await crew.start(partial(self._save_first, arrivals, first))
            for start in sorted(plan.done):
                await crew.start(partial(arrivals.recall, start))
            for start in missing:
                await crew.start(partial(self._part, arrivals, start))
        await arrivals.end()
        meter.end()
        return TransferResult(
            key=self.key,
            etag=plan.etag,
            version_id=plan.version_id,
            size=plan.size,
            checksum=plan.checksum if first is None else checksum_of(first),
            parts=max(1, -(-plan.size // plan.part_size)),
        )

    # -------------------------------------------------------------- its parts
    async def _part(self, arrivals: Arrivals, start: int) -> None:
        plan = arrivals.plan
        operation = self._operation(start, plan.end(start), plan.guard)
        try:
            result = await self.caller.call(operation)
        except (PreconditionFailed, InvalidRange) as error:
            raise ObjectChanged(f"{operation.resource} was replaced while it was read") from error
        await check_range(operation, result)
        if result.etag != plan.etag:
            await result.body.close()
            raise ObjectChanged(f"{operation.resource} was replaced while it was read")
        await self._save(arrivals, start, plan.end(start), operation, result)
        await arrivals.note(start)

    async def _save_first(self, arrivals: Arrivals, first: GetObjectResult) -> None:
        plan = arrivals.plan
        whole = first.content_range is None
        operation = self._operation(0, self.part_size)
        asked = operation.replace(range=None) if whole else operation
        await self._save(arrivals, 0, plan.size if whole else plan.end(0), asked, first)
        if not whole and plan.guard is None and plan.size > self.part_size:
            await self._unguarded(arrivals)
        for start in range(0, plan.size if whole else min(self.part_size, plan.size), self.part_size):
            await arrivals.note(start)

    async def _unguarded(self, arrivals: Arrivals) -> None:
        """Read the object by one request: without an ETag, parts may be of two."""
        operation = self._operation(0, self.part_size).replace(range=None)
        result = await self.caller.call(operation)
        if _size(result) != arrivals.plan.size:
            await result.body.close()
            raise ObjectChanged(f"{operation.resource} was replaced while it was read")
        arrivals.again()
        await self._save(arrivals, 0, arrivals.plan.size, operation, result)

    async def _save(
        self, arrivals: Arrivals, start: int, end: int, operation: GetObject, result: GetObjectResult
    ) -> None:
        async with ObjectStream(result, Resumption(self.caller, operation, result)) as stream:
            await arrivals.save(start, end, stream)


def _size(result: GetObjectResult) -> int:
    total = re.fullmatch(_TOTAL, result.content_range or "")
    size = int(total[1]) if total else result.content_length
    if size is None:
        raise TransferError("the store does not say how long the object is: read it with download")
    return size


def _finish(descriptor: int, part: Path, target: Path) -> None:
    os.fsync(descriptor)
    part.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
