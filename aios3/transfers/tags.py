"""Tags, where they go with an object that is stored or copied."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode

from ..caller import Caller
from ..errors import InvalidInput
from ..operations.base import Tag
from ..operations.tagging import DeleteObjectTagging, PutObjectTagging, Tagging


def tag_query(tags: Mapping[str, str]) -> str:
    """Return tags as the header has them: a space as %20, which every store decodes; Ceph takes "+" as it is.

    Raises:
        InvalidInput: they are no tags, or what has no UTF-8 form.
    """
    check_tags(tags)
    try:
        return urlencode(tags, safe="", quote_via=quote)
    except UnicodeEncodeError as error:
        raise InvalidInput(f"tags must have a UTF-8 form: {error}") from error


def check_tags(tags: Mapping[str, str]) -> None:
    """Let tags pass.

    Raises:
        InvalidInput: they are something else.
    """
    if not isinstance(tags, Mapping):
        raise InvalidInput(f"tags must be a mapping of str to str, not {type(tags).__name__}")
    for name, value in tags.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidInput(f"tags must be a mapping of str to str, and this one has {name!r}: {value!r}")


async def put_tags(caller: Caller, bucket: str, key: str, tagging: str) -> None:
    """Set the tags of an object that is there already; *tagging* is what tag_query returned."""
    tags = parse_qsl(tagging, keep_blank_values=True)
    if not tags:
        await caller.call(DeleteObjectTagging(bucket=bucket, key=key))
        return
    tag_set = tuple([Tag(key=name, value=value) for name, value in tags])
    await caller.call(PutObjectTagging(bucket=bucket, key=key, tagging=Tagging(tag_set=tag_set)))
