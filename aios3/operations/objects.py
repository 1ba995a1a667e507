"""Operations on one object: read, write, look, copy, delete; and on several at once: delete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import md5
from typing import Annotated, Literal, Self, TypeAlias
from urllib.parse import quote

from ..errors import PreconditionFailed, S3Error
from ..protocol.bucket_names import ARN
from ..protocol.messages import Buffer, RequestBody, ResponseBody
from ..protocol.places import ANY, Facts
from ..protocol.shapes import Element, Group, Header, HeaderPrefix, Payload, Query, R_co, Structure
from ..protocol.uri import encode_key
from .base import (
    BodyAlgorithm,
    BucketOperation,
    ChargedResult,
    ObjectOperation,
    RequestedPayer,
    StreamedResult,
    VersionOperation,
)
from .groups import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumHeaders,
    Checksums,
    CustomerKey,
    CustomerKeyHeaders,
    Encryption,
    EncryptionContextHeaders,
    EncryptionHeaders,
    Grants,
    ObjectLock,
)

ObjectCannedACL: TypeAlias = Literal[
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
]
StorageClass: TypeAlias = Literal[
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "GLACIER_IR",
    "SNOW",
    "EXPRESS_ONEZONE",
    "FSX_OPENZFS",
    "FSX_ONTAP",
    "AWS_BACKUP_WARM",
    "AWS_BACKUP_LOW_COST_WARM",
]
Directive: TypeAlias = Literal["COPY", "REPLACE"]
AnnotationDirective: TypeAlias = Literal["COPY", "EXCLUDE"]


class StoredObject(ChecksumHeaders, EncryptionHeaders, CustomerKeyHeaders, ChargedResult):
    """What the headers of GetObject and HeadObject say of an object."""

    delete_marker: Annotated[bool | None, Header("x-amz-delete-marker")] = None
    accept_ranges: Annotated[str | None, Header("accept-ranges")] = None
    expiration: Annotated[str | None, Header("x-amz-expiration")] = None
    restore: Annotated[str | None, Header("x-amz-restore")] = None
    last_modified: Annotated[datetime | None, Header("Last-Modified")] = None
    content_length: Annotated[int | None, Header("Content-Length")] = None
    etag: Annotated[str | None, Header("ETag")] = None
    checksum_type: Annotated[str | None, Header("x-amz-checksum-type")] = None
    missing_meta: Annotated[int | None, Header("x-amz-missing-meta")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None
    cache_control: Annotated[str | None, Header("Cache-Control")] = None
    content_disposition: Annotated[str | None, Header("Content-Disposition")] = None
    content_encoding: Annotated[str | None, Header("Content-Encoding")] = None
    content_language: Annotated[str | None, Header("Content-Language")] = None
    content_range: Annotated[str | None, Header("Content-Range")] = None
    content_type: Annotated[str | None, Header("Content-Type")] = None
    expires: Annotated[datetime | None, Header("Expires", lax=True)] = None
    website_redirect_location: Annotated[str | None, Header("x-amz-website-redirect-location")] = None
    metadata: Annotated[Mapping[str, str], HeaderPrefix("x-amz-meta-")]
    storage_class: Annotated[str | None, Header("x-amz-storage-class")] = None
    replication_status: Annotated[str | None, Header("x-amz-replication-status")] = None
    parts_count: Annotated[int | None, Header("x-amz-mp-parts-count")] = None
    tag_count: Annotated[int | None, Header("x-amz-tagging-count")] = None
    object_lock_mode: Annotated[str | None, Header("x-amz-object-lock-mode")] = None
    object_lock_retain_until_date: Annotated[
        datetime | None, Header("x-amz-object-lock-retain-until-date", iso8601=True)
    ] = None
    object_lock_legal_hold_status: Annotated[str | None, Header("x-amz-object-lock-legal-hold")] = None
    object_lock_event_hold: Annotated[str | None, Header("x-amz-object-lock-event-hold")] = None
    object_lock_event_hold_duration_days: Annotated[
        int | None, Header("x-amz-object-lock-event-hold-duration-days")
    ] = None
    object_lock_event_hold_duration_years: Annotated[
        int | None, Header("x-amz-object-lock-event-hold-duration-years")
    ] = None

    @property
    def status(self) -> int:
        """HTTP status: 200, or 206 for a range."""
        return self.http_status


class GetObjectResult(StoredObject, StreamedResult):
    """An object: its headers, and ``body`` to read it from. Leaving its context gives the connection back."""

    streaming = "body"
    body: Annotated[ResponseBody, Payload()]


class ReadOperation(VersionOperation[R_co]):
    """What GetObject and HeadObject can be asked alike.

    Args:
        range: As in HTTP: ``bytes=0-99`` are the first hundred.
        part_number: Only this part of an object that was stored in parts.
    """

    at_most_one = (("range", "part_number"),)
    if_match: Annotated[str | None, Header("If-Match")] = None
    if_modified_since: Annotated[datetime | None, Header("If-Modified-Since")] = None
    if_none_match: Annotated[str | None, Header("If-None-Match")] = None
    if_unmodified_since: Annotated[datetime | None, Header("If-Unmodified-Since")] = None
    range: Annotated[str | None, Header("Range")] = None
    response_cache_control: Annotated[str | None, Query("response-cache-control")] = None
    response_content_disposition: Annotated[str | None, Query("response-content-disposition")] = None
    response_content_encoding: Annotated[str | None, Query("response-content-encoding")] = None
    response_content_language: Annotated[str | None, Query("response-content-language")] = None
    response_content_type: Annotated[str | None, Query("response-content-type")] = None
    response_expires: Annotated[datetime | None, Query("response-expires")] = None
    customer_key: Annotated[CustomerKey | None, Group()] = None
    part_number: Annotated[int | None, Query("partNumber")] = None
    checksum_mode: Annotated[Literal["ENABLED"] | None, Header("x-amz-checksum-mode")] = None


class GetObject(ReadOperation[GetObjectResult]):
    """Read an object, or a range of it.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""


