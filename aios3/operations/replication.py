"""Replication of objects to other buckets."""

from __future__ import annotations

from typing import Annotated, Literal

from ..protocol.shapes import Element, Header, Payload, Result, Structure
from .base import BucketOperation, BucketSetting, NoResult, Tag, Toggle
from .objects import StorageClass


class ReplicationRuleAndOperator(Structure):
    """A prefix and tags, all of which an object must have."""

    prefix: str | None = None
    tags: Annotated[tuple[Tag, ...], Element("Tag", flat=True)] = ()


class ReplicationRuleFilter(Structure):
    """Which objects a rule is for; one member only, none for all."""

    at_most_one = (("prefix", "tag", "and_"),)
    prefix: str | None = None
    tag: Tag | None = None
    and_: ReplicationRuleAndOperator | None = None


class SseKmsEncryptedObjects(Structure):
    """If objects under a KMS key are replicated."""

    status: Toggle


class ReplicaModifications(Structure):
    """If changes of replicas' metadata are replicated."""

    status: Toggle


class SourceSelectionCriteria(Structure):
    """Which further objects are replicated."""

    sse_kms_encrypted_objects: Annotated[SseKmsEncryptedObjects | None, Element("SseKmsEncryptedObjects")] = None
    replica_modifications: ReplicaModifications | None = None


class ExistingObjectReplication(Structure):
    """If objects that were there before are replicated."""

    status: Toggle


class AccessControlTranslation(Structure):
    """Who owns the replicas."""

    owner: Literal["Destination"]


class EncryptionConfiguration(Structure):
    """The key for the replicas."""

    replica_kms_key_id: Annotated[str | None, Element("ReplicaKmsKeyID")] = None


class ReplicationTimeValue(Structure):
    """Minutes: 15 is what S3 takes."""

    minutes: int | None = None


class ReplicationTime(Structure):
    """If replication is promised within a time."""

    status: Toggle
    time: ReplicationTimeValue


class Metrics(Structure):
    """If replication is measured, and when it is late."""

    status: Toggle
    event_threshold: ReplicationTimeValue | None = None


class Destination(Structure):
    """Where objects are replicated to, and as what."""

    bucket: str
    account: str | None = None
    storage_class: StorageClass | None = None
    access_control_translation: AccessControlTranslation | None = None
    encryption_configuration: EncryptionConfiguration | None = None
    replication_time: ReplicationTime | None = None
    metrics: Metrics | None = None


class DeleteMarkerReplication(Structure):
    """If delete markers are replicated."""

    status: Toggle | None = None


class ReplicationRule(Structure):
    """Which objects are replicated, and where to."""

    at_most_one = (("prefix", "filter"),)
    id: Annotated[str | None, Element("ID")] = None
    priority: int | None = None
    prefix: str | None = None
    filter: ReplicationRuleFilter | None = None
    status: Toggle
    source_selection_criteria: SourceSelectionCriteria | None = None
    existing_object_replication: ExistingObjectReplication | None = None
    destination: Destination
    delete_marker_replication: DeleteMarkerReplication | None = None


class ReplicationConfiguration(Structure):
    """The role that replicates, and its rules."""

    role: str
    rules: Annotated[tuple[ReplicationRule, ...], Element("Rule", flat=True)]


class GetBucketReplicationResult(Result):
    """A bucket's replication."""

    replication_configuration: Annotated[ReplicationConfiguration, Payload("ReplicationConfiguration")]


class GetBucketReplication(BucketOperation[GetBucketReplicationResult]):
    """Read where a bucket's objects are replicated to.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketReplication.html
    """

    subresource = "replication"


class PutBucketReplication(BucketSetting[NoResult]):
    """Replace the rules by which a bucket's objects are replicated.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html
    """

    subresource = "replication"
    replication_configuration: Annotated[ReplicationConfiguration, Payload("ReplicationConfiguration")]
    token: Annotated[str | None, Header("x-amz-bucket-object-lock-token")] = None


class DeleteBucketReplication(BucketOperation[NoResult]):
    """End the replication of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketReplication.html
    """

    method = "DELETE"
    subresource = "replication"
