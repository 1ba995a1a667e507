"""Listing objects, by the version of ListObjects that the store has."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeAlias

from ..caller import Caller
from ..errors import ServiceError
from ..operations.listing import EncodingType, ListObjects, ListObjectsResult, ListObjectsV2, ListObjectsV2Result

Page: TypeAlias = ListObjectsV2Result | ListObjectsResult
_NOT_IMPLEMENTED = 501


def key_encoding(client: Caller) -> EncodingType | None:
    """Return the encoding to ask for in listings: keys may hold what XML cannot, encoded every key arrives as it is."""
    return "url" if client.dialect.list_url_encode else None


async def object_pages(
    client: Caller,
    bucket: str,
    *,
    prefix: str | None,
    delimiter: str | None,
    start_after: str | None,
    page_size: int,
    timeout: float | None,
) -> AsyncIterator[Page]:
    """Give the pages of a listing.

    A store that answers 501 to the first page of ListObjectsV2 is asked by ListObjects, from then on.

    Args:
        timeout: Seconds for each page.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html
    """
    encoding = key_encoding(client)
    if client.dialect.list_version == 2:
        newer = ListObjectsV2(
            bucket=bucket,
            prefix=prefix,
            delimiter=delimiter,
            start_after=start_after,
            max_keys=page_size,
            encoding_type=encoding,
        )
        begun = False
        try:
            async for page in client.pages(newer, timeout=timeout):
                begun = True
                yield page
        except ServiceError as error:
            if begun or error.status != _NOT_IMPLEMENTED:
                raise
            client.lacks_list_v2()
        else:
            return
    older = ListObjects(
        bucket=bucket,
        prefix=prefix,
        delimiter=delimiter,
        marker=start_after,
        max_keys=page_size,
        encoding_type=encoding,
    )
    async for old_page in client.pages(older, timeout=timeout):
        yield old_page
