"""What S3 can be asked: one declared class an operation, under AWS's own name.

A family of operations is loaded when one of its names is first used, so that importing aios3 stays cheap::

    from aios3 import operations as ops

    await client.call(ops.GetBucketLocation(bucket="photos"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import *  # noqa: F403
    from .attributes import *  # noqa: F403
    from .base import *  # noqa: F403
    from .buckets import *  # noqa: F403
    from .configurations import *  # noqa: F403
    from .encryption import *  # noqa: F403
    from .express import *  # noqa: F403
    from .groups import *  # noqa: F403
    from .lifecycle import *  # noqa: F403
    from .listing import *  # noqa: F403
    from .metadata_tables import *  # noqa: F403
    from .multipart import *  # noqa: F403
    from .object_annotations import *  # noqa: F403
    from .object_lambda import *  # noqa: F403
    from .object_lock import *  # noqa: F403
    from .objects import *  # noqa: F403
    from .replication import *  # noqa: F403
    from .restore import *  # noqa: F403
    from .select_content import *  # noqa: F403
    from .settings import *  # noqa: F403
    from .tagging import *  # noqa: F403

_FAMILIES = {
    "access": """
        AccessControlPolicy DeleteBucketOwnershipControls DeleteBucketPolicy DeletePublicAccessBlock GetBucketAcl
        GetBucketAclResult GetBucketOwnershipControls GetBucketOwnershipControlsResult GetBucketPolicy
        GetBucketPolicyResult GetBucketPolicyStatus GetBucketPolicyStatusResult GetObjectAcl GetObjectAclResult
        GetPublicAccessBlock GetPublicAccessBlockResult Grant Grantee GranteeType OwnershipControls
        OwnershipControlsRule Permission PolicyStatus PublicAccessBlockConfiguration PutBucketAcl
        PutBucketOwnershipControls PutBucketPolicy PutObjectAcl PutObjectAclResult PutPublicAccessBlock
    """,
    "attributes": """
        GetObjectAttributes GetObjectAttributesParts GetObjectAttributesResult GetObjectTorrent GetObjectTorrentResult
        ObjectAttributes ObjectChecksum ObjectPart
    """,
    "base": """
        BucketOperation BucketSetting ChargedResult NoResult ObjectOperation ObjectSetting RequestPayer StreamedResult
        Tag Toggle VersionOperation
    """,
    "buckets": """
        BucketCannedACL BucketEntry BucketInfo BucketNamespace CreateBucket CreateBucketConfiguration
        CreateBucketResult DataRedundancy DeleteBucket GetBucketLocation GetBucketLocationResult HeadBucket
        HeadBucketResult ListBuckets ListBucketsResult ListDirectoryBuckets ListDirectoryBucketsResult LocationInfo
        LocationType ObjectOwnership
    """,
    "configurations": """
        AnalyticsAndOperator AnalyticsConfiguration AnalyticsExportDestination AnalyticsFilter
        AnalyticsS3BucketDestination ConfigurationOperation ConfigurationsOperation ConfigurationsResult
        DeleteBucketAnalyticsConfiguration DeleteBucketIntelligentTieringConfiguration
        DeleteBucketInventoryConfiguration DeleteBucketMetricsConfiguration GetBucketAnalyticsConfiguration
        GetBucketAnalyticsConfigurationResult GetBucketIntelligentTieringConfiguration
        GetBucketIntelligentTieringConfigurationResult GetBucketInventoryConfiguration
        GetBucketInventoryConfigurationResult GetBucketMetricsConfiguration GetBucketMetricsConfigurationResult
        IntelligentTieringAccessTier IntelligentTieringAndOperator IntelligentTieringConfiguration
        IntelligentTieringFilter InventoryConfiguration InventoryDestination InventoryEncryption InventoryFilter
        InventoryFormat InventoryFrequency InventoryIncludedObjectVersions InventoryOptionalField
        InventoryS3BucketDestination InventorySchedule ListBucketAnalyticsConfigurations
        ListBucketAnalyticsConfigurationsResult ListBucketIntelligentTieringConfigurations
        ListBucketIntelligentTieringConfigurationsResult ListBucketInventoryConfigurations
        ListBucketInventoryConfigurationsResult ListBucketMetricsConfigurations ListBucketMetricsConfigurationsResult
        MetricsAndOperator MetricsConfiguration MetricsFilter PutBucketAnalyticsConfiguration
        PutBucketIntelligentTieringConfiguration PutBucketInventoryConfiguration PutBucketMetricsConfiguration SSEKMS
        SSES3 StorageClassAnalysis StorageClassAnalysisDataExport Tiering
    """,
    "encryption": """
        BlockedEncryptionTypes DeleteBucketEncryption EncryptionType GetBucketEncryption GetBucketEncryptionResult
        ObjectEncryption PutBucketEncryption SSEKMSEncryption ServerSideEncryptionByDefault
        ServerSideEncryptionConfiguration ServerSideEncryptionRule UpdateObjectEncryption UpdateObjectEncryptionResult
    """,
    "express": """
        CreateSession CreateSessionResult RenameObject RenameObjectResult SessionCredentials SessionMode
    """,
    "groups": """
        BucketGrants Checksum ChecksumAlgorithm ChecksumHeaders ChecksumType Checksums CustomerKey CustomerKeyHeaders
        Encryption EncryptionContextHeaders EncryptionHeaders Grants ObjectLock ObjectLockMode OnOrOff
        ServerSideEncryption
    """,
    "lifecycle": """
        AbortIncompleteMultipartUpload BucketLifecycleConfiguration DeleteBucketLifecycle
        GetBucketLifecycleConfiguration GetBucketLifecycleConfigurationResult LifecycleExpiration LifecycleRule
        LifecycleRuleAndOperator LifecycleRuleFilter NoncurrentVersionExpiration NoncurrentVersionTransition
        PutBucketLifecycleConfiguration PutBucketLifecycleConfigurationResult Transition
        TransitionDefaultMinimumObjectSize TransitionStorageClass
    """,
    "listing": """
        CommonPrefix DeleteMarker EncodingType Key ListObjectVersions ListObjectVersionsResult ListObjects
        ListObjectsResult ListObjectsV2 ListObjectsV2Result ListingOperation ListingResult ObjectVersion
        OptionalObjectAttribute Owner RestoreStatus
    """,
    "metadata_tables": """
        AnnotationTableConfiguration AnnotationTableConfigurationResult AnnotationTableConfigurationUpdates
        BucketMetadataConfiguration BucketMetadataTableConfiguration CreateBucketMetadataConfiguration
        CreateBucketMetadataTableConfiguration DeleteBucketMetadataConfiguration
        DeleteBucketMetadataTableConfiguration DestinationResult ErrorDetails GetBucketMetadataConfiguration
        GetBucketMetadataConfigurationResult GetBucketMetadataTableConfiguration
        GetBucketMetadataTableConfigurationResult InventoryTableConfiguration InventoryTableConfigurationResult
        InventoryTableConfigurationUpdates JournalTableConfiguration JournalTableConfigurationResult
        JournalTableConfigurationUpdates MetadataConfiguration MetadataConfigurationResult MetadataTableConfiguration
        MetadataTableConfigurationResult MetadataTableEncryptionConfiguration RecordExpiration S3TablesDestination
        S3TablesDestinationResult TableSseAlgorithm TableState UpdateBucketMetadataAnnotationTableConfiguration
        UpdateBucketMetadataInventoryTableConfiguration UpdateBucketMetadataJournalTableConfiguration
    """,
    "multipart": """
        AbortMultipartUpload AbortMultipartUploadResult CompleteMultipartUpload CompleteMultipartUploadResult
        CompletedMultipartUpload CompletedPart CopyPartResult CreateMultipartUpload CreateMultipartUploadResult
        Initiator ListMultipartUploads ListMultipartUploadsResult ListParts ListPartsResult MultipartUpload Part
        UploadPart UploadPartCopy UploadPartCopyResult UploadPartResult
    """,
    "object_annotations": """
        AnnotationEntry DeleteObjectAnnotation DeleteObjectAnnotationResult GetObjectAnnotation
        GetObjectAnnotationResult ListObjectAnnotations ListObjectAnnotationsResult PutObjectAnnotation
        PutObjectAnnotationResult
    """,
    "object_lambda": """
        ReplicationStatus WriteGetObjectResponse
    """,
    "object_lock": """
        DefaultRetention EventHoldDuration GetObjectLegalHold GetObjectLegalHoldResult GetObjectLockConfiguration
        GetObjectLockConfigurationResult GetObjectRetention GetObjectRetentionResult ObjectLockConfiguration
        ObjectLockLegalHold ObjectLockRetention ObjectLockRule PutObjectLegalHold PutObjectLegalHoldResult
        PutObjectLockConfiguration PutObjectLockConfigurationResult PutObjectRetention PutObjectRetentionResult
    """,
    "objects": """
        AnnotationDirective CopiedObject CopyObject CopyObjectResult CopyOperation CopySource Delete DeleteFailure
        DeleteObject DeleteObjectResult DeleteObjects DeleteObjectsResult DeletedObject Directive GetObject
        GetObjectResult HeadObject HeadObjectResult NewObjectOperation ObjectCannedACL ObjectIdentifier PutObject
        PutObjectResult ReadOperation StorageClass StoredObject
    """,
    "replication": """
        AccessControlTranslation DeleteBucketReplication DeleteMarkerReplication Destination EncryptionConfiguration
        ExistingObjectReplication GetBucketReplication GetBucketReplicationResult Metrics PutBucketReplication
        ReplicaModifications ReplicationConfiguration ReplicationRule ReplicationRuleAndOperator ReplicationRuleFilter
        ReplicationTime ReplicationTimeValue SourceSelectionCriteria SseKmsEncryptedObjects
    """,
    "restore": """
        GlacierJobParameters MetadataEntry OutputEncryption OutputLocation RestoreObject RestoreObjectResult
        RestoreRequest S3Location SelectParameters Tier
    """,
    "select_content": """
        CSVInput CSVOutput CompressionType ContinuationEvent EndEvent FileHeaderInfo InputSerialization JSONInput
        JSONOutput JSONType OutputSerialization ParquetInput Progress ProgressEvent QuoteFields RecordsEvent
        RequestProgress ScanRange SelectEvent SelectObjectContent SelectObjectContentResult Stats StatsEvent
    """,
    "settings": """
        AbacStatus AccelerateConfiguration BucketAccelerateStatus BucketLoggingStatus BucketLogsPermission
        BucketVersioningStatus CORSConfiguration CORSRule Condition DeleteBucketCors DeleteBucketWebsite ErrorDocument
        EventBridgeConfiguration EventName FilterRule FilterRuleName GetBucketAbac GetBucketAbacResult
        GetBucketAccelerateConfiguration GetBucketAccelerateConfigurationResult GetBucketCors GetBucketCorsResult
        GetBucketLogging GetBucketLoggingResult GetBucketNotificationConfiguration
        GetBucketNotificationConfigurationResult GetBucketRequestPayment GetBucketRequestPaymentResult
        GetBucketVersioning GetBucketVersioningResult GetBucketWebsite GetBucketWebsiteResult IndexDocument
        LambdaFunctionConfiguration LoggingEnabled NotificationConfiguration NotificationConfigurationFilter
        PartitionDateSource PartitionedPrefix Payer Protocol PutBucketAbac PutBucketAccelerateConfiguration
        PutBucketCors PutBucketLogging PutBucketNotificationConfiguration PutBucketRequestPayment PutBucketVersioning
        PutBucketWebsite QueueConfiguration Redirect RedirectAllRequestsTo RequestPaymentConfiguration RoutingRule
        S3KeyFilter SimplePrefix TargetGrant TargetObjectKeyFormat TopicConfiguration VersioningConfiguration
        WebsiteConfiguration
    """,
    "tagging": """
        DeleteBucketTagging DeleteObjectTagging DeleteObjectTaggingResult GetBucketTagging GetBucketTaggingResult
        GetObjectTagging GetObjectTaggingResult PutBucketTagging PutObjectTagging PutObjectTaggingResult Tagging
    """,
}
_FAMILY_OF = {name: family for family, names in _FAMILIES.items() for name in names.split()}

__all__ = sorted(_FAMILY_OF)  # one table instead of two lists


if not TYPE_CHECKING:  # or every misspelt name would pass for one

    def __getattr__(name: str) -> Any:
        family = _FAMILY_OF.get(name)
        if family is None:
            raise AttributeError(f"aios3.operations has no {name!r}")
        value = getattr(import_module(f".{family}", __name__), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return __all__
