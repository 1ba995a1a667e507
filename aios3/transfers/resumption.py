"""The rest of an object whose download was cut: from the next byte on, and of the same object, or not at all."""

from __future__ import annotations

import re

from ..caller import Caller
from ..errors import InvalidRange, ObjectChanged, PreconditionFailed, TransportError
from ..operations.objects import GetObject, GetObjectResult
from ..protocol.messages import ResponseBody

_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/")
_SKIP = 256 * 1024


class Resumption:
    """Opens the rest of one download, as ObjectStream asks for it.

    Args:
        operation: What was asked for.
        result: What was answered: its ETag guards the rest, so that two objects are never spliced.
    """

    def __init__(self, caller: Caller, operation: GetObject, result: GetObjectResult) -> None:
        self._caller = caller
        self._etag = result.etag
        self._operation = operation.replace(
            if_match=result.etag,
            if_none_match=None,
            if_modified_since=None,
            if_unmodified_since=None,
            part_number=None,
            version_id=operation.version_id or result.version_id,
        )
        self._first = _first_byte(result)
        length = result.content_length
        self._end = "" if length is None else str(self._first + length - 1)

    async def __call__(self, position: int, error: TransportError, failures: int) -> ResponseBody:
        """Return the body from *position* (counted from the first byte of the download) on.

        Raises:
            ObjectChanged: the object was replaced meanwhile.
            TransportError: *error* itself, when this was tried often enough or the object has no ETag.
        """
        if self._etag is None:
            raise error
        await self._caller.wait_after(error, failures)
        start = self._first + position
        try:
            result = await self._caller.call(self._operation.replace(range=f"bytes={start}-{self._end}"))
        except (PreconditionFailed, InvalidRange) as refused:
            raise ObjectChanged(f"{self._operation.resource} was replaced while it was read") from refused
        if result.etag != self._etag:
            await result.body.close()
            raise ObjectChanged(f"{self._operation.resource} was replaced while it was read")
        # A server that ignores Range sends everything again.
        skip = start - _first_byte(result)
        if skip < 0:
            await result.body.close()
            raise error
        await _skip(result.body, skip)
        return result.body


def _first_byte(result: GetObjectResult) -> int:
    # Content-Range decides, not the status: rclone sends ranges with 200.
    match = _CONTENT_RANGE.match(result.content_range or "")
    return int(match[1]) if match else 0


async def _skip(body: ResponseBody, count: int) -> None:
    while count and (piece := await body.read(min(count, _SKIP))):
        count -= len(piece)
