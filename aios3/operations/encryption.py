"""How a bucket's new objects, and an object already there, are encrypted."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ..protocol.shapes import Element, Payload, Result, Structure
from .base import BucketOperation, BucketSetting, ChargedResult, NoResult, ObjectSetting
from .groups import ServerSideEncryption

EncryptionType: TypeAlias = Literal["NONE", "SSE-C"]


class ServerSideEncryptionByDefault(Structure):
    """The algorithm and key for objects that name none."""

    sse_algorithm: ServerSideEncryption
    kms_master_key_id: Annotated[str | None, Element("KMSMasterKeyID")] = None


class BlockedEncryptionTypes(Structure):
    """The kinds of encryption that a bucket refuses."""

    encryption_type: Annotated[tuple[EncryptionType, ...], Element(flat=True)] = ()


class ServerSideEncryptionRule(Structure):
    """What objects that name no encryption get, and what is refused."""

    apply_server_side_encryption_by_default: ServerSideEncryptionByDefault | None = None
    bucket_key_enabled: bool | None = None
    blocked_encryption_types: BlockedEncryptionTypes | None = None


class ServerSideEncryptionConfiguration(Structure):
    """How a bucket encrypts."""

    rules: Annotated[tuple[ServerSideEncryptionRule, ...], Element("Rule", flat=True)]


class GetBucketEncryptionResult(Result):
    """A bucket's encryption rules."""

    server_side_encryption_configuration: Annotated[
        ServerSideEncryptionConfiguration, Payload("ServerSideEncryptionConfiguration")
    ]


class GetBucketEncryption(BucketOperation[GetBucketEncryptionResult]):
    """Read how a bucket encrypts new objects.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html
    """

    subresource = "encryption"


class PutBucketEncryption(BucketSetting[NoResult]):
    """Set how a bucket encrypts new objects.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
    """

    subresource = "encryption"
    server_side_encryption_configuration: Annotated[
        ServerSideEncryptionConfiguration, Payload("ServerSideEncryptionConfiguration")
    ]


class DeleteBucketEncryption(BucketOperation[NoResult]):
    """Go back to S3's own keys (SSE-S3).

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketEncryption.html
    """

    method = "DELETE"
    subresource = "encryption"


class SSEKMSEncryption(Structure):
    """A key of KMS, given by its ARN."""

    kms_key_arn: str
    bucket_key_enabled: bool | None = None


class ObjectEncryption(Structure):
    """The new encryption; exactly one member."""

    union = True
    sse_kms: Annotated[SSEKMSEncryption | None, Element("SSE-KMS")] = None


class UpdateObjectEncryptionResult(ChargedResult):
    """The key is changed."""


class UpdateObjectEncryption(ObjectSetting[UpdateObjectEncryptionResult]):
    """Change the key of an object in place.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateObjectEncryption.html
    """

    subresource = "encryption"
    object_encryption: Annotated[ObjectEncryption, Payload("ObjectEncryption")]
