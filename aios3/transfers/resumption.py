"""The rest of an object whose download was cut: from the next byte on, and of the same object, or not at all."""

from __future__ import annotations

import re

from ..caller import Caller
from ..errors import InvalidRange, ObjectChanged, PreconditionFailed, TransportError
from ..operations.objects import GetObject, GetObjectResult
from ..protocol.messages import ResponseBody

_CONTENT_RANGE = r"bytes (\d+)-(\d+)/(\d+|\*)"
_SKIP = 256 * 1024


class Resumption:
    """Opens the rest of one download, as ObjectStream asks for it.

    Args:
        operation: What was asked for.
        result: What was answered: its ETag guards the rest, so that two objects are never spliced.
    """

    def __init__(self, caller: Caller, operation: GetObject, result: GetObjectResult) -> None:
        self._caller = caller
        found = _span(result)
        # Of bytes that stand nobody knows where, nobody knows the next one.
        self._etag = None if found is None else result.etag
        self._first, self._last, _ = found or (0, None, None)
        self._operation = operation.replace(
            if_match=result.etag,
            if_none_match=None,
            if_modified_since=None,
            if_unmodified_since=None,
            part_number=None,
            version_id=operation.version_id or result.version_id,
        )

    async def __call__(self, position: int, error: TransportError, failures: int) -> ResponseBody:
        """Return the body from *position* (counted from the first byte of the download) on.

        Raises:
            ObjectChanged: the object was replaced meanwhile.
            TransportError: *error* itself, when this was tried often enough, the object has no strong ETag, or the
                answer did not say which bytes of the object it is.
        """
        # A weak one matches nothing (RFC 9110 13.1.1).
        if self._etag is None or self._etag.startswith("W/"):
            raise error
        while True:
            cost = await self._caller.wait_after(error, failures)
            result = await self._rest(self._first + position)
            self._caller.regain(cost)
            try:
                await self._skip(result, self._first + position, error)
            except TransportError as again:
                if again is error:
                    raise
                error = again
                failures += 1
            else:
                return result.body

    async def _rest(self, start: int) -> GetObjectResult:
        operation = self._operation
        # Nothing is here, and there may be nothing: a range of an empty object would be refused.
        if start or self._last is not None:
            # All may be here but the word that it is: a range that begins behind the last byte would be refused, too.
            overlap = 1 if start > (self._first if self._last is None else self._last) else 0
            last = "" if self._last is None else self._last
            operation = operation.replace(range=f"bytes={start - overlap}-{last}")
        try:
            result = await self._caller.call(operation)
        except (PreconditionFailed, InvalidRange) as refused:
            raise self._changed() from refused
        if result.etag != self._etag:
            await result.body.close()
            raise self._changed()
        return result

    async def _skip(self, result: GetObjectResult, start: int, error: TransportError) -> None:
        """Read up to *start*: a server that ignores Range sends everything again."""
        first, last, end = _span(result) or (0, None, 0)
        # Anything else than the rest, no more and no less, would be spliced in.
        count = start - first if last == (end if self._last is None else self._last) else -1
        try:
            while count > 0 and (piece := await result.body.read(min(count, _SKIP))):
                count -= len(piece)
        finally:
            if count:
                await result.body.close()
        if count:
            raise error

    def _changed(self) -> ObjectChanged:
        return ObjectChanged(f"{self._operation.resource} was replaced while it was read")


def _span(result: GetObjectResult) -> tuple[int, int | None, int | None] | None:
    """Return the places in the object of a response's first and last byte, and of the object's last; None for unknown."""
    # Content-Range decides, not the status: rclone sends ranges with 200.
    match = re.match(_CONTENT_RANGE, result.content_range or "")
    if match:
        return int(match[1]), int(match[2]), int(match[2]) if match[3] == "*" else int(match[3]) - 1
    if result.http_status == 206:
        return None
    length = result.content_length
    last = None if length is None else length - 1
    return 0, last, last
