"""Operations on one object: read, write, look, delete."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import md5
from typing import Annotated, Literal, TypeAlias

from ..errors import PreconditionFailed, S3Error
from ..protocol.messages import Buffer, RequestBody, ResponseBody
from ..protocol.shapes import Header, HeaderPrefix, Payload, Query, Result
from .base import ObjectOperation, RequestPayer

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
]
ServerSideEncryption: TypeAlias = Literal["AES256", "aws:fsx", "aws:kms", "aws:kms:dsse"]


class StoredObject(Result):
    """What the headers of GetObject and HeadObject say of an object."""

    accept_ranges: Annotated[str | None, Header("accept-ranges")] = None
    cache_control: Annotated[str | None, Header("Cache-Control")] = None
    content_disposition: Annotated[str | None, Header("Content-Disposition")] = None
    content_encoding: Annotated[str | None, Header("Content-Encoding")] = None
    content_language: Annotated[str | None, Header("Content-Language")] = None
    content_length: Annotated[int | None, Header("Content-Length")] = None
    content_range: Annotated[str | None, Header("Content-Range")] = None
    content_type: Annotated[str | None, Header("Content-Type")] = None
    delete_marker: Annotated[bool | None, Header("x-amz-delete-marker")] = None
    etag: Annotated[str | None, Header("ETag")] = None
    expiration: Annotated[str | None, Header("x-amz-expiration")] = None
    last_modified: Annotated[datetime | None, Header("Last-Modified")] = None
    metadata: Annotated[Mapping[str, str], HeaderPrefix("x-amz-meta-")]
    parts_count: Annotated[int | None, Header("x-amz-mp-parts-count")] = None
    replication_status: Annotated[str | None, Header("x-amz-replication-status")] = None
    request_charged: Annotated[str | None, Header("x-amz-request-charged")] = None
    restore: Annotated[str | None, Header("x-amz-restore")] = None
    server_side_encryption: Annotated[str | None, Header("x-amz-server-side-encryption")] = None
    sse_kms_key_id: Annotated[str | None, Header("x-amz-server-side-encryption-aws-kms-key-id")] = None
    storage_class: Annotated[str | None, Header("x-amz-storage-class")] = None
    tag_count: Annotated[int | None, Header("x-amz-tagging-count")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None
    website_redirect_location: Annotated[str | None, Header("x-amz-website-redirect-location")] = None


class GetObjectResult(StoredObject):
    """An object: its headers, and ``body`` to read it from. Leaving its context gives the connection back."""

    body: Annotated[ResponseBody, Payload()]

    async def __aenter__(self) -> GetObjectResult:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.body.close()


class GetObject(ObjectOperation[GetObjectResult]):
    """Read an object, or a range of it.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html"""

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
    part_number: Annotated[int | None, Query("partNumber")] = None
    request_payer: Annotated[RequestPayer | None, Header("x-amz-request-payer")] = None
    version_id: Annotated[str | None, Query("versionId")] = None


class HeadObjectResult(StoredObject):
    """What is known of an object without reading it."""

    @property
    def size(self) -> int | None:
        """Bytes of the object; the same as ``content_length``."""
        return self.content_length


class HeadObject(ObjectOperation[HeadObjectResult]):
    """Ask for an object's headers.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html"""

    method = "HEAD"
    if_match: Annotated[str | None, Header("If-Match")] = None
    if_modified_since: Annotated[datetime | None, Header("If-Modified-Since")] = None
    if_none_match: Annotated[str | None, Header("If-None-Match")] = None
    if_unmodified_since: Annotated[datetime | None, Header("If-Unmodified-Since")] = None
    range: Annotated[str | None, Header("Range")] = None
    part_number: Annotated[int | None, Query("partNumber")] = None
    request_payer: Annotated[RequestPayer | None, Header("x-amz-request-payer")] = None
    version_id: Annotated[str | None, Query("versionId")] = None


class PutObjectResult(Result):
    """What was stored."""

    etag: Annotated[str | None, Header("ETag")] = None
    expiration: Annotated[str | None, Header("x-amz-expiration")] = None
    request_charged: Annotated[str | None, Header("x-amz-request-charged")] = None
    server_side_encryption: Annotated[str | None, Header("x-amz-server-side-encryption")] = None
    sse_kms_key_id: Annotated[str | None, Header("x-amz-server-side-encryption-aws-kms-key-id")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None


class PutObject(ObjectOperation[PutObjectResult]):
    """Store an object in one request.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html"""

    method = "PUT"
    acl: Annotated[ObjectCannedACL | None, Header("x-amz-acl")] = None
    body: Annotated[Buffer | RequestBody, Payload()] = b""
    cache_control: Annotated[str | None, Header("Cache-Control")] = None
    content_disposition: Annotated[str | None, Header("Content-Disposition")] = None
    content_encoding: Annotated[str | None, Header("Content-Encoding")] = None
    content_language: Annotated[str | None, Header("Content-Language")] = None
    content_md5: Annotated[str | None, Header("Content-MD5")] = None
    content_type: Annotated[str | None, Header("Content-Type")] = None
    expires: Annotated[datetime | None, Header("Expires")] = None
    if_match: Annotated[str | None, Header("If-Match")] = None
    if_none_match: Annotated[str | None, Header("If-None-Match")] = None
    metadata: Annotated[Mapping[str, str] | None, HeaderPrefix("x-amz-meta-")] = None
    request_payer: Annotated[RequestPayer | None, Header("x-amz-request-payer")] = None
    server_side_encryption: Annotated[ServerSideEncryption | None, Header("x-amz-server-side-encryption")] = None
    sse_kms_key_id: Annotated[str | None, Header("x-amz-server-side-encryption-aws-kms-key-id")] = None
    storage_class: Annotated[StorageClass | None, Header("x-amz-storage-class")] = None
    tagging: Annotated[str | None, Header("x-amz-tagging")] = None
    website_redirect_location: Annotated[str | None, Header("x-amz-website-redirect-location")] = None

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


class DeleteObjectResult(Result):
    """What was deleted: a version, or with versioning a marker was put on top."""

    delete_marker: Annotated[bool | None, Header("x-amz-delete-marker")] = None
    request_charged: Annotated[str | None, Header("x-amz-request-charged")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None


class DeleteObject(ObjectOperation[DeleteObjectResult]):
    """Delete an object or one of its versions.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
    """

    method = "DELETE"
    bypass_governance_retention: Annotated[bool | None, Header("x-amz-bypass-governance-retention")] = None
    if_match: Annotated[str | None, Header("If-Match")] = None
    mfa: Annotated[str | None, Header("x-amz-mfa")] = None
    request_payer: Annotated[RequestPayer | None, Header("x-amz-request-payer")] = None
    version_id: Annotated[str | None, Query("versionId")] = None
