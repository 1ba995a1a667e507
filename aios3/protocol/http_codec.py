"""Operations to requests, responses to results or errors; by plans compiled once per class.

In: an operation and an address. Out: a Request that is ready to sign. Back: a status, headers and a body. Out: the
declared result, or the error that S3's code names.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (errors),
https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html (https for customer keys)
"""

from __future__ import annotations

import hashlib
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from ..errors import InvalidInput, InvalidResponse, ServiceError, error_class
from . import runs, xml_codec
from .http1 import body_length
from .messages import Address, Buffer, Request, RequestBody, ResponseBody
from .plans import PLANS, plan_of
from .shapes import (
    Event,
    Header,
    HeaderPrefix,
    Member,
    Operation,
    Payload,
    Result,
    Shape,
    Structure,
    class_of,
    members,
    result_type,
    scalar_type,
    structure_type,
)
from .texts import HEADER_READERS
from .uri import encode_key, encode_query
from .values import NamedTuple

if TYPE_CHECKING:
    from .eventstream import EventStream, Message

R = TypeVar("R", bound=Result)
# A page of a listing has about 1 MiB.
MAX_DOCUMENT = 64 * 1024 * 1024
Integrity = Callable[[bytes, str | None], Mapping[str, str]]


# ------------------------------------------------------------------ encoding
def body_digest(body: bytes, algorithm: str | None) -> dict[str, str]:
    """Return the headers by which S3 checks *body*: Content-MD5, or x-amz-checksum-* if an algorithm is named.

    Raises:
        InvalidInput: an algorithm that Python itself has not.
    """
    if algorithm is None:
        return {"content-md5": b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()}
    if algorithm == "CRC32":
        digest = zlib.crc32(body).to_bytes(4)
    elif algorithm in ("SHA1", "SHA256", "SHA512", "MD5"):
        digest = hashlib.new(algorithm.lower(), body, usedforsecurity=False).digest()
    else:
        raise InvalidInput(f"checksum_algorithm {algorithm!r} cannot be computed here: take CRC32, SHA256, or none")
    return {f"x-amz-checksum-{algorithm.lower()}": b64encode(digest).decode()}


def encode(
    operation: Operation[Any],
    address: Address,
    headers: Mapping[str, str] | None = None,
    integrity: Integrity = body_digest,
) -> Request:
    """Return the request for *operation* at *address*.

    Args:
        headers: Added to every request of a client, such as x-amz-request-payer; the operation's own win.
        integrity: Given a body that S3 takes only with a digest, and the operation's ``checksum_algorithm``, returns
            the headers that carry one.
    Raises:
        InvalidInput: a member has a value that S3 cannot be sent, or members exclude each other.
    """
    cls = type(operation)
    puts, constant, labels, payload, root, body_of, special, ruled = PLANS.get(cls) or plan_of(class_of(operation))
    given = operation.__dict__
    fields = {"host": address.authority, **headers} if headers else {"host": address.authority}
    query = [*constant]
    body: Buffer | RequestBody = b""
    if others := len(given) - len(labels):  # more than bucket and key, which is all that most reads have
        content = given.get(payload)
        if not ruled.isdisjoint(given):
            _check(operation, address, b"" if content is None else content)
        if others > 1 or content is None:  # more than a body
            for name, value in given.items():
                put = puts.get(name)
                if put is not None and value is not None:
                    put(value, fields, query)
        if content is not None:
            body = body_of(content)
            if root:
                fields["content-type"] = "application/xml"
    if special:
        body = _finish(operation, body, fields, integrity)
    path = address.base_path + cls.path or "/"
    if "key" in labels:
        path = f"{address.base_path}/{encode_key(operation.key)}"  # type: ignore[attr-defined]  # labels says so
    return Request._make((cls.method, address, path, encode_query(query) if query else "", fields, body))


def _check(operation: Operation[Any], address: Address, body: Any) -> None:
    """Refuse what S3 would refuse, and a secret where all can read it."""
    operation.check()
    length = getattr(operation, "content_length", None)
    if length is not None and length != body_length(body):
        raise InvalidInput(f"content_length is {length}, the body has {body_length(body)} bytes")
    if address.scheme == "https" or _is_loopback(address.host):
        return
    for name, value in operation.__dict__.items():
        if isinstance(value, Structure) and value.secret:
            raise InvalidInput(f"{name} is a secret, and http://{address.host} would carry it in the open: use https")


def _is_loopback(host: str) -> bool:
    return host == "[::1]" or host.startswith("127.") or host == "localhost" or host.endswith(".localhost")


