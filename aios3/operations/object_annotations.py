"""Annotations: named payloads that hang on an object."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from ..protocol.messages import Buffer, RequestBody, ResponseBody
from ..protocol.shapes import Element, Group, Header, Payload, Query, Structure
from .base import BodyAlgorithm, ChargedResult, StreamedResult, VersionOperation
from .groups import Checksum, ChecksumHeaders


class GetObjectAnnotationResult(ChecksumHeaders, ChargedResult, StreamedResult):
    """An annotation: leaving its context gives the connection back."""

    streaming = "annotation_payload"
    annotation_payload: Annotated[ResponseBody, Payload()]
    object_version_id: Annotated[str | None, Header("x-amz-object-version-id")] = None
    last_modified: Annotated[datetime | None, Header("Last-Modified")] = None
    content_length: Annotated[int | None, Header("Content-Length")] = None
    etag: Annotated[str | None, Header("ETag")] = None
    checksum_type: Annotated[str | None, Header("x-amz-checksum-type")] = None
    server_side_encryption: Annotated[str | None, Header("x-amz-server-side-encryption")] = None
    replication_status: Annotated[str | None, Header("x-amz-replication-status")] = None


class GetObjectAnnotation(VersionOperation[GetObjectAnnotationResult]):
    """Read an annotation of an object.  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAnnotation.html"""

    subresource = "annotation"
    annotation_name: Annotated[str, Query("annotationName")]
    checksum_mode: Annotated[Literal["ENABLED"] | None, Header("x-amz-checksum-mode")] = None


class PutObjectAnnotationResult(ChecksumHeaders, ChargedResult):
    """The annotation as it was stored."""

    root = "PutObjectAnnotationOutput"
    key: str | None = None
    annotation_name: str | None = None
    object_version_id: Annotated[str | None, Header("x-amz-object-version-id")] = None
    etag: Annotated[str | None, Header("ETag")] = None
    checksum_type: Annotated[str | None, Header("x-amz-checksum-type")] = None
    server_side_encryption: Annotated[str | None, Header("x-amz-server-side-encryption")] = None


class PutObjectAnnotation(VersionOperation[PutObjectAnnotationResult]):
    """Hang an annotation on an object, of 1 byte to 1 MiB.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html
    """

    method = "PUT"
    subresource = "annotation"
    annotation_name: Annotated[str, Query("annotationName")]
    annotation_payload: Annotated[Buffer | RequestBody, Payload()]
    object_if_match: Annotated[str | None, Header("x-amz-object-if-match")] = None
    checksum_algorithm: BodyAlgorithm = None
    checksum: Annotated[Checksum | None, Group()] = None
    content_md5: Annotated[str | None, Header("Content-MD5")] = None


class DeleteObjectAnnotationResult(ChargedResult):
    """The annotation is gone."""

    object_version_id: Annotated[str | None, Header("x-amz-object-version-id")] = None


class DeleteObjectAnnotation(VersionOperation[DeleteObjectAnnotationResult]):
    """Take an annotation off an object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjectAnnotation.html
    """

    method = "DELETE"
    subresource = "annotation"
    annotation_name: Annotated[str, Query("annotationName")]
    object_if_match: Annotated[str | None, Header("x-amz-object-if-match")] = None


class AnnotationEntry(Structure):
    """An annotation as a listing shows it."""

    annotation_name: str
    last_modified: datetime
    etag: str | None = None
    checksum_algorithm: Annotated[tuple[str, ...], Element(flat=True)] = ()
    size: int
    replication_status: str | None = None


class ListObjectAnnotationsResult(ChargedResult):
    """One page of annotations."""

    root = "ListObjectAnnotationsOutput"
    annotations: Annotated[tuple[AnnotationEntry, ...], Element(item="AnnotationEntry")] = ()
    bucket: str | None = None
    key: str | None = None
    object_version_id: Annotated[str | None, Header("x-amz-object-version-id")] = None
    annotation_prefix: str | None = None
    max_annotation_results: int | None = None
    annotation_count: int | None = None
    continuation_token: str | None = None
    next_continuation_token: str | None = None


class ListObjectAnnotations(VersionOperation[ListObjectAnnotationsResult]):
    """List the annotations of an object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectAnnotations.html
    """

    subresource = "annotation"
    max_annotation_results: Annotated[int | None, Query("max-annotation-results")] = None
    annotation_prefix: Annotated[str | None, Query("annotation-prefix")] = None
    continuation_token: Annotated[str | None, Query("continuation-token")] = None

    def next_page(self, result: ListObjectAnnotationsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        token = result.next_continuation_token
        return self.after(continuation_token=token) if token else None
