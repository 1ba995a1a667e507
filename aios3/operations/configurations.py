"""Settings that a bucket has several of, each with an id: analytics, tiering, inventories, metrics."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from ..protocol.shapes import Element, Payload, Query, R_co, Result, Structure
from .base import BucketOperation, NoResult, Tag, Toggle

IntelligentTieringAccessTier: TypeAlias = Literal["ARCHIVE_ACCESS", "DEEP_ARCHIVE_ACCESS"]
InventoryFormat: TypeAlias = Literal["CSV", "ORC", "Parquet"]
InventoryFrequency: TypeAlias = Literal["Daily", "Weekly"]
InventoryIncludedObjectVersions: TypeAlias = Literal["All", "Current"]
InventoryOptionalField: TypeAlias = Literal[
    "Size",
    "LastModifiedDate",
    "StorageClass",
    "ETag",
    "IsMultipartUploaded",
    "ReplicationStatus",
    "EncryptionStatus",
    "ObjectLockRetainUntilDate",
    "ObjectLockMode",
    "ObjectLockLegalHoldStatus",
    "ObjectLockEventHoldStatus",
    "ObjectLockEventHoldDuration",
    "IntelligentTieringAccessTier",
    "BucketKeyStatus",
    "ChecksumAlgorithm",
    "ObjectAccessControlList",
    "ObjectOwner",
    "LifecycleExpirationDate",
    "IntelligentTieringReferenceDate",
]


class ConfigurationOperation(BucketOperation[R_co]):
    """An operation on one of a bucket's configurations of a kind.

    Args:
        id: Its name among those of its kind.
    """

    id: Annotated[str, Query("id")]


class ConfigurationsResult(Result):
    """One page of a bucket's configurations of a kind."""

    is_truncated: bool = False
    continuation_token: str | None = None
    next_continuation_token: str | None = None


