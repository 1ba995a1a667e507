"""Operations on buckets themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from ..errors import InvalidResponse
from ..protocol.shapes import Element, Header, Operation, Payload, Query, Result, Structure
from .base import BucketOperation, NoResult
from .listing import Owner

BucketCannedACL: TypeAlias = Literal["private", "public-read", "public-read-write", "authenticated-read"]


class CreateBucketConfiguration(Structure):
    """Where a new bucket goes; absent for us-east-1."""

    location_constraint: str | None = None


class CreateBucketResult(Result):
    """Where the bucket is."""

    location: Annotated[str | None, Header("Location")] = None
    bucket_arn: Annotated[str | None, Header("x-amz-bucket-arn")] = None


class CreateBucket(Operation[CreateBucketResult]):
    """Create a bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""

    method = "PUT"
    bucket: str
    acl: Annotated[BucketCannedACL | None, Header("x-amz-acl")] = None
    configuration: Annotated[CreateBucketConfiguration | None, Payload("CreateBucketConfiguration")] = None
    object_lock_enabled_for_bucket: Annotated[bool | None, Header("x-amz-bucket-object-lock-enabled")] = None
    object_ownership: Annotated[str | None, Header("x-amz-object-ownership")] = None


class DeleteBucket(BucketOperation[NoResult]):
    """Delete an empty bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html"""

    method = "DELETE"


class HeadBucketResult(Result):
    """Where a bucket is."""

    access_point_alias: Annotated[bool | None, Header("x-amz-access-point-alias")] = None
    bucket_arn: Annotated[str | None, Header("x-amz-bucket-arn")] = None
    bucket_location_name: Annotated[str | None, Header("x-amz-bucket-location-name")] = None
    bucket_location_type: Annotated[str | None, Header("x-amz-bucket-location-type")] = None
    bucket_region: Annotated[str | None, Header("x-amz-bucket-region")] = None


class HeadBucket(BucketOperation[HeadBucketResult]):
    """Ask if a bucket exists and is ours.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html"""

    method = "HEAD"


class GetBucketLocationResult(Result):
    """The region a bucket was created in, in the old spelling: "" is us-east-1, "EU" is eu-west-1."""

    root = "LocationConstraint"
    location_constraint: Annotated[str, Element(text=True)] = ""


class GetBucketLocation(BucketOperation[GetBucketLocationResult]):
    """Ask for a bucket's region.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html"""

    subresource = "location"


class BucketEntry(Structure):
    """A bucket as ListBuckets shows it."""

    name: str = ""
    creation_date: datetime | None = None
    bucket_arn: str | None = None
    bucket_region: str | None = None


class ListBucketsResult(Result):
    """One page of the account's buckets."""

    root = "ListAllMyBucketsResult"
    buckets: Annotated[tuple[BucketEntry, ...], Element(item="Bucket")] = ()
    owner: Owner | None = None
    continuation_token: str | None = None
    prefix: str | None = None


class ListBuckets(Operation[ListBucketsResult]):
    """List the account's buckets.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html"""

    bucket_region: Annotated[str | None, Query("bucket-region")] = None
    continuation_token: Annotated[str | None, Query("continuation-token")] = None
    max_buckets: Annotated[int | None, Query("max-buckets")] = None
    prefix: Annotated[str | None, Query("prefix")] = None

    def next_page(self, result: ListBucketsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        token = result.continuation_token
        if not token:
            return None
        if token == self.continuation_token:
            raise InvalidResponse(f"the list of buckets repeats the continuation token {token[:60]!r}")
        return self.replace(continuation_token=token)
