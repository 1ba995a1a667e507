"""Operations to requests, responses to results or errors; by plans compiled once per class.

In: an operation and an address. Out: a Request that is ready to sign. Back: a status, headers and a body. Out: the
declared result, or the error that S3's code names.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (errors),
RFC 9110 5.6.7 (HTTP-date)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar

from ..errors import InvalidInput, InvalidResponse, ServiceError, error_class
from . import xml_codec
from .messages import Address, Buffer, Request, RequestBody, ResponseBody
from .shapes import Header, HeaderPrefix, Member, Operation, Payload, Query, Result, members, result_type, scalar_type
from .uri import encode_key, encode_query

R = TypeVar("R", bound=Result)

_QUERY, _HEADER, _PREFIX, _PAYLOAD = range(4)


class _Place(NamedTuple):
    """Where a member of an operation goes."""

    kind: int
    name: str
    text: Callable[[Any], str]


class _Plan(NamedTuple):
    """What encode needs to know of an operation's class."""

    places: dict[str, _Place]
    query: tuple[tuple[str, str], ...]
    on_object: bool


# ------------------------------------------------------------------ encoding
def encode(operation: Operation[Any], address: Address, headers: Mapping[str, str] | None = None) -> Request:
    """Return the request for *operation* at *address*.

    Args:
        headers: Added to every request of a client, such as x-amz-request-payer; the operation's own win.
    Raises:
        InvalidInput: a member has a value that S3 cannot be sent.
    """
    cls = type(operation)
    plan = _PLANS.get(cls) or _plan(cls)
    fields = {"host": address.authority}
    if headers:
        fields.update(headers)
    query = plan.query
    body: Buffer | RequestBody = b""
    for name, value in operation.__dict__.items():
        place = plan.places.get(name)
        if place is None or value is None:
            continue
        kind, wire, text = place
        if kind == _HEADER:
            fields[wire] = text(value)
        elif kind == _QUERY:
            query = (*query, (wire, text(value)))
        elif kind == _PAYLOAD:
            body = xml_codec.encode(value, wire) if wire else value
            if wire:
                fields["content-type"] = "application/xml"
        else:
            fields.update(_prefixed(name, wire, value))
    path = address.base_path or "/"
    if plan.on_object:
        path = f"{address.base_path}/{encode_key(operation.key)}"  # type: ignore[attr-defined]  # on_object says so
    return Request(operation.method, address, path, encode_query(query) if query else "", fields, body)


_PLANS: dict[type[Operation[Any]], _Plan] = {}


def _plan(cls: type[Operation[Any]]) -> _Plan:
    places: dict[str, _Place] = {}
    names = set()
    for member in members(cls):
        names.add(member.name)
        place = _place(member.name, member.marker, scalar_type(member.type))
        if place is not None:
            places[member.name] = place
    query = ((cls.subresource, ""), *cls.query) if cls.subresource else cls.query
    plan = _PLANS[cls] = _Plan(places, query, "key" in names)
    return plan


def _place(name: str, marker: object, kind: Any) -> _Place | None:
    if isinstance(marker, Query):
        return _Place(_QUERY, marker.name, _writer(name, kind, iso8601=True))
    if isinstance(marker, Header):
        return _Place(_HEADER, marker.name.lower(), _writer(name, kind, iso8601=marker.iso8601))
    if isinstance(marker, HeaderPrefix):
        return _Place(_PREFIX, marker.prefix, str)
    if isinstance(marker, Payload):
        return _Place(_PAYLOAD, marker.root, str)
    return None


