"""Lifecycle rules: when objects move to another storage class, and when they go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from ..protocol.shapes import Element, Header, Payload, Result, Structure
from .base import BodyAlgorithm, BucketOperation, NoResult, Tag, Toggle

TransitionStorageClass: TypeAlias = Literal[
    "GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR"
]
TransitionDefaultMinimumObjectSize: TypeAlias = Literal["varies_by_storage_class", "all_storage_classes_128K"]


class LifecycleExpiration(Structure):
    """When objects go: at a date, after days, or markers with nothing under them."""

    at_most_one = (("date", "days", "expired_object_delete_marker"),)
    date: datetime | None = None
    days: int | None = None
    expired_object_delete_marker: bool | None = None


class LifecycleRuleAndOperator(Structure):
    """Conditions, all of which an object must meet."""

    prefix: str | None = None
    tags: Annotated[tuple[Tag, ...], Element("Tag", flat=True)] = ()
    object_size_greater_than: int | None = None
    object_size_less_than: int | None = None


class LifecycleRuleFilter(Structure):
    """Which objects a rule is for; one member only, none for all."""

    at_most_one = (("prefix", "tag", "object_size_greater_than", "object_size_less_than", "and_"),)
    prefix: str | None = None
    tag: Tag | None = None
    object_size_greater_than: int | None = None
    object_size_less_than: int | None = None
    and_: LifecycleRuleAndOperator | None = None


class Transition(Structure):
    """When objects move to which storage class: at a date, or after days."""

    at_most_one = (("date", "days"),)
    date: datetime | None = None
    days: int | None = None
    storage_class: TransitionStorageClass | None = None


class NoncurrentVersionTransition(Structure):
    """When old versions move to another storage class."""

    noncurrent_days: int | None = None
    storage_class: TransitionStorageClass | None = None
    newer_noncurrent_versions: int | None = None


class NoncurrentVersionExpiration(Structure):
    """When old versions go."""

    noncurrent_days: int | None = None
    newer_noncurrent_versions: int | None = None


class AbortIncompleteMultipartUpload(Structure):
    """How many days an upload may stay unfinished."""

    days_after_initiation: int | None = None


class LifecycleRule(Structure):
    """Which objects a rule is for, and what happens to them when."""

    at_most_one = (("prefix", "filter"),)
    expiration: LifecycleExpiration | None = None
    id: Annotated[str | None, Element("ID")] = None
    prefix: str | None = None
    filter: LifecycleRuleFilter | None = None
    status: Toggle
    transitions: Annotated[tuple[Transition, ...], Element("Transition", flat=True)] = ()
    noncurrent_version_transitions: Annotated[
        tuple[NoncurrentVersionTransition, ...], Element("NoncurrentVersionTransition", flat=True)
    ] = ()
    noncurrent_version_expiration: NoncurrentVersionExpiration | None = None
    abort_incomplete_multipart_upload: AbortIncompleteMultipartUpload | None = None


class GetBucketLifecycleConfigurationResult(Result):
    """A bucket's lifecycle rules."""

    root = "LifecycleConfiguration"
    rules: Annotated[tuple[LifecycleRule, ...], Element("Rule", flat=True)] = ()
    transition_default_minimum_object_size: Annotated[
        str | None, Header("x-amz-transition-default-minimum-object-size")
    ] = None


class GetBucketLifecycleConfiguration(BucketOperation[GetBucketLifecycleConfigurationResult]):
    """Read a bucket's lifecycle rules.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLifecycleConfiguration.html
    """

    subresource = "lifecycle"


class BucketLifecycleConfiguration(Structure):
    """All lifecycle rules of a bucket."""

    rules: Annotated[tuple[LifecycleRule, ...], Element("Rule", flat=True)]


class PutBucketLifecycleConfigurationResult(Result):
    """The rules are set."""

    transition_default_minimum_object_size: Annotated[
        str | None, Header("x-amz-transition-default-minimum-object-size")
    ] = None


class PutBucketLifecycleConfiguration(BucketOperation[PutBucketLifecycleConfigurationResult]):
    """Replace a bucket's lifecycle rules.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
    """

    method = "PUT"
    subresource = "lifecycle"
    checksum_required = True
    checksum_algorithm: BodyAlgorithm = None
    lifecycle_configuration: Annotated[BucketLifecycleConfiguration | None, Payload("LifecycleConfiguration")] = None
    transition_default_minimum_object_size: Annotated[
        TransitionDefaultMinimumObjectSize | None, Header("x-amz-transition-default-minimum-object-size")
    ] = None


class DeleteBucketLifecycle(BucketOperation[NoResult]):
    """Take all lifecycle rules off a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketLifecycle.html
    """

    method = "DELETE"
    subresource = "lifecycle"
