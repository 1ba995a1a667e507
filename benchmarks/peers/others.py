"""Clients on engines of their own: obstore (Rust), awscrt (C), aiohttp-s3-client."""

from __future__ import annotations

import asyncio
import io
import os
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from .base import ACCESS, BUCKET, PART, PARTS_AT_ONCE, REGION, SECRET, Peer, gathered


class Obstore(Peer):
    """obstore: Rust's object_store."""

    name = "obstore"
    distribution = "obstore"
    modules = ("obstore", "obstore.store")
    uploads = ("signed", "unsigned")

    async def open(self) -> None:
        """Make a store."""
        self._obstore = import_module("obstore")
        options: dict[str, Any] = {"allow_http": True}
        if self.target.authority:
            options["root_certificate"] = Path(self.target.authority).read_bytes()  # noqa: ASYNC240  # once, and small
        self._store = import_module("obstore.store").S3Store(
            BUCKET,
            endpoint=self.target.url,
            region=REGION,
            access_key_id=ACCESS,
            secret_access_key=SECRET,
            virtual_hosted_style_request=False,
            unsigned_payload=not self.target.signed,
            client_options=options,
        )

    async def close(self) -> None:
        """Let go of it."""
        del self._store

    async def get(self, key: str) -> Any:
        """Read an object, as its own kind of bytes."""
        return await (await self._obstore.get_async(self._store, key)).bytes_async()

    async def put(self, key: str, body: bytes) -> None:
        """Write one."""
        await self._obstore.put_async(self._store, key, body)

    async def list_page(self) -> int:
        """List a page."""
        return sum([len(page) async for page in self._obstore.list(self._store, "data", chunk_size=1000)])

    async def download(self, key: str) -> int:
        """Stream."""
        size = 0
        async for chunk in (await self._obstore.get_async(self._store, key)).stream(min_chunk_size=1 << 18):
            size += len(chunk)
        return size

    async def download_parts(self, key: str, size: int, path: str) -> int:
        """Read ranges into memory."""

        async def part(at: int) -> int:
            end = min(at + PART, size)
            return len(await self._obstore.get_range_async(self._store, key, start=at, end=end))

        return sum(await gathered(part, range(0, size, PART)))

    async def upload(self, path: str) -> None:
        """Upload by one PUT."""
        with open(path, "rb") as file:  # noqa: ASYNC230, PTH123  # read in its own threads
            await self._obstore.put_async(self._store, "up", file, use_multipart=False)

    async def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        await self._obstore.put_async(
            self._store, "up", Path(path), use_multipart=True, chunk_size=PART, max_concurrency=PARTS_AT_ONCE
        )

    async def presign(self, key: str) -> str:
        """Sign a link."""
        url: str = self._obstore.sign(self._store, "GET", key, timedelta(hours=1))
        return url


class Awscrt(Peer):
    """awscrt's S3Client, the engine of boto3's ``[crt]``; its downloads of many parts stall at this server."""

    name = "awscrt"
    distribution = "awscrt"
    modules = ("awscrt.s3", "awscrt.auth", "awscrt.http")
    uploads = ("unsigned",)
    tls = False

    async def open(self) -> None:
        """Make a client."""
        self._s3, self._http = import_module("awscrt.s3"), import_module("awscrt.http")
        keys = import_module("awscrt.auth").AwsCredentialsProvider.new_static(ACCESS, SECRET)
        self._client = self._s3.S3Client(
            region=REGION,
            tls_mode=self._s3.S3RequestTlsMode.DISABLED,
            signing_config=self._s3.create_default_s3_signing_config(region=REGION, credential_provider=keys),
            part_size=PART,
            throughput_target_gbps=10,
        )

    async def close(self) -> None:
        """Let go of it."""
        del self._client

    async def _call(self, kind: Any, method: str, key: str, size: int | None = None, **options: Any) -> bytes:
        fields = [("host", self.target.host)]
        if size is not None:
            fields += [("Content-Length", str(size)), ("Content-Type", "application/octet-stream")]
        body = options.pop("body", None)
        request = self._http.HttpRequest(method, f"/{BUCKET}/{key}", self._http.HttpHeaders(fields), body)
        received: list[bytes] = []
        statuses: list[int] = []
        sent = self._client.make_request(
            type=kind,
            request=request,
            on_body=lambda chunk, offset, **_: received.append(chunk),
            on_headers=lambda status_code, headers, **_: statuses.append(status_code),
            **options,
        )
        await asyncio.wrap_future(sent.finished_future)
        if not statuses or statuses[-1] >= 300:
            raise RuntimeError(f"awscrt: {method} {key}: {statuses}")
        return b"".join(received)

    async def get(self, key: str) -> bytes:
        """Read an object."""
        return await self._call(self._s3.S3RequestType.GET_OBJECT, "GET", key)

    async def put(self, key: str, body: bytes) -> None:
        """Write one; its default does not hash the body."""
        await self._call(self._s3.S3RequestType.PUT_OBJECT, "PUT", key, len(body), body=io.BytesIO(body))

    async def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        size = os.stat(path).st_size  # noqa: PTH116  # one call
        await self._call(self._s3.S3RequestType.PUT_OBJECT, "PUT", "up", size, send_filepath=path)


class AiohttpS3Client(Peer):
    """aiohttp-s3-client."""

    name = "aiohttp-s3-client"
    distribution = "aiohttp-s3-client"
    modules = ("aiohttp_s3_client", "aiohttp")
    uploads = ("signed", "unsigned")

    async def open(self) -> None:
        """Open a session and a client."""
        aiohttp = import_module("aiohttp")
        connector = aiohttp.TCPConnector(limit=self.target.pool, ssl=self.target.tls)
        self._session = aiohttp.ClientSession(connector=connector)
        self._client = import_module("aiohttp_s3_client").S3Client(
            session=self._session,
            url=f"{self.target.url}/{BUCKET}",
            access_key_id=ACCESS,
            secret_access_key=SECRET,
            region=REGION,
        )

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    async def get(self, key: str) -> bytes:
        """Read an object."""
        async with self._client.get(key) as response:
            body: bytes = await response.read()
            return body

    async def put(self, key: str, body: bytes) -> None:
        """Write one."""
        async with self._client.put(key, body) as response:
            response.raise_for_status()

    async def list_page(self) -> int:
        """List a page."""
        return sum([len(found) async for found, _ in self._client.list_objects_v2(prefix="data")])

    async def download(self, key: str) -> int:
        """Stream."""
        size = 0
        async with self._client.get(key) as response:
            async for chunk in response.content.iter_any():
                size += len(chunk)
        return size

    async def download_parts(self, key: str, size: int, path: str) -> int:
        """Download to a file, by ranges."""
        await self._client.get_file_parallel(key, path, range_step=PART, workers_count=PARTS_AT_ONCE)
        return os.stat(path).st_size  # noqa: PTH116  # one call

    async def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        await self._client.put_file_multipart(
            "up",
            path,
            part_size=PART,
            workers_count=PARTS_AT_ONCE,
            calculate_content_sha256=self.target.signed,
        )

    async def presign(self, key: str) -> str:
        """Sign a link."""
        return str(self._client.presign_url("GET", f"{self.target.url}/{BUCKET}/{key}", expires=3600))
