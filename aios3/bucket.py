"""A bucket and its daily verbs: list, get, download, put, head, delete.

What a verb lacks is on the operation: ``await bucket.client.call(GetObject(...))``.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeAlias
from urllib.parse import quote, urlencode

import aiohttp

from .caller import Caller, ConnectorFactory
from .errors import InvalidInput, InvalidResponse, NoSuchKey, TooManyKeys, TransportError
from .operations.listing import Key
from .operations.objects import (
    DeleteObject,
    DeleteObjectResult,
    GetObject,
    GetObjectResult,
    HeadObject,
    HeadObjectResult,
    ObjectCannedACL,
    PutObject,
    PutObjectResult,
    StorageClass,
)
from .protocol.bucket_names import check_bucket_name
from .protocol.messages import Buffer
from .settings import time_limit
from .streams import FileBody, ObjectStream, Opening, request_body
from .transfers.listing import Page, object_pages
from .transfers.resumption import Resumption

Source: TypeAlias = Buffer | str | Path | IO[bytes]
Keys: TypeAlias = list[Key]
MAX_PAGE = 1000
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-([0-9]+)/([0-9]+|\*)")


class Bucket:
    """One bucket of an S3 store.

    Use it with or without ``async with``; ``close`` when done. The constructor does no I/O and needs no running
    loop, so a bucket can live at module scope.

    Args:
        name: Name of the bucket.
        client: Share one client among buckets; then no other option is taken, and close leaves it open.
        connector: An aiohttp connector, used and never closed here, or a function that makes one.
        aws_key, aws_secret, aws_token, aws_region, aws_endpoint, client_options: As of Client.
    Raises:
        InvalidInput: the name cannot be addressed, or options contradict each other.
    """

    def __init__(
        self,
        name: str,
        *,
        aws_key: str | None = None,
        aws_secret: str | None = None,
        aws_token: str | None = None,
        aws_region: str | None = None,
        aws_endpoint: str | None = None,
        connector: aiohttp.BaseConnector | ConnectorFactory | None = None,
        client: Caller | None = None,
        **client_options: Any,
    ) -> None:
        check_bucket_name(name)
        options = {
            "aws_key": aws_key,
            "aws_secret": aws_secret,
            "aws_token": aws_token,
            "aws_region": aws_region,
            "aws_endpoint": aws_endpoint,
            "connector": connector,
        }
        given = {option: value for option, value in options.items() if value is not None} | client_options
        if client is not None and given:
            raise InvalidInput(f"{', '.join(sorted(given))} belong to a client: give them to the client, or no client")
        self.name = name
        self.client = Caller(**given) if client is None else client
        self._owned = client is None

    # -------------------------------------------------------------- listing
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
        if isinstance(page_size, bool) or not isinstance(page_size, int) or not 1 <= page_size <= MAX_PAGE:
            raise InvalidInput(f"page_size must be 1 to {MAX_PAGE}, not {page_size!r}")
        return object_pages(
            self.client,
            self.name,
            prefix=prefix or None,
            delimiter=delimiter or None,
            start_after=start_after or None,
            page_size=page_size,
            timeout=timeout,
        )

    # -------------------------------------------------------------- reading
    async def get(
        self,
        key: str | Key,
        *,
        start: int = 0,
        end: int | None = None,
        version_id: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: datetime | None = None,
        part_number: int | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """Return an object's bytes, or a slice of them.

        Args:
            key: Name in the bucket, unencoded; 1-1024 bytes of UTF-8. A Key reads the current object.
            start, end: As in a slice: *end* is exclusive, ``start=-n`` means the last n bytes.
            if_match, if_none_match: An ETag with its quotes.
        Raises:
            NoSuchKey: nothing is stored under *key*.
            InvalidRange: *start* is beyond the end.
            NotModified, PreconditionFailed: a condition does not hold.
            TransportError: the answer did not come, or not whole.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        operation = self._get_object(
            key, start, end, version_id, if_match, if_none_match, if_modified_since, part_number
        )
        if timeout is not None:
            async with time_limit(timeout):
                return await self._read(operation)
        return await self._read(operation)

    def download(
        self,
        key: str | Key,
        *,
        start: int = 0,
        end: int | None = None,
        version_id: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: datetime | None = None,
        part_number: int | None = None,
        timeout: float | None = None,
    ) -> Opening:
        """Read an object as a stream: ``async with bucket.download(key) as stream``, or await it.

        Memory is a piece, however large the object. Arguments and errors as in ``get``; errors come when the
        stream is opened.

        Args:
            timeout: Seconds until the first byte can be read.
        """
        operation = self._get_object(
            key, start, end, version_id, if_match, if_none_match, if_modified_since, part_number
        )

        async def open_stream() -> ObjectStream:
            result = await self._open(operation, timeout)
            return ObjectStream(result, Resumption(self.client, operation, result))

        return Opening(open_stream)

    async def _read(self, operation: GetObject) -> bytes:
        result = await self.client.call(operation)
        if operation.range is not None:
            await _check_range(operation, result)
        try:
            return await result.body.read()
        except TransportError:
            # What has arrived is kept; the stream meets the same error behind it, and mends it.
            return await ObjectStream(result, Resumption(self.client, operation, result)).read()

    def _get_object(
        self,
        key: str | Key,
        start: int,
        end: int | None,
        version_id: str | None,
        if_match: str | None,
        if_none_match: str | None,
        if_modified_since: datetime | None,
        part_number: int | None,
    ) -> GetObject:
        if start or end is not None:
            byte_range = _range_header(start, end)
            if part_number is not None:
                raise InvalidInput("part_number and a range (start, end) exclude each other")
        elif (version_id, if_match, if_none_match, if_modified_since, part_number) == (None,) * 5:
            return GetObject(bucket=self.name, key=_name(key))
        else:
            byte_range = None
        return GetObject(
            bucket=self.name,
            key=_name(key),
            range=byte_range,
            version_id=version_id,
            if_match=if_match,
            if_none_match=if_none_match,
            if_modified_since=if_modified_since,
            part_number=part_number,
        )

    async def _open(self, operation: GetObject, timeout: float | None = None) -> GetObjectResult:
        result = await self.client.call(operation, timeout=timeout)
        if operation.range is not None:
            await _check_range(operation, result)
        return result

    async def head(
        self, key: str | Key, *, version_id: str | None = None, timeout: float | None = None
    ) -> HeadObjectResult:
        """Return what is known of an object without reading it: size, etag, metadata and so on.

        Raises:
            NoSuchKey: nothing is stored under *key* (or the bucket does not exist: HEAD does not tell which).
        """
        operation = HeadObject(bucket=self.name, key=_name(key), version_id=version_id)
        return await self.client.call(operation, timeout=timeout)

    async def exists(self, key: str | Key, *, timeout: float | None = None) -> bool:
        """Tell if something is stored under *key*."""
        try:
            await self.head(key, timeout=timeout)
        except NoSuchKey:
            return False
        return True

    # -------------------------------------------------------------- writing
    async def put(
        self,
        key: str | Key,
        data: Source,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        storage_class: StorageClass | None = None,
        acl: ObjectCannedACL | None = None,
        if_none_match: str | None = None,
        if_match: str | None = None,
        cache_control: str | None = None,
        content_disposition: str | None = None,
        content_encoding: str | None = None,
        content_language: str | None = None,
        timeout: float | None = None,
    ) -> PutObjectResult:
        """Store an object in one request; whole or not at all.

        Args:
            data: Bytes-like, str (as UTF-8), a Path, or a binary file, which is sent from where it stands.
            metadata: Names and values of ASCII; names come back in lower case.
            if_none_match: ``"*"`` stores only if there is nothing under *key*.
        Raises:
            PreconditionFailed: a condition does not hold.
            SourceChanged: a file did not have the length it had when it was opened; nothing is stored.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        """
        # The body is last, since it opens a Path: what is wrong with the rest must not leave a file open.
        name = _name(key)
        # A space as %20, which every store decodes; Ceph takes "+" as it is.
        tagging = urlencode(tags, safe="", quote_via=quote) if tags else None
        body = data if isinstance(data, bytes) else await request_body(data)
        operation = PutObject(
            bucket=self.name,
            key=name,
            body=body,
            content_type=content_type,
            metadata=metadata,
            tagging=tagging,
            storage_class=storage_class,
            acl=acl,
            if_none_match=if_none_match,
            if_match=if_match,
            cache_control=cache_control,
            content_disposition=content_disposition,
            content_encoding=content_encoding,
            content_language=content_language,
        )
        try:
            return await self.client.call(operation, timeout=timeout)
        finally:
            if isinstance(body, FileBody):
                await body.close()

    async def delete(
        self, key: str | Key, *, version_id: str | None = None, timeout: float | None = None
    ) -> DeleteObjectResult:
        """Delete an object, or one version of it. Nothing under *key* is no error: S3 does not tell."""
        operation = DeleteObject(bucket=self.name, key=_name(key), version_id=version_id)
        return await self.client.call(operation, timeout=timeout)

    # -------------------------------------------------------------- the end
    async def close(self) -> None:
        """Close the connections, unless the client is shared. Idempotent."""
        if self._owned:
            await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<Bucket {self.name!r} of {self.client!r}>"


