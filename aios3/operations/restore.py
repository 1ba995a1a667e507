"""Bringing archived objects back."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ..protocol.shapes import Element, Header, Payload, Structure
from .access import Grant
from .base import BodyAlgorithm, ChargedResult, VersionOperation
from .groups import ServerSideEncryption
from .objects import ObjectCannedACL, StorageClass
from .select_content import InputSerialization, OutputSerialization
from .tagging import Tagging

Tier: TypeAlias = Literal["Standard", "Bulk", "Expedited"]


class GlacierJobParameters(Structure):
    """How fast an object is to come back."""

    tier: Tier


class SelectParameters(Structure):
    """A query over an archived object."""

    input_serialization: InputSerialization
    expression_type: Literal["SQL"]
    expression: str
    output_serialization: OutputSerialization


class OutputEncryption(Structure):
    """How the results of a restored query are encrypted; AWS calls it Encryption."""

    encryption_type: ServerSideEncryption
    kms_key_id: str | None = None
    kms_context: str | None = None


class MetadataEntry(Structure):
    """A name and a value of user metadata."""

    name: str | None = None
    value: str | None = None


class S3Location(Structure):
    """A place in a bucket, and how what is stored there is stored."""

    bucket_name: str
    prefix: str
    encryption: OutputEncryption | None = None
    canned_acl: Annotated[ObjectCannedACL | None, Element("CannedACL")] = None
    access_control_list: Annotated[tuple[Grant, ...], Element(item="Grant")] = ()
    tagging: Tagging | None = None
    user_metadata: Annotated[tuple[MetadataEntry, ...], Element(item="MetadataEntry")] = ()
    storage_class: StorageClass | None = None


class OutputLocation(Structure):
    """Where the results of a restored query go."""

    s3: S3Location | None = None


class RestoreRequest(Structure):
    """For how many days, how fast; or a query and where its results go."""

    at_most_one = (("days", "output_location"),)
    days: int | None = None
    glacier_job_parameters: GlacierJobParameters | None = None
    type: Literal["SELECT"] | None = None
    tier: Tier | None = None
    description: str | None = None
    select_parameters: SelectParameters | None = None
    output_location: OutputLocation | None = None


class RestoreObjectResult(ChargedResult):
    """The restoration has begun."""

    restore_output_path: Annotated[str | None, Header("x-amz-restore-output-path")] = None


class RestoreObject(VersionOperation[RestoreObjectResult]):
    """Bring an archived object back for some days, or the result of a query over it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
    """

    method = "POST"
    subresource = "restore"
    restore_request: Annotated[RestoreRequest | None, Payload("RestoreRequest")] = None
    checksum_algorithm: BodyAlgorithm = None
