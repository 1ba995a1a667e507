"""Copies within the store: by one request up to 5 GiB, by parts above that; and moves, which delete after a proven copy."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..caller import Caller
from ..errors import InvalidInput, ObjectChanged, TransferError
from ..operations.multipart import CreateMultipartUpload, UploadPartCopy
from ..operations.objects import CopyObject, CopySource, DeleteObject, HeadObject, HeadObjectResult
from ..operations.tagging import GetObjectTagging
from ..protocol.values import Value
from .crew import Crew
from .multipart import Multipart, checksum_of
from .results import Meter, Progress, TransferResult, quoted
from .sizes import PartSizes
from .tags import put_tags, tag_query

# What CopyObject can copy: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
LARGEST = 5 * 1024**3
COPY_PART_SIZE = 128 * 1024**2
# What a copy has of its source unless it is told otherwise, and CopyObject replaces together with the metadata.
_DESCRIPTION = (
    "cache_control",
    "content_disposition",
    "content_encoding",
    "content_language",
    "content_type",
    "expires",
    "website_redirect_location",
    "metadata",
)


class Place(Value):
    """An object, perhaps a version of it."""

    bucket: str
    key: str
    version_id: str | None = None


class Copy(Value):
    """How one object is copied.

    Args:
        members: What the copy is to have; what is missing in it is kept from the source.
        tagging: Tags as a query; None keeps.
        keep_acl: Give the copy the source's grants, which S3 does not do by itself.
        largest: Above this many bytes, by parts.
    """

    caller: Caller
    source: Place
    target: Place
    members: Mapping[str, Any] = {}
    tagging: str | None = None
    keep_acl: bool = False
    source_customer_key: Any = None
    part_size: int = COPY_PART_SIZE
    largest: int = LARGEST
    concurrency: int = 8
    progress: Progress | None = None

    async def run(self) -> TransferResult:
        """Copy.

        Raises:
            NoSuchKey: there is no source.
            ObjectChanged: the source was replaced while it was copied by parts.
        """
        return (await self.run_from())[1]

    async def run_from(self) -> tuple[HeadObjectResult, TransferResult]:
        """Copy; return what the source was, too."""
        found = await self._look(self.source, self.source_customer_key)
        meter = Meter(self.progress, found.content_length)
        if (found.content_length or 0) <= self.largest:
            result = await self._at_once(found)
            meter.add(result.size)
        else:
            result = await self._in_parts(found, meter)
        if self.keep_acl:
            await self._copy_acl()
        return found, result

    async def _look(self, place: Place, customer_key: Any) -> HeadObjectResult:
        return await self.caller.call(
            HeadObject(bucket=place.bucket, key=place.key, version_id=place.version_id, customer_key=customer_key)
        )

    def _origin(self, found: HeadObjectResult) -> dict[str, Any]:
        """Return what both ways of copying are told of the source."""
        source = self.source
        return {
            "bucket": self.target.bucket,
            "key": self.target.key,
            "copy_source": CopySource(source.bucket, source.key, source.version_id),
            "copy_source_if_match": found.etag,
            "copy_source_customer_key": self.source_customer_key,
        }

    async def _at_once(self, found: HeadObjectResult) -> TransferResult:
        members = dict(self.members)
        if any(members.get(name) is not None for name in _DESCRIPTION):
            members = _description(found) | members
            members["metadata_directive"] = "REPLACE"
        by_header, tagging = self.caller.dialect.tagging_header, self.tagging
        if tagging is not None and by_header:
            members |= {"tagging": tagging or None, "tagging_directive": "REPLACE"}
        if tagging is None and not by_header and found.tag_count and "metadata_directive" in members:
            tagging = await self._tags(found)  # Ceph drops them together with the metadata
        result = await self.caller.call(CopyObject(**self._origin(found), **members))
        if tagging is not None and not by_header:
            await put_tags(self.caller, self.target.bucket, self.target.key, tagging)
        copied = result.copy_object_result
        return TransferResult(
            key=self.target.key,
            etag=quoted(copied.etag),
            version_id=result.version_id,
            size=found.content_length or 0,
            checksum=checksum_of(copied),
        )

    async def _in_parts(self, found: HeadObjectResult, meter: Meter) -> TransferResult:
        size = found.content_length or 0
        if not self.caller.dialect.multipart_copy:
            raise TransferError(f"{size} bytes are too many for one copy, and this store cannot copy by parts")
        step = PartSizes(size, self.part_size, self.caller.dialect).first
        members = _description(found) | dict(self.members)
        members["tagging"] = (await self._tags(found) if self.tagging is None else self.tagging) or None
        create = CreateMultipartUpload(bucket=self.target.bucket, key=self.target.key, **members)
        async with Multipart(self.caller, create) as upload, Crew(self.concurrency) as crew:
            for number, start in enumerate(range(0, size, step), start=1):
                end = min(start + step, size)
                part = UploadPartCopy(
                    **self._origin(found),
                    copy_source_range=f"bytes={start}-{end - 1}",
                    customer_key=members.get("customer_key"),
                    part_number=number,
                    upload_id="",
                )
                await crew.start(partial(self._copy_part, upload, part, end - start, meter))
        assert upload.result is not None
        return upload.result

    @staticmethod
    async def _copy_part(upload: Multipart, part: UploadPartCopy, size: int, meter: Meter) -> None:
        await upload.copy_part(part, size)
        meter.add(size)

    async def _tags(self, found: HeadObjectResult) -> str:
        if found.tag_count == 0:
            return ""
        source = self.source
        tagging = GetObjectTagging(bucket=source.bucket, key=source.key, version_id=source.version_id)
        return tag_query({tag.key: tag.value for tag in (await self.caller.call(tagging)).tag_set})

    async def _copy_acl(self) -> None:
        # Loaded by those who copy grants only.
        from ..operations.access import AccessControlPolicy, GetObjectAcl, PutObjectAcl

        source, target = self.source, self.target
        acl = await self.caller.call(GetObjectAcl(bucket=source.bucket, key=source.key, version_id=source.version_id))
        policy = AccessControlPolicy(owner=acl.owner, grants=acl.grants)
        await self.caller.call(PutObjectAcl(bucket=target.bucket, key=target.key, access_control_policy=policy))

    async def move(self) -> TransferResult:
        """Copy, look at the copy, and only then delete the source.

        Raises:
            ObjectChanged: the source was replaced meanwhile; both are still there.
            TransferError: the copy is not what the source was; both are still there.
        """
        if (self.source.bucket, self.source.key) == (self.target.bucket, self.target.key):
            raise InvalidInput(f"{self.source.bucket}/{self.source.key} cannot be moved onto itself")
        before, result = await self.run_from()
        copy = await self._look(self.target, self.members.get("customer_key"))
        if copy.content_length != before.content_length or not _same(copy, before, result):
            raise TransferError(
                f"{self.target.bucket}/{self.target.key} is not what was copied: {copy.content_length} bytes, "
                f"{copy.etag}, instead of {before.content_length} bytes, {result.etag}; the source was not deleted"
            )
        now = await self._look(self.source, self.source_customer_key)
        if now.etag != before.etag:
            raise ObjectChanged(
                f"{self.source.bucket}/{self.source.key} was replaced while it was moved; it is there still"
            )
        source = self.source
        await self.caller.call(DeleteObject(bucket=source.bucket, key=source.key, version_id=source.version_id))
        return result


def _description(found: HeadObjectResult) -> dict[str, Any]:
    return {name: value for name in _DESCRIPTION if (value := getattr(found, name))}


def _same(copy: HeadObjectResult, before: HeadObjectResult, result: TransferResult) -> bool:
    """Tell if the copy is the object that was written, or has the source's ETag or checksum."""
    checksum = checksum_of(before)
    return copy.etag in (result.etag, before.etag) or (checksum is not None and checksum == checksum_of(copy))
