"""What a declared class is: a frozen value that stores what was given, a dataclass when asked, with rules."""

import copy
import dataclasses
import pickle
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import pytest

from aios3 import operations as ops
from aios3.errors import InvalidInput, InvalidResponse
from aios3.protocol.shapes import Element, Header, Operation, Result, Shape, Structure, members, result_type, wire_name


class Point(Structure):
    """A structure of the tests."""

    at_most_one = (("left", "right"),)
    needs = (("depth", "left"),)
    secret = frozenset({"password"})
    unit: ClassVar[str] = "m"

    name: str
    left: int | None = None
    right: int | None = None
    depth: int | None = None
    tags: tuple[str, ...] = ()
    password: str | None = None


class Deeper(Point):
    """A structure with a base."""

    level: int
    left: Annotated[int | None, Element("Links")] = 7


POINT = Point(name="p", left=1)


def test_only_what_was_given_is_stored() -> None:
    assert POINT.__dict__ == {"name": "p", "left": 1}
    assert (POINT.right, POINT.tags) == (None, ())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Point needs name"),
        ({"name": "p", "up": 1}, "Point has no member 'up'"),
        ({"name": "p", "unit": "cm"}, "Point has no member 'unit'"),
    ],
)
def test_missing_and_unknown_members_are_a_type_error(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Point(**arguments)


def test_missing_members_are_named_together() -> None:
    with pytest.raises(TypeError, match="needs level, name"):
        Deeper()  # type: ignore[call-arg]  # that is what is tested


def test_positional_arguments_are_refused() -> None:
    with pytest.raises(TypeError):
        Point("p")  # type: ignore[call-arg]  # that is what is tested


def test_value_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        POINT.left = 2  # type: ignore[misc]  # that is what is tested
    with pytest.raises(dataclasses.FrozenInstanceError):
        del POINT.left


def test_equality_counts_defaults_given_or_not() -> None:
    given = Point(name="p", left=1, right=None, tags=())

    assert given == POINT
    assert hash(given) == hash(POINT)
    assert Point(name="p", left=2) != POINT
    assert Deeper(name="p", left=1, level=0) != POINT
    assert {POINT: 1}[given] == 1


def test_replace_makes_a_new_value() -> None:
    other = POINT.replace(left=2, tags=("a",))

    assert other == Point(name="p", left=2, tags=("a",))
    assert POINT.left == 1
    with pytest.raises(TypeError):
        POINT.replace(up=1)


def test_it_is_a_dataclass_to_those_who_ask() -> None:
    kind: Any = Point

    assert dataclasses.is_dataclass(kind)
    assert [field.name for field in dataclasses.fields(Deeper)] == [
        "name",
        "left",
        "right",
        "depth",
        "tags",
        "password",
        "level",
    ]
    assert [field.default for field in dataclasses.fields(Point)][:3] == [dataclasses.MISSING, None, None]
    assert dataclasses.replace(POINT, left=3) == Point(name="p", left=3)
    assert dataclasses.asdict(POINT)["left"] == 1


def test_fields_of_a_class_are_not_those_of_its_base() -> None:
    assert {field.name: field.default for field in dataclasses.fields(Deeper)}["left"] == 7
    assert {field.name: field.default for field in dataclasses.fields(Point)}["left"] is None


def test_class_attributes_are_no_members() -> None:
    assert "unit" not in {member.name for member in members(Point)}
    assert not {"method", "subresource", "query"} & {member.name for member in members(ops.GetObjectTagging)}


@pytest.mark.parametrize("value", [POINT, ops.GetObject(bucket="b", key="k"), ops.CustomerKey(b"k" * 32)])
def test_value_can_be_pickled_and_copied(value: Shape) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == value


def test_repr_shows_what_was_given_and_no_secret() -> None:
    assert repr(Point(name="p", left=None, password="hunter2")) == "Point(name='p', password='***')"


@pytest.mark.parametrize(
    "holder",
    [
        ops.CustomerKey(b"01234567890123456789012345678901"),
        ops.GetObject(bucket="b", key="k", customer_key=ops.CustomerKey(b"01234567890123456789012345678901")),
        ops.SessionCredentials(
            access_key_id="AKID",
            secret_access_key="01234567890123456789012345678901",
            session_token="01234567890123456789012345678901",
            expiration=datetime(2024, 1, 1, tzinfo=UTC),
        ),
    ],
)
def test_declared_secrets_are_not_shown(holder: Shape) -> None:
    assert "0123456789" not in repr(holder)
    assert "***" in repr(holder)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (Point(name="p", left=1, right=2), "Point takes only one of left, right"),
        (Point(name="p", depth=1), "Point takes depth only together with left"),
        (ops.Checksum(crc32="a", sha1="b"), "only one of crc32"),
        (ops.Encryption(kms_key_id="k"), "kms_key_id only together with server_side_encryption"),
        (ops.LifecycleExpiration(days=1, expired_object_delete_marker=True), "only one of date, days"),
        (ops.ObjectEncryption(), "exactly one of sse_kms"),
        (ops.GetObject(bucket="b", key="k", range="bytes=0-1", part_number=1), "only one of range, part_number"),
    ],
)
def test_combinations_that_s3_refuses_are_invalid_input(value: Shape, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        value.check()


@pytest.mark.parametrize(
    "value",
    [
        POINT,
        Point(name="p", left=1, depth=2),
        Point(name="p", left=None, right=2),
        ops.LifecycleRuleFilter(),
        ops.ObjectEncryption(sse_kms=ops.SSEKMSEncryption(kms_key_arn="arn")),
    ],
)
def test_allowed_combinations_pass(value: Shape) -> None:
    value.check()


def test_customer_key_brings_algorithm_and_digest() -> None:
    key = ops.CustomerKey(b"\0" * 32)

    assert (key.algorithm, key.key_md5) == ("AES256", "cLyPS3KoaSFGi/joRB3OUQ==")
    assert key.replace(algorithm="AES512").algorithm == "AES512"


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 33, "k" * 32])
def test_customer_key_of_another_size_is_refused(key: Any) -> None:
    with pytest.raises(InvalidInput, match="a customer key is 32 bytes"):
        ops.CustomerKey(key)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("b", "k"), "b/k"),
        (("b", "a b/é+%2F"), "b/a%20b/%C3%A9%2B%252F"),
        (("b", "../k", "null"), "b/../k?versionId=null"),
        (("b", "k", "a+b/="), "b/k?versionId=a%2Bb%2F%3D"),
        (("t:b", "k"), "t%3Ab/k"),
        (
            ("arn:aws:s3:us-west-2:123456789012:accesspoint/a", "a b"),
            "arn%3Aaws%3As3%3Aus-west-2%3A123456789012%3Aaccesspoint/a/object/a%20b",
        ),
    ],
)
def test_copy_source_is_encoded_once(arguments: tuple[str, ...], expected: str) -> None:
    assert ops.CopySource(*arguments) == expected


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("storage_class", "StorageClass"),
        ("etag", "ETag"),
        ("checksum_crc64nvme", "ChecksumCRC64NVME"),
        ("kms_key_id", "KMSKeyId"),
        ("and_", "And"),
        ("s3", "S3"),
        ("uri", "URI"),
        ("cors_rule", "CORSRule"),
    ],
)
def test_wire_name(name: str, wire: str) -> None:
    assert wire_name(name) == wire


