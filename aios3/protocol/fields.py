"""The head of a response: its lines checked at once, its fields read when somebody asks for one.

In: the bytes of a head. Out: lower-case names and values, or InvalidResponse. A response has a dozen fields, three of
them say how its body ends, and most calls look at no other.

Source: RFC 9112 2.2, 5 (lines, field syntax), RFC 9110 5 (fields)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ..errors import InvalidResponse
from .values import NamedTuple

MAX_LENGTH = 2**63 - 1

_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_FOLD = re.compile(r"\n[ \t]+")
# What may stand in a head once CRLF is LF: no NUL, no lone CR, no vertical tab or form feed (RFC 9110 5.5).
_HEAD_BYTES = bytes(set(range(256)) - set(b"\x00\r\v\f"))
_LINE_BYTES = bytes(set(range(256)) - set(b"\x00\r\n\v\f"))
# The head that nearly every server sends: HTTP/1.1, CRLF ends each line, none is folded, at most one of each framing field,
# in its usual form. What values must not hold is looked for at once: a class of characters would take thrice as long.
_PLAIN_HEAD = re.compile(
    rb"""
    HTTP/1\.1[ ]([0-9]{3})(?:[ ][^\r]*+)?\r\n
    (?: [abd-su-zABD-SU-Z]TOKEN*+:[^\r]*+\r\n
      | [cC]ontent-[lL]ength:(?(2)(?!))[ \t]*+([0-9]{1,18})\r\n
      | [cC]onnection:[ \t]*+(?:[kK]eep-[aA]live|([cC]lose))\r\n
      | [tT]ransfer-[eE]ncoding:(?(4)(?!))[ \t]*+([cC]hunked)\r\n
      | (?!(?i:content-length|connection|transfer-encoding):)TOKEN++:[^\r]*+\r\n
    )*+
    \r\n
    """.replace(b"TOKEN", rb"[-!\#$%&'*+.^_`|~0-9a-zA-Z]"),
    re.VERBOSE,
)
_CRLFS = b"\r\n" * 256
_STATUS_LINE = re.compile(r"HTTP/1\.([0-9]) ([0-9]{3})(?: .*)?")
# Field names repeat in every response: each spelling is checked and lowered once. Bounded, since peers choose it.
_NAMES: dict[str, str] = {}
_MAX_NAMES = 1024


class Fields(Mapping[str, str]):
    """The fields of a head that is known to be well formed; read at the first question.

    Args:
        head: Status line and field lines, each with its CRLF.
    """

    __slots__ = ("_fields", "_head")

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._fields: dict[str, str] | None = None

    def _read(self) -> dict[str, str]:
        if self._fields is None:
            self._fields = parse_fields(_text(self._head).split("\r\n")[1:-1])
        return self._fields

    def __getitem__(self, name: str) -> str:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def __repr__(self) -> str:
        return repr(self._read())


class ResponseHead(NamedTuple):
    """Status and fields of a final response; *keep_alive* tells if the connection may be used again."""

    status: int
    headers: Mapping[str, str]
    keep_alive: bool


# A head, the Content-Length in it or -1, and whether the body comes in chunks (RFC 9112 6.3).
Framed: TypeAlias = tuple[ResponseHead, int, bool]


def plain_head(data: bytes) -> tuple[Framed, int] | None:
    """Read a head as nearly every server sends it, and tell where it ends; None for one that needs ``any_head``."""
    match = _PLAIN_HEAD.match(data)
    if match is None:
        return None
    end = match.end()
    fields = data[: end - 2]
    breaks = fields.translate(None, _LINE_BYTES)
    if breaks != _CRLFS[: len(breaks)]:
        return None
    status, length, close, chunked = match.groups()
    keep_alive = close is None and (chunked is None or length is None)
    head = ResponseHead._make((int(status), Fields(fields), keep_alive))
    return (head, -1 if length is None else int(length), chunked is not None), end


def any_head(head: bytes) -> Framed:
    """Read any head: bare LF ends a line, folded lines become one (RFC 9112 2.2, 5.2).

    Raises:
        InvalidResponse: it is not HTTP/1's.
    """
    lines = unfolded_lines(head)
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise InvalidResponse(f"the server sent a bad status line: {lines[0][:80]!r}")
    http11 = match[1] != "0"
    headers = parse_fields(lines[1:])
    length, size = headers.get("content-length"), -1
    if length is not None:
        size = _content_length(length)
        if "," in length:
            headers["content-length"] = str(size)
    keep_alive = _keep_alive(headers.get("connection", ""), http11)
    coding = headers.get("transfer-encoding")
    if coding is not None:
        # ASCII, since the lower case of a Kelvin sign is "k".
        if not (coding.isascii() and coding.lower() == "chunked"):
            raise InvalidResponse(f"the server sent Transfer-Encoding: {coding[:60]!r}, only chunked is known")
        # Both, or by HTTP/1.0: somebody on the way may see another end (RFC 9112 6.1, 6.3).
        keep_alive = keep_alive and http11 and length is None
    return ResponseHead(int(match[2]), headers, keep_alive), size, coding is not None


def _content_length(value: str) -> int:
    """Read Content-Length; a list of equal values counts as one (RFC 9112 6.3)."""
    lengths = {item.strip(" \t") for item in value.split(",")}
    length = lengths.pop()
    if lengths or not (length.isascii() and length.isdecimal()) or len(length) > 20 or int(length) > MAX_LENGTH:
        raise InvalidResponse(f"the server sent Content-Length: {value[:60]!r}")
    return int(length)


def _keep_alive(connection: str, http11: bool) -> bool:
    """Tell if the connection persists (RFC 9112 9.3)."""
    options = {option.strip(" \t") for option in connection.lower().split(",")}
    return "close" not in options and (http11 or "keep-alive" in options)


def unfolded_lines(head: bytes) -> list[str]:
    """Split lines that may be folded, or end in a bare LF.

    Raises:
        InvalidResponse: there is what no head may hold.
    """
    head = head.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if head.translate(None, _HEAD_BYTES):
        raise InvalidResponse("the server sent a head with a NUL, lone CR or another control character")
    text = _text(head)
    if _FOLD.match(text, text.find("\n")):
        raise InvalidResponse("the server sent a folded line without a field before it")
    return _FOLD.sub(" ", text).split("\n")


def parse_fields(lines: list[str]) -> dict[str, str]:
    """Read field lines into lower-case name -> value; those of one name become a list (RFC 9110 5.3).

    Raises:
        InvalidResponse: a line is no field.
    """
    headers: dict[str, str] = {}
    for line in lines:
        raw, colon, value = line.partition(":")
        try:
            name = _NAMES[raw] if colon else _field_name(raw, colon)
        except KeyError:
            name = _field_name(raw, colon)
        value = value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _text(head: bytes) -> str:
    try:
        return head.decode()
    except UnicodeDecodeError:
        return head.decode("latin-1")


def _field_name(raw: str, colon: str) -> str:
    if not colon or not _TOKEN.fullmatch(raw):
        raise InvalidResponse(f"the server sent a bad header line, beginning with {raw[:60]!r}")
    name = raw.lower()
    if len(_NAMES) < _MAX_NAMES:
        _NAMES[raw] = name
    return name