class ConfigurationsOperation(BucketOperation[R_co]):
    """An operation that lists a bucket's configurations of a kind."""

    continuation_token: Annotated[str | None, Query("continuation-token")] = None

    def next_page(self, result: ConfigurationsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        return self.after(continuation_token=result.next_continuation_token) if result.is_truncated else None


class AnalyticsAndOperator(Structure):
    """A prefix and tags, all of which an object must have."""

    prefix: str | None = None
    tags: Annotated[tuple[Tag, ...], Element("Tag", flat=True)] = ()


class AnalyticsFilter(Structure):
    """Which objects are analysed; one member only."""

    at_most_one = (("prefix", "tag", "and_"),)
    prefix: str | None = None
    tag: Tag | None = None
    and_: AnalyticsAndOperator | None = None


class AnalyticsS3BucketDestination(Structure):
    """The bucket that an analysis is exported to."""

    format: Literal["CSV"]
    bucket_account_id: str | None = None
    bucket: str
    prefix: str | None = None


class AnalyticsExportDestination(Structure):
    """Where an analysis is exported to."""

    s3_bucket_destination: AnalyticsS3BucketDestination


class StorageClassAnalysisDataExport(Structure):
    """In which form an analysis is exported, and where to."""

    output_schema_version: Literal["V_1"]
    destination: AnalyticsExportDestination


class StorageClassAnalysis(Structure):
    """If the analysis is exported."""

    data_export: StorageClassAnalysisDataExport | None = None


class AnalyticsConfiguration(Structure):
    """What is analysed, and where the results go."""

    id: str
    filter: AnalyticsFilter | None = None
    storage_class_analysis: StorageClassAnalysis


class GetBucketAnalyticsConfigurationResult(Result):
    """One storage class analysis."""

    analytics_configuration: Annotated[AnalyticsConfiguration, Payload("AnalyticsConfiguration")]


class GetBucketAnalyticsConfiguration(ConfigurationOperation[GetBucketAnalyticsConfigurationResult]):
    """Read one storage class analysis.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAnalyticsConfiguration.html
    """

    subresource = "analytics"


class PutBucketAnalyticsConfiguration(ConfigurationOperation[NoResult]):
    """Add or replace a storage class analysis.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAnalyticsConfiguration.html
    """

    method = "PUT"
    subresource = "analytics"
    analytics_configuration: Annotated[AnalyticsConfiguration, Payload("AnalyticsConfiguration")]


class DeleteBucketAnalyticsConfiguration(ConfigurationOperation[NoResult]):
    """Remove a storage class analysis.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketAnalyticsConfiguration.html
    """

    method = "DELETE"
    subresource = "analytics"


class ListBucketAnalyticsConfigurationsResult(ConfigurationsResult):
    """One page of storage class analyses."""

    root = "ListBucketAnalyticsConfigurationResult"
    analytics_configuration_list: Annotated[
        tuple[AnalyticsConfiguration, ...], Element("AnalyticsConfiguration", flat=True)
    ] = ()


class ListBucketAnalyticsConfigurations(ConfigurationsOperation[ListBucketAnalyticsConfigurationsResult]):
    """List a bucket's storage class analyses.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketAnalyticsConfigurations.html
    """

    subresource = "analytics"


class IntelligentTieringAndOperator(Structure):
    """A prefix and tags, all of which an object must have."""

    prefix: str | None = None
    tags: Annotated[tuple[Tag, ...], Element("Tag", flat=True)] = ()


class IntelligentTieringFilter(Structure):
    """Which objects are archived; one member only."""

    at_most_one = (("prefix", "tag", "and_"),)
    prefix: str | None = None
    tag: Tag | None = None
    and_: IntelligentTieringAndOperator | None = None


class Tiering(Structure):
    """After how many days an object goes to an archive tier."""

    days: int
    access_tier: IntelligentTieringAccessTier


class IntelligentTieringConfiguration(Structure):
    """After how many days without access which objects are archived."""

    id: str
    filter: IntelligentTieringFilter | None = None
    status: Toggle
    tierings: Annotated[tuple[Tiering, ...], Element("Tiering", flat=True)]


class GetBucketIntelligentTieringConfigurationResult(Result):
    """One Intelligent-Tiering configuration."""

    intelligent_tiering_configuration: Annotated[
        IntelligentTieringConfiguration, Payload("IntelligentTieringConfiguration")
    ]


class GetBucketIntelligentTieringConfiguration(ConfigurationOperation[GetBucketIntelligentTieringConfigurationResult]):
    """Read one Intelligent-Tiering configuration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketIntelligentTieringConfiguration.html
    """

    subresource = "intelligent-tiering"


class PutBucketIntelligentTieringConfiguration(ConfigurationOperation[NoResult]):
    """Add or replace an Intelligent-Tiering configuration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketIntelligentTieringConfiguration.html
    """

    method = "PUT"
    subresource = "intelligent-tiering"
    intelligent_tiering_configuration: Annotated[
        IntelligentTieringConfiguration, Payload("IntelligentTieringConfiguration")
    ]


class DeleteBucketIntelligentTieringConfiguration(ConfigurationOperation[NoResult]):
    """Remove an Intelligent-Tiering configuration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketIntelligentTieringConfiguration.html
    """

    method = "DELETE"
    subresource = "intelligent-tiering"


class ListBucketIntelligentTieringConfigurationsResult(ConfigurationsResult):
    """One page of Intelligent-Tiering configurations."""

    root = "ListBucketIntelligentTieringConfigurationsOutput"
    intelligent_tiering_configuration_list: Annotated[
        tuple[IntelligentTieringConfiguration, ...], Element("IntelligentTieringConfiguration", flat=True)
    ] = ()


class ListBucketIntelligentTieringConfigurations(
    ConfigurationsOperation[ListBucketIntelligentTieringConfigurationsResult]
):
    """List a bucket's Intelligent-Tiering configurations.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketIntelligentTieringConfigurations.html
    """

    subresource = "intelligent-tiering"


class SSES3(Structure):
    """S3's own key."""


class SSEKMS(Structure):
    """A key of KMS."""

    key_id: str


class InventoryEncryption(Structure):
    """How reports are encrypted: one of the two."""

    at_most_one = (("sse_s3", "sse_kms"),)
    sse_s3: Annotated[SSES3 | None, Element("SSE-S3")] = None
    sse_kms: Annotated[SSEKMS | None, Element("SSE-KMS")] = None


class InventoryS3BucketDestination(Structure):
    """The bucket that reports go to."""

    account_id: str | None = None
    bucket: str
    format: InventoryFormat
    prefix: str | None = None
    encryption: InventoryEncryption | None = None


class InventoryDestination(Structure):
    """Where reports go."""

    s3_bucket_destination: InventoryS3BucketDestination


class InventoryFilter(Structure):
    """Which objects are reported."""

    prefix: str


class InventorySchedule(Structure):
    """How often is reported."""

    frequency: InventoryFrequency


class InventoryConfiguration(Structure):
    """What is reported, how often, and where to."""

    destination: InventoryDestination
    is_enabled: bool
    filter: InventoryFilter | None = None
    id: str
    included_object_versions: InventoryIncludedObjectVersions
    optional_fields: Annotated[tuple[InventoryOptionalField, ...], Element(item="Field")] = ()
    schedule: InventorySchedule


class GetBucketInventoryConfigurationResult(Result):
    """One inventory report."""

    inventory_configuration: Annotated[InventoryConfiguration, Payload("InventoryConfiguration")]


class GetBucketInventoryConfiguration(ConfigurationOperation[GetBucketInventoryConfigurationResult]):
    """Read one inventory report's configuration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketInventoryConfiguration.html
    """

    subresource = "inventory"


class PutBucketInventoryConfiguration(ConfigurationOperation[NoResult]):
    """Add or replace an inventory report.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html
    """

    method = "PUT"
    subresource = "inventory"
    inventory_configuration: Annotated[InventoryConfiguration, Payload("InventoryConfiguration")]


class DeleteBucketInventoryConfiguration(ConfigurationOperation[NoResult]):
    """Remove an inventory report.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketInventoryConfiguration.html
    """

    method = "DELETE"
    subresource = "inventory"


class ListBucketInventoryConfigurationsResult(ConfigurationsResult):
    """One page of inventory reports."""

    root = "ListInventoryConfigurationsResult"
    inventory_configuration_list: Annotated[
        tuple[InventoryConfiguration, ...], Element("InventoryConfiguration", flat=True)
    ] = ()


class ListBucketInventoryConfigurations(ConfigurationsOperation[ListBucketInventoryConfigurationsResult]):
    """List a bucket's inventory reports, up to 100 a page.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html
    """

    subresource = "inventory"


class MetricsAndOperator(Structure):
    """Conditions, all of which an object must meet."""

    prefix: str | None = None
    tags: Annotated[tuple[Tag, ...], Element("Tag", flat=True)] = ()
    access_point_arn: str | None = None


class MetricsFilter(Structure):
    """Which objects' requests are measured; one member only."""

    at_most_one = (("prefix", "tag", "access_point_arn", "and_"),)
    prefix: str | None = None
    tag: Tag | None = None
    access_point_arn: str | None = None
    and_: MetricsAndOperator | None = None


class MetricsConfiguration(Structure):
    """Which objects' requests are measured."""

    id: str
    filter: MetricsFilter | None = None


class GetBucketMetricsConfigurationResult(Result):
    """One request metrics configuration."""

    metrics_configuration: Annotated[MetricsConfiguration, Payload("MetricsConfiguration")]


class GetBucketMetricsConfiguration(ConfigurationOperation[GetBucketMetricsConfigurationResult]):
    """Read one request metrics configuration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketMetricsConfiguration.html
    """

    subresource = "metrics"


class PutBucketMetricsConfiguration(ConfigurationOperation[NoResult]):
    """Add or replace request metrics for CloudWatch.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketMetricsConfiguration.html
    """

    method = "PUT"
    subresource = "metrics"
    metrics_configuration: Annotated[MetricsConfiguration, Payload("MetricsConfiguration")]


class DeleteBucketMetricsConfiguration(ConfigurationOperation[NoResult]):
    """Remove request metrics.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketMetricsConfiguration.html
    """

    method = "DELETE"
    subresource = "metrics"


class ListBucketMetricsConfigurationsResult(ConfigurationsResult):
    """One page of request metrics."""

    root = "ListMetricsConfigurationsResult"
    metrics_configuration_list: Annotated[
        tuple[MetricsConfiguration, ...], Element("MetricsConfiguration", flat=True)
    ] = ()


class ListBucketMetricsConfigurations(ConfigurationsOperation[ListBucketMetricsConfigurationsResult]):
    """List a bucket's request metrics.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketMetricsConfigurations.html
    """

    subresource = "metrics"
