"""Behaviour 20: an error says what it is, even where the answer has no body, and how often it was tried.

That DeleteObjects with <Errors> is no success, and keys that XML cannot carry, belong to that operation's transfers.
"""

import pickle

import pytest

from aios3 import (
    AccessDenied,
    InternalError,
    InvalidRange,
    MethodNotAllowed,
    NoSuchBucket,
    NoSuchKey,
    NotImplementedByServer,
    NotModified,
    PreconditionFailed,
    ServiceError,
)
from aios3.operations.buckets import HeadBucket
from aios3.testing import Answer, Cut, Peer, steps
from tests import oracle
from tests.faults.scenes import behind, bucket_at, failure, on
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
HTML = b"<html>\n<head><title>Oh</title></head><body>no</body></html>"


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        ("404 Not Found", NoSuchKey, "NoSuchKey"),
        ("403 Forbidden", AccessDenied, "AccessDenied"),
        ("400 Bad Request", ServiceError, "BadRequest"),
        ("405 Method Not Allowed", MethodNotAllowed, "MethodNotAllowed"),
        ("412 Precondition Failed", PreconditionFailed, "PreconditionFailed"),
        ("304 Not Modified", NotModified, "NotModified"),
        ("416 Range", InvalidRange, "InvalidRange"),
        ("501 Not Implemented", NotImplementedByServer, "NotImplemented"),
        ("418 Teapot", ServiceError, "HTTP418"),
    ],
)
@pytest.mark.parametrize("verb", ["head", "get", "get html"])
async def test_b20_error_without_a_document_is_typed_by_its_status(
    verb: str, status: str, error: type[ServiceError], code: str
) -> None:
    headers = ["x-amz-request-id: R1", "x-amz-id-2: H1"]
    body = HTML if "html" in verb and not status.startswith("304") else b""
    async with Peer(steps.answering(body, status=status, headers=headers)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(error) as caught:
                await (bucket.head("key") if verb == "head" else bucket.get("key"))

    found = caught.value
    assert type(found) is error
    assert (found.code, found.status, found.attempts) == (code, int(status[:3]), 1)
    assert (found.request_id, found.host_id) == ("R1", "H1")
    assert found.operation == ("HeadObject" if verb == "head" else "GetObject")


async def test_b20_missing_bucket_is_told_from_a_missing_key_where_the_operation_tells() -> None:
    async with Peer(steps.answering(status="404 Not Found")) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(NoSuchBucket):
            await bucket.client.call(HeadBucket(bucket="bucket"))


async def test_b20_attempts_are_counted_on_the_error(radosgw: Server) -> None:
    faults = (Answer(status=500, code="InternalError"), Cut(after=0), Answer())
    async with behind(radosgw, on("GET", *faults)) as (_, bucket):
        with pytest.raises(NoSuchKey) as caught:
            await bucket.get("key")

    assert caught.value.attempts == 4
    assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 3
    assert caught.value.request_id is not None


@pytest.mark.parametrize("body", [b"", HTML, b"\xff\xfe\x00", b"{}", b"<Error>", b"<Other/>", b"x" * 100_000])
@pytest.mark.parametrize(("status", "error"), [("500 X", InternalError), ("502 X", ServiceError)])
async def test_b20_gateway_that_says_anything_is_retried_and_shown(
    status: str, error: type[ServiceError], body: bytes
) -> None:
    async with Peer(steps.answering(body, status=status)) as peer:
        async with bucket_at(peer.endpoint, max_attempts=2) as bucket:
            with pytest.raises(error) as caught:
                await bucket.put("key", b"data")

    assert caught.value.attempts == len(peer.requests) == 2
    assert len(str(caught.value)) < 400


async def test_b20_error_survives_pickling_with_all_it_knows(radosgw: Server) -> None:
    async with behind(radosgw) as (_, bucket):
        with pytest.raises(NoSuchKey) as caught:
            await bucket.get("key")
    again = pickle.loads(pickle.dumps(caught.value))

    assert vars(again) == vars(caught.value)
    assert (type(again), str(again)) == (NoSuchKey, str(caught.value))


async def test_b20_error_of_a_real_head_is_typed(radosgw: Server) -> None:
    async with behind(radosgw) as (_, bucket):
        with pytest.raises(NoSuchKey):
            await bucket.head("key")
        oracle.put(radosgw, bucket.name, "key", b"data")
        with pytest.raises(ServiceError) as caught:
            await bucket.head("key", version_id="no-such-version")

    assert caught.value.status in (400, 404)


async def test_b20_connection_is_free_before_the_error_is_raised() -> None:
    script = steps.serving(lambda _: failure("AccessDenied", "403 Forbidden"))
    async with Peer(script) as peer, bucket_at(peer.endpoint, max_connections=1, pool_timeout=1) as bucket:
        for _ in range(3):
            with pytest.raises(AccessDenied):
                await bucket.get("key")

        assert peer.connections == 1
