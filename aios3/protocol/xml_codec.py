"""S3's XML: bodies to results, structures to bodies.

In: bytes from a server, a declared class (see shapes). Out: its value. Read strictly: UTF-8, no DTD, no entities,
the expected root. Characters that XML 1.0 cannot carry are replaced once by U+FFFD and read strictly again, since
stores that do not percent-encode keys in listings send them raw.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/Type_API_Reference.html, XML 1.0 section 2.2 (Char)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple, TypeVar
from urllib.parse import unquote_plus

from lxml import etree

from ..errors import InvalidInput, InvalidResponse
from .shapes import Element, Member, Result, Shape, item_type, members, scalar_type, wire_name

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
S = TypeVar("S", bound=Shape)
R = TypeVar("R", bound=Result)

# A character or a reference to one that XML 1.0 forbids: &#0; &#x1F; &#xFFFE; and their raw forms.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    "|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01]|6553[45])|[xX]0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF]));"
)
_BYTE_ORDER_MARKS = (b"\xfe\xff", b"\xff\xfe")


# ------------------------------------------------------------------ reading
def parse(body: bytes) -> etree._Element:
    """Return the root of a document.

    Raises:
        InvalidResponse: no XML, truncated, another encoding than UTF-8, or with a DTD or entities.
    """
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or body.startswith(_BYTE_ORDER_MARKS):
        raise InvalidResponse(f"the server sent what S3 never sends (a DTD or UTF-16): {_shown(body)}")
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        root = _parse_replaced(body, error)
    if root.getroottree().docinfo.internalDTD is not None:  # in an encoding that hid it from the test above
        raise InvalidResponse("the server sent XML with a DTD, which S3 never does")
    return root


def local_name(tag: str) -> str:
    """Return the tag without its namespace; stores differ in which one they send."""
    return tag.rpartition("}")[2]


def read_root(cls: type[R], root: etree._Element) -> R:
    """Read a result of class *cls* from a parsed document.

    Raises:
        InvalidResponse: it is another document, or a value in it cannot be read.
    """
    if local_name(root.tag) != cls.root:
        raise InvalidResponse(f"expected <{cls.root}>, the server sent <{local_name(root.tag)}>")
    return read(cls, root)


def read(cls: type[S], root: etree._Element) -> S:
    """Read one value of *cls* from the children of *root*; unknown elements are passed over."""
    url = root.findtext("{*}EncodingType") == "url"
    try:
        return _reader(cls, url).read(root)  # type: ignore[no-any-return]
    except (ValueError, TypeError) as error:
        raise InvalidResponse(f"<{local_name(root.tag)}> has a value that cannot be read: {error}") from error


def read_texts(root: etree._Element) -> dict[str, str]:
    """Return the direct children as name -> text, for small documents such as <Error>."""
    return {local_name(child.tag): child.text or "" for child in root}


def _parser() -> etree.XMLParser:
    # A new one each time costs 3 us and keeps threads and loops apart.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _parse_replaced(body: bytes, error: etree.XMLSyntaxError) -> etree._Element:
    replaced = _FORBIDDEN.sub("\ufffd", body.decode("utf-8", "replace"))
    try:
        return etree.fromstring(replaced.encode(), _parser())
    except etree.XMLSyntaxError:
        raise InvalidResponse(f"the server sent a body that is not XML ({error.msg}): {_shown(body)}") from error


def _shown(body: bytes) -> str:
    return f"{body[:120]!r}" + ("..." if len(body) > 120 else "") if body else "an empty body"


def _bool(text: str | None) -> bool:
    if text not in ("true", "false", "TRUE", "FALSE", "True", "False"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text[0] in "tT"


def _time(text: str | None) -> datetime:
    moment = datetime.fromisoformat(text or "")
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _text(text: str | None) -> str:
    return text or ""


def _url_text(text: str | None) -> str:
    # S3 encodes as a form does: "+" is a space.
    return unquote_plus(text) if text else ""


def _int(text: str | None) -> int:
    return int(text or "")


_SCALARS: dict[Any, Callable[[str | None], Any]] = {str: _text, int: _int, bool: _bool, datetime: _time}


class _Place(NamedTuple):
    """Where an element's value goes: appended when *many*; read by *scalar* from its text, or by *reader*."""

    name: str
    many: bool
    scalar: Callable[[str | None], Any] | None
    reader: _Reader | _WrappedList | None


