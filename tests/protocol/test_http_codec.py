"""Operations to requests and back: places, formats, digests, bodies; results, and errors however they come."""

import base64
import gzip
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from aios3 import operations as ops
from aios3.errors import InvalidInput, InvalidResponse, NoSuchBucket, NoSuchKey, ServiceError, error_class
from aios3.protocol.http_codec import body_digest, decode, decode_error, decode_stream, encode, is_streaming
from aios3.protocol.messages import Address, Request, address
from aios3.protocol.shapes import Operation

PATH_STYLE = address("http", "127.0.0.1", 9000, "/b")
VIRTUAL = address("https", "b.s3.us-west-2.amazonaws.com", 443)
SERVICE = address("https", "s3.us-west-2.amazonaws.com", 443)
KEY = ops.CustomerKey(b"k" * 32)
OBJECT: Any = {"bucket": "b", "key": "k"}


def request(operation: Operation[Any], where: Address = VIRTUAL, **options: Any) -> Request:
    return encode(operation, where, **options)


def own_headers(operation: Operation[Any]) -> dict[str, str]:
    return {name: value for name, value in request(operation).headers.items() if name != "host"}


# --- places

TARGETS: list[tuple[Operation[Any], Address, str, str]] = [
    (ops.ListBuckets(), SERVICE, "GET /", ""),
    (ops.ListBuckets(), address("http", "h", 80, "/prefix"), "GET /prefix", ""),
    (ops.CreateBucket(bucket="b"), PATH_STYLE, "PUT /b", ""),
    (ops.CreateBucket(bucket="b"), VIRTUAL, "PUT /", ""),
    (ops.GetObject(**OBJECT), PATH_STYLE, "GET /b/k", ""),
    (ops.GetObject(bucket="b", key="../a//b c+é%2F?#"), VIRTUAL, "GET /../a//b%20c%2B%C3%A9%252F%3F%23", ""),
    (ops.GetBucketTagging(bucket="b"), VIRTUAL, "GET /", "tagging="),
    (ops.GetObject(**OBJECT, version_id="v+/=", part_number=3), VIRTUAL, "GET /k", "partNumber=3&versionId=v%2B%2F%3D"),
    (
        ops.ListObjectsV2(bucket="b", prefix="", fetch_owner=True),
        VIRTUAL,
        "GET /",
        "fetch-owner=true&list-type=2&prefix=",
    ),
    (
        ops.GetObject(**OBJECT, response_expires=datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
        VIRTUAL,
        "GET /k",
        "response-expires=Tue%2C%2002%20Jan%202024%2003%3A04%3A05%20GMT",
    ),
    (ops.WriteGetObjectResponse(request_route="r", request_token="t"), SERVICE, "POST /WriteGetObjectResponse", ""),
    (ops.GetBucketAnalyticsConfiguration(bucket="b", id="x"), VIRTUAL, "GET /", "analytics=&id=x"),
]


@pytest.mark.parametrize(("operation", "where", "line", "query"), TARGETS)
def test_target(operation: Operation[Any], where: Address, line: str, query: str) -> None:
    made = request(operation, where)

    assert (f"{made.method} {made.path}", made.query) == (line, query)
    assert made.headers["host"] == where.authority


LOCK = ops.ObjectLock(mode="GOVERNANCE", retain_until_date=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
MOMENT = datetime(2024, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2)))
HEADERS: list[tuple[Operation[Any], dict[str, str]]] = [
    (ops.GetObject(**OBJECT, range="bytes=0-1", if_match=None), {"range": "bytes=0-1"}),
    (ops.GetObject(**OBJECT, if_modified_since=MOMENT), {"if-modified-since": "Tue, 02 Jan 2024 03:04:05 GMT"}),
    (
        ops.PutObject(**OBJECT, object_lock=LOCK),
        {"x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2030-01-02T03:04:05Z"},
    ),
    (
        ops.PutObject(**OBJECT, metadata={"Name": " a b\t", "x.y_z": ""}),
        {"x-amz-meta-name": "a b", "x-amz-meta-x.y_z": ""},
    ),
    (
        ops.PutObject(**OBJECT, encryption=ops.Encryption(server_side_encryption="aws:kms", bucket_key_enabled=True)),
        {
            "x-amz-server-side-encryption": "aws:kms",
            "x-amz-server-side-encryption-bucket-key-enabled": "true",
        },
    ),
    (
        ops.HeadObject(**OBJECT, customer_key=KEY),
        {
            "x-amz-server-side-encryption-customer-algorithm": "AES256",
            "x-amz-server-side-encryption-customer-key": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
            "x-amz-server-side-encryption-customer-key-md5": "mT2HRsMGJ5IX5C+0rreZ8Q==",
        },
    ),
    (
        ops.CopyObject(**OBJECT, copy_source="b/k", copy_source_customer_key=KEY),
        {
            "x-amz-copy-source": "b/k",
            "x-amz-copy-source-server-side-encryption-customer-algorithm": "AES256",
            "x-amz-copy-source-server-side-encryption-customer-key": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
            "x-amz-copy-source-server-side-encryption-customer-key-md5": "mT2HRsMGJ5IX5C+0rreZ8Q==",
        },
    ),
    (
        ops.UploadPart(**OBJECT, part_number=1, upload_id="u", checksum=ops.Checksum(crc32="x")),
        {"x-amz-checksum-crc32": "x"},
    ),
    (
        ops.WriteGetObjectResponse(request_route="r", request_token="t", checksum=ops.Checksum(sha1="x")),
        {
            "x-amz-request-route": "r",
            "x-amz-request-token": "t",
            "x-amz-fwd-header-x-amz-checksum-sha1": "x",
        },
    ),
    (
        ops.GetObjectAttributes(**OBJECT, object_attributes=("ETag", "ObjectSize")),
        {"x-amz-object-attributes": "ETag,ObjectSize"},
    ),
    (ops.PutObject(**OBJECT, grants=ops.Grants(read_acp='id="1"')), {"x-amz-grant-read-acp": 'id="1"'}),
    (ops.DeleteObject(**OBJECT, bypass_governance_retention=False), {"x-amz-bypass-governance-retention": "false"}),
]


