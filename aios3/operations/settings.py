"""Settings of a bucket that take a few lines each: versioning, CORS, website, logging, notification, ..."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from ..protocol.places import ANY
from ..protocol.shapes import Element, Header, Payload, Result, Structure
from .access import Grantee
from .base import BodyAlgorithm, BucketOperation, BucketSetting, ChargedResult, NoResult, RequestedPayer, Toggle

BucketVersioningStatus: TypeAlias = Literal["Enabled", "Suspended"]
Protocol: TypeAlias = Literal["http", "https"]
BucketLogsPermission: TypeAlias = Literal["FULL_CONTROL", "READ", "WRITE"]
PartitionDateSource: TypeAlias = Literal["EventTime", "DeliveryTime"]
FilterRuleName: TypeAlias = Literal["prefix", "suffix"]
EventName: TypeAlias = Literal[
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:ObjectRestore:Delete",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
    "s3:ObjectAnnotation:*",
    "s3:ObjectAnnotation:Put",
    "s3:ObjectAnnotation:Delete",
    "s3:ObjectRetention:Put",
]
BucketAccelerateStatus: TypeAlias = Literal["Enabled", "Suspended"]
Payer: TypeAlias = Literal["Requester", "BucketOwner"]


class GetBucketVersioningResult(Result):
    """A bucket's versioning."""

    root = "VersioningConfiguration"
    status: str | None = None
    mfa_delete: str | None = None


class GetBucketVersioning(BucketOperation[GetBucketVersioningResult]):
    """Ask if a bucket keeps versions; ``status`` is None where that was never set.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketVersioning.html
    """

    subresource = "versioning"


class VersioningConfiguration(Structure):
    """Versioning, on or suspended; MFA delete."""

    mfa_delete: Toggle | None = None
    status: BucketVersioningStatus | None = None


class PutBucketVersioning(BucketSetting[NoResult]):
    """Switch versioning on, or suspend it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html
    """

    subresource = "versioning"
    mfa: Annotated[str | None, Header("x-amz-mfa")] = None
    versioning_configuration: Annotated[VersioningConfiguration, Payload("VersioningConfiguration")]


class CORSRule(Structure):
    """Which origins may use which methods and headers."""

    id: Annotated[str | None, Element("ID")] = None
    allowed_headers: Annotated[tuple[str, ...], Element("AllowedHeader", flat=True)] = ()
    allowed_methods: Annotated[tuple[str, ...], Element("AllowedMethod", flat=True)]
    allowed_origins: Annotated[tuple[str, ...], Element("AllowedOrigin", flat=True)]
    expose_headers: Annotated[tuple[str, ...], Element("ExposeHeader", flat=True)] = ()
    max_age_seconds: int | None = None


class GetBucketCorsResult(Result):
    """A bucket's CORS rules."""

    root = "CORSConfiguration"
    cors_rules: Annotated[tuple[CORSRule, ...], Element("CORSRule", flat=True)] = ()


class GetBucketCors(BucketOperation[GetBucketCorsResult]):
    """Read which web pages may use a bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html"""

    subresource = "cors"


class CORSConfiguration(Structure):
    """All CORS rules of a bucket."""

    cors_rules: Annotated[tuple[CORSRule, ...], Element("CORSRule", flat=True)]


class PutBucketCors(BucketSetting[NoResult]):
    """Replace the rules by which web pages may use a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
    """

    subresource = "cors"
    cors_configuration: Annotated[CORSConfiguration, Payload("CORSConfiguration")]


class DeleteBucketCors(BucketOperation[NoResult]):
    """Take all CORS rules off a bucket.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html"""

    method = "DELETE"
    subresource = "cors"


class RedirectAllRequestsTo(Structure):
    """The host that all requests are redirected to."""

    host_name: str
    protocol: Protocol | None = None


class IndexDocument(Structure):
    """The object that is shown for a folder."""

    suffix: str


class ErrorDocument(Structure):
    """The object that is shown for errors."""

    key: str


class Condition(Structure):
    """When a routing rule applies."""

    http_error_code_returned_equals: str | None = None
    key_prefix_equals: str | None = None


class Redirect(Structure):
    """Where a routing rule leads."""

    at_most_one = (("replace_key_prefix_with", "replace_key_with"),)
    host_name: str | None = None
    http_redirect_code: str | None = None
    protocol: Protocol | None = None
    replace_key_prefix_with: str | None = None
    replace_key_with: str | None = None


