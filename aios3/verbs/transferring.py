"""A bucket's verbs that move objects of any size between it and this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Unpack

from ..errors import InvalidInput
from ..operations.groups import CustomerKey
from ..operations.listing import Key, ObjectVersion
from ..operations.multipart import CreateMultipartUpload
from ..settings import time_limit
from ..transfers.downloads import Download
from ..transfers.multipart import Multipart
from ..transfers.pace import Bandwidth, bandwidth_of
from ..transfers.results import Progress, TransferResult
from ..transfers.sizes import PART_SIZE
from ..transfers.sources import AnySource
from ..transfers.uploads import Upload
from .base import Verbs, checked_name, customer_key_of, object_version
from .options import ObjectOptions, members_of


class Transferring(Verbs):
    """Upload from anything, download into files, send parts by hand."""

    async def upload(
        self,
        key: str | Key,
        source: AnySource,
        *,
        part_size: int = PART_SIZE,
        concurrency: int = 8,
        progress: Progress | None = None,
        resume: bool = False,
        bandwidth: Bandwidth | float | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
        timeout: float | None = None,
        **options: Unpack[ObjectOptions],
    ) -> TransferResult:
        """Store an object of any size from any source: whole or not at all.

        What fits one part is one request; the rest goes in parts, of which *concurrency* are sent at once. Of a source
        that can be read only once, two more than that are in memory; files are read as they are sent. An error or a
        cancellation ends the requests, and takes the parts back.

        Args:
            source: Bytes-like, a Path, a binary file (from where it stands), an iterable of bytes, or an async file,
                iterable, StreamReader or ObjectStream. It may be of unknown length.
            part_size: Bytes per part, 5 MiB to 5 GiB; more where the object would have more than 10,000.
            progress: Called with the bytes done and the bytes in all, None where nobody knows; of nothing once, with 0, 0.
            resume: Go on with the newest unfinished upload of this key: parts that are there already, by size and MD5,
                are not sent again. If it fails, the parts are kept, and the upload's id is at ``error.upload_id``.
            bandwidth: Bytes per second at most, or a Bandwidth to share with other transfers.
            if_match, if_none_match: As in put.
            options: As in put: content_type, metadata, tags, storage_class, acl, encryption, customer_key, checksum and
                so on.
        Raises:
            InvalidInput: it is no source, or gives something else than bytes.
            SourceChanged: it gave more or less than it said, or a file was changed meanwhile.
            TransferError: it has more parts than S3 takes.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
        """
        conditions = {"if_match": if_match, "if_none_match": if_none_match}
        upload = Upload(
            caller=self.client,
            bucket=self.name,
            key=checked_name(key),
            members=members_of(options),
            conditions={name: value for name, value in conditions.items() if value is not None},
            part_size=part_size,
            concurrency=concurrency,
            progress=progress,
            bandwidth=bandwidth_of(bandwidth),
            resume=resume,
        )
        async with time_limit(timeout):
            return await upload.run(source)

    def multipart(self, key: str | Key, *, upload_id: str | None = None, **options: Unpack[ObjectOptions]) -> Multipart:
        """Send an object's parts by hand: ``async with bucket.multipart(key) as upload: await upload.part(data)``.

        Leaving the context completes the object, ``upload.result`` says what it became; leaving it by an error aborts.

        Args:
            upload_id: Go on with an upload that was begun before; its parts are in ``upload.parts``.
            options: As in upload.
        """
        operation = CreateMultipartUpload(bucket=self.name, key=checked_name(key), **members_of(options))
        return Multipart(self.client, operation, upload_id=upload_id)

    async def download_file(
        self,
        key: str | Key | ObjectVersion,
        path: str | os.PathLike[str],
        *,
        part_size: int = PART_SIZE,
        concurrency: int = 8,
        progress: Progress | None = None,
        resume: bool = False,
        bandwidth: Bandwidth | float | None = None,
        version_id: str | None = None,
        if_match: str | None = None,
        customer_key: CustomerKey | bytes | None = None,
        timeout: float | None = None,
    ) -> TransferResult:
        """Write an object to a file: parts of it at once, all of one ETag.

        The bytes go to a file beside *path*, which takes its place when all of them are on disk: *path* is never half of
        an object, and what it was before stays until then.

        Args:
            path: The folder must be there.
            resume: If this fails or the machine does, keep what has arrived (as ``<path>.aios3-part``), and go on from
                there the next time.
            part_size, concurrency, progress, bandwidth: As in upload.
            key, version_id, if_match, customer_key: As in get.
        Raises:
            InvalidInput: *path* is none of a file.
            NoSuchKey: nothing is stored under *key*.
            ObjectChanged: the object was replaced meanwhile.
            ChecksumMismatch: what is on disk is not what was stored, by the checksum that S3 sent with it.
            OSError: the file cannot be written; nothing is left behind.
        """
        name, version = object_version(key, version_id)
        own_key = customer_key_of(customer_key)
        members: dict[str, Any] = {"version_id": version, "if_match": if_match, "customer_key": own_key}
        download = Download(
            caller=self.client,
            bucket=self.name,
            key=checked_name(name),
            members={name: value for name, value in members.items() if value is not None},
            part_size=part_size,
            concurrency=concurrency,
            progress=progress,
            bandwidth=bandwidth_of(bandwidth),
            resume=resume,
        )
        async with time_limit(timeout):
            return await download.run(_file_at(path))


def _file_at(path: str | os.PathLike[str]) -> Path:
    try:
        found = Path(path)
    except TypeError:
        raise InvalidInput(f"path must be a str or a Path, not {type(path).__name__}") from None
    if not found.name or "\0" in found.name:
        raise InvalidInput(f"path {os.fspath(path)!r} cannot be that of a file")
    return found