@pytest.mark.parametrize(("operation", "expected"), HEADERS)
def test_headers(operation: Operation[Any], expected: dict[str, str]) -> None:
    assert own_headers(operation) == expected


def test_headers_of_the_client_are_added_and_the_operations_own_win() -> None:
    common = {"x-amz-request-payer": "requester", "x-amz-expected-bucket-owner": "1"}
    made = request(ops.GetObject(**OBJECT, expected_bucket_owner="2"), headers=common)

    assert (made.headers["x-amz-request-payer"], made.headers["x-amz-expected-bucket-owner"]) == ("requester", "2")
    assert common["x-amz-expected-bucket-owner"] == "1"


REFUSED: list[tuple[Operation[Any], str]] = [
    (ops.GetObject(bucket="b", key=""), "key is empty"),
    (ops.GetObject(**OBJECT, range=5), "range must be a str, not int"),  # type: ignore[arg-type]
    (ops.GetObject(**OBJECT, part_number="1"), "part_number must be an int, not str"),  # type: ignore[arg-type]
    (ops.GetObject(**OBJECT, part_number=True), "part_number must be an int, not bool"),
    (ops.GetObject(**OBJECT, if_modified_since=datetime(2024, 1, 1)), "is naive"),
    (ops.GetObject(**OBJECT, range="bytes=0-1", part_number=1), "only one of range, part_number"),
    (ops.PutObject(**OBJECT, body="text"), "body must be bytes-like or a request body, not str"),  # type: ignore[arg-type]
    (ops.PutObject(**OBJECT, metadata={"a": 1}), "metadata takes str keys and values"),  # type: ignore[dict-item]
    (ops.PutObject(**OBJECT, metadata={"a": "é"}), "is not ASCII"),
    (ops.PutObject(**OBJECT, metadata={"a b": "x"}), "cannot be a part of a header's name"),
    (ops.PutObject(**OBJECT, metadata={"": "x"}), "cannot be a part of a header's name"),
    (ops.PutObject(**OBJECT, customer_key=b"k" * 32), "customer_key must be a CustomerKey, not bytes"),  # type: ignore[arg-type]
    (ops.PutObject(**OBJECT, acl="private", grants=ops.Grants(read="x")), "only one of acl, grants"),
    (
        ops.PutObject(**OBJECT, customer_key=KEY, encryption=ops.Encryption(server_side_encryption="AES256")),
        "only one of encryption, customer_key",
    ),
    (ops.PutObject(**OBJECT, checksum=ops.Checksum(crc32="a", md5="b")), "only one of crc32"),
    (ops.PutObject(**OBJECT, object_lock=ops.ObjectLock(retain_until_date=MOMENT)), "only together with mode"),
    (ops.PutObject(**OBJECT, body=b"abc", content_length=4), "content_length is 4, the body has 3 bytes"),
    (ops.PutBucketPolicy(bucket="b", policy={"a": 1}), "policy must be a str, not dict"),  # type: ignore[arg-type]
    (ops.PutBucketTagging(bucket="b", tagging={"a": "b"}), "tagging must be a Tagging, not dict"),  # type: ignore[arg-type]
    (
        ops.PutBucketAcl(bucket="b", acl="private", access_control_policy=ops.AccessControlPolicy()),
        "only one of acl, grants, access_control_policy",
    ),
]