class HeadObjectResult(StoredObject):
    """What is known of an object without reading it."""

    archive_status: Annotated[str | None, Header("x-amz-archive-status")] = None

    @property
    def size(self) -> int | None:
        """Bytes of the object; the same as ``content_length``."""
        return self.content_length


class HeadObject(ReadOperation[HeadObjectResult]):
    """Ask for an object's headers.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"""

    method = "HEAD"


class NewObjectOperation(ObjectOperation[R_co]):
    """What can be said of an object to be stored, whichever way it is.

    Args:
        metadata: Names and values of ASCII; names come back in lower case.
        tagging: Tags as a query: ``a=1&b=2``.
    """

    at_most_one = (("acl", "grants"), ("encryption", "customer_key"))
    acl: Annotated[ObjectCannedACL | None, Header("x-amz-acl")] = None
    cache_control: Annotated[str | None, Header("Cache-Control")] = None
    content_disposition: Annotated[str | None, Header("Content-Disposition")] = None
    content_encoding: Annotated[str | None, Header("Content-Encoding")] = None
    content_language: Annotated[str | None, Header("Content-Language")] = None
    content_type: Annotated[str | None, Header("Content-Type")] = None
    customer_key: Annotated[CustomerKey | None, Group()] = None
    encryption: Annotated[Encryption | None, Group()] = None
    expires: Annotated[datetime | None, Header("Expires")] = None
    grants: Annotated[Grants | None, Group()] = None
    metadata: Annotated[Mapping[str, str] | None, HeaderPrefix("x-amz-meta-")] = None
    object_lock: Annotated[ObjectLock | None, Group()] = None
    request_payer: RequestedPayer = None
    storage_class: Annotated[StorageClass | None, Header("x-amz-storage-class")] = None
    tagging: Annotated[str | None, Header("x-amz-tagging")] = None
    website_redirect_location: Annotated[str | None, Header("x-amz-website-redirect-location")] = None


