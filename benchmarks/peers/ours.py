"""aios3, through Bucket with its default options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .base import ACCESS, BUCKET, PART, PARTS_AT_ONCE, REGION, SECRET, Peer


class Aios3(Peer):
    """This project."""

    name = "aios3"
    modules = ("aios3",)
    uploads = ("signed", "unsigned")

    async def open(self) -> None:
        """Make the bucket; an option only where a workload is about it."""
        from aios3 import Bucket

        options: dict[str, Any] = {} if self.target.signed else {"payload_signing": "unsigned"}
        if self.target.authority:
            options["verify"] = self.target.authority
        if self.target.held:
            options["max_connections"] = self.target.connections
        self._bucket = Bucket(
            BUCKET, aws_key=ACCESS, aws_secret=SECRET, aws_region=REGION, aws_endpoint=self.target.url, **options
        )

    async def close(self) -> None:
        """Close it."""
        await self._bucket.close()

    async def get(self, key: str) -> bytes:
        """Read an object."""
        return await self._bucket.get(key)

    async def put(self, key: str, body: bytes) -> None:
        """Write one."""
        await self._bucket.put(key, body)

    async def list_page(self) -> int:
        """List a page."""
        return len(await self._bucket.list("data", max_keys=1000))

    async def download(self, key: str) -> int:
        """Stream."""
        size = 0
        async with self._bucket.download(key) as stream:
            async for chunk in stream:
                size += len(chunk)
        return size

    async def download_parts(self, key: str, size: int, path: str) -> int:
        """Download to a file, by ranges."""
        return (await self._bucket.download_file(key, path, part_size=PART, concurrency=PARTS_AT_ONCE)).size

    async def upload(self, path: str) -> None:
        """Upload by one PUT."""
        await self._bucket.put("up", Path(path))

    async def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        await self._bucket.upload("up", Path(path), part_size=PART, concurrency=PARTS_AT_ONCE)

    async def presign(self, key: str) -> str:
        """Sign a link."""
        return await self._bucket.presign(key, expires_in=3600)
