"""Every declaration against AWS's own model: method, path, and every member in its place, both ways."""

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal, get_args, get_origin

import pytest

from aios3 import operations
from aios3.protocol.eventstream import EventStream
from aios3.protocol.places import Facts
from aios3.protocol.shapes import Element, Header, Operation, Shape, item_type, members, structure_type
from tests.operations.model import (
    OPERATIONS,
    SENT,
    SHAPES,
    Pair,
    Wire,
    aws_wire,
    input_shape,
    names_for,
    operation_class,
    our_wires,
    output_shape,
    pairs,
    python_name,
    result_class,
)

EVERY_OPERATION = pytest.mark.parametrize("name", OPERATIONS)
SCALARS = {"string": str, "integer": int, "long": int, "boolean": bool, "timestamp": datetime}

# Where we differ, and why.
NO_ENUM = {"BucketLocationConstraint"}  # regions come without notice, and other stores have their own
BYTES = {"key"}  # of a customer key: bytes here, base64 by the codec; botocore does so in a handler


class Report:
    """What was compared: members by shape, and what is wrong."""

    def __init__(self) -> None:
        self.members: dict[tuple[str, str], int] = {}
        self.problems: list[str] = []

    def compare(self, shape: Mapping[str, Any], name: str, cls: type[Shape]) -> None:
        """Compare AWS's shape with our class, and what they are made of."""
        key = (name, cls.__name__)
        if key in self.members:
            return
        self.members[key] = len(shape["members"])
        wires = {aws_wire(shape, member, about): member for member, about in shape["members"].items()}
        self.problems += [
            f"{key}: lacks {member} ({wire})" for wire, member in wires.items() if wire not in our_wires(cls)
        ]
        self.problems += [
            f"{key}: {path} is not AWS's" for wire, (path, _) in our_wires(cls).items() if wire not in wires
        ]
        # Literals in what is sent, plain str in what only comes back: S3 adds values without notice.
        is_sent = name in SENT
        for pair in pairs(shape, cls):
            said = [*_misnamed(pair), *_wrong_need(shape, pair, cls, is_sent), *self._wrong_type(pair, is_sent)]
            self.problems += [f"{key}.{pair.aws}: {what}" for what in said]

    def _wrong_type(self, pair: Pair, is_sent: bool) -> Iterator[str]:
        shape, hint = pair.shape, pair.ours.type
        if shape["type"] == "list":
            yield from _wrong_list(pair)
            shape, hint = SHAPES[shape["member"]["shape"]], item_type(hint)
        if shape["type"] == "structure" and not shape.get("eventstream"):
            cls = structure_type(hint)
            if cls is None:
                yield f"is no structure but {hint}"
            else:
                name = pair.about["shape"] if pair.shape["type"] == "structure" else pair.shape["member"]["shape"]
                self.compare(shape, name, cls)
        else:
            yield from _wrong_scalar(pair, shape, hint, is_sent)


def _misnamed(pair: Pair) -> Iterator[str]:
    if python_name(pair.aws) not in names_for(pair.path):
        yield f"is called {'.'.join(pair.path)}"


def _wrong_need(shape: Mapping[str, Any], pair: Pair, cls: type[Shape], is_sent: bool) -> Iterator[str]:
    required = pair.aws in shape.get("required", ())
    if is_sent and len(pair.path) == 1 and required == hasattr(cls, pair.path[0]):
        yield f"is{'' if required else ' not'} required"


def _wrong_list(pair: Pair) -> Iterator[str]:
    if item_type(pair.ours.type) is None:
        yield "is no tuple"
    if pair.wire.place != "xml":
        return
    marker = pair.ours.marker if isinstance(pair.ours.marker, Element) else Element()
    flat = bool(pair.shape.get("flattened") or pair.about.get("flattened"))
    if flat != marker.flat:
        yield f"is{'' if flat else ' not'} flattened"
    item = pair.shape["member"].get("locationName", "member")
    if not flat and item != marker.item:
        yield f"has items called {item}"


def _wrong_scalar(pair: Pair, shape: Mapping[str, Any], hint: Any, is_sent: bool) -> Iterator[str]:
    if shape.get("eventstream"):
        events = {cls.event_type: cls for cls in get_args(get_args(hint)[0])}
        if get_origin(hint) is not EventStream or set(events) != set(shape["members"]):
            yield f"is no stream of {sorted(shape['members'])}"
    elif shape["type"] == "string" and "enum" in shape:
        wanted = set(shape["enum"]) if is_sent and pair.about["shape"] not in NO_ENUM else set()
        found = set(get_args(hint)) if get_origin(hint) is Literal else set()
        if wanted != found or (not wanted and hint is not str):
            yield f"takes {found ^ wanted or hint}"
    elif shape["type"] in SCALARS:
        if hint is not SCALARS[shape["type"]] and pair.path[-1] not in BYTES:
            yield f"is {hint}, not a {shape['type']}"
        if shape["type"] == "timestamp":
            yield from _wrong_format(pair, shape.get("timestampFormat"))


