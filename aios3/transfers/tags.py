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
    try:
        return urlencode(tags, safe="", quote_via=quote)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"tags must be a mapping of str to str, in UTF-8: {error}") from error


async def put_tags(caller: Caller, bucket: str, key: str, tagging: str) -> None:
    """Set the tags of an object that is there already; *tagging* is what tag_query returned."""
    tags = parse_qsl(tagging, keep_blank_values=True)
    if not tags:
        await caller.call(DeleteObjectTagging(bucket=bucket, key=key))
        return
    tag_set = tuple([Tag(key=name, value=value) for name, value in tags])
    await caller.call(PutObjectTagging(bucket=bucket, key=key, tagging=Tagging(tag_set=tag_set)))
