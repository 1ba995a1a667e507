"""S3 Metadata: tables that S3 keeps of a bucket's objects."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ..protocol.shapes import Element, Payload, Result, Structure
from .base import BucketOperation, BucketSetting, NoResult

TableState: TypeAlias = Literal["ENABLED", "DISABLED"]
TableSseAlgorithm: TypeAlias = Literal["aws:kms", "AES256"]


class RecordExpiration(Structure):
    """If the records of a journal are deleted, and after how many days."""

    expiration: TableState
    days: int | None = None


class MetadataTableEncryptionConfiguration(Structure):
    """How a metadata table is encrypted."""

    sse_algorithm: Annotated[TableSseAlgorithm, Element("SseAlgorithm")]
    kms_key_arn: Annotated[str | None, Element("KmsKeyArn")] = None


class JournalTableConfiguration(Structure):
    """The journal table to keep."""

    record_expiration: RecordExpiration
    encryption_configuration: MetadataTableEncryptionConfiguration | None = None


class InventoryTableConfiguration(Structure):
    """The live inventory table to keep."""

    configuration_state: TableState
    encryption_configuration: MetadataTableEncryptionConfiguration | None = None


class AnnotationTableConfiguration(Structure):
    """The annotation table to keep."""

    configuration_state: TableState
    encryption_configuration: MetadataTableEncryptionConfiguration | None = None
    role: str | None = None


class MetadataConfiguration(Structure):
    """The metadata tables to keep."""

    journal_table_configuration: JournalTableConfiguration
    inventory_table_configuration: InventoryTableConfiguration | None = None
    annotation_table_configuration: AnnotationTableConfiguration | None = None


class CreateBucketMetadataConfiguration(BucketSetting[NoResult]):
    """Let S3 keep journal and inventory tables of a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketMetadataConfiguration.html
    """

    method = "POST"
    subresource = "metadataConfiguration"
    metadata_configuration: Annotated[MetadataConfiguration, Payload("MetadataConfiguration")]


class DestinationResult(Structure):
    """Where the metadata tables are."""

    table_bucket_type: str | None = None
    table_bucket_arn: str | None = None
    table_namespace: str | None = None


class ErrorDetails(Structure):
    """Why a table could not be made."""

    error_code: str | None = None
    error_message: str | None = None


class JournalTableConfigurationResult(Structure):
    """The journal table and its state."""

    table_status: str
    error: ErrorDetails | None = None
    table_name: str
    table_arn: str | None = None
    record_expiration: RecordExpiration


class InventoryTableConfigurationResult(Structure):
    """The live inventory table and its state."""

    configuration_state: str
    table_status: str | None = None
    error: ErrorDetails | None = None
    table_name: str | None = None
    table_arn: str | None = None


class AnnotationTableConfigurationResult(Structure):
    """The annotation table and its state."""

    configuration_state: str
    table_status: str | None = None
    error: ErrorDetails | None = None
    table_name: str | None = None
    table_arn: str | None = None
    role: str | None = None


class MetadataConfigurationResult(Structure):
    """The metadata tables and their state."""

    destination_result: DestinationResult
    journal_table_configuration_result: JournalTableConfigurationResult | None = None
    inventory_table_configuration_result: InventoryTableConfigurationResult | None = None
    annotation_table_configuration_result: AnnotationTableConfigurationResult | None = None


class BucketMetadataConfiguration(Structure):
    """The metadata tables of a bucket; AWS calls it GetBucketMetadataConfigurationResult."""

    metadata_configuration_result: MetadataConfigurationResult


class GetBucketMetadataConfigurationResult(Result):
    """A bucket's metadata tables."""

    get_bucket_metadata_configuration_result: Annotated[
        BucketMetadataConfiguration, Payload("GetBucketMetadataConfigurationResult")
    ]


class GetBucketMetadataConfiguration(BucketOperation[GetBucketMetadataConfigurationResult]):
    """Read which metadata tables a bucket has, and their state.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketMetadataConfiguration.html
    """

    subresource = "metadataConfiguration"


