"""What every verb stands on: the bucket's name and its client."""

from __future__ import annotations

from ..caller import Caller
from ..errors import InvalidInput
from ..operations.listing import Key
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


def checked_name(key: str | Key) -> str:
    """Return the name that *key* stands for, for verbs whose first request is about something else.

    Raises:
        InvalidInput: S3 can store nothing under it.
    """
    name = object_name(key)
    encode_key(name)
    return name
