"""Dialects on the wire: what each switch changes in what is sent, to a peer that keeps every byte."""

import hashlib
import ssl
import zlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import aios3
from aios3 import Bucket, Client, Dialect, InvalidInput, NotImplementedByServer
from aios3 import operations as ops
from aios3.protocol.dialects import DIALECTS
from aios3.testing import Asked, Peer, steps
from tests.everywhere import Scope, bucket_of, scope
from tests.faults.scenes import failure, listing
from tests.loops import BOTH_LOOPS

pytestmark = BOTH_LOOPS
OK = steps.response(b"data", headers=["ETag: e"])


def query(asked: Asked) -> Mapping[str, str]:
    pairs = asked.target.decode().partition("?")[2].split("&")
    return {name: value for name, _, value in (pair.partition("=") for pair in pairs)}


# ------------------------------------------------------------------ which dialect a client speaks
@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "aws"),
        ({"aws_endpoint": "http://localhost:9000"}, "generic"),
        ({"aws_endpoint": "https://account.r2.cloudflarestorage.com"}, "r2"),
        ({"aws_endpoint": "http://localhost:9000", "dialect": "garage"}, "garage"),
        ({"aws_endpoint": "https://s3.eu-west-1.amazonaws.com", "dialect": "generic"}, "generic"),
        ({"dialect": Dialect(name="mine")}, "mine"),
    ],
)
def test_client_speaks_what_its_host_or_its_user_says(options: dict[str, Any], name: str) -> None:
    client = Client(anonymous=True, **options)

    assert client.dialect.name == name
    with pytest.raises(AttributeError):
        client.dialect = DIALECTS["aws"]  # type: ignore[misc]  # that is the point


def test_dialect_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInput, match="dialect must be 'auto'"):
        Client(dialect="minimal")


# ------------------------------------------------------------------ addressing
@pytest.mark.parametrize(
    ("host", "options", "sent_to", "target"),
    [
        ("s3.eu-west-1.amazonaws.com", {}, "bucket.s3.eu-west-1.amazonaws.com", b"/key"),
        ("s3.eu-west-1.amazonaws.com", {"addressing": "path"}, "s3.eu-west-1.amazonaws.com", b"/bucket/key"),
        ("oss-cn-hangzhou.aliyuncs.com", {}, "bucket.oss-cn-hangzhou.aliyuncs.com", b"/key"),
        ("localhost", {}, "localhost", b"/bucket/key"),
        ("localhost", {"dialect": "aws"}, "localhost", b"/bucket/key"),
        ("localhost", {"addressing": "virtual"}, "bucket.localhost", b"/key"),
        ("s3.example.com", {}, "s3.example.com", b"/bucket/key"),
        ("s3.example.com", {"dialect": Dialect(addressing="virtual")}, "bucket.s3.example.com", b"/key"),
        ("127.0.0.1", {"dialect": "oss"}, "127.0.0.1", b"/bucket/key"),
    ],
)
async def test_addressing(host: str, options: dict[str, Any], sent_to: str, target: bytes) -> None:
    async with Peer(steps.serving(lambda asked: OK)) as peer, bucket_of(peer, host, **options) as bucket:
        await bucket.get("key")
        (asked,) = peer.requests

    assert (asked.header("host") or b"").decode().partition(":")[0] == sent_to
    assert asked.target == target