class DeleteBucketMetadataConfiguration(BucketOperation[NoResult]):
    """End a bucket's metadata tables; the tables stay.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketMetadataConfiguration.html
    """

    method = "DELETE"
    subresource = "metadataConfiguration"


class InventoryTableConfigurationUpdates(Structure):
    """What changes in the live inventory table."""

    configuration_state: TableState
    encryption_configuration: MetadataTableEncryptionConfiguration | None = None


class UpdateBucketMetadataInventoryTableConfiguration(BucketSetting[NoResult]):
    """Switch the live inventory table on or off.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateBucketMetadataInventoryTableConfiguration.html
    """

    subresource = "metadataInventoryTable"
    inventory_table_configuration: Annotated[InventoryTableConfigurationUpdates, Payload("InventoryTableConfiguration")]


class JournalTableConfigurationUpdates(Structure):
    """What changes in the journal table."""

    record_expiration: RecordExpiration


class UpdateBucketMetadataJournalTableConfiguration(BucketSetting[NoResult]):
    """Set how long the journal table keeps its records.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateBucketMetadataJournalTableConfiguration.html
    """

    subresource = "metadataJournalTable"
    journal_table_configuration: Annotated[JournalTableConfigurationUpdates, Payload("JournalTableConfiguration")]


class AnnotationTableConfigurationUpdates(Structure):
    """What changes in the annotation table."""

    configuration_state: TableState
    encryption_configuration: MetadataTableEncryptionConfiguration | None = None
    role: str | None = None


class UpdateBucketMetadataAnnotationTableConfiguration(BucketSetting[NoResult]):
    """Switch the annotation table on or off.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UpdateBucketMetadataAnnotationTableConfiguration.html
    """

    subresource = "metadataAnnotationTable"
    annotation_table_configuration: Annotated[
        AnnotationTableConfigurationUpdates, Payload("AnnotationTableConfiguration")
    ]


class S3TablesDestination(Structure):
    """The table bucket and table for metadata."""

    table_bucket_arn: str
    table_name: str


class MetadataTableConfiguration(Structure):
    """The metadata table to keep."""

    s3_tables_destination: S3TablesDestination


class CreateBucketMetadataTableConfiguration(BucketSetting[NoResult]):
    """Let S3 keep a metadata table of a bucket, as the first version of the API does.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketMetadataTableConfiguration.html
    """

    method = "POST"
    subresource = "metadataTable"
    metadata_table_configuration: Annotated[MetadataTableConfiguration, Payload("MetadataTableConfiguration")]


class S3TablesDestinationResult(Structure):
    """The table that has the metadata."""

    table_bucket_arn: str
    table_name: str
    table_arn: str
    table_namespace: str


class MetadataTableConfigurationResult(Structure):
    """The metadata table."""

    s3_tables_destination_result: S3TablesDestinationResult


class BucketMetadataTableConfiguration(Structure):
    """The metadata table of a bucket and its state; AWS calls it GetBucketMetadataTableConfigurationResult."""

    metadata_table_configuration_result: MetadataTableConfigurationResult
    status: str
    error: ErrorDetails | None = None


class GetBucketMetadataTableConfigurationResult(Result):
    """A bucket's metadata table."""

    get_bucket_metadata_table_configuration_result: Annotated[
        BucketMetadataTableConfiguration, Payload("GetBucketMetadataTableConfigurationResult")
    ]


class GetBucketMetadataTableConfiguration(BucketOperation[GetBucketMetadataTableConfigurationResult]):
    """Read a bucket's metadata table and its state, as the first version of the API does.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketMetadataTableConfiguration.html
    """

    subresource = "metadataTable"


class DeleteBucketMetadataTableConfiguration(BucketOperation[NoResult]):
    """End a bucket's metadata table, as the first version of the API does.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketMetadataTableConfiguration.html
    """

    method = "DELETE"
    subresource = "metadataTable"
