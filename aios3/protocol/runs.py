"""Long listings: like records read by columns, all else by xml_codec.

In: the body of a page, the class that it is read as. Out: what xml_codec reads from it, in a third of the time; or
None where only xml_codec can tell.

A page holds a thousand records, most of them written alike. One pattern takes each of them, where the one before
ended, apart into the texts that vary and what stands between those: the kind of the record. The document with one
record of each kind, and none of the others, goes to xml_codec, which so checks all that can be wrong with it; and
what it reads from those few is the mould of the others. This holds where each "<" begins a tag, where the texts
that vary are what XML leaves as they are, and where each stands in its record once and directly. Else: None.

Source: XML 1.0 sections 2.2 (Char), 2.4 (character data), 2.11 (line ends), 4.6 (predefined entities)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from lxml import etree

from ..errors import InvalidResponse
from . import xml_codec
from .shapes import Element, Member, Shape, Structure, item_type, members, once, structure_type, wire_name
from .texts import read_url_texts

S = TypeVar("S", bound=Shape)
# What some texts are read as; and what stands in one place of each record, None where nothing does.
Read = Sequence[Any]
Between = Sequence[bytes | None]
# Below, compiling the pattern would not pay; above, libxml2 comes near the longest text that it takes, 10 MB.
_SHORTEST, _LONGEST = 8 * 1024, 8 * 1024 * 1024
# With more, little is left out of the document that xml_codec reads.
_MOST_KINDS = 64
# What XML forbids (2.2), and the carriage return, of which it makes a line feed (2.11).
_CONTROLS = bytes(set(range(32)) - set(b"\t\n"))
# All but "&amp;", which must be the last. Go writes quotes as numbers.
_REFERENCES = (("&quot;", '"'), ("&#34;", '"'), ("&#39;", "'"), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"))


def read(cls: type[S], body: bytes, *roots: str) -> S | None:
    """Return what ``xml_codec.read_root(cls, xml_codec.parse(body), *roots)`` does; or None, then ask that."""
    plan = _plan(cls) if _SHORTEST <= len(body) <= _LONGEST else None
    try:
        return None if plan is None else plan.read(cls, body, roots)
    except (ValueError, InvalidResponse):
        return None


# ------------------------------------------------------------------ columns
def _read_strings(texts: list[bytes]) -> list[str]:
    raw = b"<".join(texts)  # which is in none of them
    text = raw.decode()
    if len(raw.translate(None, _CONTROLS)) != len(raw) or "\ufffe" in text or "\uffff" in text:
        raise ValueError("characters that XML does not leave as they are")
    # The first question costs next to nothing.
    if "]" in text and "]]>" in text:
        raise ValueError("what XML has only after CDATA")
    return _dereferenced(text.replace("<", "\0")).split("\0") if "&" in text else text.split("<")


def _dereferenced(text: str) -> str:
    for reference, character in _REFERENCES:
        text = text.replace(reference, character)
        if "&" not in text:
            return text
    if text.count("&") != text.count("&amp;"):
        raise ValueError("a reference that is not among the usual")
    return text.replace("&amp;", "&")


def _read_numbers(texts: list[bytes]) -> list[int]:
    return list(map(int, texts))


def _read_times(texts: list[bytes]) -> list[datetime]:
    return list(map(datetime.fromisoformat, b"<".join(texts).decode().split("<")))


# What texts of each type look like, and how a column of them is read.
_COLUMNS: dict[Any, tuple[str, Callable[[list[bytes]], Read]]] = {
    str: ("[^<]*", _read_strings),
    int: ("[0-9]{1,18}", _read_numbers),
    datetime: ("[0-9T:.-]*Z", _read_times),
}


class _Column:
    """A member that varies: its element, if it may be percent-encoded, how its texts look and how they are read."""

    def __init__(self, member: Member) -> None:
        self.name, self.tag = member.name, wire_name(member.name)
        self.url = isinstance(member.marker, Element) and member.marker.url
        self.pattern, self.read = _COLUMNS[member.type]


# ------------------------------------------------------------------ plans
@once
def _plan(cls: type[Shape]) -> _Plan | None:
    for name, marker, hint in members(cls):
        item = structure_type(item_type(hint))
        if item is not None and issubclass(item, Structure) and item.varying:
            wire = marker.name if isinstance(marker, Element) else None
            return _Plan(name, wire or wire_name(name), item)
    return None


def _between(tag: str, record: str) -> str:
    """Return a pattern of what may stand before *tag* in one record: text and tags, but no comments and the like."""
    return rf"[^<]*+(?:<(?!{tag}|/?{record}|[!?])[^<]*+)*+"


class _Plan:
    """Reads documents that have a flat list: the member *name*, of structures *item*, each an element *tag*."""

    def __init__(self, name: str, tag: str, item: type[Structure]) -> None:
        self.name, self.tag, self.item = name, tag, item
        declared = {member.name: member for member in members(item)}
        self.columns = [_Column(declared[varying]) for varying in item.varying]
        pattern = form = f"<{tag}>"
        for column in self.columns:
            begin, end = f"<{column.tag}>", f"</{column.tag}>"
            # The first choice is the second's, where nothing stands between: it is found sooner.
            pattern += f"(?:{begin}|({_between(column.tag, tag)}){begin})({column.pattern}){end}"
            form += f"%b{begin}%b{end}"
        self.form = f"{form}%b</{tag}>".encode()
        self.record = re.compile(rf"{pattern}({_between(f'/{tag}', tag)})</{tag}>\s*".encode())

    def read(self, cls: type[S], body: bytes, roots: tuple[str, ...]) -> S | None:
        pieces, width = self.record.split(body), self.record.groups + 1
        (head, *gaps), *columns = [pieces[place::width] for place in range(width)]
        kinds = _kinds(columns[::2])
        samples = dict(zip(kinds, range(len(kinds)), strict=True))
        if not 0 < len(samples) <= _MOST_KINDS or any(gaps[:-1]) or not _is_plain(head):
            return None
        written = [self.form % tuple([column[sample] or b"" for column in columns]) for sample in samples.values()]
        root = xml_codec.parse(b"".join([head, *written, gaps[-1]]))
        found = xml_codec.read_root(cls, root, *roots)
        if not self._is_sound(root):
            return None
        # Strictly: in the list may be no other than the samples.
        moulds = dict(zip(samples, found.__dict__[self.name], strict=True))
        values = [moulds[kind].__dict__.copy() for kind in kinds]
        found.__dict__[self.name] = self._records(values, columns[1::2], url=xml_codec.says_url(root))
        return found

    def _is_sound(self, root: etree._Element) -> bool:
        """Tell if all the samples stand in the list, and what varies stands in each of them once, directly."""
        samples = root.findall(f"{{*}}{self.tag}")
        return len(samples) == _count(root, self.tag) and all(
            len(sample.findall(f"{{*}}{column.tag}")) == 1 == _count(sample, column.tag)
            for sample in samples
            for column in self.columns
        )

    def _records(self, values: list[dict[str, Any]], columns: Sequence[list[bytes]], *, url: bool) -> tuple[Shape, ...]:
        """Return the records that have *values*, and those in *columns*."""
        for column, texts in zip(self.columns, columns, strict=True):
            name, found = column.name, column.read(texts)
            for given, value in zip(values, read_url_texts(found) if url and column.url else found, strict=True):
                given[name] = value
        # As xml_codec makes them: __init__ would check what is known.
        made = [object.__new__(self.item) for _ in values]
        for record, given in zip(made, values, strict=True):
            object.__setattr__(record, "__dict__", given)
        return tuple(made)


def _is_plain(head: bytes) -> bool:
    """Tell if nothing in *head* hides what comes after it, and all UTF-8 may follow."""
    odd = b"<!" in head or b"<?" in head.lstrip().removeprefix(b"<?xml ") or b"ASCII" in head.upper()
    return not odd


def _kinds(between: Sequence[Between]) -> Sequence[Any]:
    """Return the kind of each record: what stands in it between the texts that vary."""
    different = [texts for texts in between if len(set(texts)) > 1] or between[-1:]
    return different[0] if len(different) == 1 else list(zip(*different, strict=True))


def _count(element: etree._Element, tag: str) -> int:
    return sum(1 for _ in element.iter(f"{{*}}{tag}"))
