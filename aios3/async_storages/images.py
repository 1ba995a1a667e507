"""Width and height of a picture, by the beginning of its file; Pillow reads it, and is imported for the first one."""

from __future__ import annotations

import asyncio
from io import BytesIO

# How much of a file is looked at, in bytes: enough for nearly all, for photos with a thumbnail and a colour profile in
# front, and for whatever has its header at the end.
HEADS = (64 * 1024, 1024 * 1024, 16 * 1024 * 1024)
# A longer file is not filled up to its length.
_MAX_FILLED = 64 * 1024 * 1024


class NotAnImage(OSError, ValueError):
    """What should be a picture is none, is cut off, or is too large to be opened."""


async def dimensions(name: str, head: bytes, size: int) -> tuple[int, int] | None:
    """Return width and height, None where *head* does not tell them.

    Args:
        head: The file's beginning.
        size: Of the file that Pillow is shown: zeros follow the head.
    Raises:
        NotAnImage: it has more pixels than Pillow would open.
        ImportError: Pillow is missing.
    """
    return await asyncio.to_thread(_dimensions, name, head, min(size, _MAX_FILLED))


def _dimensions(name: str, head: bytes, size: int) -> tuple[int, int] | None:
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError('StorageImage needs Pillow: pip install "aio-s3[images]"') from error
    try:
        if (canvas := _webp_canvas(head)) is not None:
            return _opened(name, canvas, Image.MAX_IMAGE_PIXELS)
        with Image.open(BytesIO(head.ljust(size, b"\0"))) as image:
            width, height = image.size
    except NotAnImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotAnImage(f"{name} has more pixels than are opened: {error}") from error
    except Exception:  # noqa: BLE001  # readers of two dozen formats raise all there is at bytes that are not theirs
        return None
    return (width, height) if width > 0 and height > 0 else None


def _webp_canvas(head: bytes) -> tuple[int, int] | None:
    """Read the header of an extended WebP, of which Pillow wants the whole file. RFC 9649 2.7"""
    if len(head) < 30 or head[:4] != b"RIFF" or head[8:16] != b"WEBPVP8X":
        return None
    return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")


def _opened(name: str, sides: tuple[int, int], limit: int | None) -> tuple[int, int]:
    """Return the sides if Pillow would open a picture of so many pixels."""
    if limit is not None and sides[0] * sides[1] > 2 * limit:
        raise NotAnImage(f"{name} has more pixels than are opened: {sides[0]} x {sides[1]}")
    return sides


__all__ = ["HEADS", "NotAnImage", "dimensions"]
