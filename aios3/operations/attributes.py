"""What is known of an object beyond its headers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from ..protocol.messages import ResponseBody
from ..protocol.shapes import Element, Group, Header, Payload, Structure
from .base import ChargedResult, ObjectOperation, RequestedPayer, StreamedResult, VersionOperation
from .groups import Checksums, CustomerKey

ObjectAttributes: TypeAlias = Literal["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]


class ObjectChecksum(Checksums):
    """The checksums of an object; AWS calls it Checksum."""

    checksum_type: str | None = None


class ObjectPart(Checksums):
    """A part that an object was stored in."""

    part_number: int | None = None
    size: int | None = None


class GetObjectAttributesParts(Structure):
    """One page of the parts an object was stored in."""

    total_parts_count: Annotated[int | None, Element("PartsCount")] = None
    part_number_marker: int | None = None
    next_part_number_marker: int | None = None
    max_parts: int | None = None
    is_truncated: bool | None = None
    parts: Annotated[tuple[ObjectPart, ...], Element("Part", flat=True)] = ()


class GetObjectAttributesResult(ChargedResult):
    """What was asked for."""

    root = "GetObjectAttributesResponse"
    delete_marker: Annotated[bool | None, Header("x-amz-delete-marker")] = None
    last_modified: Annotated[datetime | None, Header("Last-Modified")] = None
    version_id: Annotated[str | None, Header("x-amz-version-id")] = None
    etag: str | None = None
    checksum: ObjectChecksum | None = None
    object_parts: GetObjectAttributesParts | None = None
    storage_class: str | None = None
    object_size: int | None = None


class GetObjectAttributes(VersionOperation[GetObjectAttributesResult]):
    """Ask for checksums, parts and size of an object without reading it.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
    """

    subresource = "attributes"
    max_parts: Annotated[int | None, Header("x-amz-max-parts")] = None
    part_number_marker: Annotated[int | None, Header("x-amz-part-number-marker")] = None
    customer_key: Annotated[CustomerKey | None, Group()] = None
    object_attributes: Annotated[tuple[ObjectAttributes, ...], Header("x-amz-object-attributes")]


class GetObjectTorrentResult(ChargedResult, StreamedResult):
    """A torrent file: leaving its context gives the connection back."""

    streaming = "body"
    body: Annotated[ResponseBody, Payload()]


class GetObjectTorrent(ObjectOperation[GetObjectTorrentResult]):
    """Read the torrent file of a public object.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTorrent.html
    """

    subresource = "torrent"
    request_payer: RequestedPayer = None
