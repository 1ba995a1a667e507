"""One object from any source: by one request where it is small, in parts where it is not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from hashlib import md5
from mmap import mmap
from typing import Any

from ..caller import Caller
from ..errors import TransferError
from ..files import FilePart, new_buffer
from ..operations.listing import EncodingType
from ..operations.multipart import CreateMultipartUpload, ListMultipartUploads, MultipartUpload, Part
from ..operations.objects import PutObject
from ..protocol.http1 import body_length
from ..protocol.messages import Buffer, RequestBody
from ..protocol.values import Value
from ..threads import in_turn
from .crew import Crew, whole_number
from .multipart import Multipart, checksum_of
from .pace import Bandwidth, Paced
from .results import Meter, Progress, TransferResult
from .sizes import PART_SIZE, PartSizes
from .sources import AnySource, Source, opened

# Parts of a file up to this size are read as a whole.
_IN_MEMORY = 16 * 1024**2


class Upload(Value):
    """How one object is uploaded.

    Args:
        members: What PutObject and CreateMultipartUpload are told alike.
        conditions: What PutObject and CompleteMultipartUpload are: if_match, if_none_match.
        resume: Go on with the newest unfinished upload of the key, and keep it if this fails.
    """

    caller: Caller
    bucket: str
    key: str
    members: Mapping[str, Any] = {}
    conditions: Mapping[str, Any] = {}
    part_size: int = PART_SIZE
    concurrency: int = 8
    progress: Progress | None = None
    bandwidth: Bandwidth | None = None
    resume: bool = False

    async def run(self, source: AnySource) -> TransferResult:
        """Send *source* to its end."""
        whole_number("concurrency", self.concurrency)
        async with opened(source) as pieces:
            sizes = PartSizes(pieces.length, self.part_size, self.caller.dialect)
            meter = Meter(self.progress, pieces.length)
            # In a list, to be taken out of it: a name would keep the part in memory until the last one is sent.
            first = [await pieces.take(sizes.of(1))]
            if pieces.ended:
                return await self._put(first.pop(), meter)
            return await self._in_parts(first, pieces, sizes, meter)

    async def _put(self, body: Buffer | FilePart, meter: Meter) -> TransferResult:
        operation = PutObject(
            bucket=self.bucket, key=self.key, body=self._paced(body), **self.members, **self.conditions
        )
        result = await self.caller.call(operation)
        size = body_length(body)
        meter.add(size)
        meter.end()
        return TransferResult(
            key=self.key, etag=result.etag, version_id=result.version_id, size=size, checksum=checksum_of(result)
        )

    async def _in_parts(
        self, first: list[Buffer | FilePart], source: Source, sizes: PartSizes, meter: Meter
    ) -> TransferResult:
        unfinished = await self._unfinished() if self.resume else None
        create = CreateMultipartUpload(bucket=self.bucket, key=self.key, **self.members)
        upload = Multipart(
            self.caller,
            create,
            upload_id=unfinished.upload_id if unfinished else None,
            keep=self.resume,
            conditions=self.conditions,
        )
        async with upload:
            stored, upload.parts = upload.parts, {}
            buffers: list[mmap] = []
            send = partial(self._send, upload, stored, meter, buffers)
            async with Crew(self.concurrency) as crew:
                number = 1
                await crew.start(partial(send, number, first.pop()))
                while not source.ended:
                    number += 1
                    if number > sizes.most:
                        raise TransferError(
                            f"{self.bucket}/{self.key} has more than {sizes.most} parts: {meter.done} bytes"
                        )
                    size = sizes.of(number)
                    await crew.start(partial(send, number, await source.take(size)))
            # Giving so much memory back takes milliseconds.
            await asyncio.to_thread(buffers.clear)
            await source.check()
        assert upload.result is not None
        return upload.result

    async def _send(
        self,
        upload: Multipart,
        stored: Mapping[int, Part],
        meter: Meter,
        buffers: list[mmap],
        number: int,
        part: Buffer | FilePart,
    ) -> None:
        known = stored.get(number)
        if known is not None and await self._is_same(known, part):
            upload.parts[number] = known
        elif isinstance(part, FilePart) and part.length <= _IN_MEMORY and not self._by_the_system:
            # At once rather than piece by piece, into memory that an earlier part has left.
            # The last part's is shorter than the others.
            buffer = buffers.pop() if buffers and len(buffers[-1]) >= part.length else new_buffer(part.length)
            await upload.part(self._paced(await part.read_into(buffer)), number)
            buffers.append(buffer)
        else:
            await upload.part(self._paced(part), number)
        meter.add(body_length(part))

    @property
    def _by_the_system(self) -> bool:
        """Parts of a file need not come into memory: the system sends them as they stand on disk."""
        checked = self.members.get("checksum_algorithm") is not None
        return self.bandwidth is None and self.caller.sends_files(checked=checked)

    def _paced(self, body: Buffer | FilePart) -> Buffer | RequestBody:
        return body if self.bandwidth is None else Paced(body, self.bandwidth)

    # -------------------------------------------------------------- resuming
    async def _unfinished(self) -> MultipartUpload | None:
        """Return the newest upload of the key that was begun and not ended."""
        encoding: EncodingType | None = "url" if self.caller.dialect.uploads_url_encode else None
        listing = ListMultipartUploads(bucket=self.bucket, prefix=self.key, encoding_type=encoding)
        found: MultipartUpload | None = None
        async for page in self.caller.pages(listing):
            for upload in page.uploads:
                if upload.key == self.key and (found is None or _begun(upload) >= _begun(found)):
                    found = upload
        return found

    async def _is_same(self, stored: Part, part: Buffer | FilePart) -> bool:
        """Tell if a part is there already: of this size, and an ETag that is the MD5 of its bytes."""
        if stored.size != body_length(part) or not self.caller.dialect.etag_md5:
            return False
        digest = await (part.md5() if isinstance(part, FilePart) else in_turn(_md5, part))
        return (stored.etag or "").strip('"') == digest


def _begun(upload: MultipartUpload) -> float:
    return upload.initiated.timestamp() if upload.initiated else 0.0


def _md5(data: Buffer) -> str:
    return md5(data, usedforsecurity=False).hexdigest()
