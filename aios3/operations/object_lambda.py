"""What a Lambda function behind an Object Lambda access point answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from ..protocol.messages import Buffer, RequestBody
from ..protocol.places import Facts
from ..protocol.shapes import Group, Header, HeaderPrefix, Operation, Payload
from .base import NoResult
from .groups import Checksum, ObjectLockMode, OnOrOff, ServerSideEncryption
from .objects import StorageClass

ReplicationStatus: TypeAlias = Literal["COMPLETE", "PENDING", "FAILED", "REPLICA", "COMPLETED"]


class WriteGetObjectResponse(Operation[NoResult]):
    """Answer the GetObject that made Object Lambda call the function.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_WriteGetObjectResponse.html
    """

    method = "POST"
    path = "/WriteGetObjectResponse"
    host_prefix = "request_route"
    facts = Facts(object_lambda=True)
    request_route: Annotated[str, Header("x-amz-request-route")]
    request_token: Annotated[str, Header("x-amz-request-token")]
    body: Annotated[Buffer | RequestBody, Payload()] = b""
    status_code: Annotated[int | None, Header("x-amz-fwd-status")] = None
    error_code: Annotated[str | None, Header("x-amz-fwd-error-code")] = None
    error_message: Annotated[str | None, Header("x-amz-fwd-error-message")] = None
    accept_ranges: Annotated[str | None, Header("x-amz-fwd-header-accept-ranges")] = None
    cache_control: Annotated[str | None, Header("x-amz-fwd-header-Cache-Control")] = None
    content_disposition: Annotated[str | None, Header("x-amz-fwd-header-Content-Disposition")] = None
    content_encoding: Annotated[str | None, Header("x-amz-fwd-header-Content-Encoding")] = None
    content_language: Annotated[str | None, Header("x-amz-fwd-header-Content-Language")] = None
    content_length: Annotated[int | None, Header("Content-Length")] = None
    content_range: Annotated[str | None, Header("x-amz-fwd-header-Content-Range")] = None
    content_type: Annotated[str | None, Header("x-amz-fwd-header-Content-Type")] = None
    checksum: Annotated[Checksum | None, Group("x-amz-fwd-header-x-amz-")] = None
    delete_marker: Annotated[bool | None, Header("x-amz-fwd-header-x-amz-delete-marker")] = None
    etag: Annotated[str | None, Header("x-amz-fwd-header-ETag")] = None
    expires: Annotated[datetime | None, Header("x-amz-fwd-header-Expires")] = None
    expiration: Annotated[str | None, Header("x-amz-fwd-header-x-amz-expiration")] = None
    last_modified: Annotated[datetime | None, Header("x-amz-fwd-header-Last-Modified")] = None
    missing_meta: Annotated[int | None, Header("x-amz-fwd-header-x-amz-missing-meta")] = None
    metadata: Annotated[Mapping[str, str] | None, HeaderPrefix("x-amz-meta-")] = None
    object_lock_mode: Annotated[ObjectLockMode | None, Header("x-amz-fwd-header-x-amz-object-lock-mode")] = None
    object_lock_legal_hold_status: Annotated[
        OnOrOff | None, Header("x-amz-fwd-header-x-amz-object-lock-legal-hold")
    ] = None
    object_lock_retain_until_date: Annotated[
        datetime | None, Header("x-amz-fwd-header-x-amz-object-lock-retain-until-date", iso8601=True)
    ] = None
    parts_count: Annotated[int | None, Header("x-amz-fwd-header-x-amz-mp-parts-count")] = None
    replication_status: Annotated[ReplicationStatus | None, Header("x-amz-fwd-header-x-amz-replication-status")] = None
    request_charged: Annotated[Literal["requester"] | None, Header("x-amz-fwd-header-x-amz-request-charged")] = None
    restore: Annotated[str | None, Header("x-amz-fwd-header-x-amz-restore")] = None
    server_side_encryption: Annotated[
        ServerSideEncryption | None, Header("x-amz-fwd-header-x-amz-server-side-encryption")
    ] = None
    sse_customer_algorithm: Annotated[
        str | None, Header("x-amz-fwd-header-x-amz-server-side-encryption-customer-algorithm")
    ] = None
    sse_kms_key_id: Annotated[str | None, Header("x-amz-fwd-header-x-amz-server-side-encryption-aws-kms-key-id")] = None
    sse_customer_key_md5: Annotated[
        str | None, Header("x-amz-fwd-header-x-amz-server-side-encryption-customer-key-MD5")
    ] = None
    storage_class: Annotated[StorageClass | None, Header("x-amz-fwd-header-x-amz-storage-class")] = None
    tag_count: Annotated[int | None, Header("x-amz-fwd-header-x-amz-tagging-count")] = None
    version_id: Annotated[str | None, Header("x-amz-fwd-header-x-amz-version-id")] = None
    bucket_key_enabled: Annotated[
        bool | None, Header("x-amz-fwd-header-x-amz-server-side-encryption-bucket-key-enabled")
    ] = None
