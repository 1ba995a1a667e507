"""What is raised: by name, whole, picklable, and without a secret."""

import copy
import pickle
import traceback
from typing import Any

import pytest

import aios3
from aios3 import (
    AccessDenied,
    Bucket,
    Client,
    ConnectError,
    Credentials,
    InternalError,
    InvalidInput,
    InvalidResponse,
    NoSuchBucket,
    NoSuchKey,
    NotImplementedByServer,
    PreconditionFailed,
    ServiceError,
    SlowDown,
    errors,
)
from tests.servers import Keys, Proxy, Server, free_port
from tests.stores import NOWHERE, bucket_at, client_of, on
from tests.wire import answering, response

NAMES = [name for name in errors.__all__ if name != "error_class"]
SERVICE_ERRORS = [name for name in NAMES if issubclass(getattr(errors, name), ServiceError)]
SECRET, TOKEN, PASSWORD = "wJalrXUtnFEMIsecret", "FwoGZXIvYXdzEtoken", "hunter2"


def error_document(code: str, **more: str) -> bytes:
    """Return S3's error document."""
    texts = "".join(f"<{name}>{text}</{name}>" for name, text in more.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code>{texts}</Error>'.encode()


async def error_of(answer: bytes, **options: Any) -> ServiceError:
    """Return what a get raises that is answered so, however often."""
    async with answering(*[answer] * 10) as peer, bucket_at(peer.port, **options) as bucket:
        with pytest.raises(ServiceError) as caught:
            await bucket.get("some/key")
    return caught.value


# --- the tree


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("InvalidInput", ValueError),
        ("ConnectError", ConnectionError),
        ("ConnectTimeout", TimeoutError),
        ("ReadTimeout", TimeoutError),
        ("PoolTimeout", TimeoutError),
        ("TooManyKeys", AssertionError),
        ("NoSuchKey", FileNotFoundError),
        ("SourceChanged", errors.TransferError),
        ("TruncatedBody", errors.TransportError),
    ],
)
def test_error_is_also_what_python_calls_it(name: str, kind: type[Exception]) -> None:
    assert issubclass(getattr(errors, name), kind)


@pytest.mark.parametrize("name", NAMES)
def test_every_error_descends_from_s3error_and_is_at_the_top(name: str) -> None:
    assert issubclass(getattr(errors, name), errors.S3Error)
    assert getattr(aios3, name) is getattr(errors, name)
    assert name in aios3.__all__


def test_local_transport_and_remote_faults_do_not_overlap() -> None:
    families = (errors.InvalidInput, errors.TransportError, errors.InvalidResponse, errors.ServiceError)
    for name in NAMES:
        assert sum(issubclass(getattr(errors, name), family) for family in families) <= 1


@pytest.mark.parametrize("name", NAMES)
def test_every_error_survives_pickle_and_copy(name: str) -> None:
    cls = getattr(errors, name)
    error = cls("what happened")
    if issubclass(cls, ServiceError):
        error = cls(
            "SomeCode",
            "a message",
            status=418,
            request_id="request",
            host_id="host",
            operation="GetObject",
            resource="bucket/key",
            attempts=3,
        )

    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is cls
        assert (str(again), again.args) == (str(error), error.args)
        assert again.__dict__ == error.__dict__


@pytest.mark.parametrize("name", SERVICE_ERRORS)
async def test_code_on_the_wire_becomes_its_class(name: str) -> None:
    code = {"NotImplementedByServer": "NotImplemented", "KeyTooLong": "KeyTooLongError"}.get(name, name)

    found = await error_of(response(400, error_document(code)))

    assert type(found) is getattr(errors, name)
    assert found.code == code


# --- what an error says


async def test_error_carries_what_s3_said() -> None:
    body = error_document(
        "NoSuchKey", Message="Not there.", Key="some/key", RequestId="4442587FB7D0A2F9", HostId="h/o+st="
    )

    error = await error_of(response(404, body))

    assert isinstance(error, NoSuchKey)
    assert (error.code, error.message, error.status) == ("NoSuchKey", "Not there.", 404)
    assert (error.request_id, error.host_id) == ("4442587FB7D0A2F9", "h/o+st=")
    assert (error.operation, error.resource, error.attempts) == ("GetObject", "bucket/some/key", 1)
    assert str(error) == "GetObject on bucket/some/key failed with NoSuchKey (HTTP 404): Not there."