def _finish(
    operation: Operation[Any], body: Buffer | RequestBody, fields: dict[str, str], integrity: Integrity
) -> Buffer | RequestBody:
    """Return the whole body, and add the headers that follow from it."""
    if operation.root:
        body = xml_codec.encode(operation, operation.root)
        fields["content-type"] = "application/xml"
    if operation.checksum_required and isinstance(body, bytes):
        algorithm = getattr(operation, "checksum_algorithm", None)
        if algorithm is not None or "content-md5" not in fields:
            fields.update(integrity(body, algorithm))
    return body


# ------------------------------------------------------------------ decoding
class _ResultPlan(NamedTuple):
    """What decode needs to know of an operation's result.

    Args:
        stream: The member that is the body, read piece by piece; or "".
        events: The events it is a stream of, by their type on the wire.
        document: The member that is the body, read whole; or "".
        structure: What *document* is read as; None for text.
        roots: The XML elements that a body may have; none where there is no XML.
    """

    cls: type[Result]
    stream: str = ""
    events: Mapping[str, type[Event]] = {}
    document: str = ""
    structure: type[Shape] | None = None
    roots: tuple[str, ...] = ()


def is_streaming(operation: Operation[Any]) -> bool:
    """Tell if the result of *operation* carries the body itself, to be read piece by piece."""
    return bool((_RESULT_PLANS.get(type(operation)) or _result_plan(type(operation))).stream)


def decode_stream(operation: Operation[R], status: int, headers: Mapping[str, str], body: ResponseBody) -> R:
    """Return the result whose streaming member is *body*, or the events in it."""
    plan = _RESULT_PLANS.get(type(operation)) or _result_plan(type(operation))
    content = _events(operation, status, headers, body, plan.events) if plan.events else body
    result: R = object.__new__(plan.cls)  # type: ignore[assignment]  # the plan holds the operation's own result class
    values = {"http_status": status, "headers": headers, plan.stream: content}
    object.__setattr__(result, "__dict__", values)
    return result


def decode(operation: Operation[R], status: int, headers: Mapping[str, str], body: bytes) -> R:
    """Return the result of *operation* from a whole response.

    Raises:
        ServiceError: the answer is an error, whatever its status: S3 sends some with 200.
        InvalidResponse: the body is not what S3 answers to this operation.
    """
    cls, _, _, document, structure, roots = _RESULT_PLANS.get(type(operation)) or _result_plan(type(operation))
    if not roots:
        if body and b"<Error>" in body[:512]:
            raise decode_error(operation, status, headers, body)
        values = {"http_status": status, "headers": headers}
        if document:
            values[document] = _text(body)
        return _made(cls, values)  # type: ignore[return-value]  # as above
    plain = _plain(headers, body)
    found = runs.read(structure or cls, plain, *roots)
    if found is None:
        root = xml_codec.parse(plain)
        if xml_codec.local_name(root.tag) == "Error":
            raise decode_error(operation, status, headers, body)
        found = xml_codec.read_root(structure or cls, root, *roots)
    result: R = _made(cls, {document: found}) if document else found  # type: ignore[assignment]  # as above
    result.__dict__.update(http_status=status, headers=headers)
    return result


def _made(cls: type[Result], values: dict[str, Any]) -> Result:
    result = object.__new__(cls)
    object.__setattr__(result, "__dict__", values)
    return result


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidResponse(f"the server sent text that is not UTF-8: {error}") from error


def _plain(headers: Mapping[str, str], body: bytes) -> bytes:
    """Return a document without the compression that some proxies put on it, asked or not."""
    if headers.get("content-encoding") != "gzip":
        return body
    unpacker = zlib.decompressobj(wbits=31)
    try:
        plain = unpacker.decompress(body, MAX_DOCUMENT)
    except zlib.error as error:
        raise InvalidResponse(f"the server sent a body that is not the gzip it says: {error}") from error
    if not unpacker.eof:
        raise InvalidResponse(f"the server sent gzip that is cut, or more than {MAX_DOCUMENT} bytes without it")
    return plain


_RESULT_PLANS: dict[type[Operation[Any]], _ResultPlan] = {}


