"""Deleting any number of objects: a thousand a request, and one by one where a request for many cannot say it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from ..caller import Caller
from ..errors import InvalidInput, NoSuchBucket, NoSuchKey, PartialDelete, ServiceError
from ..operations.listing import DeleteMarker, Key, ObjectVersion
from ..operations.objects import (
    Delete,
    DeletedObject,
    DeleteFailure,
    DeleteObject,
    DeleteObjects,
    ObjectIdentifier,
)
from ..protocol.uri import encode_key
from ..protocol.values import Value
from .crew import Crew, check_function

Item: TypeAlias = str | Key | ObjectVersion | DeleteMarker | tuple[str, str | None]
Items: TypeAlias = Iterable[Item] | AsyncIterable[Item]
OnResult: TypeAlias = Callable[[DeletedObject | DeleteFailure], object]

BATCH = 1000
# Of one batch that goes key by key.
_AT_ONCE = 8
# XML 1.0 section 2.2: what no document can carry. (Said by what may be there, it takes 5 ms to compile.)
_UNWRITABLE = "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"
# The store asks to come again, for this key: DeleteObject does so by itself.
_TRANSIENT = frozenset({"InternalError", "SlowDown", "ServiceUnavailable", "OperationAborted", "RequestTimeout"})


class DeleteReport(Value):
    """What became of the keys that were to be deleted.

    Attributes:
        deleted: How many are gone, those that were not there included: S3 does not tell.
        errors: The others, each with S3's code and message.
    """

    deleted: int = 0
    errors: tuple[DeleteFailure, ...] = ()


class Deletion:
    """One call of delete_many.

    Args:
        on_result: Called with a DeletedObject or a DeleteFailure for each key.
    """

    def __init__(self, caller: Caller, bucket: str, on_result: OnResult | None = None) -> None:
        check_function("on_result", on_result)
        self._caller = caller
        self._bucket = bucket
        self._on_result = on_result
        self._bulk = caller.dialect.bulk_delete
        self._deleted = 0
        self._failures: list[DeleteFailure] = []

    async def run(self, items: Items, concurrency: int, raise_on_error: bool) -> DeleteReport:
        """Delete *items* and report.

        Raises:
            PartialDelete: some are still there; the report says which.
        """
        async with Crew(concurrency) as crew:
            async for batch in _batches(items):
                await crew.start(partial(self._delete, batch))
        report = DeleteReport(deleted=self._deleted, errors=tuple(self._failures))
        if report.errors and raise_on_error:
            first = report.errors[0]
            raise PartialDelete(
                f"{len(report.errors)} of {len(report.errors) + report.deleted} keys were not deleted, the first of "
                f"them {first.key!r}: {first.code} {first.message or ''}".rstrip(),
                report,
            )
        return report

    async def _delete(self, batch: list[ObjectIdentifier]) -> None:
        unwritable = re.compile(_UNWRITABLE).search
        odd = [item for item in batch if unwritable(item.key)]
        plain = [item for item in batch if not unwritable(item.key)] if odd else batch
        if plain and not await self._delete_together(plain):
            odd = batch
        await self._delete_each(odd)

    async def _delete_together(self, batch: list[ObjectIdentifier]) -> bool:
        """Delete a batch by one request; False where the store has no such request."""
        if not self._bulk:
            return False
        delete = Delete(objects=tuple(batch), quiet=self._on_result is None)
        try:
            result = await self._caller.call(DeleteObjects(bucket=self._bucket, delete=delete))
        except ServiceError as error:
            if error.status not in (405, 501):
                raise
            self._bulk = False
            return False
        again = [item for item in result.errors if item.code in _TRANSIENT and item.key]
        failures = [item for item in result.errors if item not in again] if again else result.errors
        self._deleted += len(batch) - len(result.errors)
        for failure in failures:
            self._failed(failure)
        if self._on_result is not None:
            for deleted in result.deleted:
                self._on_result(deleted)
        await self._delete_each([ObjectIdentifier(key=item.key or "", version_id=item.version_id) for item in again])
        return True

    async def _delete_each(self, batch: list[ObjectIdentifier]) -> None:
        if not batch:
            return
        async with Crew(_AT_ONCE) as crew:
            for item in batch:
                await crew.start(partial(self._delete_one, item))

    async def _delete_one(self, item: ObjectIdentifier) -> None:
        try:
            await self._caller.call(DeleteObject(bucket=self._bucket, key=item.key, version_id=item.version_id))
        except NoSuchBucket:
            raise
        except NoSuchKey:
            pass
        except ServiceError as error:
            self._failed(
                DeleteFailure(key=item.key, version_id=item.version_id, code=error.code, message=error.message)
            )
            return
        self._deleted += 1
        if self._on_result is not None:
            self._on_result(DeletedObject(key=item.key, version_id=item.version_id))

    def _failed(self, failure: DeleteFailure) -> None:
        self._failures.append(failure)
        if self._on_result is not None:
            self._on_result(failure)


def identifier(item: Any) -> ObjectIdentifier:
    """Return what DeleteObjects calls the object or version that *item* is.

    Raises:
        InvalidInput: it is none, or its key cannot be one.
    """
    if isinstance(item, str):
        key, version = item, None
    elif isinstance(item, Key):
        key, version = item.key, None
    elif isinstance(item, ObjectVersion | DeleteMarker):
        key, version = item.key, item.version_id
    elif isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
        key, version = item
    else:
        raise InvalidInput(
            f"keys must be str, Key, ObjectVersion, DeleteMarker or (key, version_id), not {type(item).__name__}"
        )
    encode_key(key)  # refuses what no key can be
    return ObjectIdentifier(key=key, version_id=version)


async def _batches(items: Items) -> AsyncIterator[list[ObjectIdentifier]]:
    batch: list[ObjectIdentifier] = []
    async for item in _each(items):
        batch.append(identifier(item))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _each(items: Items) -> AsyncIterator[Item]:
    if isinstance(items, str) or not isinstance(items, Iterable | AsyncIterable):
        raise InvalidInput(f"keys must be an iterable of keys, not {type(items).__name__}")
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