class RoutingRule(Structure):
    """Which requests are redirected, and where to."""

    condition: Condition | None = None
    redirect: Redirect


class GetBucketWebsiteResult(Result):
    """A bucket's website."""

    root = "WebsiteConfiguration"
    redirect_all_requests_to: RedirectAllRequestsTo | None = None
    index_document: IndexDocument | None = None
    error_document: ErrorDocument | None = None
    routing_rules: Annotated[tuple[RoutingRule, ...], Element(item="RoutingRule")] = ()


class GetBucketWebsite(BucketOperation[GetBucketWebsiteResult]):
    """Read how a bucket serves as a website.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketWebsite.html
    """

    subresource = "website"


class WebsiteConfiguration(Structure):
    """How a bucket serves as a website."""

    at_most_one = (
        ("redirect_all_requests_to", "error_document"),
        ("redirect_all_requests_to", "index_document"),
        ("redirect_all_requests_to", "routing_rules"),
    )
    error_document: ErrorDocument | None = None
    index_document: IndexDocument | None = None
    redirect_all_requests_to: RedirectAllRequestsTo | None = None
    routing_rules: Annotated[tuple[RoutingRule, ...], Element(item="RoutingRule")] = ()


class PutBucketWebsite(BucketSetting[NoResult]):
    """Let a bucket serve as a website.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html"""

    subresource = "website"
    website_configuration: Annotated[WebsiteConfiguration, Payload("WebsiteConfiguration")]


class DeleteBucketWebsite(BucketOperation[NoResult]):
    """Let a bucket no longer serve as a website.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketWebsite.html
    """

    method = "DELETE"
    subresource = "website"


class TargetGrant(Structure):
    """Who may do what with the log."""

    grantee: Grantee | None = None
    permission: BucketLogsPermission | None = None


class SimplePrefix(Structure):
    """Log keys of the prefix and the time."""


class PartitionedPrefix(Structure):
    """Log keys by date: of the event, or of its delivery."""

    partition_date_source: PartitionDateSource | None = None


class TargetObjectKeyFormat(Structure):
    """How log objects are named; one member only."""

    at_most_one = (("simple_prefix", "partitioned_prefix"),)
    simple_prefix: SimplePrefix | None = None
    partitioned_prefix: PartitionedPrefix | None = None


class LoggingEnabled(Structure):
    """Where the access log goes."""

    target_bucket: str
    target_grants: Annotated[tuple[TargetGrant, ...], Element(item="Grant")] = ()
    target_prefix: str
    target_object_key_format: TargetObjectKeyFormat | None = None


class GetBucketLoggingResult(Result):
    """A bucket's access log."""

    root = "BucketLoggingStatus"
    logging_enabled: LoggingEnabled | None = None


class GetBucketLogging(BucketOperation[GetBucketLoggingResult]):
    """Read where a bucket's access log goes.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html
    """

    subresource = "logging"


class BucketLoggingStatus(Structure):
    """Where the access log goes; empty where there is none."""

    logging_enabled: LoggingEnabled | None = None


class PutBucketLogging(BucketSetting[NoResult]):
    """Set where a bucket's access log goes; an empty status ends it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html
    """

    subresource = "logging"
    bucket_logging_status: Annotated[BucketLoggingStatus, Payload("BucketLoggingStatus")]


class FilterRule(Structure):
    """A prefix or a suffix of the keys."""

    name: FilterRuleName | None = None
    value: str | None = None


class S3KeyFilter(Structure):
    """Prefixes and suffixes of keys."""

    filter_rules: Annotated[tuple[FilterRule, ...], Element("FilterRule", flat=True)] = ()


class NotificationConfigurationFilter(Structure):
    """Which keys are told of."""

    key: Annotated[S3KeyFilter | None, Element("S3Key")] = None


class TopicConfiguration(Structure):
    """An SNS topic, and the events it gets."""

    id: str | None = None
    topic_arn: Annotated[str, Element("Topic")]
    events: Annotated[tuple[EventName, ...], Element("Event", flat=True)]
    filter: NotificationConfigurationFilter | None = None


class QueueConfiguration(Structure):
    """An SQS queue, and the events it gets."""

    id: str | None = None
    queue_arn: Annotated[str, Element("Queue")]
    events: Annotated[tuple[EventName, ...], Element("Event", flat=True)]
    filter: NotificationConfigurationFilter | None = None