def _result_plan(operation: type[Operation[Any]]) -> _ResultPlan:
    """Find out what decode needs to know, and keep it in _RESULT_PLANS."""
    cls = result_type(operation)
    plan = _ResultPlan(cls, roots=_roots(operation, cls, cls.root))
    for member in members(cls):
        if isinstance(member.marker, Header | HeaderPrefix):
            setattr(cls, member.name, _HeaderMember(cls, member))
        elif isinstance(member.marker, Payload) and cls.streaming:
            plan = _ResultPlan(cls, cls.streaming, _event_types(member.type))
        elif isinstance(member.marker, Payload):
            structure = structure_type(member.type)
            roots = _roots(operation, cls, member.marker.root)
            plan = _ResultPlan(cls, document=member.name, structure=structure, roots=roots)
    _RESULT_PLANS[operation] = plan
    return plan


def _roots(operation: type[Operation[Any]], cls: type[Result], root: str) -> tuple[str, ...]:
    """Return the root that S3 sends first, then what other stores send: often the operation's name and a word."""
    name = operation.__name__
    return (root, *cls.other_roots, f"{name}Response", f"{name}Output", f"{name}Result") if root else ()


class _HeaderMember:
    """A result's member that is a header: read when it is first asked for, then kept.

    A response has a dozen headers and most calls look at none of them.
    """

    def __init__(self, cls: type[Result], member: Member) -> None:
        self._name = member.name
        self._default = getattr(cls, member.name, None)
        self._prefix = ""
        self._wire = ""
        self._lax = False
        if isinstance(member.marker, HeaderPrefix):
            self._prefix = member.marker.prefix
        elif isinstance(member.marker, Header):
            self._wire = member.marker.name.lower()
            self._lax = member.marker.lax
            self._read = HEADER_READERS[scalar_type(member.type)]

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
            if self._lax:
                return self._default
            raise InvalidResponse(f"the server sent a header that cannot be read: {self._wire}: {text[:60]}") from error

    def _prefixed(self, headers: Mapping[str, str]) -> dict[str, str]:
        cut = len(self._prefix)
        return {name[cut:]: text for name, text in headers.items() if name.startswith(self._prefix)}


# ------------------------------------------------------------------ events
def _event_types(hint: Any) -> dict[str, type[Event]]:
    """Return the events that ``EventStream[A | B]`` is a stream of, by their type on the wire."""
    kinds = [kind for argument in get_args(hint) for kind in get_args(argument) or (argument,)]
    return {kind.event_type: kind for kind in kinds}


def _events(
    operation: Operation[Any],
    status: int,
    headers: Mapping[str, str],
    body: ResponseBody,
    kinds: Mapping[str, type[Event]],
) -> EventStream[Event]:
    def read(message: Message) -> Event | None:
        about = message.headers
        if about.get(":message-type") == "event":
            kind = kinds.get(about.get(":event-type", ""))
            return None if kind is None else _event(kind, message.payload)
        code = about.get(":error-code") or about.get(":exception-type") or "InternalError"
        said = about.get(":error-message") or message.payload.decode("utf-8", "replace")
        raise _error(operation, status, headers, {"Code": str(code), "Message": str(said)})

    from .eventstream import EventStream  # loaded with the operation whose answer this is

    return EventStream(body, read, lambda event: event.is_last)


def _event(kind: type[Event], payload: bytes) -> Event:
    values: dict[str, Any] = {}
    for name, marker, hint in members(kind):
        structure = structure_type(hint)
        if structure is None:
            values[name] = payload
        elif payload and isinstance(marker, Payload):
            values[name] = xml_codec.read_root(structure, xml_codec.parse(payload), marker.root)
    event = object.__new__(kind)
    object.__setattr__(event, "__dict__", values)
    return event


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
    texts = _error_texts(headers, body)
    code = texts.get("Code") or _code_of_status(operation, status)
    message = texts.get("Message") or ("" if texts or not body else _excerpt(body))
    return _error(operation, status, headers, texts | {"Code": code, "Message": message}, attempts)


def _error(
    operation: Operation[Any], status: int, headers: Mapping[str, str], texts: Mapping[str, str], attempts: int = 1
) -> ServiceError:
    code = texts["Code"]
    return error_class(code)(
        code,
        texts["Message"],
        status=status,
        request_id=texts.get("RequestId") or headers.get("x-amz-request-id"),
        host_id=texts.get("HostId") or headers.get("x-amz-id-2"),
        operation=type(operation).__name__,
        resource=operation.resource,
        region=texts.get("Region") or headers.get("x-amz-bucket-region"),
        attempts=attempts,
    )


def _error_texts(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    try:
        body = _plain(headers, body).lstrip()
        root = xml_codec.parse(body) if body[:1] == b"<" else None
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
