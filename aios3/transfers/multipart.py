"""One object in parts: begun, its parts sent or copied, and then completed, or taken back without a trace.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeVar

from ..caller import Caller
from ..errors import InvalidInput, InvalidResponse, ServiceError, TransferError
from ..files import FilePart
from ..operations.groups import Checksum, Checksums
from ..operations.multipart import (
    AbortMultipartUpload,
    CompletedMultipartUpload,
    CompletedPart,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    ListParts,
    Part,
    UploadPart,
    UploadPartCopy,
)
from ..operations.objects import HeadObject
from ..protocol.checksums import Algorithm, algorithm_named, combined
from ..protocol.http1 import body_length
from ..protocol.messages import Buffer, RequestBody
from ..streams import request_body
from ..threads import see_through, shielded
from .results import TransferResult, quoted
from .tags import put_tags

R = TypeVar("R")

MAX_PART_NUMBER = 10_000
# Parts that were in flight may land after an abort: S3 advises to look, and abort again.
ABORTS = 3
ABORT_SECONDS = 10.0
# What a cancelled caller waits for the answer to a completion, which may have been carried out already.
COMPLETE_SECONDS = 5.0
# Whose checksums of parts make that of the whole.
COMBINABLE = ("CRC32", "CRC32C", "CRC64NVME")
_CHECKSUMS = tuple(Checksums.__annotations__)


class Multipart:
    """An object that is sent part by part; complete when its context is left, aborted when that is by an error.

    Attributes:
        upload_id: S3's name for it.
        result: A TransferResult, once it is complete.
    """

    def __init__(
        self,
        caller: Caller,
        operation: CreateMultipartUpload,
        *,
        upload_id: str | None = None,
        keep: bool = False,
        conditions: Mapping[str, Any] | None = None,
    ) -> None:
        # Where a store does not understand them here, tags are set when there is something to have them.
        self._tagging = None if caller.dialect.tagging_header else operation.tagging
        self._caller = caller
        self._operation = _described(operation, self._tagging is not None)
        algorithm = operation.checksum_algorithm
        self._checked: dict[str, Any] = {} if algorithm is None else {"checksum_algorithm": algorithm}
        self._combines: Algorithm | None = None
        self._keep = keep
        self._conditions = conditions or {}
        self._flying: set[asyncio.Task[Any]] = set()
        self._next = 1
        self._ended = False
        self._gone = False
        self.parts: dict[int, Part] = {}
        self.upload_id = upload_id
        self.result: TransferResult | None = None

    # -------------------------------------------------------------- parts
    async def part(self, data: Buffer | str | Path | IO[bytes] | RequestBody, number: int | None = None) -> Part:
        """Send one part; several may be sent at once, and in any order.

        Args:
            data: Bytes-like, a Path, or a binary file, which is sent from where it stands. All parts but the last must
                have 5 MiB.
            number: 1 to 10,000, the place in the object; None for the one after the highest so far. A number that was
                sent before is replaced.
        Raises:
            TransferError: the upload has ended meanwhile.
        """
        number = self._number(number)
        ours = not hasattr(data, "chunks")
        body: Any = await request_body(data) if ours else data  # type: ignore[arg-type]  # what has no chunks is no body
        operation = UploadPart(**self._names(), **self._checked, part_number=number, body=body)
        try:
            result = await self._run(self._caller.call(operation))
        finally:
            if ours and isinstance(body, FilePart):
                await body.close()
        checksums = {name: getattr(result, name) for name in _CHECKSUMS}
        return self._stored(Part(part_number=number, etag=result.etag, size=body_length(body), **checksums))

    async def copy_part(self, source: UploadPartCopy, size: int) -> Part:
        """Let S3 copy one part; *source* says from where, its upload id is set here."""
        operation = source.replace(upload_id=self.upload_id)
        copied = (await self._run(self._caller.call(operation))).copy_part_result
        checksums = {name: getattr(copied, name) for name in _CHECKSUMS}
        return self._stored(Part(part_number=source.part_number, etag=copied.etag, size=size, **checksums))

    def _number(self, number: int | None) -> int:
        if number is None:
            number = self._next
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MAX_PART_NUMBER:
            raise InvalidInput(f"part number must be 1 to {MAX_PART_NUMBER}, not {number!r}")
        self._next = max(self._next, number + 1)
        return number

    def _stored(self, part: Part) -> Part:
        assert part.part_number is not None
        self.parts[part.part_number] = part
        return part

    async def _run(self, call: Coroutine[Any, Any, R]) -> R:
        """Await *call* in a task of its own, which the end of the upload can find and cancel."""
        if self._ended or self.upload_id is None:
            call.close()
            raise InvalidInput("the upload has not begun, or has ended: parts are sent inside its context")
        task = asyncio.ensure_future(call)
        self._flying.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            waiting = asyncio.current_task()
            if waiting is not None and not waiting.cancelling() and self._ended:
                raise TransferError(f"upload {self.upload_id} has ended before this part was sent") from None
            raise
        finally:
            self._flying.discard(task)

    def _names(self) -> dict[str, Any]:
        operation = self._operation
        return {
            "bucket": operation.bucket,
            "key": operation.key,
            "upload_id": self.upload_id,
            "customer_key": operation.customer_key,
        }

    # -------------------------------------------------------------- the beginning
    async def __aenter__(self) -> Self:
        if self.upload_id is None:
            await self._create()
        else:
            await self._find_parts()
        return self

    async def _create(self) -> None:
        creating = asyncio.ensure_future(self._caller.call(self._operation))
        try:
            result = await shielded(creating)
        except asyncio.CancelledError:
            # S3 may have made it already; whose id nobody hears of stays, and costs.
            await see_through(self._take_back(creating), ABORT_SECONDS)
            raise
        if result.upload_id is None:
            raise InvalidResponse(f"{self._operation.resource}: the store began an upload without an id")
        self.upload_id = result.upload_id
        algorithm = result.checksum_algorithm
        if result.checksum_type == "FULL_OBJECT" and algorithm in COMBINABLE:
            self._combines = algorithm_named(algorithm)

    async def _take_back(self, creating: asyncio.Future[Any]) -> None:
        self.upload_id = (await creating).upload_id
        await self._abort()

    async def _find_parts(self) -> None:
        """Learn which parts an earlier upload has."""
        async for page in self._caller.pages(ListParts(**self._names())):
            # Parts are checked as the upload was begun: a checksum of its own, however empty, keeps the client from adding.
            algorithm = page.checksum_algorithm
            self._checked = {"checksum_algorithm": algorithm} if algorithm else {"checksum": Checksum()}
            for part in page.parts:
                self._number(part.part_number)
                self._stored(part)

    # -------------------------------------------------------------- the end
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await self._give_up(error)
            return
        completing = asyncio.ensure_future(self._complete())
        try:
            self.result = await shielded(completing)
        except asyncio.CancelledError as cancelled:
            await see_through(_outcome(completing), COMPLETE_SECONDS)
            completing.cancel()
            await asyncio.gather(completing, return_exceptions=True)
            if completing.cancelled() or completing.exception():
                await self._give_up(cancelled)
            raise
        except BaseException as failure:
            # Parts that the store will not put together are not worth keeping.
            self._keep &= not (isinstance(failure, ServiceError) and failure.status == 400)
            await self._give_up(failure)
            raise
        finally:
            self._ended = True

    async def _complete(self) -> TransferResult:
        if not self.parts:
            await self.part(b"")
        parts = [self.parts[number] for number in sorted(self.parts)]
        listed = [
            CompletedPart(
                etag=part.etag, part_number=part.part_number, **{name: getattr(part, name) for name in _CHECKSUMS}
            )
            for part in parts
        ]
        completion = CompletedMultipartUpload(parts=tuple(listed))
        result = await self._caller.call(
            CompleteMultipartUpload(
                **self._names(), multipart_upload=completion, **self._whole(parts), **self._conditions
            )
        )
        found: Any = result
        if not result.etag:  # Ceph leaves it empty
            found = await self._caller.call(
                HeadObject(
                    bucket=self._operation.bucket, key=self._operation.key, customer_key=self._operation.customer_key
                )
            )
        if self._tagging:
            await put_tags(self._caller, self._operation.bucket, self._operation.key, self._tagging)
        return TransferResult(
            key=self._operation.key,
            etag=quoted(found.etag),
            version_id=result.version_id or found.version_id,
            size=sum(part.size or 0 for part in parts),
            checksum=checksum_of(result),
            parts=len(parts),
        )

    def _whole(self, parts: list[Part]) -> dict[str, Any]:
        """Return the checksum of the whole, made of those of the parts: S3 compares it with what it has."""
        if self._combines is None:
            return {}
        name = self._combines.lower()
        known = [(getattr(part, f"checksum_{name}"), part.size or 0) for part in parts]
        if not all(value for value, _ in known):
            return {}
        return {"checksum": Checksum(**{name: combined(self._combines, known)}), "checksum_type": "FULL_OBJECT"}

    async def _give_up(self, error: BaseException) -> None:
        """Abort, unless the upload is to be kept for another time; *error* says if it is still there."""
        self._ended = True
        try:
            await see_through(self._tear_down() if self._keep else self._abort(), ABORT_SECONDS)
        finally:
            if not self._gone:
                error.upload_id = self.upload_id  # type: ignore[attr-defined]  # an attribute of its own
                if not self._keep:
                    error.add_note(f"Upload {self.upload_id} of {self._operation.resource} could not be aborted.")

    async def _tear_down(self) -> None:
        for task in self._flying:
            task.cancel()
        await asyncio.gather(*self._flying, return_exceptions=True)

    async def _abort(self) -> None:
        await self._tear_down()
        names = {name: value for name, value in self._names().items() if name != "customer_key"}
        for _ in range(ABORTS):
            try:
                await self._caller.call(AbortMultipartUpload(**names))
                page = await self._caller.call(ListParts(**names, max_parts=1))
            except ServiceError as error:
                if error.status != 404:
                    raise
                self._gone = True
                return
            if not page.parts:
                self._gone = True
                return


def _described(operation: CreateMultipartUpload, without_tags: bool) -> CreateMultipartUpload:
    if without_tags:
        operation = operation.replace(tagging=None)
    algorithm = operation.checksum_algorithm
    if algorithm is not None:
        operation = operation.replace(checksum_type="FULL_OBJECT" if algorithm in COMBINABLE else "COMPOSITE")
    return operation


def checksum_of(result: Any) -> str | None:
    """Return the checksum that S3 has of an object, whichever algorithm it is of."""
    return next((value for name in _CHECKSUMS if (value := getattr(result, name, None))), None)


async def _outcome(task: asyncio.Task[Any]) -> None:
    await asyncio.wait([task])


__all__ = ["COMBINABLE", "MAX_PART_NUMBER", "Multipart", "checksum_of"]
