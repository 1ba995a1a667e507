"""A bucket's verbs that copy and move objects within the store."""

from __future__ import annotations

from typing import Unpack

from ..errors import InvalidInput
from ..operations.groups import CustomerKey
from ..operations.listing import Key, ObjectVersion
from ..settings import time_limit
from ..transfers.copies import COPY_PART_SIZE, LARGEST, Copy, Place
from ..transfers.results import Progress, TransferResult
from .base import Verbs, checked_name, customer_key_of, object_name, object_version
from .options import ObjectOptions, members_of


class Moving(Verbs):
    """Copy objects, and move them."""

    async def copy(
        self,
        source: str | Key | ObjectVersion,
        key: str | Key,
        *,
        source_bucket: str | Verbs | None = None,
        source_version_id: str | None = None,
        source_customer_key: CustomerKey | bytes | None = None,
        keep_acl: bool = False,
        part_size: int = COPY_PART_SIZE,
        by_parts_above: int = LARGEST,
        concurrency: int = 8,
        progress: Progress | None = None,
        timeout: float | None = None,
        **options: Unpack[ObjectOptions],
    ) -> TransferResult:
        """Copy an object within the store: its bytes do not come here.

        Args:
            source: The key to copy from; an ObjectVersion is that version.
            key: The key to copy to.
            source_bucket: Where *source* is; None is this bucket. It is this bucket's client that asks for it.
            source_version_id: An older version of it.
            keep_acl: Give the copy the source's grants; without this it is private, or what *acl* says.
            by_parts_above: Objects larger than this are copied in parts of *part_size*; S3's own limit is 5 GiB.
            options: As in upload: content_type, metadata, tags and so on; what is not given is kept from the source.
        Raises:
            NoSuchKey: there is no *source*.
            ObjectChanged, PreconditionFailed: it was replaced while it was copied.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
        """
        copy = self._copy(
            source, key, source_bucket, source_version_id, source_customer_key, keep_acl, part_size, by_parts_above,
            concurrency, progress, options,
        )  # fmt: skip
        async with time_limit(timeout):
            return await copy.run()

    async def move(
        self,
        source: str | Key,
        key: str | Key,
        *,
        source_bucket: str | Verbs | None = None,
        source_customer_key: CustomerKey | bytes | None = None,
        keep_acl: bool = False,
        part_size: int = COPY_PART_SIZE,
        by_parts_above: int = LARGEST,
        concurrency: int = 8,
        progress: Progress | None = None,
        timeout: float | None = None,
        **options: Unpack[ObjectOptions],
    ) -> TransferResult:
        """Copy an object, look at the copy, and delete the source when that is what it was.

        Args: as of copy.

        Raises:
            InvalidInput: source and target are the same.
            TransferError, ObjectChanged: the copy is not proven; nothing was deleted.
        """
        copy = self._copy(
            object_name(source), key, source_bucket, None, source_customer_key, keep_acl, part_size, by_parts_above, concurrency,
            progress, options,
        )  # fmt: skip
        async with time_limit(timeout):
            return await copy.move()

    def _copy(
        self,
        source: str | Key | ObjectVersion,
        key: str | Key,
        source_bucket: str | Verbs | None,
        source_version_id: str | None,
        source_customer_key: CustomerKey | bytes | None,
        keep_acl: bool,
        part_size: int,
        by_parts_above: int,
        concurrency: int,
        progress: Progress | None,
        options: ObjectOptions,
    ) -> Copy:
        bucket = source_bucket.name if isinstance(source_bucket, Verbs) else source_bucket
        if bucket is None:
            bucket = self.name
        if not isinstance(bucket, str):
            raise InvalidInput(f"source_bucket must be a name or a Bucket, not {type(bucket).__name__}")
        name, version = object_version(source, source_version_id)
        members = members_of(options)
        tagging = members.pop("tagging", None)
        if tagging is None and options.get("tags") is not None:
            tagging = ""
        return Copy(
            caller=self.client,
            source=Place(bucket=bucket, key=checked_name(name), version_id=version),
            target=Place(bucket=self.name, key=checked_name(key)),
            members=members,
            tagging=tagging,
            keep_acl=keep_acl,
            source_customer_key=customer_key_of(source_customer_key),
            part_size=part_size,
            largest=by_parts_above,
            concurrency=concurrency,
            progress=progress,
        )
