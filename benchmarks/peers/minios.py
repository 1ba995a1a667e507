"""MinIO's clients: minio in threads, and miniopy-async."""

from __future__ import annotations

import io
from datetime import timedelta
from importlib import import_module

from .base import ACCESS, BUCKET, PART, PARTS_AT_ONCE, REGION, SECRET, Peer


class Minio(Peer):
    """minio, called from threads."""

    name = "minio"
    distribution = "minio"
    modules = ("minio", "urllib3")
    threads = True

    def open(self) -> None:
        """Make a client."""
        trust = {"cert_reqs": "CERT_REQUIRED", "ca_certs": self.target.authority} if self.target.authority else {}
        self._client = import_module("minio").Minio(
            endpoint=self.target.host,
            access_key=ACCESS,
            secret_key=SECRET,
            secure=bool(self.target.authority),
            region=REGION,
            http_client=import_module("urllib3").PoolManager(maxsize=self.target.pool, **trust),
        )

    def close(self) -> None:
        """Let go of it."""
        del self._client

    def get(self, key: str) -> bytes:
        """Read an object."""
        response = self._client.get_object(bucket_name=BUCKET, object_name=key)
        try:
            body: bytes = response.read()
            return body
        finally:
            response.close()
            response.release_conn()

    def put(self, key: str, body: bytes) -> None:
        """Write one."""
        self._client.put_object(bucket_name=BUCKET, object_name=key, data=io.BytesIO(body), length=len(body))

    def list_page(self) -> int:
        """List a page."""
        return sum(1 for _ in self._client.list_objects(bucket_name=BUCKET, prefix="data", recursive=True))

    def download(self, key: str) -> int:
        """Stream."""
        response = self._client.get_object(bucket_name=BUCKET, object_name=key)
        try:
            return sum(map(len, response.stream(1 << 18)))
        finally:
            response.close()
            response.release_conn()

    def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        self._client.fput_object(
            bucket_name=BUCKET,
            object_name="up",
            file_path=path,
            part_size=PART,
            num_parallel_uploads=PARTS_AT_ONCE,
        )

    def presign(self, key: str) -> str:
        """Sign a link."""
        hour = timedelta(hours=1)
        url: str = self._client.presigned_get_object(bucket_name=BUCKET, object_name=key, expires=hour)
        return url


class MiniopyAsync(Peer):
    """miniopy-async."""

    name = "miniopy-async"
    distribution = "miniopy-async"
    modules = ("miniopy_async",)
    tls = False

    async def open(self) -> None:
        """Make a client."""
        self._client = import_module("miniopy_async").Minio(
            self.target.host, ACCESS, SECRET, secure=False, region=REGION
        )

    async def close(self) -> None:
        """Close its session."""
        await self._client.close_session()

    async def get(self, key: str) -> bytes:
        """Read an object."""
        response = await self._client.get_object(BUCKET, key)
        try:
            body: bytes = await response.read()
            return body
        finally:
            response.release()

    async def put(self, key: str, body: bytes) -> None:
        """Write one."""
        await self._client.put_object(BUCKET, key, io.BytesIO(body), len(body))

    async def list_page(self) -> int:
        """List a page."""
        return len([found async for found in self._client.list_objects(BUCKET, "data", recursive=True)])

    async def download(self, key: str) -> int:
        """Stream."""
        size = 0
        response = await self._client.get_object(BUCKET, key)
        try:
            async for chunk in response.content.iter_any():
                size += len(chunk)
        finally:
            response.release()
        return size

    async def upload_parts(self, path: str) -> None:
        """Upload by parts, as many at once as it likes."""
        await self._client.fput_object(BUCKET, "up", path, part_size=PART)

    async def presign(self, key: str) -> str:
        """Sign a link."""
        url: str = await self._client.presigned_get_object(BUCKET, key, timedelta(hours=1))
        return url
