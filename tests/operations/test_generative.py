"""Random parameters: our request is botocore's. Random answers: our result is botocore's parse."""

import io
import os
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote, unquote_plus

import pytest
from botocore.awsrequest import HeadersDict
from botocore.model import ServiceModel
from botocore.parsers import RestXMLParser
from botocore.serialize import RestXMLSerializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from aios3.protocol.http_codec import decode, decode_stream, encode
from aios3.protocol.messages import Request, address
from aios3.protocol.shapes import Operation, Shape, item_type
from aios3.protocol.xml_codec import NAMESPACE
from tests.operations.model import (
    MODEL,
    OPERATIONS,
    SHAPES,
    Pair,
    input_shape,
    operation_class,
    output_shape,
    pairs,
    result_class,
    structure,
)
from tests.operations.values import ours, parameters

# Of each operation, in each direction.
EXAMPLES = int(os.environ.get("AIOS3_EXAMPLES", "5"))
some_examples = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

SERVICE = ServiceModel(MODEL, "s3")
SERIALIZER, PARSER = RestXMLSerializer(), RestXMLParser()
ADDRESS = address("https", "s3.example.com", 443, "/bucket")
SERVICE_ADDRESS = address("https", "s3.example.com", 443)
XSI = "http://www.w3.org/2001/XMLSchema-instance"
# What S3 percent-encodes in a listing, if it says so.
URL_ENCODED = {"Delimiter", "Key", "KeyMarker", "Marker", "NextKeyMarker", "NextMarker", "Prefix", "StartAfter"}


# --- requests


def _canonical(body: bytes) -> bytes:
    return etree.tostring(etree.fromstring(body), method="c14n", exclusive=True)


def _our_request(operation: Operation[Any]) -> Request:
    where = ADDRESS if hasattr(operation, "bucket") else SERVICE_ADDRESS
    return encode(operation, where, integrity=lambda body, algorithm: {})


def _body(content: Any) -> bytes:
    return content.encode() if isinstance(content, str) else bytes(content or b"")


@pytest.mark.parametrize("name", OPERATIONS)
@some_examples
@given(data=st.data())
def test_request_is_the_one_botocore_makes(name: str, data: st.DataObject) -> None:
    shape, cls = input_shape(name), operation_class(name)
    said = data.draw(parameters(shape, cls))
    if "ContentLength" in said:
        said["ContentLength"] = len(said.get("Body") or b"")
    theirs = SERIALIZER.serialize_to_request(said, SERVICE.operation_model(name))
    operation = ours(shape, cls, said)
    assert isinstance(operation, Operation)
    request = _our_request(operation)

    path, _, constant = theirs["url_path"].partition("?")
    query = [pair.partition("=")[::2] for pair in constant.split("&") if pair] + [
        (key, str(value)) for key, value in theirs["query_string"].items()
    ]
    sent = [tuple(map(unquote, pair.partition("=")[::2])) for pair in request.query.split("&") if pair]
    headers = {key.lower(): str(value) for key, value in theirs["headers"].items()}
    body = _body(theirs["body"])
    is_document = request.headers.get("content-type") == "application/xml" and body[:1] == b"<"
    own = {"host", "content-length"} | ({"content-type"} if is_document else set())
    assert (request.method, request.path) == (theirs["method"], path)
    assert Counter(sent) == Counter(query)
    assert _without(request.headers, own) == _without(headers, own)
    if is_document:
        assert _canonical(_body(request.body)) == _canonical(body)
    else:
        assert _body(request.body) == body