# ------------------------------------------------------------------ sign_region
@pytest.mark.parametrize(
    ("host", "options", "region"),
    [
        ("s3.eu-west-1.amazonaws.com", {}, "eu-west-1"),
        ("s3.us-west-004.backblazeb2.com", {}, "us-west-004"),
        ("account.r2.cloudflarestorage.com", {}, "auto"),
        ("account.r2.cloudflarestorage.com", {"aws_region": "auto"}, "auto"),
        ("account.r2.cloudflarestorage.com", {"aws_region": "wnam"}, "wnam"),
        ("127.0.0.1", {"dialect": "garage"}, "garage"),
        ("127.0.0.1", {"dialect": "garage", "aws_region": "auto"}, "garage"),
        ("127.0.0.1", {"dialect": "garage", "aws_region": "eu"}, "eu"),
        ("127.0.0.1", {}, "us-east-1"),
        ("127.0.0.1", {"aws_region": "auto"}, "us-east-1"),
    ],
)
async def test_sign_region(host: str, options: dict[str, Any], region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    async with Peer(steps.serving(lambda asked: OK)) as peer, bucket_of(peer, host, **options) as bucket:
        await bucket.get("key")

        assert scope(peer.requests[0]) == Scope(region, "s3")


async def test_a_region_that_the_store_is_to_tell_is_learned() -> None:
    refusal = failure("AuthorizationHeaderMalformed", "400 Bad Request", more="<Region>eu-west-3</Region>")

    def answer(asked: Asked) -> bytes:
        return OK if scope(asked).region == "eu-west-3" else refusal

    async with Peer(steps.serving(answer)) as peer, bucket_of(peer, aws_region="auto") as bucket:
        await bucket.get("key")
        await bucket.get("key")

        assert [scope(asked).region for asked in peer.requests] == ["us-east-1", "eu-west-3", "eu-west-3"]


# ------------------------------------------------------------------ list_version, list_url_encode
async def test_list_version_2_is_the_rule() -> None:
    async with Peer(steps.answering(listing("a"))) as peer, bucket_of(peer) as bucket:
        await bucket.list(prefix="a")

        assert query(peer.requests[0]) == {
            "list-type": "2",
            "encoding-type": "url",
            "max-keys": "1000",
            "prefix": "a",
        }


async def test_list_version_1_asks_by_markers() -> None:
    pages = {
        "0": b"<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>a/1</Key></Contents></ListBucketResult>",
        "a/1": listing("b/2"),
    }

    def answer(asked: Asked) -> bytes:
        return steps.response(pages[query(asked)["marker"].replace("%2F", "/")])

    async with Peer(steps.serving(answer)) as peer, bucket_of(peer, dialect="tencent") as bucket:
        found = [key.key async for key in bucket.keys(start_after="0")]

        assert found == ["a/1", "b/2"]
        assert ["list-type" in query(asked) for asked in peer.requests] == [False, False]
        assert query(peer.requests[0])["encoding-type"] == "url"


async def test_list_version_drops_to_1_on_the_first_501_and_stays_there() -> None:
    def answer(asked: Asked) -> bytes:
        newer = "list-type" in query(asked)
        return failure("NotImplemented", "501 Not Implemented") if newer else steps.response(listing("a"))

    async with Peer(steps.serving(answer)) as peer, bucket_of(peer) as bucket:
        for _ in range(2):
            assert [key.key for key in await bucket.list()] == ["a"]
        assert [key.key for key in await Bucket("other", client=bucket.client).list()] == ["a"]

        assert ["list-type" in query(asked) for asked in peer.requests] == [True, False, False, False]
        assert bucket.client.dialect == replace(DIALECTS["generic"], list_version=1)


async def test_a_501_behind_the_first_page_is_an_error() -> None:
    more = b"<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
    page = listing("a").replace(b"false", b"true").replace(b"</ListBucketResult>", more)

    def answer(asked: Asked) -> bytes:
        last = "continuation-token" in query(asked)
        return failure("NotImplemented", "501 Not Implemented") if last else steps.response(page)

    async with Peer(steps.serving(answer)) as peer, bucket_of(peer) as bucket:
        with pytest.raises(NotImplementedByServer):
            await bucket.list()
        assert bucket.client.dialect.list_version == 2


async def test_another_error_is_no_reason_for_version_1() -> None:
    async with Peer(steps.serving(lambda asked: failure("AccessDenied", "403 Forbidden"))) as peer:
        async with bucket_of(peer) as bucket:
            with pytest.raises(aios3.AccessDenied):
                await bucket.list()

        assert len(peer.requests) == 1


@pytest.mark.parametrize("name", ["digitalocean", "huawei", "qiniu"])
async def test_list_url_encode_is_not_asked_of_who_cannot(name: str) -> None:
    async with Peer(steps.answering(listing("a%2Fb"))) as peer, bucket_of(peer, dialect=name) as bucket:
        keys = await bucket.list()

        assert [key.key for key in keys] == ["a%2Fb"]
        assert "encoding-type" not in query(peer.requests[0])


# ------------------------------------------------------------------ delete_integrity
def digests(asked: Asked) -> dict[str, str]:
    names = ("content-md5", "x-amz-checksum-crc32", "x-amz-checksum-sha256", "x-amz-sdk-checksum-algorithm")
    return {name: value.decode() for name in names if (value := asked.header(name)) is not None}


def b64(digest: bytes) -> str:
    return b64encode(digest).decode()


@pytest.mark.parametrize(
    ("integrity", "header", "digest"),
    [
        ("md5", "content-md5", lambda body: hashlib.md5(body, usedforsecurity=False).digest()),
        ("crc32", "x-amz-checksum-crc32", lambda body: zlib.crc32(body).to_bytes(4)),
        ("sha256", "x-amz-checksum-sha256", lambda body: hashlib.sha256(body).digest()),
    ],
)
async def test_delete_integrity(integrity: Any, header: str, digest: Any) -> None:
    operation = ops.DeleteObjects(bucket="bucket", delete=ops.Delete(objects=(ops.ObjectIdentifier(key="a"),)))
    async with Peer(steps.answering(b"<DeleteResult></DeleteResult>")) as peer:
        async with bucket_of(peer, dialect=Dialect(delete_integrity=integrity)) as bucket:
            await bucket.client.call(operation)
        (asked,) = peer.requests

    assert digests(asked) == {header: b64(digest(asked.body))}


async def test_delete_integrity_gives_way_to_what_the_call_names() -> None:
    operation = ops.PutBucketPolicy(bucket="bucket", policy="{}", checksum_algorithm="SHA256")
    async with Peer(steps.answering()) as peer, bucket_of(peer, dialect="aws", addressing="path") as bucket:
        await bucket.client.call(operation)
        (asked,) = peer.requests

    assert digests(asked) == {
        "x-amz-checksum-sha256": b64(hashlib.sha256(b"{}").digest()),
        "x-amz-sdk-checksum-algorithm": "SHA256",
    }


# ------------------------------------------------------------------ payload_signing
@pytest.mark.parametrize(
    ("dialect", "options", "expected"),
    [
        ("generic", {}, "UNSIGNED-PAYLOAD"),
        ("aws", {}, "UNSIGNED-PAYLOAD"),
        ("generic", {"payload_signing": "signed"}, "hash"),
        (Dialect(payload_signing="hash"), {}, "hash"),
    ],
)
async def test_payload_signing_over_https(
    dialect: Any, options: dict[str, Any], expected: str, server_tls: ssl.SSLContext
) -> None:
    async with Peer(steps.answering(), tls=server_tls) as peer, bucket_of(peer, dialect=dialect, **options) as bucket:
        await bucket.put("key", b"body")
        found = (peer.requests[0].header("x-amz-content-sha256") or b"").decode()

    assert found == (hashlib.sha256(b"body").hexdigest() if expected == "hash" else expected)


@pytest.mark.parametrize(
    ("dialect", "options", "expected"),
    [
        ("generic", {}, "hash"),
        ("generic", {"payload_signing": "unsigned"}, "UNSIGNED-PAYLOAD"),
        (Dialect(payload_signing="hash"), {}, "hash"),
        (Dialect(payload_signing="hash"), {"payload_signing": "unsigned"}, "UNSIGNED-PAYLOAD"),
    ],
)
async def test_payload_signing_over_http(dialect: Any, options: dict[str, Any], expected: str) -> None:
    async with Peer(steps.answering()) as peer, bucket_of(peer, dialect=dialect, **options) as bucket:
        await bucket.put("key", b"body")
        found = (peer.requests[0].header("x-amz-content-sha256") or b"").decode()

    assert found == (hashlib.sha256(b"body").hexdigest() if expected == "hash" else expected)
