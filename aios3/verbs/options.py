"""What can be said of an object to be stored, by keyword, whichever verb stores it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from ..operations.groups import CustomerKey, Encryption, Grants, ObjectLock
from ..operations.objects import ObjectCannedACL, StorageClass
from ..protocol.checksums import algorithm_named
from ..transfers.tags import tag_query
from .base import customer_key_of


class ObjectOptions(TypedDict, total=False):
    """Members of PutObject, CreateMultipartUpload and CopyObject; *tags* is a mapping, *checksum* an algorithm."""

    acl: ObjectCannedACL | None
    cache_control: str | None
    checksum: str | None
    content_disposition: str | None
    content_encoding: str | None
    content_language: str | None
    content_type: str | None
    customer_key: CustomerKey | bytes | None
    encryption: Encryption | None
    expires: datetime | None
    grants: Grants | None
    metadata: Mapping[str, str] | None
    object_lock: ObjectLock | None
    storage_class: StorageClass | None
    tags: Mapping[str, str] | None
    website_redirect_location: str | None


class PutOptions(ObjectOptions, total=False):
    """Members of PutObject: those of ObjectOptions, and ETags on which it depends, with their quotes."""

    if_match: str | None
    if_none_match: str | None


def members_of(options: ObjectOptions) -> dict[str, Any]:
    """Return what was given as an operation's members."""
    if not options:
        return {}
    members: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if tags := members.pop("tags", None):
        members["tagging"] = tag_query(tags)
    if "checksum" in members:
        members["checksum_algorithm"] = algorithm_named(members.pop("checksum"))
    if "customer_key" in members:
        members["customer_key"] = customer_key_of(members["customer_key"])
    return members
