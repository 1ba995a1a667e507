"""S3's XML: bodies to results, structures to bodies.

In: bytes from a server, a declared class (see shapes). Out: its value. Read strictly: UTF-8, no DTD, no entities,
the expected root. Characters that XML 1.0 cannot carry are replaced once by U+FFFD and read strictly again, since
stores that do not percent-encode keys in listings send them raw.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/Type_API_Reference.html, XML 1.0 section 2.2 (Char)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from lxml import etree

from ..errors import InvalidInput, InvalidResponse
from .shapes import Element, Member, Shape, item_type, members, once, scalar_type, structure_type, wire_name
from .texts import READERS, Reader, read_url_text, writer
from .values import NamedTuple

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
# Declared where it is used, with the one prefix that every server knows.
_XSI_MAP = {"xsi": _XSI}
_ROOT_MAP: dict[Any, str] = {None: NAMESPACE}  # None is lxml's name for no prefix
S = TypeVar("S", bound=Shape)

# A character that XML 1.0 forbids (2.2), and a reference, which may be to one: &#0; &#x1F; &#xFFFE; &#xD800;
_ILLEGAL = "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:([0-9]{1,20})|[xX]([0-9a-fA-F]{1,16}));"
_BYTE_ORDER_MARKS = (b"\xfe\xff", b"\xff\xfe")


# ------------------------------------------------------------------ reading
def parse(body: bytes) -> etree._Element:
    """Return the root of a document.

    Raises:
        InvalidResponse: no XML, truncated, another encoding than UTF-8, or with a DTD or entities.
    """
    # S3 keeps a long answer alive with white space, before the XML declaration too.
    body = body.lstrip()
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or body.startswith(_BYTE_ORDER_MARKS):
        raise InvalidResponse(f"the server sent what S3 never sends (a DTD or UTF-16): {_shown(body)}")
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError as error:
        root = _parse_replaced(body, error)
    about = root.getroottree().docinfo
    if about.internalDTD is not None or (about.encoding or "UTF-8").upper() not in ("UTF-8", "ASCII", "US-ASCII"):
        raise InvalidResponse(f"the server sent XML with a DTD, or in {about.encoding}, which S3 never does")
    return root


def local_name(tag: str) -> str:
    """Return the tag without its namespace; stores differ in which one they send."""
    return tag.rpartition("}")[2]


def read_root(cls: type[S], root: etree._Element, *names: str) -> S:
    """Read one value of *cls* from a parsed document; unknown elements are passed over.

    Raises:
        InvalidResponse: its root has none of these *names*, or a value in it cannot be read.
    """
    if local_name(root.tag) not in names:
        raise InvalidResponse(f"expected <{names[0]}>, the server sent <{local_name(root.tag)}>")
    try:
        return _reader(cls, says_url(root)).read(root)  # type: ignore[no-any-return]
    except (ValueError, TypeError) as error:
        raise InvalidResponse(f"<{local_name(root.tag)}> has a value that cannot be read: {error}") from error


def says_url(root: etree._Element) -> bool:
    """Tell if a listing says that its keys are percent-encoded."""
    return root.findtext("{*}EncodingType") == "url"


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
    replaced = re.sub(_ILLEGAL, _legal, body.decode("utf-8", "replace"))
    try:
        return etree.fromstring(replaced.encode(), _parser())
    except etree.XMLSyntaxError:
        raise InvalidResponse(f"the server sent a body that is not XML ({error.msg}): {_shown(body)}") from error


def _legal(found: re.Match[str]) -> str:
    """Return a reference as it is, if a character may stand there; else the replacement character."""
    number = int(found[1]) if found[1] else int(found[2], 16) if found[2] else 0
    legal = number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0xFFFF < number < 0x110000
    return found[0] if legal else "\ufffd"


def _shown(body: bytes) -> str:
    return f"{body[:120]!r}" + ("..." if len(body) > 120 else "") if body else "an empty body"


class _Place(NamedTuple):
    """Where an element's value goes: appended when *many*; read by *scalar* from its text, or by *reader*."""

    name: str
    many: bool
    scalar: Reader | None
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
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        # What S3 always sends and a store left out: reading must not fail for it, nor looking at it.
        self.absent: dict[str, Any] = {}
        for member in members(cls):
            element = Element() if member.marker is None else member.marker
            if isinstance(element, Element):
                self._add(member, element, url)

    def _add(self, member: Member, element: Element, url: bool) -> None:
        if not hasattr(self.cls, member.name):
            self.absent[member.name] = _nothing(member.type)
        if element.text:
            self.text = member.name
        elif element.attribute:
            self.attributes.append((member.name, f"{{{_XSI}}}{element.name}"))
        else:
            self.places.by_name[element.name or wire_name(member.name)] = self._place(member, element, url)

    def read(self, element: etree._Element) -> Any:
        places = self.places
        values: dict[str, Any] = self.absent.copy() if self.absent else {}
        for child in element:
            place = places[child.tag]
            if place is None:
                continue
            name, many, scalar, reader = place
            value = scalar(child.text) if scalar is not None else reader.read(child)  # type: ignore[union-attr]
            if not many:
                values[name] = value
            elif values.get(name):
                values[name].append(value)
            else:
                values[name] = [value]
        for name in self.flat_lists:
            if name in values:
                values[name] = tuple(values[name])
        for name, attribute in self.attributes:
            values[name] = element.get(attribute, values.get(name))
        if self.text:
            values[self.text] = element.text or ""
        # The values become the instance: a listing makes a thousand, and __init__ would check what is known.
        made = object.__new__(self.cls)
        object.__setattr__(made, "__dict__", values)
        return made

    def _place(self, member: Member, element: Element, url: bool) -> _Place:
        item = item_type(member.type)
        kind = scalar_type(member.type if item is None else item)
        structure = structure_type(kind)
        reader = None if structure is None else _reader(structure, url)
        scalar = None if reader else read_url_text if url and element.url else READERS[kind]
        if item is not None and not element.flat:
            return _Place(member.name, False, None, _WrappedList(element.item, scalar, reader))
        if item is not None:
            self.flat_lists.append(member.name)
        return _Place(member.name, item is not None, scalar, reader)


