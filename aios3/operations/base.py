"""What most operations and results have in common."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from ..protocol.places import ANY, Facts
from ..protocol.shapes import Header, Label, Operation, Query, R_co, Result, Structure
from .groups import ChecksumAlgorithm

RequestPayer: TypeAlias = Literal["requester"]
Toggle: TypeAlias = Literal["Enabled", "Disabled"]

# Members of many operations, each written once.
RequestedPayer: TypeAlias = Annotated[RequestPayer | None, Header("x-amz-request-payer")]
BodyAlgorithm: TypeAlias = Annotated[ChecksumAlgorithm | None, Header("x-amz-sdk-checksum-algorithm")]


class BucketOperation(Operation[R_co]):
    """An operation on a bucket.

    Args:
        bucket: Name of the bucket.
        expected_bucket_owner: Account id; the answer is AccessDenied when the bucket is somebody else's.
    """

    facts = Facts(control=True)
    bucket: Annotated[str, Label()]
    expected_bucket_owner: Annotated[str | None, Header("x-amz-expected-bucket-owner")] = None


class ObjectOperation(BucketOperation[R_co]):
    """An operation on an object.

    Args:
        key: Name in the bucket, unencoded; 1-1024 bytes of UTF-8.
    """

    facts = ANY
    key: Annotated[str, Label()]


class VersionOperation(ObjectOperation[R_co]):
    """An operation on an object or one of its versions.

    Args:
        request_payer: The requester pays, in a bucket that demands it.
        version_id: The version; None is the current one.
    """

    request_payer: RequestedPayer = None
    version_id: Annotated[str | None, Query("versionId")] = None


class BucketSetting(BucketOperation[R_co]):
    """An operation that sets something of a bucket, by a body that S3 takes only with a digest.

    Args:
        checksum_algorithm: The digest to send; None lets the client choose.
        content_md5: The body's MD5 in base64; made from the body unless given.
    """

    method = "PUT"
    checksum_required = True
    checksum_algorithm: BodyAlgorithm = None
    content_md5: Annotated[str | None, Header("Content-MD5")] = None


class ObjectSetting(VersionOperation[R_co]):
    """An operation that sets something of an object, by a body that S3 takes only with a digest.

    Args:
        checksum_algorithm, content_md5: As of BucketSetting.
    """

    method = "PUT"
    checksum_required = True
    checksum_algorithm: BodyAlgorithm = None
    content_md5: Annotated[str | None, Header("Content-MD5")] = None


class NoResult(Result):
    """An answer that says nothing but that it was done."""


class ChargedResult(Result):
    """A result that says who was charged."""

    request_charged: Annotated[str | None, Header("x-amz-request-charged")] = None


class StreamedResult(Result):
    """A result that carries its body, to be read piece by piece. Leaving its context gives the connection back."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await getattr(self, self.streaming).close()


class Tag(Structure):
    """A name and a value."""

    key: str
    value: str
