"""Operations on buckets themselves."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from ..protocol.places import ANY, Facts
from ..protocol.shapes import Element, Group, Header, Label, Operation, Payload, Query, Result, Structure
from .base import BucketOperation, NoResult, Tag
from .groups import BucketGrants
from .listing import Owner

LocationType: TypeAlias = Literal["AvailabilityZone", "LocalZone"]
DataRedundancy: TypeAlias = Literal["SingleAvailabilityZone", "SingleLocalZone"]
BucketCannedACL: TypeAlias = Literal["private", "public-read", "public-read-write", "authenticated-read"]
ObjectOwnership: TypeAlias = Literal["BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"]
BucketNamespace: TypeAlias = Literal["account-regional", "global"]


class LocationInfo(Structure):
    """The zone of a directory bucket."""

    type: LocationType | None = None
    name: str | None = None


class BucketInfo(Structure):
    """What kind of directory bucket to create."""

    data_redundancy: DataRedundancy | None = None
    type: Literal["Directory"] | None = None


class CreateBucketConfiguration(Structure):
    """Where a new bucket goes, and its tags; absent for us-east-1."""

    location_constraint: str | None = None
    location: LocationInfo | None = None
    bucket: BucketInfo | None = None
    tags: Annotated[tuple[Tag, ...], Element(item="Tag")] = ()


class CreateBucketResult(Result):
    """Where the bucket is."""

    location: Annotated[str | None, Header("Location")] = None
    bucket_arn: Annotated[str | None, Header("x-amz-bucket-arn")] = None


class CreateBucket(Operation[CreateBucketResult]):
    """Create a bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html"""

    method = "PUT"
    facts = Facts(control=True, access_points=False)
    at_most_one = (("acl", "grants"),)
    bucket: Annotated[str, Label()]
    acl: Annotated[BucketCannedACL | None, Header("x-amz-acl")] = None
    create_bucket_configuration: Annotated[CreateBucketConfiguration | None, Payload("CreateBucketConfiguration")] = (
        None
    )
    grants: Annotated[BucketGrants | None, Group()] = None
    object_lock_enabled_for_bucket: Annotated[bool | None, Header("x-amz-bucket-object-lock-enabled")] = None
    object_ownership: Annotated[ObjectOwnership | None, Header("x-amz-object-ownership")] = None
    bucket_namespace: Annotated[BucketNamespace | None, Header("x-amz-bucket-namespace")] = None


class DeleteBucket(BucketOperation[NoResult]):
    """Delete an empty bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucket.html"""

    method = "DELETE"


class HeadBucketResult(Result):
    """Where a bucket is."""

    bucket_arn: Annotated[str | None, Header("x-amz-bucket-arn")] = None
    bucket_location_type: Annotated[str | None, Header("x-amz-bucket-location-type")] = None
    bucket_location_name: Annotated[str | None, Header("x-amz-bucket-location-name")] = None
    bucket_region: Annotated[str | None, Header("x-amz-bucket-region")] = None
    access_point_alias: Annotated[bool | None, Header("x-amz-access-point-alias")] = None


class HeadBucket(BucketOperation[HeadBucketResult]):
    """Ask if a bucket exists and is ours.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html"""

    method = "HEAD"
    facts = ANY


class GetBucketLocationResult(Result):
    """The region a bucket was created in, in the old spelling: "" is us-east-1, "EU" is eu-west-1."""

    root = "LocationConstraint"
    location_constraint: Annotated[str, Element(text=True)] = ""


class GetBucketLocation(BucketOperation[GetBucketLocationResult]):
    """Ask for a bucket's region.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLocation.html"""

    subresource = "location"


class BucketEntry(Structure):
    """A bucket as ListBuckets shows it; AWS calls it Bucket."""

    name: str = ""
    creation_date: datetime | None = None
    bucket_region: str | None = None
    bucket_arn: str | None = None


class ListBucketsResult(Result):
    """One page of the account's buckets."""

    root = "ListAllMyBucketsResult"
    buckets: Annotated[tuple[BucketEntry, ...], Element(item="Bucket")] = ()
    owner: Owner | None = None
    continuation_token: str | None = None
    prefix: str | None = None


class ListBuckets(Operation[ListBucketsResult]):
    """List the account's buckets.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html"""

    max_buckets: Annotated[int | None, Query("max-buckets")] = None
    continuation_token: Annotated[str | None, Query("continuation-token")] = None
    prefix: Annotated[str | None, Query("prefix")] = None
    bucket_region: Annotated[str | None, Query("bucket-region")] = None

    def next_page(self, result: ListBucketsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        return self.after(continuation_token=result.continuation_token) if result.continuation_token else None


class ListDirectoryBucketsResult(Result):
    """One page of directory buckets."""

    root = "ListAllMyDirectoryBucketsResult"
    buckets: Annotated[tuple[BucketEntry, ...], Element(item="Bucket")] = ()
    continuation_token: str | None = None


class ListDirectoryBuckets(Operation[ListDirectoryBucketsResult]):
    """List the account's directory buckets in a region.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListDirectoryBuckets.html
    """

    facts = Facts(control=True)
    continuation_token: Annotated[str | None, Query("continuation-token")] = None
    max_directory_buckets: Annotated[int | None, Query("max-directory-buckets")] = None

    def next_page(self, result: ListDirectoryBucketsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        return self.after(continuation_token=result.continuation_token) if result.continuation_token else None
