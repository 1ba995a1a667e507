"""Scalars as S3 writes them in headers, queries and XML: text to values and back.

In: a Python value and its declared type, or text. Out: the other. Times are ISO 8601 in UTC, or HTTP dates where a
declaration says so; bytes are base64; a text that must be S3's own but cannot be read is a ValueError.

Source: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html, RFC 9110 5.6.7 (HTTP-date)
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any
from urllib.parse import unquote_plus

from ..errors import InvalidInput

Reader = Callable[[str | None], Any]


# ------------------------------------------------------------------ writing
def writer(name: str, kind: Any, *, http_date: bool = False) -> Callable[[Any], str]:
    """Return the function that writes a member's value, or says what is wrong with it."""
    write = _write_http_date if http_date and kind is datetime else _WRITERS[kind]

    def text(value: Any) -> str:
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return write(value)
        wanted = "an int" if kind is int else f"a {kind.__name__}"
        raise InvalidInput(f"{name} must be {wanted}, not {type(value).__name__}")

    def string(value: Any) -> str:
        if isinstance(value, str):
            return value
        raise InvalidInput(f"{name} must be a str, not {type(value).__name__}")

    return string if kind is str else text


def _write_bool(value: bool) -> str:
    return "true" if value else "false"


def _write_iso8601(value: datetime) -> str:
    return f"{_aware(value).astimezone(UTC).replace(tzinfo=None).isoformat()}Z"


def _write_http_date(value: datetime) -> str:
    return format_datetime(_aware(value).astimezone(UTC), usegmt=True)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise InvalidInput(f"{value!r} is naive: give it a time zone")
    return value


def _write_base64(value: bytes) -> str:
    return b64encode(value).decode()


_WRITERS: dict[Any, Callable[[Any], str]] = {
    str: str,
    int: str,
    bool: _write_bool,
    datetime: _write_iso8601,
    bytes: _write_base64,
}


# ------------------------------------------------------------------ reading
def read_text(text: str | None) -> str:
    """Return the text; an empty element has none."""
    return text or ""


def read_url_text(text: str | None) -> str:
    """Decode what a listing encoded as a form does: "+" is a space."""
    return unquote_plus(text) if text else ""


def read_url_texts(texts: Sequence[str]) -> list[str]:
    """Decode texts that have no NUL, each as read_url_text does: at once, since most of them need the same few."""
    joined = "\0".join(texts)
    escapes = re.findall("%[0-7][0-9A-Fa-f]", joined)
    different = set(escapes)
    if len(escapes) != joined.count("%") or "%00" in different:
        return [read_url_text(text) for text in texts]
    joined = joined.replace("+", " ")
    # The percent sign is the last, that it may not begin another.
    for escape in sorted(different, key="%25".__eq__):
        joined = joined.replace(escape, chr(int(escape[1:], 16)))
    return joined.split("\0")


def read_bool(text: str | None) -> bool:
    """Read true or false; some stores write True or TRUE."""
    if text not in ("true", "false", "TRUE", "FALSE", "True", "False"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text[0] in "tT"


def read_int(text: str | None) -> int:
    """Read a whole number."""
    return int(text or "")


def read_time(text: str | None) -> datetime:
    """Read a time as XML has it, ISO 8601; or an HTTP date, since some stores write that. Without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return read_date(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_MONTHS = {
    m: i for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}


def read_date(text: str | None) -> datetime:
    """Read a time as headers have it, an HTTP date; or ISO 8601, which some are even there."""
    text = text or ""
    # The one form that servers send is read without email.utils, which takes six times as long.
    if len(text) == 29 and text.endswith(" GMT") and text[8:11] in _MONTHS:
        day, month, year = int(text[5:7]), _MONTHS[text[8:11]], int(text[12:16])
        return datetime(year, month, day, int(text[17:19]), int(text[20:22]), int(text[23:25]), tzinfo=UTC)
    moment = datetime.fromisoformat(text) if text[:4].isdecimal() else parsedate_to_datetime(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _read_flag(text: str | None) -> bool:
    return text is not None and text.lower() == "true"


READERS: dict[Any, Reader] = {str: read_text, int: read_int, bool: read_bool, datetime: read_time}
HEADER_READERS: dict[Any, Reader] = READERS | {bool: _read_flag, datetime: read_date}
