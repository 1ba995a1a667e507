"""A bucket's verbs for the tags of its objects."""

from __future__ import annotations

from collections.abc import Mapping

from ..operations.base import Tag
from ..operations.listing import Key, ObjectVersion
from ..operations.tagging import DeleteObjectTagging, GetObjectTagging, PutObjectTagging, Tagging
from ..settings import time_limit
from ..transfers.tags import check_tags
from .base import Verbs, object_name, object_version


class Labelling(Verbs):
    """Read and write tags."""

    async def tags(
        self, key: str | Key | ObjectVersion, *, version_id: str | None = None, timeout: float | None = None
    ) -> dict[str, str]:
        """Return an object's tags; of a version for an ObjectVersion.

        Raises:
            NoSuchKey: nothing is stored under *key*.
        """
        name, version = object_version(key, version_id)
        operation = GetObjectTagging(bucket=self.name, key=name, version_id=version)
        result = await self.client.call(operation, timeout=timeout)
        return {tag.key: tag.value for tag in result.tag_set}

    async def set_tags(
        self,
        key: str | Key,
        tags: Mapping[str, str],
        *,
        version_id: str | None = None,
        timeout: float | None = None,
    ) -> None:
        """Replace an object's tags, ten at most; an empty mapping takes all off.

        Raises:
            NoSuchKey: nothing is stored under *key*.
        """
        name = object_name(key)
        check_tags(tags)
        async with time_limit(timeout):
            if not tags:
                await self.client.call(DeleteObjectTagging(bucket=self.name, key=name, version_id=version_id))
                return
            tagging = Tagging(tag_set=tuple([Tag(key=label, value=value) for label, value in tags.items()]))
            operation = PutObjectTagging(bucket=self.name, key=name, version_id=version_id, tagging=tagging)
            await self.client.call(operation)
