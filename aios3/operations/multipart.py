"""Operations that store an object in parts."""

from __future__ import annotations

from datetime import datetime
from hashlib import md5
from typing import Annotated, Self

from ..errors import NoSuchUpload, S3Error
from ..protocol.messages import Buffer, RequestBody
from ..protocol.places import ANY
from ..protocol.shapes import Element, Group, Header, Payload, Query, Structure
from .base import BodyAlgorithm, BucketOperation, ChargedResult, ObjectOperation, RequestedPayer
from .groups import (
    Checksum,
    ChecksumAlgorithm,
    ChecksumHeaders,
    Checksums,
    ChecksumType,
    CustomerKey,
    CustomerKeyHeaders,
    EncryptionContextHeaders,
    EncryptionHeaders,
)
from .listing import CommonPrefix, EncodingType, Owner
from .objects import CopyOperation, HeadObject, HeadObjectResult, NewObjectOperation


class CreateMultipartUploadResult(EncryptionContextHeaders, CustomerKeyHeaders, ChargedResult):
    """The upload, and what its object will have."""

    root = "InitiateMultipartUploadResult"
    other_roots = ("InitiateMultipartUpload",)  # rclone
    abort_date: Annotated[datetime | None, Header("x-amz-abort-date")] = None
    abort_rule_id: Annotated[str | None, Header("x-amz-abort-rule-id")] = None
    bucket: str | None = None
    key: str | None = None
    upload_id: str | None = None
    checksum_algorithm: Annotated[str | None, Header("x-amz-checksum-algorithm")] = None
    checksum_type: Annotated[str | None, Header("x-amz-checksum-type")] = None


class CreateMultipartUpload(NewObjectOperation[CreateMultipartUploadResult]):
    """Begin an object that is stored in parts.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
    """

    method = "POST"
    checksummed = "parts"
    subresource = "uploads"
    checksum_algorithm: Annotated[ChecksumAlgorithm | None, Header("x-amz-checksum-algorithm")] = None
    checksum_type: Annotated[ChecksumType | None, Header("x-amz-checksum-type")] = None


class UploadPartResult(ChecksumHeaders, EncryptionHeaders, CustomerKeyHeaders, ChargedResult):
    """The part as it was stored."""

    etag: Annotated[str | None, Header("ETag")] = None


class UploadPart(ObjectOperation[UploadPartResult]):
    """Store one part of an upload.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html"""

    method = "PUT"
    checksummed = "body"
    body: Annotated[Buffer | RequestBody, Payload()] = b""
    content_length: Annotated[int | None, Header("Content-Length")] = None
    content_md5: Annotated[str | None, Header("Content-MD5")] = None
    checksum_algorithm: BodyAlgorithm = None
    checksum: Annotated[Checksum | None, Group()] = None
    part_number: Annotated[int, Query("partNumber")]
    upload_id: Annotated[str, Query("uploadId")]
    customer_key: Annotated[CustomerKey | None, Group()] = None
    request_payer: RequestedPayer = None


class CopyPartResult(Checksums):
    """A copied part as it was stored."""

    etag: str | None = None
    last_modified: datetime | None = None


class UploadPartCopyResult(EncryptionHeaders, CustomerKeyHeaders, ChargedResult):
    """The part as it was copied."""

    copy_source_version_id: Annotated[str | None, Header("x-amz-copy-source-version-id")] = None
    copy_part_result: Annotated[CopyPartResult, Payload("CopyPartResult")]


class UploadPartCopy(CopyOperation[UploadPartCopyResult]):
    """Store one part of an upload as a copy of an object, or of a range of it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
    """

    method = "PUT"
    copy_source_range: Annotated[str | None, Header("x-amz-copy-source-range")] = None
    part_number: Annotated[int, Query("partNumber")]
    upload_id: Annotated[str, Query("uploadId")]


class CompletedPart(Checksums):
    """A part that was stored, as UploadPart answered."""

    etag: str | None = None
    part_number: int | None = None


class CompletedMultipartUpload(Structure):
    """The parts that make the object, in order of their numbers."""

    parts: Annotated[tuple[CompletedPart, ...], Element("Part", flat=True)] = ()


class CompleteMultipartUploadResult(Checksums, EncryptionHeaders, ChargedResult):
    """The object that the parts became."""

    root = "CompleteMultipartUploadResult"
    location: str | None = None
    bucket: str | None = None
    key: str | None = None
    expiration: Annotated[str | None, Header("x-amz-expiration")] = None
    etag: str | None = None
    checksum_type: str | None = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None