class CopyOperation(ObjectOperation[R_co]):
    """What can be said of the object that is copied.

    Args:
        copy_source: See CopySource; a str is sent as it is: ``bucket/key?versionId=...``, percent-encoded.
    """

    facts = Facts(session=False)
    copy_source: Annotated[str, Header("x-amz-copy-source")]
    copy_source_customer_key: Annotated[CustomerKey | None, Group("x-amz-copy-source-")] = None
    copy_source_if_match: Annotated[str | None, Header("x-amz-copy-source-if-match")] = None
    copy_source_if_modified_since: Annotated[datetime | None, Header("x-amz-copy-source-if-modified-since")] = None
    copy_source_if_none_match: Annotated[str | None, Header("x-amz-copy-source-if-none-match")] = None
    copy_source_if_unmodified_since: Annotated[datetime | None, Header("x-amz-copy-source-if-unmodified-since")] = None
    customer_key: Annotated[CustomerKey | None, Group()] = None
    expected_source_bucket_owner: Annotated[str | None, Header("x-amz-source-expected-bucket-owner")] = None
    request_payer: RequestedPayer = None


class CopySource(str):
    """The value of ``copy_source``: bucket, key and version, percent-encoded once."""

    __slots__ = ()

    def __new__(cls, bucket: str, key: str, version_id: str | None = None) -> Self:
        """Encode; *bucket* may be the ARN of an access point, *key* as it is, unencoded."""
        source = f"{quote(bucket, safe='/')}/object" if bucket.startswith(ARN) else quote(bucket, safe="")
        version = "" if version_id is None else f"?versionId={quote(version_id, safe='')}"
        return super().__new__(cls, f"{source}/{encode_key(key)}{version}")