def _name(key: str | Key) -> str:
    if isinstance(key, str):
        return key
    if isinstance(key, Key):
        return key.key
    raise InvalidInput(f"key must be a str or a Key, not {type(key).__name__}")


def _range_header(start: int, end: int | None) -> str:
    """Return the Range header for a slice (RFC 9110 14.1.2: both ends inclusive, -n is the last n)."""
    for name, value in (("start", start), ("end", end)):
        if isinstance(value, bool) or not isinstance(value, int | None):
            raise InvalidInput(f"{name} must be a whole number of bytes, not {value!r}")
    if start < 0:
        if end is not None:
            raise InvalidInput(f"start={start} means the last {-start} bytes: it takes no end")
        return f"bytes={start}"
    if end is None:
        return f"bytes={start}-"
    if end <= start:
        raise InvalidInput(f"the range from {start} to {end} (exclusive) is empty, which S3 cannot be asked for")
    return f"bytes={start}-{end - 1}"


def _answers(wanted: str, result: GetObjectResult) -> bool:
    """Tell if a response is the range that was asked for: some servers ignore Range, and send everything.

    Content-Range decides, not the status: rclone sends the right bytes with 200.
    """
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    found = _CONTENT_RANGE.fullmatch(result.content_range or "")
    if found is None:
        return result.http_status == 200 and _covers_all(first, last, result.content_length)
    begin, end = int(found[1]), int(found[2])
    if result.content_length not in (None, end - begin + 1):
        return False
    if found[3] == "*":
        return (found[1], found[2]) == (first, last)
    size = int(found[3])
    if not first:
        return (begin, end) == (max(size - int(last), 0), size - 1)
    return (begin, end) == (int(first), min(int(last), size - 1) if last else size - 1)


def _covers_all(first: str, last: str, length: int | None) -> bool:
    """Tell if a range is all of an object of this length, so that a server may as well have ignored it."""
    if length is None or not last:
        return False
    return length <= int(last) if not first else first == "0" and length <= int(last) + 1


async def _check_range(operation: GetObject, result: GetObjectResult) -> None:
    if _answers(operation.range or "", result):
        return
    await result.body.close()
    raise InvalidResponse(
        f"{operation.resource}: asked for {operation.range}, the server sent HTTP {result.http_status} "
        f"with Content-Range: {result.content_range}"
    )


__all__ = ["Bucket", "Key"]
