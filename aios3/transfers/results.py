"""What transfers tell: while they run, and in the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from ..protocol.values import Value
from .crew import check_function

Progress: TypeAlias = Callable[[int, int | None], object]


class TransferResult(Value):
    """What was transferred.

    Attributes:
        key: The object that was written, or read.
        etag: With its quotes.
        version_id: Where the bucket keeps versions.
        size: Bytes.
        checksum: Of the object, in base64, as S3 has it; None where it has none.
        parts: In how many pieces it went.
    """

    key: str
    etag: str | None = None
    version_id: str | None = None
    size: int
    checksum: str | None = None
    parts: int = 1


def quoted(etag: str | None) -> str | None:
    """Return an ETag as HTTP has it: some stores leave out the quotes where it stands in XML."""
    return f'"{etag}"' if etag and '"' not in etag else etag


class Meter:
    """Counts bytes for a progress function, which is called on the loop; what it raises ends the transfer."""

    def __init__(self, progress: Progress | None, total: int | None) -> None:
        check_function("progress", progress)
        self._progress = progress
        self._total = total
        self.done = 0

    def add(self, count: int) -> None:
        """Tell that *count* more bytes are through."""
        self.done += count
        if self._progress is not None and count:
            self._progress(self.done, self._total)

    def end(self) -> None:
        """Tell of what had no bytes, so that nothing was told of it."""
        if self._progress is not None and not self.done:
            self._progress(0, 0)
