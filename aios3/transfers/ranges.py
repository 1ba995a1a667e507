"""Ranges of an object: how they are asked for, and if the answer is what was asked."""

from __future__ import annotations

import re

from ..errors import InvalidInput, InvalidResponse
from ..operations.objects import GetObject, GetObjectResult

_CONTENT_RANGE = r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)"


def range_header(start: int, end: int | None) -> str:
    """Return the Range header for a slice (RFC 9110 14.1.2: both ends inclusive, -n is the last n).

    Raises:
        InvalidInput: not whole numbers, or no bytes between them.
    """
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, bool) or not isinstance(value, int | None):
            raise InvalidInput(f"{name} must be a whole number of bytes, not {value!r}")
    if start < 0:
        if end is not None:
            raise InvalidInput(f"start={start} means the last {-start} bytes: it takes no end")
        return f"bytes={start}"
    if end is None:
        return f"bytes={start}-"
    if end <= start:
        raise InvalidInput(f"the range from {start} to {end} (exclusive) is empty, which S3 cannot be asked for")
    return f"bytes={start}-{end - 1}"


def _answers(wanted: str, result: GetObjectResult) -> bool:
    """Tell if a response is the range that was asked for: some servers ignore Range, and send everything.

    Content-Range decides, not the status: rclone sends the right bytes with 200.
    """
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    found = re.fullmatch(_CONTENT_RANGE, result.content_range or "")
    if found is None:
        return result.http_status == 200 and _covers_all(first, last, result.content_length)
    begin, end = int(found[1]), int(found[2])
    if result.content_length not in (None, end - begin + 1):
        return False
    if found[3] == "*":
        return (found[1], found[2]) == (first, last)
    size = int(found[3])
    if not first:
        return (begin, end) == (max(size - int(last), 0), size - 1)
    return (begin, end) == (int(first), min(int(last), size - 1) if last else size - 1)


def _covers_all(first: str, last: str, length: int | None) -> bool:
    """Tell if a range is all of an object of this length, so that a server may as well have ignored it."""
    if length is None or not last:
        return False
    return length <= int(last) if not first else first == "0" and length <= int(last) + 1


async def check_range(operation: GetObject, result: GetObjectResult) -> None:
    """Let an answer pass that is the range that was asked for; a part that was asked for is one, whichever.

    Raises:
        InvalidResponse: it is another one; its body is closed.
    """
    fits = _answers(operation.range, result) if operation.range else operation.part_number is not None
    if fits:
        return
    await result.body.close()
    raise InvalidResponse(
        f"{operation.resource}: asked for {operation.range or 'all'}, the server sent HTTP {result.http_status} "
        f"with Content-Range: {result.content_range}"
    )