class LambdaFunctionConfiguration(Structure):
    """A Lambda function, and the events it is called for."""

    id: str | None = None
    lambda_function_arn: Annotated[str, Element("CloudFunction")]
    events: Annotated[tuple[EventName, ...], Element("Event", flat=True)]
    filter: NotificationConfigurationFilter | None = None


class EventBridgeConfiguration(Structure):
    """All events go to EventBridge."""


class GetBucketNotificationConfigurationResult(Result):
    """Who is told of what."""

    root = "NotificationConfiguration"
    topic_configurations: Annotated[tuple[TopicConfiguration, ...], Element("TopicConfiguration", flat=True)] = ()
    queue_configurations: Annotated[tuple[QueueConfiguration, ...], Element("QueueConfiguration", flat=True)] = ()
    lambda_function_configurations: Annotated[
        tuple[LambdaFunctionConfiguration, ...], Element("CloudFunctionConfiguration", flat=True)
    ] = ()
    event_bridge_configuration: EventBridgeConfiguration | None = None


class GetBucketNotificationConfiguration(BucketOperation[GetBucketNotificationConfigurationResult]):
    """Read who is told of what happens in a bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketNotificationConfiguration.html
    """

    subresource = "notification"


class NotificationConfiguration(Structure):
    """Who is told of which events."""

    topic_configurations: Annotated[tuple[TopicConfiguration, ...], Element("TopicConfiguration", flat=True)] = ()
    queue_configurations: Annotated[tuple[QueueConfiguration, ...], Element("QueueConfiguration", flat=True)] = ()
    lambda_function_configurations: Annotated[
        tuple[LambdaFunctionConfiguration, ...], Element("CloudFunctionConfiguration", flat=True)
    ] = ()
    event_bridge_configuration: EventBridgeConfiguration | None = None


class PutBucketNotificationConfiguration(BucketOperation[NoResult]):
    """Replace who is told of what happens in a bucket; an empty configuration ends it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html
    """

    method = "PUT"
    subresource = "notification"
    notification_configuration: Annotated[NotificationConfiguration, Payload("NotificationConfiguration")]
    skip_destination_validation: Annotated[bool | None, Header("x-amz-skip-destination-validation")] = None


class GetBucketAccelerateConfigurationResult(ChargedResult):
    """A bucket's Transfer Acceleration."""

    root = "AccelerateConfiguration"
    status: str | None = None


class GetBucketAccelerateConfiguration(BucketOperation[GetBucketAccelerateConfigurationResult]):
    """Ask if a bucket has Transfer Acceleration.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAccelerateConfiguration.html
    """

    subresource = "accelerate"
    request_payer: RequestedPayer = None


class AccelerateConfiguration(Structure):
    """Transfer Acceleration, on or suspended."""

    status: BucketAccelerateStatus | None = None


class PutBucketAccelerateConfiguration(BucketOperation[NoResult]):
    """Switch Transfer Acceleration on, or suspend it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAccelerateConfiguration.html
    """

    method = "PUT"
    subresource = "accelerate"
    accelerate_configuration: Annotated[AccelerateConfiguration, Payload("AccelerateConfiguration")]
    checksum_algorithm: BodyAlgorithm = None


class GetBucketRequestPaymentResult(Result):
    """Who pays."""

    root = "RequestPaymentConfiguration"
    payer: str | None = None


class GetBucketRequestPayment(BucketOperation[GetBucketRequestPaymentResult]):
    """Ask who pays for requests.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html"""

    subresource = "requestPayment"


class RequestPaymentConfiguration(Structure):
    """Who pays for requests."""

    payer: Payer


class PutBucketRequestPayment(BucketSetting[NoResult]):
    """Set who pays for requests.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html"""

    subresource = "requestPayment"
    request_payment_configuration: Annotated[RequestPaymentConfiguration, Payload("RequestPaymentConfiguration")]


class AbacStatus(Structure):
    """If a bucket's tags take part in access control."""

    status: Toggle | None = None


class GetBucketAbacResult(Result):
    """If tags take part in access control."""

    abac_status: Annotated[AbacStatus, Payload("AbacStatus")]


class GetBucketAbac(BucketOperation[GetBucketAbacResult]):
    """Ask if a bucket's tags take part in access control.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAbac.html
    """

    subresource = "abac"
    facts = ANY


class PutBucketAbac(BucketSetting[NoResult]):
    """Let a bucket's tags take part in access control.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAbac.html
    """

    subresource = "abac"
    facts = ANY
    checksum_required = False
    abac_status: Annotated[AbacStatus, Payload("AbacStatus")]