async def test_ids_are_taken_from_headers_where_the_body_has_none() -> None:
    headers = {"x-amz-request-id": "from-header", "x-amz-id-2": "host"}

    error = await error_of(response(403, error_document("AccessDenied"), headers))

    assert (error.request_id, error.host_id) == ("from-header", "host")


async def test_response_has_the_shape_that_botocore_gives_it() -> None:
    error = await error_of(response(404, error_document("NoSuchKey", Message="Not there.", RequestId="r", HostId="h")))

    assert error.response == {
        "Error": {"Code": "NoSuchKey", "Message": "Not there."},
        "ResponseMetadata": {"HTTPStatusCode": 404, "RequestId": "r", "HostId": "h", "RetryAttempts": 0},
    }


async def test_unknown_code_stays_a_service_error() -> None:
    error = await error_of(response(409, error_document("MoonIsInTheWrongPhase", Message="Wait.")))

    assert type(error) is ServiceError
    assert (error.code, error.status, error.message) == ("MoonIsInTheWrongPhase", 409, "Wait.")


async def test_namespaces_white_space_and_a_wrapper_do_not_matter() -> None:
    wrapped = (
        b'\n <ErrorResponse xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Error><Code>NoSuchBucket</Code>'
        b"</Error><RequestId>outer</RequestId></ErrorResponse>"
    )

    error = await error_of(response(404, wrapped))

    assert isinstance(error, NoSuchBucket)
    assert error.request_id == "outer"


@pytest.mark.parametrize(
    ("status", "cls", "code"),
    [
        (304, errors.NotModified, "NotModified"),
        (403, AccessDenied, "AccessDenied"),
        (404, NoSuchKey, "NoSuchKey"),
        (412, PreconditionFailed, "PreconditionFailed"),
        (416, errors.InvalidRange, "InvalidRange"),
        (418, ServiceError, "HTTP418"),
        (429, SlowDown, "SlowDown"),
        (500, InternalError, "InternalError"),
        (501, NotImplementedByServer, "NotImplemented"),
        (502, ServiceError, "HTTP502"),
        (503, errors.ServiceUnavailable, "ServiceUnavailable"),
    ],
)
async def test_empty_error_is_named_by_its_status(status: int, cls: type[ServiceError], code: str) -> None:
    answer = f"HTTP/1.1 {status} Whatever\r\n" + ("\r\n" if status == 304 else "Content-Length: 0\r\n\r\n")

    error = await error_of(answer.encode())

    assert type(error) is cls
    assert (error.code, error.status) == (code, status)


@pytest.mark.parametrize("status", [403, 404, 502, 503])
async def test_html_page_is_quoted_shortly_not_parsed(status: int) -> None:
    page = b"<html>\n<head><title>Sorry</title></head><body>" + b"<p>no &nbsp; luck</p>" * 5000 + b"</body></html>"

    error = await error_of(response(status, page))

    assert error.status == status
    assert "not an S3 answer: <html> <head><title>Sorry</title>" in error.message
    assert len(str(error)) < 400


async def test_connection_is_used_again_after_an_error() -> None:
    answers = [response(404, error_document("NoSuchKey")), response(403, b"<html></html>"), response(body=b"body")]
    async with answering(*answers) as peer, bucket_at(peer.port) as bucket:
        for cls in (NoSuchKey, AccessDenied):
            with pytest.raises(cls):
                await bucket.get("key")
        assert await bucket.get("key") == b"body"

    assert peer.connections == 1


async def test_endless_error_page_is_read_to_64_kib() -> None:
    """It says that it has a gigabyte; the peer never sends more than this."""
    page = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 1073741824\r\n\r\n" + b"<p>no</p>" * 10_000
    async with answering(page, response(body=b"body")) as peer, bucket_at(peer.port, max_connections=1) as bucket:
        with pytest.raises(AccessDenied):
            await bucket.get("key")
        assert await bucket.get("key") == b"body"

    assert peer.connections == 2


# --- XML that S3 never sends


