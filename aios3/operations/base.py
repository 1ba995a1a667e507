"""What most operations have in common."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ..protocol.shapes import Header, Operation, R_co, Result

RequestPayer: TypeAlias = Literal["requester"]


class BucketOperation(Operation[R_co]):
    """An operation on a bucket.

    Args:
        bucket: Name of the bucket.
        expected_bucket_owner: Account id; the answer is AccessDenied when the bucket is somebody else's.
    """

    bucket: str
    expected_bucket_owner: Annotated[str | None, Header("x-amz-expected-bucket-owner")] = None


class ObjectOperation(BucketOperation[R_co]):
    """An operation on an object.

    Args:
        key: Name in the bucket, unencoded; 1-1024 bytes of UTF-8.
    """

    key: str


class NoResult(Result):
    """An answer that says nothing but that it was done."""


__all__ = ["BucketOperation", "NoResult", "ObjectOperation", "RequestPayer"]