def test_operation_without_a_result_says_how_to_declare_one() -> None:
    class Bare(Operation[Any]):
        pass

    with pytest.raises(InvalidInput, match="declares no result"):
        result_type(Bare)


def test_result_type_is_read_from_the_declaration() -> None:
    assert result_type(ops.CopyObject) is ops.CopyObjectResult
    assert result_type(ops.DeleteBucketCors) is ops.NoResult


def test_result_knows_its_request() -> None:
    class Answer(Result):
        size: Annotated[int | None, Header("x-size")] = None

    assert Answer().request_id is None
    assert Answer().http_status == 200


@pytest.mark.parametrize(
    ("operation", "resource"),
    [
        (ops.ListBuckets(), "the service"),
        (ops.HeadBucket(bucket="b"), "bucket 'b'"),
        (ops.GetObject(bucket="b", key="k/l"), "b/k/l"),
    ],
)
def test_resource_is_named_for_messages(operation: Operation[Any], resource: str) -> None:
    assert operation.resource == resource


# --- pages

PART: Any = {"bucket": "b", "key": "k", "upload_id": "u"}
PAGES: list[tuple[Any, Any, dict[str, Any] | None]] = [
    (ops.ListObjectsV2(bucket="b"), ops.ListObjectsV2Result(), None),
    (
        ops.ListObjectsV2(bucket="b"),
        ops.ListObjectsV2Result(is_truncated=True, next_continuation_token="t"),
        {"continuation_token": "t"},
    ),
    (ops.ListObjects(bucket="b"), ops.ListObjectsResult(is_truncated=True, next_marker="m"), {"marker": "m"}),
    (
        ops.ListObjects(bucket="b", marker="a"),
        ops.ListObjectsResult(is_truncated=True, contents=(ops.Key(key="b"), ops.Key(key="c"))),
        {"marker": "c"},
    ),
    (
        ops.ListObjects(bucket="b", delimiter="/"),
        ops.ListObjectsResult(
            is_truncated=True, contents=(ops.Key(key="b"),), common_prefixes=(ops.CommonPrefix(prefix="c/"),)
        ),
        {"marker": "c/"},
    ),
    (
        ops.ListObjectVersions(bucket="b"),
        ops.ListObjectVersionsResult(is_truncated=True, next_key_marker="k", next_version_id_marker="v"),
        {"key_marker": "k", "version_id_marker": "v"},
    ),
    (
        ops.ListObjectVersions(bucket="b", key_marker="k", version_id_marker="v"),
        ops.ListObjectVersionsResult(is_truncated=True, next_key_marker="k", next_version_id_marker="w"),
        {"key_marker": "k", "version_id_marker": "w"},
    ),
    (
        ops.ListMultipartUploads(bucket="b"),
        ops.ListMultipartUploadsResult(is_truncated=True, next_key_marker="k", next_upload_id_marker="u"),
        {"key_marker": "k", "upload_id_marker": "u"},
    ),
    (ops.ListMultipartUploads(bucket="b"), ops.ListMultipartUploadsResult(), None),
    (
        ops.ListParts(**PART),
        ops.ListPartsResult(is_truncated=True, next_part_number_marker=5),
        {"part_number_marker": 5},
    ),
    (ops.ListParts(**PART), ops.ListPartsResult(next_part_number_marker=5), None),
    (ops.ListBuckets(), ops.ListBucketsResult(continuation_token="t"), {"continuation_token": "t"}),
    (ops.ListBuckets(), ops.ListBucketsResult(), None),
    (ops.ListDirectoryBuckets(), ops.ListDirectoryBucketsResult(continuation_token="t"), {"continuation_token": "t"}),
    (
        ops.ListObjectAnnotations(bucket="b", key="k"),
        ops.ListObjectAnnotationsResult(next_continuation_token="t"),
        {"continuation_token": "t"},
    ),
    (ops.ListObjectAnnotations(bucket="b", key="k"), ops.ListObjectAnnotationsResult(), None),
    *(
        (
            operation(bucket="b"),
            result(is_truncated=True, next_continuation_token="t"),
            {"continuation_token": "t"},
        )
        for operation, result in (
            (ops.ListBucketAnalyticsConfigurations, ops.ListBucketAnalyticsConfigurationsResult),
            (ops.ListBucketIntelligentTieringConfigurations, ops.ListBucketIntelligentTieringConfigurationsResult),
            (ops.ListBucketInventoryConfigurations, ops.ListBucketInventoryConfigurationsResult),
            (ops.ListBucketMetricsConfigurations, ops.ListBucketMetricsConfigurationsResult),
        )
    ),
]


@pytest.mark.parametrize(("operation", "result", "markers"), PAGES)
def test_next_page_goes_on_from_where_the_page_ends(
    operation: Any, result: Any, markers: dict[str, Any] | None
) -> None:
    expected = None if markers is None else operation.replace(**markers)

    assert operation.next_page(result) == expected


@pytest.mark.parametrize(("operation", "result", "markers"), [page for page in PAGES if page[2]])
def test_page_that_names_itself_as_the_next_is_an_error(operation: Any, result: Any, markers: dict[str, Any]) -> None:
    with pytest.raises(InvalidResponse, match="repeats"):
        operation.replace(**markers).next_page(result)


@pytest.mark.parametrize(
    ("operation", "result"),
    [(page[0], type(page[1])(is_truncated=True)) for page in PAGES if hasattr(page[1], "is_truncated")],
)
def test_truncated_page_without_a_marker_is_an_error(operation: Any, result: Any) -> None:
    with pytest.raises(InvalidResponse, match="truncated, but has no"):
        operation.next_page(result)