@pytest.mark.parametrize(("operation", "message"), REFUSED)
def test_what_s3_would_refuse_is_refused_before_io(operation: Operation[Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        request(operation)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "b.localhost", "[::1]"])
def test_customer_key_may_go_in_the_open_on_this_machine(host: str) -> None:
    made = request(ops.GetObject(**OBJECT, customer_key=KEY), address("http", host, 9000))

    assert "x-amz-server-side-encryption-customer-key" in made.headers


@pytest.mark.parametrize("host", ["example.com", "10.0.0.1", "localhost.example.com", "[::2]"])
def test_customer_key_goes_over_https_only(host: str) -> None:
    operation = ops.CopyObject(**OBJECT, copy_source="b/k", copy_source_customer_key=KEY)

    with pytest.raises(InvalidInput, match="copy_source_customer_key is a secret") as caught:
        request(operation, address("http", host, 80))
    assert "a2tra2tra2" not in str(caught.value)
    assert request(operation, address("https", host, 443))


# --- bodies


class Source:
    """A request body that is not in memory."""

    length = 5

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"12345"

    async def rewind(self) -> bool:
        return True

    async def sha256(self) -> str | None:
        return None


@pytest.mark.parametrize("body", [b"abc", bytearray(b"abc"), memoryview(b"abc"), Source()])
def test_body_is_passed_on_as_it_is(body: Any) -> None:
    assert request(ops.PutObject(**OBJECT, body=body)).body is body


@pytest.mark.parametrize(("body", "length"), [(b"abc", 3), (memoryview(b"abcd").cast("H"), 4), (Source(), 5), (b"", 0)])
def test_declared_length_that_fits_is_left_to_the_transport(body: Any, length: int) -> None:
    made = request(ops.PutObject(**OBJECT, body=body, content_length=length))

    assert "content-length" not in made.headers


def test_policy_is_sent_as_text() -> None:
    made = request(ops.PutBucketPolicy(bucket="b", policy='{"é": 1}'))

    assert made.body == '{"é": 1}'.encode()
    assert "content-type" not in made.headers