def _nothing(hint: Any) -> Any:
    """Return an empty value of a type that has one, else None."""
    return () if item_type(hint) is not None else "" if scalar_type(hint) is str else None


class _WrappedList(NamedTuple):
    """Reads a list that has an element of its own around its items."""

    item: str
    scalar: Reader | None
    reader: Any

    def read(self, element: etree._Element) -> tuple[Any, ...]:
        found = [child for child in element if local_name(child.tag) == self.item]
        if self.scalar is not None:
            return tuple([self.scalar(child.text) for child in found])
        return tuple([self.reader.read(child) for child in found])


@once
def _reader(cls: type[Shape], url: bool) -> _Reader:
    return _Reader(cls, url)


# ------------------------------------------------------------------ writing
def encode(value: Shape, root: str) -> bytes:
    """Return *value* as an XML document with this root element, in S3's namespace.

    An operation is written too: those of its members that have no other place.

    Raises:
        InvalidInput: members that exclude each other, of a wrong type, or with characters that XML 1.0 cannot carry.
    """
    element = etree.Element(f"{{{NAMESPACE}}}{root}", nsmap=_ROOT_MAP)
    _write_members(element, value)
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


class _Written(NamedTuple):
    """How a member is written: its tag, if it is a list, and its items as a structure or as the text of a scalar."""

    name: str
    tag: str
    element: Element
    is_list: bool
    structure: type[Shape] | None
    text: Callable[[Any], str] | None
    nsmap: dict[str, str] | None


@once
def _written(cls: type[Shape]) -> tuple[_Written, ...]:
    found = []
    for name, marker, hint in members(cls):
        element = Element() if marker is None else marker
        if not isinstance(element, Element):
            continue
        item = item_type(hint)
        kind = scalar_type(hint if item is None else item)
        structure = structure_type(kind)
        text = None if structure else writer(name, kind, http_date=element.http_date)
        tag = f"{{{_XSI if element.attribute else NAMESPACE}}}{element.name or wire_name(name)}"
        nsmap = _XSI_MAP if structure and any(place.element.attribute for place in _written(structure)) else None
        found.append(_Written(name, tag, element, item is not None, structure, text, nsmap))
    return tuple(found)


def _write_members(parent: etree._Element, value: Shape) -> None:
    value.check()
    given = value.__dict__
    for place in _written(type(value)):
        content = given.get(place.name)
        if content is None:
            continue
        if not place.is_list:
            _write(parent, place, place.tag, content)
            continue
        if not isinstance(content, tuple | list):
            raise InvalidInput(f"{place.name} must be a tuple, not {type(content).__name__}")
        inner, tag = parent, place.tag
        if not place.element.flat:
            inner, tag = etree.SubElement(parent, tag), f"{{{NAMESPACE}}}{place.element.item}"
        for item in content:
            _write(inner, place, tag, item)


def _write(parent: etree._Element, place: _Written, tag: str, content: Any) -> None:
    if place.text is None:
        wanted = place.structure or Shape  # never Shape: what has no text is a structure
        if not isinstance(content, wanted):
            raise InvalidInput(f"{place.name} must be a {wanted.__name__}, not {type(content).__name__}")
        _write_members(etree.SubElement(parent, tag, nsmap=place.nsmap), content)
        return
    text = place.text(content)
    try:
        if place.element.attribute:
            parent.set(tag, text)
        else:
            etree.SubElement(parent, tag).text = text
    except ValueError as error:
        raise InvalidInput(f"{place.name} {content!r} cannot be written as XML: {error}") from error
