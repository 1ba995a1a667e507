"""Files in a bucket."""

from __future__ import annotations

import asyncio
import mimetypes
from io import BytesIO
from types import TracebackType
from typing import BinaryIO, Self, cast
from urllib.parse import quote

from ..client import Client
from ..errors import InvalidRange, NoSuchKey
from ..operations.objects import GetObject, ObjectCannedACL
from .base import BaseStorage
from .names import safe_name
from .sources import check_file, rewind

_DEFAULT_TYPE = "application/octet-stream"


class S3Storage(BaseStorage):
    """Files in one bucket of any S3 store, by one client with its connections.

    The constructor does no I/O and needs no running loop, so a storage can live at module scope. ``await close()`` when
    done, or use ``async with``.

    Args:
        bucket_name: Name of the bucket, which must exist.
        endpoint_url: ``host`` or ``host:port`` of the store, without protocol; None is the environment's, or AWS.
        aws_access_key_id, aws_secret_access_key: Keys; without them those that the AWS CLI would find.
        region_name: The bucket's region; without it the environment's, or the one that the store names.
        use_ssl: Ask by https, or by http; an endpoint of the environment says so itself.
        default_acl: A canned ACL for every file that is uploaded, such as ``public-read``.
        custom_domain: Links are of this domain, a CDN's for example: get_path signs nothing then.
        querystring_auth: Links are presigned, for an hour.
    Raises:
        AssertionError: the endpoint has a protocol.
        InvalidInput: the bucket cannot have this name, or a key comes without its secret.
    """

    def __init__(
        self,
        bucket_name: str,
        endpoint_url: str | None = None,
        aws_access_key_id: str | None = None,
        aws_secret_access_key: str | None = None,
        region_name: str | None = None,
        use_ssl: bool = True,
        default_acl: str | None = None,
        custom_domain: str | None = None,
        querystring_auth: bool = False,
    ) -> None:
        if endpoint_url and "://" in endpoint_url:
            raise AssertionError("Endpoint should not contain protocol")
        self._scheme = "https" if use_ssl else "http"
        self._client = Client(
            aws_key=aws_access_key_id or None,
            aws_secret=aws_secret_access_key or None,
            aws_region=region_name or None,
            aws_endpoint=f"{self._scheme}://{endpoint_url.strip('/')}" if endpoint_url else None,
            use_ssl=bool(use_ssl),
        )
        self._bucket = self._client.bucket(bucket_name)
        self._acl = cast("ObjectCannedACL | None", default_acl or None)
        self._domain = custom_domain and custom_domain.strip("/")
        self._signs = querystring_auth

    def get_name(self, name: str) -> str:
        """Return *name* made safe.

        Raises:
            ValueError: nothing remains, or more than 1,024 characters.
        """
        return safe_name(name)

    async def get_path(self, name: str) -> str:
        """Return the file's URL: of the custom domain, presigned, or the plain one.

        Raises:
            CredentialsError: there are no keys to sign with.
        """
        key = self.get_name(name)
        if self._domain:
            return f"{self._scheme}://{self._domain}/{quote(key)}"
        if self._signs:
            return str(await self._bucket.presign(key))
        return await self._client.url(GetObject(bucket=self._bucket.name, key=key))

    async def get_size(self, name: str) -> int:
        """Return the file's bytes; 0 if there is none.

        Raises:
            ServiceError: S3 said no.
        """
        try:
            return (await self._bucket.head(self.get_name(name))).size or 0
        except NoSuchKey:
            return 0

    async def open(self, name: str) -> BytesIO:
        """Return the file, read.

        Raises:
            FileNotFoundError: there is none.
            ServiceError: S3 said no.
        """
        return BytesIO(await self._bucket.get(self.get_name(name)))

    async def read(self, name: str, start: int, end: int) -> bytes:
        """Return the bytes from *start* to *end*, and fetch no others; errors as of open."""
        try:
            return await self._bucket.get(self.get_name(name), start=start, end=end)
        except InvalidRange:
            return b""

    async def upload(self, file: BinaryIO, name: str) -> str:
        """Store the file: a small one by one request, a large one in parts, read as it is sent.

        Its content type is guessed by the name.

        Raises:
            InvalidInput: the name or the file cannot be used.
            ServiceError, TransportError: S3 said no, or nothing; nothing of the file is there.
        """
        key = self.get_name(name)
        check_file(file)
        kind = _type_of(key)
        if type(file) is BytesIO:
            await self._bucket.upload(key, file.getvalue(), content_type=kind, acl=self._acl)
        else:
            await asyncio.to_thread(rewind, file)
            await self._bucket.upload(key, file, content_type=kind, acl=self._acl)
        return key

    async def delete(self, name: str) -> None:
        """Delete the file; none is no error.

        Raises:
            ServiceError: S3 said no.
        """
        await self._bucket.delete(self.get_name(name))

    async def close(self) -> None:
        """Close the connections. Idempotent."""
        await self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _type_of(key: str) -> str:
    kind, packed = mimetypes.guess_type(key)
    # Of what is packed the type is the packing's: a browser would take a.tar.gz for a plain tar.
    return {None: kind, "gzip": "application/gzip"}.get(packed) or _DEFAULT_TYPE


__all__ = ["S3Storage"]
