"""A bucket's verbs that list."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TypeAlias

from ..errors import InvalidInput, TooManyKeys
from ..operations.listing import DeleteMarker, EncodingType, Key, ListObjectVersions, ObjectVersion
from ..operations.multipart import ListMultipartUploads, MultipartUpload
from ..transfers.listing import Page, object_pages
from .base import Verbs

Keys: TypeAlias = list[Key]
MAX_PAGE = 1000


class Listing(Verbs):
    """List what is in a bucket."""

    async def list(self, prefix: str = "", max_keys: int = 1000, *, timeout: float | None = None) -> Keys:
        """Return the keys that begin with *prefix*, in the order of their UTF-8 bytes.

        Args:
            max_keys: The most keys that may be returned; as many pages are asked for as that takes.
        Raises:
            TooManyKeys: there are more than *max_keys*; iterate over ``keys`` instead.
            NoSuchBucket: there is no such bucket.
        """
        if isinstance(max_keys, bool) or not isinstance(max_keys, int) or max_keys < 1:
            raise InvalidInput(f"max_keys must be a whole number from 1, not {max_keys!r}")
        found: Keys = []
        page_size = min(MAX_PAGE, max_keys + 1)
        async for page in self.pages(prefix, page_size=page_size, timeout=timeout):
            found.extend(page.contents)
            if len(found) > max_keys:
                raise TooManyKeys(
                    f"bucket {self.name!r} has more than {max_keys} keys that begin with {prefix!r}: use Bucket.keys"
                )
        return found

    async def keys(
        self,
        prefix: str = "",
        *,
        start_after: str | None = None,
        page_size: int = MAX_PAGE,
        timeout: float | None = None,
    ) -> AsyncIterator[Key]:
        """Give every key that begins with *prefix*, in order; one page is in memory, however many there are.

        Args:
            start_after: Begin with the first key after this one.
            page_size: Keys per request, 1 to 1000.
            timeout: Seconds for each page.
        """
        async for page in self.pages(prefix, start_after=start_after, page_size=page_size, timeout=timeout):
            for key in page.contents:
                yield key

    def pages(
        self,
        prefix: str = "",
        *,
        delimiter: str | None = None,
        start_after: str | None = None,
        page_size: int = MAX_PAGE,
        timeout: float | None = None,
    ) -> AsyncIterator[Page]:
        """Give the pages of a listing, each with ``.keys`` and ``.prefixes``.

        Args:
            delimiter: Keys are folded up to the next one into ``.prefixes``: ``"/"`` lists as folders do.
            start_after, page_size, timeout: As in keys.
        """
        return object_pages(
            self.client,
            self.name,
            prefix=prefix or None,
            delimiter=delimiter or None,
            start_after=start_after or None,
            page_size=_checked(page_size),
            timeout=timeout,
        )

    async def versions(
        self, prefix: str = "", *, page_size: int = MAX_PAGE, timeout: float | None = None
    ) -> AsyncIterator[ObjectVersion | DeleteMarker]:
        """Give every version of the keys that begin with *prefix*, and the delete markers among them.

        In the order of the keys, the newest of each first; one page is in memory.

        Args:
            page_size, timeout: As in keys.
        """
        operation = ListObjectVersions(
            bucket=self.name, prefix=prefix or None, max_keys=_checked(page_size), encoding_type=self._encoding
        )
        async for page in self.client.pages(operation, timeout=timeout):
            entries: list[ObjectVersion | DeleteMarker] = [*page.versions, *page.delete_markers]
            # S3 sends them mixed, and the two kinds arrive apart.
            for entry in sorted(entries, key=_newest_first) if page.delete_markers else entries:
                yield entry

    async def uploads(
        self, prefix: str = "", *, page_size: int = MAX_PAGE, timeout: float | None = None
    ) -> AsyncIterator[MultipartUpload]:
        """Give the unfinished multipart uploads of the keys that begin with *prefix*; one page is in memory.

        Args:
            page_size, timeout: As in keys.
        """
        operation = ListMultipartUploads(
            bucket=self.name,
            prefix=prefix or None,
            max_uploads=_checked(page_size),
            # Ceph encodes without saying so.
            encoding_type="url" if self.client.dialect.uploads_url_encode else None,
        )
        async for page in self.client.pages(operation, timeout=timeout):
            for upload in page.uploads:
                yield upload

    @property
    def _encoding(self) -> EncodingType | None:
        """Keys may hold what XML cannot: percent-encoded, every key arrives as it is."""
        return "url" if self.client.dialect.list_url_encode else None


def _checked(page_size: int) -> int:
    if isinstance(page_size, bool) or not isinstance(page_size, int) or not 1 <= page_size <= MAX_PAGE:
        raise InvalidInput(f"page_size must be 1 to {MAX_PAGE}, not {page_size!r}")
    return page_size


def _newest_first(entry: ObjectVersion | DeleteMarker) -> tuple[bytes, bool, float]:
    # "surrogatepass": a store may list what no key can be.
    written = entry.last_modified.timestamp() if entry.last_modified else 0.0
    return entry.key.encode("utf-8", "surrogatepass"), not entry.is_latest, -written
