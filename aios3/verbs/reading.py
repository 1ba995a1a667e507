"""A bucket's verbs that read objects, or look at them."""

from __future__ import annotations

import asyncio
from datetime import datetime

from ..errors import InvalidInput, NoSuchKey, TransportError
from ..operations.groups import CustomerKey
from ..operations.listing import Key, ObjectVersion
from ..operations.objects import GetObject, GetObjectResult, HeadObject, HeadObjectResult
from ..payloads import IN_THREAD
from ..protocol.checksums import Verification, to_verify
from ..settings import time_limit
from ..streams import ObjectStream, Opening
from ..transfers.ranges import check_range, range_header
from ..transfers.resumption import Resumption
from ..transfers.waiting import wait_for
from .base import Verbs, customer_key_of, given, object_version


class Reading(Verbs):
    """Read objects, or look at them."""

    async def get(
        self,
        key: str | Key | ObjectVersion,
        *,
        start: int = 0,
        end: int | None = None,
        version_id: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: datetime | None = None,
        part_number: int | None = None,
        customer_key: CustomerKey | bytes | None = None,
        timeout: float | None = None,
    ) -> bytes:
        """Return an object's bytes, or a slice of them.

        Args:
            key: Name in the bucket, unencoded; 1-1024 bytes of UTF-8. A Key reads the current object, an ObjectVersion
                that version.
            start, end: As in a slice: *end* is exclusive, ``start=-n`` means the last n bytes.
            if_match, if_none_match: An ETag with its quotes.
            customer_key: The 32 bytes it was stored with, where it was stored so.
        Raises:
            NoSuchKey: nothing is stored under *key*.
            InvalidRange: *start* is beyond the end.
            NotModified, PreconditionFailed: a condition does not hold.
            TransportError: the answer did not come, or not whole.
            ChecksumMismatch: it is not what was stored, by the checksum that S3 has of it.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        operation = self._get_object(
            key, start, end, version_id, if_match, if_none_match, if_modified_since, part_number, customer_key
        )
        if timeout is not None:
            async with time_limit(timeout):
                return await self._read(operation)
        return await self._read(operation)

    def download(
        self,
        key: str | Key | ObjectVersion,
        *,
        start: int = 0,
        end: int | None = None,
        version_id: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        if_modified_since: datetime | None = None,
        part_number: int | None = None,
        customer_key: CustomerKey | bytes | None = None,
        timeout: float | None = None,
    ) -> Opening:
        """Read an object as a stream: ``async with bucket.download(key) as stream``, or await it.

        Memory is a piece, however large the object. Arguments and errors as in ``get``; errors come when the
        stream is opened.

        Args:
            timeout: Seconds until the first byte can be read.
        """
        operation = self._get_object(
            key, start, end, version_id, if_match, if_none_match, if_modified_since, part_number, customer_key
        )

        async def open_stream() -> ObjectStream:
            result = await self._open(operation, timeout)
            return ObjectStream(result, Resumption(self.client, operation, result), _verification(operation, result))

        return Opening(open_stream)

    async def _read(self, operation: GetObject) -> bytes:
        result = await self.client.call(operation)
        if operation.range is not None or result.http_status == 206:
            await check_range(operation, result)
            if result.content_length is None:  # in chunks: the stream tells if all have come
                return await ObjectStream(result, Resumption(self.client, operation, result)).read()
        verification = None if operation.checksum_mode is None else _verification(operation, result)
        try:
            data = await result.body.read()
        except TransportError:
            # What has arrived is kept; the stream meets the same error behind it, and mends it.
            return await ObjectStream(result, Resumption(self.client, operation, result), verification).read()
        if verification is not None:
            if len(data) < IN_THREAD:
                verification.update(data)
            else:
                await asyncio.to_thread(verification.update, data)
            verification.finish()
        return data

    def _get_object(
        self,
        key: str | Key | ObjectVersion,
        start: int,
        end: int | None,
        version_id: str | None,
        if_match: str | None,
        if_none_match: str | None,
        if_modified_since: datetime | None,
        part_number: int | None,
        customer_key: CustomerKey | bytes | None,
    ) -> GetObject:
        if not isinstance(key, str):
            key, version_id = object_version(key, version_id)
        if start or end is not None:
            byte_range = range_header(start, end)
            if part_number is not None:
                raise InvalidInput("part_number and a range (start, end) exclude each other")
        elif (version_id, if_match, if_none_match, if_modified_since, part_number, customer_key) == (None,) * 6:
            if self.client.verifies:
                return GetObject(bucket=self.name, key=key, checksum_mode="ENABLED")
            return GetObject(bucket=self.name, key=key)
        else:
            byte_range = None
        # The checksum is of the whole: a part cannot be held against it.
        whole = byte_range is None and part_number is None
        return GetObject(
            bucket=self.name,
            key=key,
            range=byte_range,
            version_id=version_id,
            if_match=if_match,
            if_none_match=if_none_match,
            if_modified_since=if_modified_since,
            part_number=part_number,
            customer_key=customer_key_of(customer_key),
            checksum_mode="ENABLED" if whole and self.client.verifies else None,
        )

    async def _open(self, operation: GetObject, timeout: float | None = None) -> GetObjectResult:
        result = await self.client.call(operation, timeout=timeout)
        if operation.range is not None or result.http_status == 206:
            await check_range(operation, result)
        return result

    async def head(
        self,
        key: str | Key | ObjectVersion,
        *,
        version_id: str | None = None,
        customer_key: CustomerKey | bytes | None = None,
        timeout: float | None = None,
    ) -> HeadObjectResult:
        """Return what is known of an object without reading it: size, etag, metadata and so on.

        Args:
            key, customer_key: As of get.
        Raises:
            NoSuchKey: nothing is stored under *key* (or the bucket does not exist: HEAD does not tell which).
        """
        if not isinstance(key, str):
            key, version_id = object_version(key, version_id)
        members = given(version_id=version_id, customer_key=customer_key_of(customer_key))
        operation = HeadObject(bucket=self.name, key=key, **members)
        return await self.client.call(operation, timeout=timeout)

    async def exists(self, key: str | Key | ObjectVersion, *, timeout: float | None = None) -> bool:
        """Tell if something is stored under *key*."""
        try:
            await self.head(key, timeout=timeout)
        except NoSuchKey:
            return False
        return True

    async def wait_until_exists(self, key: str | Key, *, timeout: float | None = None) -> HeadObjectResult:
        """Return what is known of an object as soon as it is there; it is asked for less and less often.

        Args:
            timeout: Seconds until TimeoutError; None waits for ever.
        """

        async def ask() -> HeadObjectResult | None:
            try:
                return await self.head(key)
            except NoSuchKey:
                return None

        async with time_limit(timeout):
            return await wait_for(ask)

    async def wait_until_gone(self, key: str | Key, *, timeout: float | None = None) -> None:
        """Return as soon as nothing is stored under *key*.

        Args:
            timeout: As in wait_until_exists.
        """

        async def ask() -> bool | None:
            return None if await self.exists(key) else True

        async with time_limit(timeout):
            await wait_for(ask)


def _verification(operation: GetObject, result: GetObjectResult) -> Verification | None:
    """Return what a whole body is held against, where that was asked for and can be done."""
    if operation.checksum_mode is None or result.http_status != 200 or result.content_range is not None:
        return None
    found = to_verify(result.headers)
    return None if found is None else Verification(*found)