class _Places(dict[str, _Place | None]):
    """Tag -> place; a tag seen for the first time is looked up without its namespace, and remembered."""

    def __init__(self) -> None:
        self.by_name: dict[str, _Place] = {}

    def __missing__(self, tag: str) -> _Place | None:
        place = self.by_name.get(local_name(tag))
        if len(self) < 256:
            self[tag] = place
        return place


class _Reader:
    """Reads elements into shapes of one class, by a table compiled from its declaration."""

    def __init__(self, cls: type[Shape], url: bool) -> None:
        self.cls = cls
        self.places = _Places()
        self.flat_lists: list[str] = []
        self.text = ""
        for member in members(cls):
            element = member.marker if member.marker is not None else Element()
            if isinstance(element, Element) and element.text:
                self.text = member.name
            elif isinstance(element, Element):
                self.places.by_name[element.name or wire_name(member.name)] = self._place(member, element, url)

    def read(self, element: etree._Element) -> Any:
        places = self.places
        values: dict[str, Any] = {}
        for child in element:
            place = places[child.tag]
            if place is None:
                continue
            name, many, scalar, reader = place
            value = scalar(child.text) if scalar is not None else reader.read(child)  # type: ignore[union-attr]
            if not many:
                values[name] = value
            elif name in values:
                values[name].append(value)
            else:
                values[name] = [value]
        for name in self.flat_lists:
            if name in values:
                values[name] = tuple(values[name])
        if self.text:
            values[self.text] = element.text or ""
        # The values become the instance: a listing makes a thousand, and __init__ would check what is known.
        made = object.__new__(self.cls)
        object.__setattr__(made, "__dict__", values)
        return made

    def _place(self, member: Member, element: Element, url: bool) -> _Place:
        item = item_type(member.type)
        kind = scalar_type(member.type if item is None else item)
        scalar: Callable[[str | None], Any] | None = None
        reader: _Reader | _WrappedList | None = None
        if isinstance(kind, type) and issubclass(kind, Shape):
            reader = _reader(kind, url)
        else:
            scalar = _url_text if url and element.url else _SCALARS[kind]
        if item is not None and not element.flat:
            return _Place(member.name, False, None, _WrappedList(element.item, scalar, reader))
        if item is not None:
            self.flat_lists.append(member.name)
        return _Place(member.name, item is not None, scalar, reader)


class _WrappedList(NamedTuple):
    """Reads a list that has an element of its own around its items."""

    item: str
    scalar: Callable[[str | None], Any] | None
    reader: Any

    def read(self, element: etree._Element) -> tuple[Any, ...]:
        found = [child for child in element if local_name(child.tag) == self.item]
        if self.scalar is not None:
            return tuple(self.scalar(child.text) for child in found)
        return tuple(self.reader.read(child) for child in found)


@cache
def _reader(cls: type[Shape], url: bool) -> _Reader:
    return _Reader(cls, url)


# ------------------------------------------------------------------ writing
def encode(value: Shape, root: str) -> bytes:
    """Return *value* as an XML document with this root element, in S3's namespace.

    Raises:
        InvalidInput: a text has characters that XML 1.0 cannot carry.
    """
    element = etree.Element(f"{{{NAMESPACE}}}{root}", nsmap={None: NAMESPACE})
    _write_members(element, value)
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


def _write_members(parent: etree._Element, value: Shape) -> None:
    for member in members(type(value)):
        content = getattr(value, member.name)
        if content is None:
            continue
        place = member.marker if isinstance(member.marker, Element) else Element()
        tag = place.name or wire_name(member.name)
        if not isinstance(content, tuple):
            _write(parent, tag, member.name, content)
            continue
        if not place.flat:
            parent, tag = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}"), place.item
        for item in content:
            _write(parent, tag, member.name, item)


def _write(parent: etree._Element, tag: str, name: str, content: Any) -> None:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}")
    if isinstance(content, Shape):
        _write_members(element, content)
        return
    try:
        element.text = text_of(content)
    except ValueError as error:
        raise InvalidInput(f"{name} {content!r} cannot be written as XML: {error}") from error


def text_of(value: Any) -> str:
    """Return a scalar as S3 writes it: true/false, ISO 8601 in UTC, decimal numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise InvalidInput(f"{value!r} is naive: give it a time zone")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if not isinstance(value, (str, int)):
        raise InvalidInput(f"{value!r} is a {type(value).__name__}, not text, a number or a time")
    return str(value)
