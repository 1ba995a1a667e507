"""AWS's model of S3 as botocore ships it, and how its members pair with ours. An oracle; nothing of it is ours."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore.loaders import Loader

from aios3 import operations
from aios3.protocol.shapes import (
    Element,
    Group,
    Header,
    HeaderPrefix,
    Label,
    Member,
    Operation,
    Payload,
    Query,
    Result,
    Shape,
    members,
    once,
    result_type,
    structure_type,
    wire_name,
)

MODEL: Mapping[str, Any] = Loader().load_service_model("s3", "service-2", api_version="2006-03-01")
SHAPES: Mapping[str, Mapping[str, Any]] = MODEL["shapes"]
OPERATIONS: Mapping[str, Mapping[str, Any]] = {
    name: operation for name, operation in sorted(MODEL["operations"].items()) if not operation.get("deprecated")
}
NOTHING: Mapping[str, Any] = {"type": "structure", "members": {}}

# AWS's spelling of words that would not come apart at their capitals.
_WORDS = {
    "ETag": "Etag",
    "CRC32C": "Crc32c",
    "CRC32": "Crc32",
    "CRC64NVME": "Crc64nvme",
    "SHA": "Sha",
    "MD5": "Md5",
    "XXHASH": "Xxhash",
    "SSES3": "SseS3",
    "SSEKMS": "SseKms",
    "SSE": "Sse",
    "KMS": "Kms",
    "CORS": "Cors",
    "MFA": "Mfa",
    "ACL": "Acl",
    "ACP": "Acp",
    "CSV": "Csv",
    "JSON": "Json",
    "URI": "Uri",
    "ID": "Id",
}
_WORD = re.compile("|".join(_WORDS))

# The word or words that a group's members drop.
GROUP_PREFIXES = {
    "checksum": "checksum_",
    "copy_source_customer_key": "copy_source_sse_customer_",
    "customer_key": "sse_customer_",
    "encryption": "sse_",
    "grants": "grant_",
    "object_lock": "object_lock_",
}


def _reached(name: str, found: set[str]) -> set[str]:
    if name not in found:
        found.add(name)
        shape = SHAPES[name]
        for about in [*shape.get("members", {}).values(), *([shape["member"]] if "member" in shape else [])]:
            _reached(about["shape"], found)
    return found


SENT = set().union(*[_reached(operation["input"]["shape"], set()) for operation in OPERATIONS.values()])
"""The shapes that requests are made of; results have some of them too."""


class Wire(NamedTuple):
    """Where a member stands: header, query, uri, headers, payload, attribute or xml; and under which name."""

    place: str
    name: str


class Pair(NamedTuple):
    """A member of AWS's and ours: its name (two for one of a group), where it stands, both declarations."""

    aws: str
    path: tuple[str, ...]
    wire: Wire
    about: Mapping[str, Any]
    ours: Member

    @property
    def shape(self) -> Mapping[str, Any]:
        """AWS's shape of the value."""
        return SHAPES[self.about["shape"]]


def python_name(aws: str) -> str:
    """Return AWS's name in snake_case: SSEKMSKeyId -> sse_kms_key_id."""
    if aws == "And":
        return "and_"
    spelled = _WORD.sub(lambda found: _WORDS[found[0]], aws)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", spelled).lower()


def input_shape(name: str) -> Mapping[str, Any]:
    """Return AWS's shape of an operation's parameters."""
    return SHAPES[OPERATIONS[name]["input"]["shape"]]


def output_shape(name: str) -> Mapping[str, Any]:
    """Return AWS's shape of an operation's result."""
    output = OPERATIONS[name].get("output")
    return SHAPES[output["shape"]] if output else NOTHING


def operation_class(name: str) -> type[Operation[Any]]:
    """Return our declaration of an operation."""
    found: type[Operation[Any]] = getattr(operations, name)
    return found


def result_class(name: str) -> type[Result]:
    """Return our declaration of an operation's result."""
    return result_type(operation_class(name))


def aws_wire(owner: Mapping[str, Any], name: str, about: Mapping[str, Any]) -> Wire:
    """Return where AWS's member stands; header names in lower case."""
    wire = about.get("locationName", name)
    if owner.get("payload") == name or about.get("eventpayload"):
        is_document = SHAPES[about["shape"]]["type"] == "structure" and not SHAPES[about["shape"]].get("eventstream")
        # The document of an event has the name of its shape as root, not of the member.
        return Wire("payload", (about["shape"] if about.get("eventpayload") else wire) if is_document else "")
    place = about.get("location", "attribute" if about.get("xmlAttribute") else "xml")
    if place == "uri":
        return Wire("uri", name.lower())
    return Wire(place, wire.lower() if place in ("header", "headers") else wire)


def _our_wires(cls: type[Shape]) -> Iterator[tuple[tuple[str, ...], Wire, Member]]:
    for member in members(cls):
        name, marker, hint = member
        match marker:
            case Label():
                yield (name,), Wire("uri", name), member
            case Query():
                yield (name,), Wire("querystring", marker.name), member
            case Header():
                yield (name,), Wire("header", marker.name.lower()), member
            case HeaderPrefix():
                yield (name,), Wire("headers", marker.prefix), member
            case Payload():
                yield (name,), Wire("payload", marker.root), member
            case Group():
                for inner in members(hint):
                    assert isinstance(inner.marker, Header)
                    yield (name, inner.name), Wire("header", (marker.prefix + inner.marker.name).lower()), inner
            case _:
                yield (name,), _xml_wire(name, marker or Element()), member


def _xml_wire(name: str, element: Element) -> Wire:
    if element.attribute:
        return Wire("attribute", f"xsi:{element.name}")
    return Wire("xml", "LocationConstraint" if element.text else element.name or wire_name(name))


@once
def our_wires(cls: type[Shape]) -> Mapping[Wire, tuple[tuple[str, ...], Member]]:
    """Return where the members of our class stand."""
    found = {wire: (path, member) for path, wire, member in _our_wires(cls)}
    assert len(found) == len(list(_our_wires(cls))), f"{cls.__name__} has two members in one place"
    return found


def pairs(shape: Mapping[str, Any], cls: type[Shape]) -> list[Pair]:
    """Return the members of AWS's shape that our class has too."""
    ours = our_wires(cls)
    return [
        Pair(name, *ours[wire][:1], wire, about, ours[wire][1])
        for name, about in shape["members"].items()
        if (wire := aws_wire(shape, name, about)) in ours
    ]


def names_for(path: tuple[str, ...]) -> set[str]:
    """Return what AWS may call a member of ours: a group's members have dropped a prefix."""
    if len(path) == 1:
        return {path[0]}
    return {path[1], GROUP_PREFIXES[path[0]] + path[1]}


def structure(hint: Any) -> type[Shape]:
    """Return our class of a member that is a structure."""
    found = structure_type(hint)
    assert found is not None, hint
    return found
