"""The head of a response: its lines checked at once, its fields read when somebody asks for one.

In: the bytes of a head. Out: lower-case names and values, or InvalidResponse. A response has a dozen fields, three of
them say how its body ends, and most calls look at no other.

Source: RFC 9112 2.2, 5 (lines, field syntax), RFC 9110 5 (fields)
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..errors import InvalidResponse

_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+")
_FOLD = re.compile(r"\n[ \t]+")
# What may stand in a head once CRLF is LF: no NUL, no lone CR, no vertical tab or form feed (RFC 9110 5.5).
_HEAD_BYTES = bytes(set(range(256)) - set(b"\x00\r\v\f"))
# The head that nearly every server sends: CRLF ends each line, none is folded, nothing odd is in it.
_PLAIN_HEAD = re.compile(
    rb"HTTP/1\.([0-9]) ([0-9]{3})(?: [^\r\n\0\v\f]*+)?\r\n(?:[-!#$%&'*+.^_`|~0-9a-zA-Z]++:[^\r\n\0\v\f]*+\r\n)*+"
)
_STATUS_LINE = re.compile(r"HTTP/1\.([0-9]) ([0-9]{3})(?: .*)?")
_FRAMING = re.compile(rb"\r\n(content-length|transfer-encoding|connection):([^\r]*)")
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


class Head(NamedTuple):
    """What a head says; *framing* has at least the fields that tell how the body ends, *headers* has all."""

    http11: bool
    status: int
    framing: Mapping[str, str]
    headers: Mapping[str, str]


def plain_head(head: bytes) -> Head | None:
    """Read a head as nearly every server sends it; None for one that needs ``any_head``.

    Args:
        head: Status line and field lines, each with its CRLF.
    """
    match = _PLAIN_HEAD.fullmatch(head)
    if match is None:
        return None
    fields = Fields(head)
    # Lowered as bytes: the lower case of a Kelvin sign is "k".
    found = _FRAMING.findall(head.lower())
    framing: Mapping[str, str] = {name.decode(): value.decode("latin-1").strip(" \t") for name, value in found}
    minor, status = match.groups()
    return Head(minor != b"0", int(status), framing if len(framing) == len(found) else fields, fields)


def any_head(head: bytes) -> Head:
    """Read any head: bare LF ends a line, folded lines become one (RFC 9112 2.2, 5.2).

    Raises:
        InvalidResponse: it is not HTTP/1's.
    """
    lines = unfolded_lines(head)
    match = _STATUS_LINE.fullmatch(lines[0])
    if match is None:
        raise InvalidResponse(f"the server sent a bad status line: {lines[0][:80]!r}")
    headers = parse_fields(lines[1:])
    return Head(match[1] != "0", int(match[2]), headers, headers)


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
