"""Operations that list objects and their versions, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from ..protocol.places import ANY
from ..protocol.shapes import Element, Header, Query, R_co, Structure
from .base import BucketOperation, ChargedResult, RequestedPayer

EncodingType: TypeAlias = Literal["url"]
OptionalObjectAttribute: TypeAlias = Literal["RestoreStatus"]


class Owner(Structure):
    """Who owns an object or a bucket."""

    display_name: str | None = None
    id: Annotated[str | None, Element("ID")] = None


class RestoreStatus(Structure):
    """If an archived object is being, or has been, brought back."""

    is_restore_in_progress: bool | None = None
    restore_expiry_date: datetime | None = None


class Key(Structure):
    """An object as a listing shows it; AWS calls it Object.

    Attributes:
        key: Full name in the bucket, decoded.
        last_modified: When it was written, aware.
        etag: With its quotes; an MD5 only for objects written in one unencrypted request.
        size: Bytes.
        storage_class: Such as ``"STANDARD"``.
    """

    varying = ("key", "last_modified", "etag", "size")
    key: Annotated[str, Element(url=True)] = ""
    last_modified: datetime | None = None
    etag: str | None = None
    checksum_algorithm: Annotated[tuple[str, ...], Element(flat=True)] = ()
    checksum_type: str | None = None
    size: int = 0
    storage_class: str | None = None
    owner: Owner | None = None
    restore_status: RestoreStatus | None = None


class CommonPrefix(Structure):
    """What keys have in common up to the delimiter: a folder, so to say."""

    prefix: Annotated[str, Element(url=True)] = ""


class ListingResult(ChargedResult):
    """What the three listings of a bucket answer alike."""

    is_truncated: bool = False
    name: str | None = None
    prefix: Annotated[str | None, Element(url=True)] = None
    delimiter: Annotated[str | None, Element(url=True)] = None
    max_keys: int | None = None
    common_prefixes: Annotated[tuple[CommonPrefix, ...], Element(flat=True)] = ()
    encoding_type: str | None = None

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The common prefixes of this page."""
        return tuple([common.prefix for common in self.common_prefixes])


class ListingOperation(BucketOperation[R_co]):
    """What the three listings of a bucket can be asked alike.

    Args:
        delimiter: Keys are folded up to the next one into ``prefixes``.
        encoding_type: ``"url"`` brings every key as it is; without it, some keys cannot be written as XML.
        max_keys: Of one page, 1000 at most.
    """

    facts = ANY
    delimiter: Annotated[str | None, Query("delimiter")] = None
    encoding_type: Annotated[EncodingType | None, Query("encoding-type")] = None
    max_keys: Annotated[int | None, Query("max-keys")] = None
    prefix: Annotated[str | None, Query("prefix")] = None
    request_payer: RequestedPayer = None
    optional_object_attributes: Annotated[
        tuple[OptionalObjectAttribute, ...], Header("x-amz-optional-object-attributes")
    ] = ()


class ListObjectsResult(ListingResult):
    """One page of a listing."""

    root = "ListBucketResult"
    marker: Annotated[str | None, Element(url=True)] = None
    next_marker: Annotated[str | None, Element(url=True)] = None
    contents: Annotated[tuple[Key, ...], Element(flat=True)] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """The objects of this page."""
        return self.contents


class ListObjects(ListingOperation[ListObjectsResult]):
    """List a bucket's objects as the first version of the API does; for stores that lack ListObjectsV2.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
    """

    marker: Annotated[str | None, Query("marker")] = None

    def next_page(self, result: ListObjectsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        if not result.is_truncated:
            return None
        # S3 names the next marker only where there is a delimiter; else it is the last that was listed.
        last = max([entry.key for entry in result.contents[-1:]] + list(result.prefixes[-1:]), default=None)
        return self.after(marker=result.next_marker or last)


class ListObjectsV2Result(ListingResult):
    """One page of a listing."""

    root = "ListBucketResult"
    contents: Annotated[tuple[Key, ...], Element(flat=True)] = ()
    key_count: int | None = None
    continuation_token: str | None = None
    next_continuation_token: str | None = None
    start_after: Annotated[str | None, Element(url=True)] = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """The objects of this page."""
        return self.contents


class ListObjectsV2(ListingOperation[ListObjectsV2Result]):
    """List a bucket's objects in the order of their keys' UTF-8 bytes, up to 1000 a page.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """

    query = (("list-type", "2"),)
    continuation_token: Annotated[str | None, Query("continuation-token")] = None
    fetch_owner: Annotated[bool | None, Query("fetch-owner")] = None
    start_after: Annotated[str | None, Query("start-after")] = None

    def next_page(self, result: ListObjectsV2Result) -> Self | None:
        """Return the operation for the page after *result*, or None after the last.

        Raises:
            InvalidResponse: the page is truncated but names no next one, or names itself: that would never end.
        """
        return self.after(continuation_token=result.next_continuation_token) if result.is_truncated else None


class ObjectVersion(Structure):
    """A version of an object as a listing shows it."""

    varying = ("key", "version_id", "last_modified", "etag", "size")
    etag: str | None = None
    checksum_algorithm: Annotated[tuple[str, ...], Element(flat=True)] = ()
    checksum_type: str | None = None
    size: int = 0
    storage_class: str | None = None
    key: Annotated[str, Element(url=True)] = ""
    version_id: str | None = None
    is_latest: bool = False
    last_modified: datetime | None = None
    owner: Owner | None = None
    restore_status: RestoreStatus | None = None


class DeleteMarker(Structure):
    """A delete marker as a listing shows it (AWS: DeleteMarkerEntry): the object is gone, its versions are not."""

    owner: Owner | None = None
    key: Annotated[str, Element(url=True)] = ""
    version_id: str | None = None
    is_latest: bool = False
    last_modified: datetime | None = None


class ListObjectVersionsResult(ListingResult):
    """One page of versions and delete markers."""

    root = "ListVersionsResult"
    key_marker: Annotated[str | None, Element(url=True)] = None
    version_id_marker: str | None = None
    next_key_marker: Annotated[str | None, Element(url=True)] = None
    next_version_id_marker: str | None = None
    versions: Annotated[tuple[ObjectVersion, ...], Element("Version", flat=True)] = ()
    delete_markers: Annotated[tuple[DeleteMarker, ...], Element("DeleteMarker", flat=True)] = ()


class ListObjectVersions(ListingOperation[ListObjectVersionsResult]):
    """List every version of a bucket's objects, and the delete markers among them.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
    """

    subresource = "versions"
    key_marker: Annotated[str | None, Query("key-marker")] = None
    version_id_marker: Annotated[str | None, Query("version-id-marker")] = None

    def next_page(self, result: ListObjectVersionsResult) -> Self | None:
        """Return the operation for the page after *result*, or None after the last."""
        if not result.is_truncated:
            return None
        return self.after(key_marker=result.next_key_marker, version_id_marker=result.next_version_id_marker)