class CompleteMultipartUpload(ObjectOperation[CompleteMultipartUploadResult]):
    """Put an upload's parts together to an object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
    """

    method = "POST"
    multipart_upload: Annotated[CompletedMultipartUpload | None, Payload("CompleteMultipartUpload")] = None
    upload_id: Annotated[str, Query("uploadId")]
    checksum: Annotated[Checksum | None, Group()] = None
    checksum_type: Annotated[ChecksumType | None, Header("x-amz-checksum-type")] = None
    mpu_object_size: Annotated[int | None, Header("x-amz-mp-object-size")] = None
    request_payer: RequestedPayer = None
    if_match: Annotated[str | None, Header("If-Match")] = None
    if_none_match: Annotated[str | None, Header("If-None-Match")] = None
    customer_key: Annotated[CustomerKey | None, Group()] = None

    def question(self, error: S3Error) -> HeadObject | None:
        """Ask what is there when there is no such upload: this very call may have completed it."""
        if not isinstance(error, NoSuchUpload):
            return None
        owner, key = self.expected_bucket_owner, self.customer_key
        return HeadObject(bucket=self.bucket, key=self.key, expected_bucket_owner=owner, customer_key=key)

    def settled(self, answer: HeadObjectResult) -> CompleteMultipartUploadResult | None:
        """The object is ours if its ETag is the MD5 of the parts' MD5s, as it is for plain and SSE-S3 objects."""
        parts = self.multipart_upload.parts if self.multipart_upload else ()
        try:
            digests = b"".join([bytes.fromhex((part.etag or "").strip('"')) for part in parts])
        except ValueError:
            return None
        if answer.etag != f'"{md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"':
            return None
        return CompleteMultipartUploadResult(key=self.key, etag=answer.etag, version_id=answer.version_id)


class AbortMultipartUploadResult(ChargedResult):
    """The upload is gone; parts in flight may still land."""


class AbortMultipartUpload(ObjectOperation[AbortMultipartUploadResult]):
    """Give up an upload and its parts.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
    """

    method = "DELETE"
    upload_id: Annotated[str, Query("uploadId")]
    request_payer: RequestedPayer = None
    if_match_initiated_time: Annotated[datetime | None, Header("x-amz-if-match-initiated-time")] = None


class Part(Checksums):
    """A part of an unfinished upload as a listing shows it."""

    part_number: int | None = None
    last_modified: datetime | None = None
    etag: str | None = None
    size: int | None = None


class Initiator(Structure):
    """Who began an upload."""

    id: Annotated[str | None, Element("ID")] = None
    display_name: str | None = None


class ListPartsResult(ChargedResult):
    """One page of parts."""

    root = "ListPartsResult"
    abort_date: Annotated[datetime | None, Header("x-amz-abort-date")] = None
    abort_rule_id: Annotated[str | None, Header("x-amz-abort-rule-id")] = None
    bucket: str | None = None
    key: str | None = None
    upload_id: str | None = None
    part_number_marker: int | None = None
    next_part_number_marker: int | None = None
    max_parts: int | None = None
    is_truncated: bool = False
    parts: Annotated[tuple[Part, ...], Element("Part", flat=True)] = ()
    initiator: Initiator | None = None
    owner: Owner | None = None
    storage_class: str | None = None
    checksum_algorithm: str | None = None
    checksum_type: str | None = None


class ListParts(ObjectOperation[ListPartsResult]):
    """List the parts of an unfinished upload.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html"""

    max_parts: Annotated[int | None, Query("max-parts")] = None
    part_number_marker: Annotated[int | None, Query("part-number-marker")] = None
    upload_id: Annotated[str, Query("uploadId")]
    request_payer: RequestedPayer = None
    customer_key: Annotated[CustomerKey | None, Group()] = None

    def next_page(self, result: ListPartsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        return self.after(part_number_marker=result.next_part_number_marker) if result.is_truncated else None


class MultipartUpload(Structure):
    """An unfinished upload as a listing shows it."""

    upload_id: str | None = None
    key: Annotated[str | None, Element(url=True)] = None
    initiated: datetime | None = None
    storage_class: str | None = None
    owner: Owner | None = None
    initiator: Initiator | None = None
    checksum_algorithm: str | None = None
    checksum_type: str | None = None


class ListMultipartUploadsResult(ChargedResult):
    """One page of unfinished uploads."""

    root = "ListMultipartUploadsResult"
    bucket: str | None = None
    key_marker: Annotated[str | None, Element(url=True)] = None
    upload_id_marker: str | None = None
    next_key_marker: Annotated[str | None, Element(url=True)] = None
    prefix: Annotated[str | None, Element(url=True)] = None
    delimiter: Annotated[str | None, Element(url=True)] = None
    next_upload_id_marker: str | None = None
    max_uploads: int | None = None
    is_truncated: bool = False
    uploads: Annotated[tuple[MultipartUpload, ...], Element("Upload", flat=True)] = ()
    common_prefixes: Annotated[tuple[CommonPrefix, ...], Element(flat=True)] = ()
    encoding_type: str | None = None


class ListMultipartUploads(BucketOperation[ListMultipartUploadsResult]):
    """List a bucket's unfinished uploads.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html
    """

    subresource = "uploads"
    facts = ANY
    delimiter: Annotated[str | None, Query("delimiter")] = None
    encoding_type: Annotated[EncodingType | None, Query("encoding-type")] = None
    key_marker: Annotated[str | None, Query("key-marker")] = None
    max_uploads: Annotated[int | None, Query("max-uploads")] = None
    prefix: Annotated[str | None, Query("prefix")] = None
    upload_id_marker: Annotated[str | None, Query("upload-id-marker")] = None
    request_payer: RequestedPayer = None

    def next_page(self, result: ListMultipartUploadsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        if not result.is_truncated:
            return None
        return self.after(key_marker=result.next_key_marker, upload_id_marker=result.next_upload_id_marker)