def _wrong_format(pair: Pair, wanted: str | None) -> Iterator[str]:
    """HTTP dates are the default in headers and the query, ISO 8601 in XML."""
    marker = pair.ours.marker
    if isinstance(marker, Header):
        found = "iso8601" if marker.iso8601 else "rfc822"
    elif isinstance(marker, Element) or marker is None:
        found = "rfc822" if marker and marker.http_date else "iso8601"
    else:
        found = "rfc822"
    if found != (wanted or ("iso8601" if pair.wire.place == "xml" else "rfc822")):
        yield f"is written as {found}"


def compared(name: str, report: Report) -> Report:
    """Compare one operation's parameters and result."""
    report.compare(input_shape(name), OPERATIONS[name]["input"]["shape"], operation_class(name))
    output = OPERATIONS[name].get("output", {}).get("shape", "nothing")
    report.compare(output_shape(name), output, result_class(name))
    return report


@EVERY_OPERATION
def test_every_member_of_parameters_and_result_is_declared_as_aws_has_it(name: str) -> None:
    assert compared(name, Report()).problems == []


@EVERY_OPERATION
def test_method_path_and_constant_query_are_awss(name: str) -> None:
    http, cls = OPERATIONS[name]["http"], operation_class(name)
    path, _, query = http["requestUri"].partition("?")
    labels = [member.name for member in members(cls) if Wire("uri", member.name) in our_wires(cls)]
    ours = cls.path or "/" + "/".join({"bucket": "{Bucket}", "key": "{Key+}"}[label] for label in sorted(labels))
    constant = [*((word, "") for word in cls.subresource.split("&") if word), *cls.query]

    assert (cls.method, ours) == (http["method"], path)
    assert sorted(constant) == sorted(tuple(pair.partition("=")[::2]) for pair in query.split("&") if pair)


@EVERY_OPERATION
def test_digest_root_and_host_prefix_are_awss(name: str) -> None:
    model, cls = OPERATIONS[name], operation_class(name)
    checksum = model.get("httpChecksum", {})

    assert cls.checksum_required == checksum.get("requestChecksumRequired", False)
    assert cls.root == model["input"].get("locationName", "")
    assert python_name(model.get("endpoint", {}).get("hostPrefix", "").strip("{}.")) == cls.host_prefix


@EVERY_OPERATION
def test_result_is_named_after_the_operation(name: str) -> None:
    result, output = result_class(name), output_shape(name)
    payload = output.get("payload")
    streamed = payload and any(
        output["members"][payload].get("streaming") or SHAPES[output["members"][payload]["shape"]].get("eventstream")
        for _ in [None]
    )

    assert result.__name__ == (f"{name}Result" if "output" in OPERATIONS[name] else "NoResult")
    assert result.streaming == (python_name(payload) if payload and streamed else "")


def compared_events(report: Report) -> Report:
    """Compare the events of SelectObjectContent, which come in no document."""
    stream = SHAPES["SelectObjectContentEventStream"]["members"]
    report.members["SelectObjectContentEventStream", "SelectEvent"] = len(stream)
    for event in get_args(operations.SelectEvent):
        name = stream[event.event_type]["shape"]
        report.compare(SHAPES[name], name, event)
    return report


def test_every_event_of_select_is_declared() -> None:
    assert compared_events(Report()).problems == []


def test_no_operation_is_declared_that_aws_has_not() -> None:
    """Those with a URL of the API in their docstring; the others are what several have in common."""
    exported = [getattr(operations, name) for name in operations.__all__]
    classes = [cls for cls in exported if isinstance(cls, type) and issubclass(cls, Operation)]
    declared = {cls.__name__ for cls in classes if "AmazonS3/latest/API/" in (cls.__doc__ or "")}

    assert declared == set(OPERATIONS)
    assert all(f"/API_{name}.html" in (operation_class(name).__doc__ or "") for name in OPERATIONS)


def test_list_operations_have_pages() -> None:
    lists = {name for name in OPERATIONS if name.startswith("List")}

    assert len(lists) == 12
    assert {name for name in OPERATIONS if hasattr(operation_class(name), "next_page")} == lists


def test_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Say how much was compared; a shape that several operations have counts once, and ours must be all of AWS's."""
    report = compared_events(Report())
    right = sum(not compared(name, Report()).problems for name in OPERATIONS)
    for name in OPERATIONS:
        compared(name, report)
    wanted = sum(report.members.values())
    found = wanted - len(report.problems)
    with capsys.disabled():
        sys.stdout.write(f"\noperations {right} of {len(OPERATIONS)}, members {found} of {wanted}\n")

    assert right == len(OPERATIONS) == 112
    assert found == wanted


# What AWS calls the facts of an operation that decide where it goes.
FACTS = {
    "UseS3ExpressControlEndpoint": ("control", True),
    "DisableS3ExpressSessionAuth": ("session", False),
    "UseObjectLambdaEndpoint": ("object_lambda", True),
    "DisableAccessPoints": ("access_points", False),
}


@EVERY_OPERATION
def test_goes_where_aws_says(name: str) -> None:
    said = OPERATIONS[name].get("staticContextParams", {})
    facts = {member: value for key in said for member, value in [FACTS[key]]}

    assert operation_class(name).facts == Facts(**facts)