class PutObjectResult(ChecksumHeaders, EncryptionContextHeaders, CustomerKeyHeaders, ChargedResult):
    """What was stored."""

    expiration: Annotated[str | None, Header("x-amz-expiration")] = None
    etag: Annotated[str | None, Header("ETag")] = None
    checksum_type: Annotated[str | None, Header("x-amz-checksum-type")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None
    size: Annotated[int | None, Header("x-amz-object-size")] = None


class PutObject(NewObjectOperation[PutObjectResult]):
    """Store an object in one request.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""

    method = "PUT"
    checksummed = "body"
    body: Annotated[Buffer | RequestBody, Payload()] = b""
    content_length: Annotated[int | None, Header("Content-Length")] = None
    content_md5: Annotated[str | None, Header("Content-MD5")] = None
    checksum_algorithm: BodyAlgorithm = None
    checksum: Annotated[Checksum | None, Group()] = None
    if_match: Annotated[str | None, Header("If-Match")] = None
    if_none_match: Annotated[str | None, Header("If-None-Match")] = None
    write_offset_bytes: Annotated[int | None, Header("x-amz-write-offset-bytes")] = None

    def question(self, error: S3Error) -> HeadObject | None:
        """Ask what is there when "only if nothing is there" failed: it may be what this very call stored."""
        if isinstance(error, PreconditionFailed) and self.if_none_match == "*":
            return HeadObject(bucket=self.bucket, key=self.key, expected_bucket_owner=self.expected_bucket_owner)
        return None

    def settled(self, answer: HeadObjectResult) -> PutObjectResult | None:
        """The object is ours if its ETag is the MD5 of the body, as it is for plain and SSE-S3 objects."""
        if not isinstance(self.body, bytes | bytearray | memoryview):
            return None
        if answer.etag != f'"{md5(self.body, usedforsecurity=False).hexdigest()}"':
            return None
        return PutObjectResult(etag=answer.etag, version_id=answer.version_id)


class CopiedObject(Checksums):
    """A copy as it was stored; AWS calls it CopyObjectResult."""

    etag: str | None = None
    last_modified: datetime | None = None
    checksum_type: str | None = None


class CopyObjectResult(EncryptionContextHeaders, CustomerKeyHeaders, ChargedResult):
    """The copy."""

    copy_object_result: Annotated[CopiedObject, Payload("CopyObjectResult")]
    expiration: Annotated[str | None, Header("x-amz-expiration")] = None
    copy_source_version_id: Annotated[str | None, Header("x-amz-copy-source-version-id")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None


class CopyObject(CopyOperation[CopyObjectResult], NewObjectOperation[CopyObjectResult]):
    """Copy an object of up to 5 GiB within the store.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """

    method = "PUT"
    checksum_algorithm: Annotated[ChecksumAlgorithm | None, Header("x-amz-checksum-algorithm")] = None
    if_match: Annotated[str | None, Header("If-Match")] = None
    if_none_match: Annotated[str | None, Header("If-None-Match")] = None
    metadata_directive: Annotated[Directive | None, Header("x-amz-metadata-directive")] = None
    tagging_directive: Annotated[Directive | None, Header("x-amz-tagging-directive")] = None
    annotation_directive: Annotated[AnnotationDirective | None, Header("x-amz-object-annotation-directive")] = None


class DeleteObjectResult(ChargedResult):
    """What was deleted: a version, or with versioning a marker was put on top."""

    delete_marker: Annotated[bool | None, Header("x-amz-delete-marker")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None


class DeleteObject(VersionOperation[DeleteObjectResult]):
    """Delete an object or one of its versions.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
    """

    method = "DELETE"
    mfa: Annotated[str | None, Header("x-amz-mfa")] = None
    bypass_governance_retention: Annotated[bool | None, Header("x-amz-bypass-governance-retention")] = None
    if_match: Annotated[str | None, Header("If-Match")] = None
    if_match_last_modified_time: Annotated[datetime | None, Header("x-amz-if-match-last-modified-time")] = None
    if_match_size: Annotated[int | None, Header("x-amz-if-match-size")] = None


class ObjectIdentifier(Structure):
    """An object to delete, perhaps a version, perhaps only if it is still the same."""

    key: str
    version_id: str | None = None
    etag: str | None = None
    last_modified_time: Annotated[datetime | None, Element(http_date=True)] = None
    size: int | None = None


class Delete(Structure):
    """What to delete; *quiet* answers with errors only."""

    objects: Annotated[tuple[ObjectIdentifier, ...], Element("Object", flat=True)]
    quiet: bool | None = None


class DeletedObject(Structure):
    """What was deleted; a version, or with versioning a marker was put on top."""

    key: str | None = None
    version_id: str | None = None
    delete_marker: bool | None = None
    delete_marker_version_id: str | None = None


class DeleteFailure(Structure):
    """What was not deleted, and why; AWS calls it Error."""

    key: str | None = None
    version_id: str | None = None
    code: str | None = None
    message: str | None = None


class DeleteObjectsResult(ChargedResult):
    """What was deleted, and what was not."""

    root = "DeleteResult"
    deleted: Annotated[tuple[DeletedObject, ...], Element(flat=True)] = ()
    errors: Annotated[tuple[DeleteFailure, ...], Element("Error", flat=True)] = ()


class DeleteObjects(BucketOperation[DeleteObjectsResult]):
    """Delete up to 1000 objects; read ``errors``, since some may have stayed.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """

    method = "POST"
    subresource = "delete"
    checksum_required = True
    facts = ANY
    delete: Annotated[Delete, Payload("Delete")]
    mfa: Annotated[str | None, Header("x-amz-mfa")] = None
    request_payer: RequestedPayer = None
    bypass_governance_retention: Annotated[bool | None, Header("x-amz-bypass-governance-retention")] = None
    checksum_algorithm: BodyAlgorithm = None
