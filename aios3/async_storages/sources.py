"""Files to be stored, looked at before they are read."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from ..errors import InvalidInput

# One read: large enough for a disk, small enough for memory.
_PIECE = 1024 * 1024


def check_file(file: BinaryIO) -> None:
    """Raise InvalidInput for what is no open file, or one in text mode."""
    if not callable(getattr(file, "read", None)):
        raise InvalidInput(f"the file must be a binary file, not {type(file).__name__}")
    if getattr(file, "closed", False):
        raise InvalidInput("the file is closed")
    if isinstance(file, io.TextIOBase):
        raise InvalidInput("the file is opened in text mode: open it with 'rb'")


def rewind(file: BinaryIO) -> None:
    """Go to a file's start, if it can; it blocks."""
    try:
        file.seek(0)
    except (AttributeError, OSError, io.UnsupportedOperation):
        return


def pieces(file: BinaryIO) -> Iterator[bytes]:
    """Give a file's bytes, from its start if it can go there; it blocks.

    Raises:
        InvalidInput: it gives something else than bytes.
    """
    rewind(file)
    while piece := file.read(_PIECE):
        if not isinstance(piece, bytes):
            raise InvalidInput(f"the file gave a {type(piece).__name__}, not bytes: open it with 'rb'")
        yield piece


__all__ = ["check_file", "pieces", "rewind"]