def _writer(name: str, kind: Any, *, iso8601: bool) -> Callable[[Any], str]:
    """Return the function that writes a member's value as text, or says what is wrong with it."""

    def text(value: Any) -> str:
        if isinstance(value, datetime) and not iso8601 and value.tzinfo is not None:
            return format_datetime(value.astimezone(UTC), usegmt=True)
        try:
            return xml_codec.text_of(value)
        except InvalidInput as error:
            raise InvalidInput(f"{name}: {error}") from None

    def string(value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidInput(f"{name} must be a str, not {type(value).__name__}")
        return value

    return string if kind is str else text


def _prefixed(name: str, prefix: str, value: Mapping[str, str]) -> dict[str, str]:
    for key, content in value.items():
        if not isinstance(key, str) or not isinstance(content, str):
            raise InvalidInput(f"{name} takes str keys and values, not {key!r}: {content!r}")
        if not (key + content).isascii():
            raise InvalidInput(f"{name}[{key!r}] is not ASCII, which is all that S3 takes in headers: encode it first")
    # Lower case, since header names are and S3 stores them so; trimmed, since HTTP trims what surrounds a value.
    return {f"{prefix}{key.lower()}": content for key, content in value.items()}


# ------------------------------------------------------------------ decoding
class _ResultPlan(NamedTuple):
    """What decode needs to know of an operation's result: its class, its streaming member or "", if it is XML."""

    cls: type[Result]
    stream: str
    has_xml: bool


def is_streaming(operation: Operation[Any]) -> bool:
    """Tell if the result of *operation* carries the body itself, to be read piece by piece."""
    return bool(_result_plan(type(operation)).stream)


def decode_stream(operation: Operation[R], status: int, headers: Mapping[str, str], body: ResponseBody) -> R:
    """Return the result whose streaming member is *body*."""
    cls, stream, _ = _result_plan(type(operation))
    result: R = object.__new__(cls)  # type: ignore[assignment]  # the plan holds the operation's own result class
    object.__setattr__(result, "__dict__", {"status": status, "headers": headers, stream: body})
    return result


def decode(operation: Operation[R], status: int, headers: Mapping[str, str], body: bytes) -> R:
    """Return the result of *operation* from a whole response.

    Raises:
        ServiceError: the answer is an error, whatever its status: S3 sends some with 200.
        InvalidResponse: the body is not what S3 answers to this operation.
    """
    cls, _, has_xml = _result_plan(type(operation))
    result: R
    if has_xml:
        root = xml_codec.parse(body)
        if xml_codec.local_name(root.tag) == "Error":
            raise decode_error(operation, status, headers, body)
        result = xml_codec.read_root(cls, root)  # type: ignore[assignment]  # as above
    else:
        result = object.__new__(cls)  # type: ignore[assignment]  # as above
    result.__dict__.update(status=status, headers=headers)
    return result


_RESULT_PLANS: dict[type[Operation[Any]], _ResultPlan] = {}


def _result_plan(operation: type[Operation[Any]]) -> _ResultPlan:
    plan = _RESULT_PLANS.get(operation)
    if plan is None:
        cls = result_type(operation)
        stream = ""
        for member in members(cls):
            if isinstance(member.marker, Header | HeaderPrefix):
                setattr(cls, member.name, _HeaderMember(cls, member))
            elif isinstance(member.marker, Payload):
                stream = member.name
        plan = _RESULT_PLANS[operation] = _ResultPlan(cls, stream, bool(cls.root))
    return plan


class _HeaderMember:
    """A result's member that is a header: read when it is first asked for, then kept.

    A response has a dozen headers and most calls look at none of them.
    """

    def __init__(self, cls: type[Result], member: Member) -> None:
        self._name = member.name
        self._default = getattr(cls, member.name, None)
        self._prefix = ""
        self._wire = ""
        if isinstance(member.marker, HeaderPrefix):
            self._prefix = member.marker.prefix
        elif isinstance(member.marker, Header):
            self._wire = member.marker.name.lower()
            self._read = _HEADER_READERS[scalar_type(member.type)]

    def __get__(self, result: Result | None, owner: type[Result]) -> Any:
        if result is None:
            return self._default
        value = self._prefixed(result.headers) if self._prefix else self._one(result.headers)
        result.__dict__[self._name] = value
        return value

    def _one(self, headers: Mapping[str, str]) -> Any:
        text = headers.get(self._wire)
        if text is None:
            return self._default
        try:
            return self._read(text)
        except (ValueError, TypeError) as error:
            raise InvalidResponse(f"the server sent a header that cannot be read: {self._wire}: {text[:60]}") from error

    def _prefixed(self, headers: Mapping[str, str]) -> dict[str, str]:
        cut = len(self._prefix)
        return {name[cut:]: text for name, text in headers.items() if name.startswith(self._prefix)}


_MONTHS = {
    m: i for i, m in enumerate(["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1)
}


def read_http_date(text: str) -> datetime:
    """Read an HTTP-date; the one form that servers send without email.utils, which takes six times as long."""
    if len(text) == 29 and text.endswith(" GMT") and text[8:11] in _MONTHS:
        day, month, year = int(text[5:7]), _MONTHS[text[8:11]], int(text[12:16])
        return datetime(year, month, day, int(text[17:19]), int(text[20:22]), int(text[23:25]), tzinfo=UTC)
    if text[:4].isdecimal():  # some members are ISO 8601 even in headers
        return datetime.fromisoformat(text)
    moment = parsedate_to_datetime(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


_HEADER_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: int,
    bool: lambda text: text.lower() == "true",
    datetime: read_http_date,
}


# ------------------------------------------------------------------ errors
# A HEAD answer has no body, and proxies answer in HTML: then the status names the error.
_CODE_BY_STATUS = {
    304: "NotModified",
    301: "PermanentRedirect",
    307: "TemporaryRedirect",
    400: "BadRequest",
    403: "AccessDenied",
    405: "MethodNotAllowed",
    409: "Conflict",
    411: "MissingContentLength",
    412: "PreconditionFailed",
    416: "InvalidRange",
    429: "SlowDown",
    500: "InternalError",
    501: "NotImplemented",
    503: "ServiceUnavailable",
}


def decode_error(
    operation: Operation[Any], status: int, headers: Mapping[str, str], body: bytes, *, attempts: int = 1
) -> ServiceError:
    """Return the error that an answer means; from its XML, or from the status where there is none."""
    texts = _error_texts(body)
    code = texts.get("Code") or _code_of_status(operation, status)
    message = texts.get("Message") or ("" if texts or not body else _excerpt(body))
    return error_class(code)(
        code,
        message,
        status=status,
        request_id=texts.get("RequestId") or headers.get("x-amz-request-id"),
        host_id=texts.get("HostId") or headers.get("x-amz-id-2"),
        operation=type(operation).__name__,
        resource=operation.resource,
        region=texts.get("Region") or headers.get("x-amz-bucket-region"),
        attempts=attempts,
    )


def _error_texts(body: bytes) -> dict[str, str]:
    try:
        root = xml_codec.parse(body) if body.lstrip()[:1] == b"<" else None
    except InvalidResponse:
        return {}
    if root is None or xml_codec.local_name(root.tag) not in ("Error", "ErrorResponse"):
        return {}
    inner = next((child for child in root if xml_codec.local_name(child.tag) == "Error"), root)
    return xml_codec.read_texts(root) | xml_codec.read_texts(inner)


def _code_of_status(operation: Operation[Any], status: int) -> str:
    if status == 404:
        return "NoSuchKey" if hasattr(operation, "key") else "NoSuchBucket"
    return _CODE_BY_STATUS.get(status, f"HTTP{status}")


def _excerpt(body: bytes) -> str:
    """Show the start of an answer that is no S3 error, such as a proxy's page."""
    return "not an S3 answer: " + " ".join(body[:300].decode("utf-8", "replace").split())[:160]
