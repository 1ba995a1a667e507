"""Operations that list objects, page by page."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self, TypeAlias

from ..errors import InvalidResponse
from ..protocol.shapes import Element, Header, Query, Result, Structure
from .base import BucketOperation, RequestPayer

EncodingType: TypeAlias = Literal["url"]


class Owner(Structure):
    """Who owns an object or a bucket."""

    display_name: str | None = None
    id: Annotated[str | None, Element("ID")] = None


class RestoreStatus(Structure):
    """If an archived object is being, or has been, brought back."""

    is_restore_in_progress: bool | None = None
    restore_expiry_date: datetime | None = None


class Key(Structure):
    """An object as a listing shows it.

    Attributes:
        key: Full name in the bucket, decoded.
        last_modified: When it was written, aware.
        etag: With its quotes; an MD5 only for objects written in one unencrypted request.
        size: Bytes.
        storage_class: Such as ``"STANDARD"``.
    """

    key: Annotated[str, Element(url=True)] = ""
    last_modified: datetime | None = None
    etag: str | None = None
    size: int = 0
    storage_class: str | None = None
    checksum_algorithm: Annotated[tuple[str, ...], Element(flat=True)] = ()
    checksum_type: str | None = None
    owner: Owner | None = None
    restore_status: RestoreStatus | None = None


class CommonPrefix(Structure):
    """What keys have in common up to the delimiter: a folder, so to say."""

    prefix: Annotated[str, Element(url=True)] = ""


class ListObjectsV2Result(Result):
    """One page of a listing."""

    root = "ListBucketResult"
    common_prefixes: Annotated[tuple[CommonPrefix, ...], Element(flat=True)] = ()
    contents: Annotated[tuple[Key, ...], Element(flat=True)] = ()
    continuation_token: str | None = None
    delimiter: Annotated[str | None, Element(url=True)] = None
    encoding_type: str | None = None
    is_truncated: bool = False
    key_count: int | None = None
    max_keys: int | None = None
    name: str | None = None
    next_continuation_token: str | None = None
    prefix: Annotated[str | None, Element(url=True)] = None
    request_charged: Annotated[str | None, Header("x-amz-request-charged")] = None
    start_after: Annotated[str | None, Element(url=True)] = None

    @property
    def keys(self) -> tuple[Key, ...]:
        """The objects of this page."""
        return self.contents

    @property
    def prefixes(self) -> tuple[str, ...]:
        """The common prefixes of this page."""
        return tuple(common.prefix for common in self.common_prefixes)


class ListObjectsV2(BucketOperation[ListObjectsV2Result]):
    """List a bucket's objects in the order of their keys' UTF-8 bytes, up to 1000 a page.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
    """

    query = (("list-type", "2"),)
    continuation_token: Annotated[str | None, Query("continuation-token")] = None
    delimiter: Annotated[str | None, Query("delimiter")] = None
    encoding_type: Annotated[EncodingType | None, Query("encoding-type")] = None
    fetch_owner: Annotated[bool | None, Query("fetch-owner")] = None
    max_keys: Annotated[int | None, Query("max-keys")] = None
    optional_object_attributes: Annotated[str | None, Header("x-amz-optional-object-attributes")] = None
    prefix: Annotated[str | None, Query("prefix")] = None
    request_payer: Annotated[RequestPayer | None, Header("x-amz-request-payer")] = None
    start_after: Annotated[str | None, Query("start-after")] = None

    def next_page(self, result: ListObjectsV2Result) -> Self | None:
        """Return the operation for the page after *result*, or None after the last.

        Raises:
            InvalidResponse: the page is truncated but names no next one, or names itself: that would never end.
        """
        if not result.is_truncated:
            return None
        token = result.next_continuation_token
        if not token:
            raise InvalidResponse(f"the listing of {self.bucket!r} is truncated, but has no continuation token")
        if token == self.continuation_token:
            raise InvalidResponse(f"the listing of {self.bucket!r} repeats the continuation token {token[:60]!r}")
        return self.replace(continuation_token=token)