def test_operation_without_payload_has_its_own_document() -> None:
    operation = ops.SelectObjectContent(
        **OBJECT,
        expression="SELECT 1",
        expression_type="SQL",
        input_serialization=ops.InputSerialization(parquet=ops.ParquetInput()),
        output_serialization=ops.OutputSerialization(json=ops.JSONOutput()),
        expected_bucket_owner="1",
    )
    made = request(operation)

    assert made.query == "select=&select-type=2"
    assert bytes(made.body).endswith(  # type: ignore[arg-type]  # it is bytes
        b'<SelectObjectContentRequest xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Expression>SELECT 1</Expression>'
        b"<ExpressionType>SQL</ExpressionType><InputSerialization><Parquet/></InputSerialization>"
        b"<OutputSerialization><JSON/></OutputSerialization></SelectObjectContentRequest>"
    )
    assert made.headers["content-type"] == "application/xml"


# --- digests

TAGGING = ops.Tagging(tag_set=(ops.Tag(key="a", value="b"),))
CHECKED = ops.PutBucketTagging(bucket="b", tagging=TAGGING)


def test_checksum_required_operation_carries_the_md5_of_its_body() -> None:
    made = request(CHECKED)

    assert made.headers["content-md5"] == body_digest(bytes(made.body), None)["content-md5"]  # type: ignore[arg-type]


def test_other_operations_carry_none() -> None:
    assert "content-md5" not in request(ops.PutObject(**OBJECT, body=b"abc")).headers


def test_given_md5_is_kept() -> None:
    assert request(CHECKED.replace(content_md5="mine")).headers["content-md5"] == "mine"


def test_named_algorithm_is_computed_and_announced() -> None:
    made = request(CHECKED.replace(checksum_algorithm="SHA256"))

    assert made.headers["x-amz-sdk-checksum-algorithm"] == "SHA256"
    assert len(made.headers["x-amz-checksum-sha256"]) == 44
    assert "content-md5" not in made.headers


def test_body_without_a_document_has_a_digest_too() -> None:
    assert request(ops.PutBucketAcl(bucket="b", acl="private")).headers["content-md5"] == "1B2M2Y8AsgTpgAmY7PhCfg=="


def test_dialect_chooses_the_digest() -> None:
    seen = []

    def integrity(body: bytes, algorithm: str | None) -> Mapping[str, str]:
        seen.append((body, algorithm))
        return {"x-amz-checksum-crc64nvme": "computed"}

    made = request(CHECKED, integrity=integrity)

    assert made.headers["x-amz-checksum-crc64nvme"] == "computed"
    assert "content-md5" not in made.headers
    assert seen == [(made.body, None)]


