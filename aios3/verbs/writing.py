"""A bucket's verbs that store objects and delete them."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TypeAlias, Unpack

from ..files import FilePart
from ..operations.listing import Key
from ..operations.objects import DeleteObject, DeleteObjectResult, PutObject, PutObjectResult
from ..protocol.messages import Buffer
from ..settings import time_limit
from ..streams import request_body
from ..transfers.deletions import DeleteReport, Deletion, Items, OnResult
from .base import Verbs, object_name
from .options import PutOptions, members_of

Source: TypeAlias = Buffer | str | Path | IO[bytes]


class Writing(Verbs):
    """Store objects, and delete them."""

    async def put(
        self,
        key: str | Key,
        data: Source,
        *,
        timeout: float | None = None,
        **options: Unpack[PutOptions],
    ) -> PutObjectResult:
        """Store an object in one request; whole or not at all.

        Args:
            data: Bytes-like, str (as UTF-8), a Path, or a binary file, which is sent from where it stands.
            content_type, content_disposition, content_encoding, content_language, cache_control, expires,
                website_redirect_location: What readers are told of it; *expires* is a datetime.
            metadata: Names and values of ASCII; names come back in lower case.
            tags: Names and values that can be changed later.
            if_match: An ETag with its quotes: stores only over that.
            if_none_match: ``"*"`` stores only if there is nothing under *key*.
            acl, grants: Who may do what with it; one of the two.
            storage_class, object_lock: How it is kept, and until when it must be.
            encryption: How the store encrypts it, with a key that it keeps.
            customer_key: 32 bytes that it is encrypted with and that the store forgets: reading takes them again.
            checksum: By which the store checks what arrives, and keeps: ``CRC32``, ``SHA256``, ``CRC64NVME`` ...; else
                what the client does.
        Raises:
            InvalidInput: an option has a value that S3 cannot be sent, or excludes another; nothing was sent.
            PreconditionFailed: a condition does not hold.
            SourceChanged: a file did not have the length it had when it was opened; nothing is stored.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
        """
        # The body is last, since it opens a Path: what is wrong with the rest must not leave a file open.
        name, members = object_name(key), members_of(options)
        body = data if isinstance(data, bytes) else await request_body(data)
        try:
            operation = PutObject(bucket=self.name, key=name, body=body, **members)
            return await self.client.call(operation, timeout=timeout)
        finally:
            if isinstance(body, FilePart):
                await body.close()

    async def delete(
        self, key: str | Key, *, version_id: str | None = None, timeout: float | None = None
    ) -> DeleteObjectResult:
        """Delete an object, or one version of it. Nothing under *key* is no error: S3 does not tell."""
        operation = DeleteObject(bucket=self.name, key=object_name(key), version_id=version_id)
        return await self.client.call(operation, timeout=timeout)

    async def delete_many(
        self,
        keys: Items,
        *,
        concurrency: int = 4,
        raise_on_error: bool = True,
        on_result: OnResult | None = None,
        timeout: float | None = None,
    ) -> DeleteReport:
        """Delete any number of objects: a thousand a request, *concurrency* requests at once.

        One request per key where the store has no other, and for keys that XML cannot carry. An error of a whole request,
        such as NoSuchBucket, ends it; an error of one key does not.

        Args:
            keys: An iterable, sync or async, of str, Key, ObjectVersion, DeleteMarker or (key, version_id); it is read
                as it is worked through. A Key is deleted as it is now, whatever its version.
            raise_on_error: False returns a report with errors instead of raising.
            on_result: Called with a DeletedObject or a DeleteFailure for each key.
        Raises:
            PartialDelete: some were not deleted; ``error.report.errors`` says which and why.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
        """
        async with time_limit(timeout):
            return await Deletion(self.client, self.name, on_result).run(keys, concurrency, raise_on_error)
