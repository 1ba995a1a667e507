"""Tags of buckets and objects."""

from __future__ import annotations

from typing import Annotated

from ..protocol.shapes import Element, Header, Payload, Query, Result, Structure
from .base import BucketOperation, BucketSetting, NoResult, ObjectOperation, ObjectSetting, Tag, VersionOperation


class GetBucketTaggingResult(Result):
    """A bucket's tags."""

    root = "Tagging"
    tag_set: Annotated[tuple[Tag, ...], Element(item="Tag")] = ()


class GetBucketTagging(BucketOperation[GetBucketTaggingResult]):
    """Read a bucket's tags.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketTagging.html"""

    subresource = "tagging"


class Tagging(Structure):
    """All tags of a bucket or object."""

    tag_set: Annotated[tuple[Tag, ...], Element(item="Tag")]


class PutBucketTagging(BucketSetting[NoResult]):
    """Replace a bucket's tags.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketTagging.html"""

    subresource = "tagging"
    tagging: Annotated[Tagging, Payload("Tagging")]


class DeleteBucketTagging(BucketOperation[NoResult]):
    """Take all tags off a bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketTagging.html"""

    method = "DELETE"
    subresource = "tagging"


class GetObjectTaggingResult(Result):
    """An object's tags."""

    root = "Tagging"
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None
    tag_set: Annotated[tuple[Tag, ...], Element(item="Tag")] = ()


class GetObjectTagging(VersionOperation[GetObjectTaggingResult]):
    """Read an object's tags.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html"""

    subresource = "tagging"


class PutObjectTaggingResult(Result):
    """Which version has the tags."""

    version_id: Annotated[str | None, Header("x-amz-version-id")] = None


class PutObjectTagging(ObjectSetting[PutObjectTaggingResult]):
    """Replace an object's tags, ten at most.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html
    """

    subresource = "tagging"
    tagging: Annotated[Tagging, Payload("Tagging")]


class DeleteObjectTaggingResult(Result):
    """Which version lost its tags."""

    version_id: Annotated[str | None, Header("x-amz-version-id")] = None


class DeleteObjectTagging(ObjectOperation[DeleteObjectTaggingResult]):
    """Take all tags off an object.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectTagging.html"""

    method = "DELETE"
    subresource = "tagging"
    version_id: Annotated[str | None, Query("versionId")] = None