# Of b"123456789", by openssl and the CRC catalogue.
DIGESTS = {
    None: ("content-md5", "25f9e794323b453885f5181f1b624d0b"),
    "CRC32": ("x-amz-checksum-crc32", "cbf43926"),
    "MD5": ("x-amz-checksum-md5", "25f9e794323b453885f5181f1b624d0b"),
    "SHA1": ("x-amz-checksum-sha1", "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
    "SHA256": ("x-amz-checksum-sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
}


@pytest.mark.parametrize("algorithm", DIGESTS)
def test_digests_are_right(algorithm: str | None) -> None:
    ((name, text),) = body_digest(b"123456789", algorithm).items()

    assert (name, base64.b64decode(text).hex()) == DIGESTS[algorithm]


def test_algorithm_that_python_has_not_is_refused() -> None:
    with pytest.raises(InvalidInput, match="CRC64NVME"):
        body_digest(b"", "CRC64NVME")


# --- results


def test_result_has_headers_status_and_members() -> None:
    headers = {"etag": '"x"', "x-amz-version-id": "v", "x-amz-request-id": "R", "x-amz-checksum-crc32": "c"}
    result = decode(ops.PutObject(**OBJECT), 200, headers, b"")

    assert (result.etag, result.version_id, result.checksum_crc32, result.expiration) == ('"x"', "v", "c", None)
    assert (result.http_status, result.headers, result.request_id) == (200, headers, "R")


HEADER_VALUES: list[tuple[str, str, str, Any]] = [
    ("content_length", "content-length", "123", 123),
    ("last_modified", "last-modified", "Tue, 02 Jan 2024 03:04:05 GMT", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("last_modified", "last-modified", "Tuesday, 02-Jan-24 03:04:05 GMT", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("last_modified", "last-modified", "Tue Jan  2 03:04:05 2024", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("last_modified", "last-modified", "2024-01-02T03:04:05.000Z", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    (
        "object_lock_retain_until_date",
        "x-amz-object-lock-retain-until-date",
        "2024-01-02T03:04:05.678Z",
        datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC),
    ),
    ("delete_marker", "x-amz-delete-marker", "true", True),
    ("delete_marker", "x-amz-delete-marker", "false", False),
    ("delete_marker", "x-amz-delete-marker", "", False),
    ("tag_count", "x-amz-tagging-count", "2", 2),
    ("expires", "expires", "Tue, 02 Jan 2024 03:04:05 GMT", datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ("expires", "expires", "0", None),
    ("expires", "expires", "tomorrow", None),
    ("etag", "x-other", "x", None),
]


@pytest.mark.parametrize(("member", "header", "text", "value"), HEADER_VALUES)
def test_header_is_read(member: str, header: str, text: str, value: Any) -> None:
    result = decode(ops.HeadObject(**OBJECT), 200, {header: text}, b"")

    assert getattr(result, member) == value
    assert getattr(result, member) == value


def test_copy_of_a_result_came_of_the_same_response() -> None:
    headers = {"etag": '"x"', "x-amz-meta-a": "b", "x-amz-request-id": "R"}

    copy = decode(ops.HeadObject(**OBJECT), 206, headers, b"").replace(etag='"y"')

    assert (copy.etag, copy.metadata, copy.http_status, copy.request_id) == ('"y"', {"a": "b"}, 206, "R")
    with pytest.raises(TypeError, match="has no member 'headers'"):
        copy.replace(headers={})


def test_header_that_cannot_be_read_says_so_when_it_is_asked_for() -> None:
    result = decode(ops.HeadObject(**OBJECT), 200, {"content-length": "many", "etag": '"x"'}, b"")

    assert result.etag == '"x"'
    with pytest.raises(InvalidResponse, match="content-length: many"):
        _ = result.content_length
    assert "etag" in repr(result)


def test_metadata_is_a_mapping_without_prefix() -> None:
    result = decode(
        ops.HeadObject(**OBJECT), 200, {"x-amz-meta-a": "1", "x-amz-meta-b-c": "2", "x-amz-metal": "3"}, b""
    )

    assert result.metadata == {"a": "1", "b-c": "2"}
    assert decode(ops.HeadObject(**OBJECT), 200, {}, b"").metadata == {}


def test_streaming_result_has_the_body_itself() -> None:
    body: Any = Source()
    result = decode_stream(ops.GetObject(**OBJECT), 206, {"etag": "e"}, body)

    assert (result.body, result.etag, result.http_status, result.status) == (body, "e", 206, 206)


@pytest.mark.parametrize(
    ("operation", "streams"),
    [
        (ops.GetObject(**OBJECT), True),
        (ops.GetObjectTorrent(**OBJECT), True),
        (ops.GetObjectAnnotation(**OBJECT, annotation_name="a"), True),
        (ops.HeadObject(**OBJECT), False),
        (ops.GetBucketPolicy(bucket="b"), False),
        (ops.ListObjectsV2(bucket="b"), False),
    ],
)
def test_who_streams(operation: Operation[Any], streams: bool) -> None:
    assert is_streaming(operation) is streams


def test_result_that_is_a_document() -> None:
    body = b"<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls></PublicAccessBlockConfiguration>"
    result = decode(ops.GetPublicAccessBlock(bucket="b"), 200, {"x-amz-request-id": "R"}, body)

    assert result.public_access_block_configuration.block_public_acls is True
    assert result.public_access_block_configuration.ignore_public_acls is None
    assert result.request_id == "R"


def test_result_that_is_a_text() -> None:
    assert decode(ops.GetBucketPolicy(bucket="b"), 200, {}, '{"é": 1}'.encode()).policy == '{"é": 1}'
    with pytest.raises(InvalidResponse, match="not UTF-8"):
        decode(ops.GetBucketPolicy(bucket="b"), 200, {}, b"\xff")


@pytest.mark.parametrize(("text", "place"), [("eu-west-1", "eu-west-1"), ("", ""), ("EU", "EU")])
def test_location_is_the_text_of_the_root(text: str, place: str) -> None:
    body = f'<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{text}</LocationConstraint>'

    assert decode(ops.GetBucketLocation(bucket="b"), 200, {}, body.encode()).location_constraint == place


def test_grantee_has_its_type() -> None:
    body = (
        b'<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        b' xsi:type="Group"><URI>u</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList>'
        b"</AccessControlPolicy>"
    )
    (grant,) = decode(ops.GetBucketAcl(bucket="b"), 200, {}, body).grants

    assert grant == ops.Grant(grantee=ops.Grantee(type="Group", uri="u"), permission="READ")


def test_document_that_arrives_gzipped_is_read() -> None:
    body = gzip.compress(b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>")

    assert decode(ops.GetBucketVersioning(bucket="b"), 200, {"content-encoding": "gzip"}, body).status == "Enabled"


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"<a/>")[:-9], gzip.compress(b" " * (65 * 1024 * 1024))])
def test_gzip_that_is_none_or_cut_or_a_bomb_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        decode(ops.GetBucketVersioning(bucket="b"), 200, {"content-encoding": "gzip"}, body)


# --- errors

HIDING: list[Operation[Any]] = [
    ops.CompleteMultipartUpload(**OBJECT, upload_id="u"),
    ops.CopyObject(**OBJECT, copy_source="b/k"),
    ops.UploadPartCopy(**OBJECT, part_number=1, upload_id="u", copy_source="b/k"),
    ops.DeleteObjects(bucket="b", delete=ops.Delete(objects=())),
    ops.PutObject(**OBJECT),
]
ERROR = b"<Error><Code>SlowDown</Code><Message>later</Message><RequestId>R</RequestId><HostId>H</HostId></Error>"


@pytest.mark.parametrize("operation", HIDING, ids=lambda operation: type(operation).__name__)
@pytest.mark.parametrize(
    "before", [b"", b'<?xml version="1.0" encoding="UTF-8"?>\n', b'   \n\n  <?xml version="1.0"?>']
)
def test_error_with_status_200_is_raised(operation: Operation[Any], before: bytes) -> None:
    with pytest.raises(error_class("SlowDown")) as caught:
        decode(operation, 200, {}, before + ERROR)

    error = caught.value
    assert (error.code, error.message, error.status, error.request_id, error.host_id) == (
        "SlowDown",
        "later",
        200,
        "R",
        "H",
    )


@pytest.mark.parametrize("operation", HIDING[:4], ids=lambda operation: type(operation).__name__)
@pytest.mark.parametrize("body", [b"", b"  \n", b"<html/>", b"<ListBucketResult/>", b"OK"])
def test_empty_or_foreign_root_is_an_invalid_response(operation: Operation[Any], body: bytes) -> None:
    with pytest.raises(InvalidResponse):
        decode(operation, 200, {}, body)


def test_errors_inside_delete_objects_are_in_the_result() -> None:
    body = (
        b"<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied</Code>"
        b"<Message>no</Message></Error></DeleteResult>"
    )
    result = decode(HIDING[3], 200, {}, body)

    assert [deleted.key for deleted in result.deleted] == ["a"]
    assert result.errors == (ops.DeleteFailure(key="b", code="AccessDenied", message="no"),)


WRAPPED = (
    b"<ErrorResponse><Error><Code>NoSuchKey</Code><Message>m</Message></Error><RequestId>R</RequestId></ErrorResponse>"
)
SPACED = b'<Error xmlns="urn:x"><Code>NoSuchKey</Code><Message>m</Message></Error>'
ODD = b"<Error><Code>NoSuchKey</Code><Key>\x01</Key><Message>m</Message></Error>"
ERRORS: list[tuple[Operation[Any], int, bytes, str, str]] = [
    (ops.GetObject(**OBJECT), 404, b"<Error><Code>NoSuchKey</Code><Message>m</Message></Error>", "NoSuchKey", "m"),
    (ops.GetObject(**OBJECT), 404, b"  \n" + WRAPPED, "NoSuchKey", "m"),
    (ops.GetObject(**OBJECT), 404, SPACED, "NoSuchKey", "m"),
    (ops.GetObject(**OBJECT), 404, ODD, "NoSuchKey", "m"),
    (ops.HeadObject(**OBJECT), 404, b"", "NoSuchKey", ""),
    (ops.HeadBucket(bucket="b"), 404, b"", "NoSuchBucket", ""),
    (ops.HeadObject(**OBJECT), 403, b"", "AccessDenied", ""),
    (ops.HeadObject(**OBJECT), 400, b"", "BadRequest", ""),
    (ops.HeadObject(**OBJECT), 304, b"", "NotModified", ""),
    (ops.HeadObject(**OBJECT), 412, b"", "PreconditionFailed", ""),
    (ops.GetObject(**OBJECT), 503, b"<html><body> Try\nlater </body></html>", "ServiceUnavailable", "not an S3 answer"),
    (ops.GetObject(**OBJECT), 502, b"\x00\xff", "HTTP502", "not an S3 answer"),
    (ops.GetObject(**OBJECT), 500, b"<Error", "InternalError", "not an S3 answer"),
    (ops.GetObject(**OBJECT), 403, b"<Error/>", "AccessDenied", "not an S3 answer"),
    (ops.GetObject(**OBJECT), 418, b"", "HTTP418", ""),
    (ops.GetObject(**OBJECT), 400, b"<!DOCTYPE a><Error><Code>X</Code></Error>", "BadRequest", "not an S3 answer"),
    (ops.GetObject(**OBJECT), 400, b"<Error><Code>Brandnew</Code></Error>", "Brandnew", ""),
]


@pytest.mark.parametrize(("operation", "status", "body", "code", "message"), ERRORS)
def test_error_is_read_from_whatever_comes(
    operation: Operation[Any], status: int, body: bytes, code: str, message: str
) -> None:
    error = decode_error(operation, status, {"x-amz-request-id": "R", "x-amz-id-2": "H"}, body, attempts=3)

    assert type(error) is error_class(code)
    assert (error.code, error.status, error.request_id, error.host_id, error.attempts) == (code, status, "R", "H", 3)
    assert error.message.startswith(message)
    assert bool(error.message) == bool(message)
    assert error.operation == type(operation).__name__


def test_error_that_arrives_gzipped_is_read() -> None:
    error = decode_error(ops.GetObject(**OBJECT), 404, {"content-encoding": "gzip"}, gzip.compress(ERROR))

    assert error.code == "SlowDown"


def test_error_classes_are_pythons_too() -> None:
    with pytest.raises(FileNotFoundError):
        raise decode_error(ops.HeadObject(**OBJECT), 404, {}, b"")
    assert issubclass(NoSuchKey, ServiceError)
    assert isinstance(decode_error(ops.HeadBucket(bucket="b"), 404, {}, b""), NoSuchBucket)


def test_page_of_a_proxy_is_shown_in_one_short_line() -> None:
    error = decode_error(ops.GetObject(**OBJECT), 502, {}, b"<html>\n" + b"word \n" * 1000)

    assert re.fullmatch(r"not an S3 answer: <html> (word )+w?o?r?d?", error.message)
    assert len(error.message) < 200