def _without(headers: Mapping[str, str], names: set[str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


# --- answers


def _text(value: Any, shape: Mapping[str, Any], *, in_header: bool) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        if in_header and shape.get("timestampFormat") != "iso8601":
            return format_datetime(moment, usegmt=True)
        return moment.isoformat().replace("+00:00", "Z")
    return str(value)


def _element(parent: etree._Element, tag: str, shape: Mapping[str, Any], value: Any) -> None:
    made = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}")
    if shape["type"] == "structure":
        _children(made, shape, value)
    else:
        made.text = _text(value, shape, in_header=False)


def _children(parent: etree._Element, shape: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        about = shape["members"][name]
        inner, tag = SHAPES[about["shape"]], about.get("locationName", name)
        if about.get("location"):
            continue
        if about.get("xmlAttribute"):
            parent.set(f"{{{XSI}}}type", value)
        elif inner["type"] == "list":
            _list(parent, tag, inner, about, value)
        else:
            _element(parent, tag, inner, value)


def _list(
    parent: etree._Element, tag: str, shape: Mapping[str, Any], about: Mapping[str, Any], values: list[Any]
) -> None:
    item = SHAPES[shape["member"]["shape"]]
    if not (shape.get("flattened") or about.get("flattened")):
        parent, tag = etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}"), shape["member"].get("locationName", "member")
    for value in values:
        _element(parent, tag, item, value)


def _headers(shape: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in values.items():
        about = shape["members"][name]
        if about.get("location") == "header":
            headers[about["locationName"].lower()] = _text(value, SHAPES[about["shape"]], in_header=True)
        elif about.get("location") == "headers":
            headers |= {f"{about['locationName']}{key}": text for key, text in value.items()}
    return headers


def _document(root: str, shape: Mapping[str, Any], values: Mapping[str, Any]) -> bytes:
    element = etree.Element(f"{{{NAMESPACE}}}{root}", nsmap={"xsi": XSI})
    _children(element, shape, values)
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8")


def _answer_body(name: str, values: Mapping[str, Any]) -> bytes:
    shape, cls = output_shape(name), result_class(name)
    payload = shape.get("payload")
    if payload is None:
        return _document(cls.root, shape, values) if cls.root else b""
    about = shape["members"][payload]
    inner = SHAPES[about["shape"]]
    if inner["type"] == "structure":
        return _document(about.get("locationName", payload), inner, values.get(payload, {}))
    return _body(values.get(payload))


def _expected(pair: Pair, parsed: Any, *, url: bool) -> Any:
    """Return what botocore parsed as we would have it."""
    shape, hint = pair.shape, pair.ours.type
    if shape["type"] == "structure":
        return _result(shape, structure(hint), parsed, url=url)
    if shape["type"] == "list":
        item = SHAPES[shape["member"]["shape"]]
        if item["type"] == "structure":
            return tuple(_result(item, structure(item_type(hint)), one, url=url) for one in parsed)
        return tuple(parsed)
    return unquote_plus(parsed) if url and pair.aws in URL_ENCODED else parsed


def _result(shape: Mapping[str, Any], cls: type[Shape], parsed: Mapping[str, Any], *, url: bool) -> dict[str, Any]:
    found = {
        pair.path[0]: _expected(pair, parsed[pair.aws], url=url)
        for pair in pairs(shape, cls)
        if parsed.get(pair.aws) is not None
    }
    return _said(cls, found)


def _said(cls: type[Shape], values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing: what we have by default, where botocore has nothing."""
    return {name: value for name, value in values.items() if value not in (None, (), {}, getattr(cls, name, ""))}


def _shown(value: Any) -> Any:
    """Return ours as plain dictionaries of what is there."""
    if isinstance(value, Shape):
        return _said(type(value), {name: _shown(getattr(value, name)) for name in value.__dataclass_fields__})
    return tuple(map(_shown, value)) if isinstance(value, tuple) else value


# Those whose answer is a stream of events, and one whose root is a text, which botocore reads in a handler.
APART = {"SelectObjectContent", "GetBucketLocation"}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in APART])
@some_examples
@given(data=st.data())
def test_result_is_what_botocore_parses(name: str, data: st.DataObject) -> None:
    shape, cls = output_shape(name), result_class(name)
    values = data.draw(parameters(shape, cls))
    if shape.get("payload") and SHAPES[shape["members"][shape["payload"]]["shape"]]["type"] == "structure":
        values.setdefault(shape["payload"], {})
    headers, body = _headers(shape, values), _answer_body(name, values)
    model = SERVICE.operation_model(name).output_shape
    # Neither of us looks into a stream.
    content: Any = io.BytesIO(body) if cls.streaming else body
    answer = {"status_code": 200, "headers": HeadersDict(headers), "body": content}
    parsed = PARSER.parse(answer, model) if model else {}

    operation = ours(input_shape(name), operation_class(name), _least(name))
    assert isinstance(operation, Operation)
    result = (decode_stream if cls.streaming else decode)(operation, 200, headers, content)
    assert _shown(result) == _result(shape, cls, parsed, url=parsed.get("EncodingType") == "url")


def _least(name: str) -> dict[str, Any]:
    """Return the parameters that an operation cannot be without, of the simplest kind."""
    found: dict[str, Any] = {}
    for required in input_shape(name).get("required", ()):
        shape = SHAPES[input_shape(name)["members"][required]["shape"]]
        found[required] = _simplest(shape)
    return found


def _simplest(shape: Mapping[str, Any]) -> Any:
    match shape["type"]:
        case "structure":
            names = shape.get("required", ()) or (list(shape["members"])[:1] if shape.get("union") else ())
            return {name: _simplest(SHAPES[shape["members"][name]["shape"]]) for name in names}
        case "list":
            return [_simplest(SHAPES[shape["member"]["shape"]])]
        case "integer" | "long":
            return 1
        case "boolean":
            return True
        case "blob":
            return b""
        case _:
            return shape.get("enum", ["a"])[0]
