"""How each operation becomes a request: plans, compiled once per class.

In: the declaration of an operation (see shapes). Out: for each member the function that puts its value where it goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import InvalidInput
from . import xml_codec
from .shapes import (
    Group,
    Header,
    HeaderPrefix,
    Label,
    Member,
    Operation,
    Payload,
    Query,
    Shape,
    item_type,
    members,
    scalar_type,
    structure_type,
)
from .texts import writer
from .values import NamedTuple

# What a header's name can be made of (RFC 9110 5.6.2).
_FIELD_NAME = r"[-!#$%&'*+.^_`|~0-9a-zA-Z]+"
Put = Callable[[Any, dict[str, str], list[tuple[str, str]]], None]


class Plan(NamedTuple):
    """What encode needs to know of an operation's class.

    Args:
        puts: For each member that is a header or in the query, the function that puts it there.
        labels: The members that are the address: bucket and key, or one of them, or none.
        payload: The member that is the body, or "".
        root: The XML element around the payload, or "".
        body: Makes a body of the payload.
        special: The body needs more than that: XML of the members, or a digest.
        ruled: Members that exclude or need others, are secrets, or claim something of the body.
    """

    puts: dict[str, Put]
    query: tuple[tuple[str, str], ...]
    labels: tuple[str, ...]
    payload: str
    root: str
    body: Callable[[Any], Any]
    special: bool
    ruled: frozenset[str]


PLANS: dict[type[Operation[Any]], Plan] = {}


def plan_of(cls: type[Operation[Any]]) -> Plan:
    """Compile the plan of *cls*, and keep it in PLANS."""
    declared = members(cls)
    puts = {member.name: put for member in declared if (put := _put(member)) is not None}
    query = tuple((name, "") for name in cls.subresource.split("&") if name) + cls.query
    labels = tuple(member.name for member in declared if isinstance(member.marker, Label))
    payload = next((member for member in declared if isinstance(member.marker, Payload)), None)
    name, root, body = ("", "", str) if payload is None else _payload(payload)
    special = bool(cls.root) or cls.checksum_required
    plan = PLANS[cls] = Plan(puts, query, labels, name, root, body, special, _ruled(cls, declared))
    return plan


def _ruled(cls: type[Shape], declared: tuple[Member, ...]) -> frozenset[str]:
    secrets = [name for name, _, hint in declared if (structure := structure_type(hint)) and structure.secret]
    return frozenset(["content_length", *secrets, *[name for names in cls.at_most_one + cls.needs for name in names]])


def _put(member: Member) -> Put | None:
    name, marker, hint = member
    if isinstance(marker, Query):
        return _put_query(marker.name, writer(name, scalar_type(hint), http_date=True))
    if isinstance(marker, Header) and name != "content_length":  # which the transport says, by the body
        return _put_header(marker.name.lower(), _header_writer(name, hint, marker))
    if isinstance(marker, HeaderPrefix):
        return _put_prefixed(name, marker.prefix)
    if isinstance(marker, Group):
        return _put_group(name, hint, marker.prefix)
    return None


def _put_query(wire: str, text: Callable[[Any], str]) -> Put:
    def put(value: Any, fields: dict[str, str], query: list[tuple[str, str]]) -> None:
        query.append((wire, text(value)))

    return put


def _put_header(wire: str, text: Callable[[Any], str]) -> Put:
    def put(value: Any, fields: dict[str, str], query: list[tuple[str, str]]) -> None:
        fields[wire] = text(value)

    return put


def _header_writer(name: str, hint: Any, marker: Header) -> Callable[[Any], str]:
    item = item_type(hint)
    if item is None:
        return writer(name, scalar_type(hint), http_date=not marker.iso8601)
    text = writer(name, scalar_type(item))
    return lambda values: ",".join([text(value) for value in values])


def _put_prefixed(name: str, prefix: str) -> Put:
    def put(value: Any, fields: dict[str, str], query: list[tuple[str, str]]) -> None:
        if not isinstance(value, Mapping):
            raise InvalidInput(f"{name} must be a mapping of str to str, not {type(value).__name__}")
        for key, content in value.items():
            if not isinstance(key, str) or not isinstance(content, str):
                raise InvalidInput(f"{name} takes str keys and values, not {key!r}: {content!r}")
            if not content.isascii():
                raise InvalidInput(f"{name}[{key!r}] is not ASCII, which is all that S3 takes in headers: encode it")
            if not re.fullmatch(_FIELD_NAME, key):
                raise InvalidInput(f"{name} has the key {key!r}, which cannot be a part of a header's name")
            # Lower case, since header names are and S3 stores them so; trimmed, since HTTP trims what is around.
            header = f"{prefix}{key.lower()}"
            if header in fields:
                raise InvalidInput(
                    f"{name} has the key {key!r} twice: in the name of a header, upper case is lower case"
                )
            fields[header] = content.strip(" \t")

    return put


def _put_group(name: str, cls: type[Shape], prefix: str) -> Put:
    puts = {
        member.name: _put_header(
            (prefix + member.marker.name).lower(), _header_writer(member.name, member.type, member.marker)
        )
        for member in members(cls)
        if isinstance(member.marker, Header)
    }

    def put(value: Any, fields: dict[str, str], query: list[tuple[str, str]]) -> None:
        if not isinstance(value, cls):
            raise InvalidInput(f"{name} must be a {cls.__name__}, not {type(value).__name__}")
        value.check()
        for member, content in value.__dict__.items():
            if content is not None:
                puts[member](content, fields, query)

    return put


def _payload(member: Member) -> tuple[str, str, Callable[[Any], Any]]:
    """Return what the plan needs of the payload: its name, root, and the function that makes a body of it."""
    name, marker, hint = member
    root = marker.root if isinstance(marker, Payload) else ""
    structure = structure_type(hint)

    def document(value: Any) -> bytes:
        if not isinstance(value, structure or Shape):
            raise InvalidInput(f"{name} must be a {root}, not {type(value).__name__}")
        return xml_codec.encode(value, root)

    def text(value: Any) -> bytes:
        if not isinstance(value, str):
            raise InvalidInput(f"{name} must be a str, not {type(value).__name__}")
        return value.encode()

    def blob(value: Any) -> Any:
        if isinstance(value, (bytes, bytearray, memoryview)) or hasattr(value, "chunks"):
            return value
        raise InvalidInput(f"{name} must be bytes-like or a request body, not {type(value).__name__}")

    return name, root, document if structure else text if hint is str else blob