BILLION_LAUGHS = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [\n<!ENTITY lol0 "lol">\n'
    + "\n".join(f'<!ENTITY lol{level} "{f"&lol{level - 1};" * 10}">' for level in range(1, 10))
    + "\n]>\n<ListBucketResult><Name>&lol9;</Name></ListBucketResult>"
)
HOSTILE = {
    "billion laughs": BILLION_LAUGHS.encode(),
    "billion laughs in UTF-16": BILLION_LAUGHS.encode("utf-16"),
    "file entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><ListBucketResult><Name>&x;</Name></ListBucketResult>',
    "remote DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><ListBucketResult/>',
    "empty DTD": b"<!DOCTYPE ListBucketResult><ListBucketResult/>",
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/"> %x;]><ListBucketResult/>',
    "undefined entity": b"<ListBucketResult><Name>&lol;</Name></ListBucketResult>",
    "quadratic": b'<!DOCTYPE a [<!ENTITY x "'
    + b"x" * 50_000
    + b'">]><ListBucketResult><Name>'
    + b"&x;" * 5000
    + b"</Name></ListBucketResult>",
    "too deep": b"<ListBucketResult>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</ListBucketResult>",
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_xml_is_refused_without_expanding_it(case: str) -> None:
    async with answering(response(body=HOSTILE[case])) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidResponse) as caught:
            await bucket.list(timeout=5)

    assert "lollol" not in str(caught.value)
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("case", HOSTILE)
async def test_hostile_xml_in_an_error_is_an_error_of_its_status(case: str) -> None:
    body = HOSTILE[case].replace(b"ListBucketResult", b"Error")

    error = await error_of(response(403, body))

    assert isinstance(error, AccessDenied)
    assert "lollollol" not in str(error)
    assert len(str(error)) < 1000


# --- secrets


def shown(thing: object) -> str:
    """Return everything that a log might show of *thing*."""
    lines = [repr(thing), str(thing)]
    if isinstance(thing, BaseException):
        lines += traceback.format_exception(thing)
        lines += [repr(thing.__dict__), repr(thing.args)]
    return "\n".join(lines)


def test_no_repr_shows_a_secret() -> None:
    client = Client(
        aws_key="AKIAIOSFODNN7EXAMPLE",
        aws_secret=SECRET,
        aws_token=TOKEN,
        proxy=f"http://user:{PASSWORD}@127.0.0.1:3128",
    )
    things = [client, client.bucket("bucket"), Credentials("AKIAIOSFODNN7EXAMPLE", SECRET, TOKEN)]

    for thing in things:
        assert not {secret for secret in (SECRET, TOKEN, PASSWORD) if secret in shown(thing)}


@on("signatures")
async def test_no_refusal_by_a_server_shows_a_secret(server: Server, bucket: str) -> None:
    keys = Keys(access_key=server.access_key, secret_key=SECRET)
    async with client_of(server, keys=keys) as client:
        with pytest.raises(ServiceError) as caught:
            await client.bucket(bucket).get("key")

    assert SECRET not in shown(caught.value)
    assert "Signature=" not in shown(caught.value)
    assert SECRET.encode() not in pickle.dumps(caught.value)


@pytest.mark.parametrize("wrong", ["not\nprintable", "ünprintable"])
async def test_token_that_no_header_can_carry_is_not_shown(wrong: str) -> None:
    async with Bucket("bucket", **NOWHERE, aws_token=TOKEN + wrong) as bucket:
        with pytest.raises(InvalidInput) as caught:
            await bucket.get("key")

    assert TOKEN not in str(caught.value)


async def test_proxy_that_is_down_is_named_without_its_password() -> None:
    port = free_port()
    async with Bucket("bucket", **NOWHERE, proxy=f"http://user:{PASSWORD}@127.0.0.1:{port}") as bucket:
        with pytest.raises(ConnectError, match=f"127.0.0.1:{port}") as caught:
            await bucket.get("key")

    assert PASSWORD not in shown(caught.value)


@on("tls")
async def test_proxy_that_refuses_is_named_without_its_password(
    server: Server, bucket: str, squid_with_password: Proxy
) -> None:
    assert server.tls_endpoint is not None
    proxy = squid_with_password.url.replace("://", f"://user:{PASSWORD}@")
    options: dict[str, Any] = {**NOWHERE, "aws_secret": SECRET, "aws_endpoint": server.tls_endpoint}
    async with Bucket(bucket, **options, proxy=proxy, verify=str(server.ca)) as opened:
        with pytest.raises(ConnectError, match="407") as caught:
            await opened.get("key")

    assert squid_with_password.url[7:] in str(caught.value)
    assert not {secret for secret in (SECRET, PASSWORD) if secret in shown(caught.value)}
