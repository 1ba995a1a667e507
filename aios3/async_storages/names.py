"""Names that every storage can keep: what a stranger called a file, made safe.

In: any text. Out: segments of ASCII letters, digits, ``_``, ``.`` and ``-`` with slashes between, or InvalidInput. What
came out goes in again unchanged.
"""

from __future__ import annotations

import re
import unicodedata

from ..errors import InvalidInput

# S3's limit, in bytes; after sanitising a character is one.
MAX_NAME = 1024
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")
_SPACE = re.compile(r"\s+")
# A file of one of these names is a device on Windows, whatever its suffix.
_DEVICES = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{device}{number}" for device in ("COM", "LPT") for number in range(10)
}


def safe_name(name: str) -> str:
    """Return *name* without ``.``, ``..``, empty segments, and whatever is unsafe in the others.

    A backslash separates as a slash does. Letters lose their accents; what has no ASCII form is dropped. Different
    names can so become the same one, which is then the same file.

    Raises:
        InvalidInput: it is no text, nothing remains of it, or more than 1,024 characters.
    """
    if not isinstance(name, str):
        raise InvalidInput(f"a name must be a str, not {type(name).__name__}")
    segments = [_safe_segment(segment) for segment in name.replace("\\", "/").split("/")]
    safe = "/".join(filter(None, segments))
    if not safe:
        raise InvalidInput("Invalid object key")
    if len(safe) > MAX_NAME:
        raise InvalidInput(f"Invalid object key: {len(safe)} characters, and {MAX_NAME} is the most")
    return safe


def _safe_segment(segment: str) -> str:
    plain = unicodedata.normalize("NFKD", segment).encode("ascii", "ignore").decode()
    # A leading dot hides a file, and a trailing one gets lost on Windows.
    safe = _UNSAFE.sub("", _SPACE.sub("_", plain.strip())).strip("._")
    return f"_{safe}" if safe.partition(".")[0].upper() in _DEVICES else safe


__all__ = ["MAX_NAME", "safe_name"]
