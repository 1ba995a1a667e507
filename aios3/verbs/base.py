"""What every verb stands on: the bucket's name and its client."""

from __future__ import annotations

from typing import Any

from ..caller import Caller
from ..errors import InvalidInput
from ..operations.groups import CustomerKey
from ..operations.listing import Key, ObjectVersion
from ..protocol.uri import encode_key


class Verbs:
    """A family of a bucket's verbs.

    Attributes:
        name: Name of the bucket.
        client: Who calls the store.
    """

    name: str
    client: Caller


def object_name(key: str | Key) -> str:
    """Return the name that *key* stands for."""
    if isinstance(key, str):
        return key
    if isinstance(key, Key):
        return key.key
    raise InvalidInput(f"key must be a str or a Key, not {type(key).__name__}")


def object_version(key: str | Key | ObjectVersion, version_id: str | None) -> tuple[str, str | None]:
    """Return the name that *key* stands for, and the version: a Key is the current object, an ObjectVersion that version.

    Raises:
        InvalidInput: *version_id* is another.
    """
    if not isinstance(key, ObjectVersion):
        return object_name(key), version_id
    if version_id not in (None, key.version_id):
        raise InvalidInput(f"key is version {key.version_id!r} of {key.key!r}, version_id says {version_id!r}")
    return key.key, key.version_id


def customer_key_of(key: CustomerKey | bytes | None) -> CustomerKey | None:
    """Return a customer's key as operations take it.

    Raises:
        InvalidInput: it has not 32 bytes.
    """
    return key if key is None or isinstance(key, CustomerKey) else CustomerKey(key)


def given(**members: Any) -> dict[str, Any]:
    """Return the members that were given: an operation is made, checked and encoded faster without the others."""
    return {name: value for name, value in members.items() if value is not None}


def checked_name(key: str | Key) -> str:
    """Return the name that *key* stands for, for verbs whose first request is about something else.

    Raises:
        InvalidInput: S3 can store nothing under it.
    """
    name = object_name(key)
    encode_key(name)
    return name
