"""Those that stand on botocore: aiobotocore, aioboto3, s3fs; and boto3 in threads."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from .base import ACCESS, BUCKET, PART, PARTS_AT_ONCE, REGION, SECRET, Peer, Target, gathered


def _arguments(target: Target, config: Any) -> dict[str, Any]:
    return {
        "endpoint_url": target.url,
        "region_name": REGION,
        "aws_access_key_id": ACCESS,
        "aws_secret_access_key": SECRET,
        "verify": target.authority or None,
        "config": config,
    }


class Aiobotocore(Peer):
    """aiobotocore, with parts by hand: it has no transfers."""

    name = "aiobotocore"
    distribution = "aiobotocore"
    modules = ("aiobotocore.session", "aiobotocore.config")
    checksums: ClassVar[Mapping[str, str]] = {}

    async def open(self) -> None:
        """Make a client."""
        config = import_module("aiobotocore.config").AioConfig(
            s3={"addressing_style": "path"}, max_pool_connections=self.target.pool, **self.checksums
        )
        self._context = self._session().client("s3", **_arguments(self.target, config))
        self._client = await self._context.__aenter__()

    def _session(self) -> Any:
        session = import_module("aiobotocore.session").get_session()
        session.client = session.create_client
        return session

    async def close(self) -> None:
        """Close it."""
        await self._context.__aexit__(None, None, None)

    async def get(self, key: str) -> bytes:
        """Read an object."""
        answer = await self._client.get_object(Bucket=BUCKET, Key=key)
        async with answer["Body"] as body:
            read: bytes = await body.read()
            return read

    async def put(self, key: str, body: bytes) -> None:
        """Write one."""
        await self._client.put_object(Bucket=BUCKET, Key=key, Body=body)

    async def list_page(self) -> int:
        """List a page."""
        return len((await self._client.list_objects_v2(Bucket=BUCKET, Prefix="data"))["Contents"])

    async def download(self, key: str) -> int:
        """Stream."""
        size = 0
        answer = await self._client.get_object(Bucket=BUCKET, Key=key)
        async with answer["Body"] as body:
            async for chunk in body.content.iter_any() if hasattr(body, "content") else body.iter_chunks(1 << 20):
                size += len(chunk)
        return size

    async def download_parts(self, key: str, size: int, path: str) -> int:
        """Read ranges into memory."""

        async def part(at: int) -> int:
            span = f"bytes={at}-{min(at + PART, size) - 1}"
            answer = await self._client.get_object(Bucket=BUCKET, Key=key, Range=span)
            async with answer["Body"] as body:
                return len(await body.read())

        return sum(await gathered(part, range(0, size, PART)))

    async def upload(self, path: str) -> None:
        """Upload by one PUT."""
        with open(path, "rb") as file:  # noqa: ASYNC230, PTH123  # as its user would
            await self._client.put_object(Bucket=BUCKET, Key="up", Body=file)

    async def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        target = {"Bucket": BUCKET, "Key": "up"}
        target["UploadId"] = (await self._client.create_multipart_upload(**target))["UploadId"]
        descriptor = os.open(path, os.O_RDONLY)

        async def part(number: int) -> dict[str, Any]:
            body = os.pread(descriptor, PART, (number - 1) * PART)
            answer = await self._client.upload_part(**target, PartNumber=number, Body=body)
            return {"PartNumber": number, "ETag": answer["ETag"]}

        try:
            count = -(-os.fstat(descriptor).st_size // PART)
            parts = await gathered(part, range(1, count + 1))
        finally:
            os.close(descriptor)
        await self._client.complete_multipart_upload(**target, MultipartUpload={"Parts": parts})

    async def presign(self, key: str) -> str:
        """Sign a link."""
        wanted = {"Bucket": BUCKET, "Key": key}
        url: str = await self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=3600)
        return url


class AiobotocoreWithoutChecksums(Aiobotocore):
    """aiobotocore told to send and check no checksums beyond the signature, as other stores have it."""

    name = "aiobotocore-nock"
    distribution = ""
    checksums: ClassVar[Mapping[str, str]] = {
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
    }


class Aioboto3(Aiobotocore):
    """aioboto3: aiobotocore, with transfers of its own."""

    name = "aioboto3"
    distribution = "aioboto3"
    modules = ("aioboto3", "aiobotocore.config")

    def _session(self) -> Any:
        return import_module("aioboto3").Session()

    async def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        await self._client.upload_file(path, BUCKET, "up", Config=_transfers())


def _transfers() -> Any:
    return import_module("boto3.s3.transfer").TransferConfig(multipart_chunksize=PART, max_concurrency=PARTS_AT_ONCE)


class _Counter(io.RawIOBase):
    """Takes what is written, and counts it."""

    size = 0

    def writable(self) -> bool:
        return True

    def write(self, body: Any) -> int:
        self.size += len(body)
        return len(body)


class Boto3(Peer):
    """boto3, called from threads."""

    name = "boto3"
    distribution = "boto3"
    modules = ("boto3", "botocore.config")
    threads = True

    def open(self) -> None:
        """Make a client."""
        config = import_module("botocore.config").Config(
            s3={"addressing_style": "path"}, max_pool_connections=self.target.pool
        )
        self._client = import_module("boto3").client("s3", **_arguments(self.target, config))

    def close(self) -> None:
        """Close it."""
        self._client.close()

    def get(self, key: str) -> bytes:
        """Read an object."""
        body: bytes = self._client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def put(self, key: str, body: bytes) -> None:
        """Write one."""
        self._client.put_object(Bucket=BUCKET, Key=key, Body=body)

    def list_page(self) -> int:
        """List a page."""
        return len(self._client.list_objects_v2(Bucket=BUCKET, Prefix="data")["Contents"])

    def download(self, key: str) -> int:
        """Stream."""
        return sum(map(len, self._client.get_object(Bucket=BUCKET, Key=key)["Body"].iter_chunks(1 << 18)))

    def download_parts(self, key: str, size: int, path: str) -> int:
        """Read ranges, and drop them."""
        counter = _Counter()
        self._client.download_fileobj(BUCKET, key, counter, Config=_transfers())
        return counter.size

    def upload(self, path: str) -> None:
        """Upload by one PUT."""
        with Path(path).open("rb") as file:
            self._client.put_object(Bucket=BUCKET, Key="up", Body=file)

    def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        self._client.upload_file(path, BUCKET, "up", Config=_transfers())

    def presign(self, key: str) -> str:
        """Sign a link."""
        wanted = {"Bucket": BUCKET, "Key": key}
        url: str = self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=3600)
        return url


class S3fs(Peer):
    """s3fs with ``asynchronous=True``; downloads go to a file, it has no other."""

    name = "s3fs"
    distribution = "s3fs"
    modules = ("s3fs",)

    async def open(self) -> None:
        """Make the file system."""
        system = import_module("s3fs").S3FileSystem
        system.clear_instance_cache()
        client = {"region_name": REGION} | ({"verify": self.target.authority} if self.target.authority else {})
        self._system = system(
            key=ACCESS,
            secret=SECRET,
            endpoint_url=self.target.url,
            asynchronous=True,
            use_listings_cache=False,
            client_kwargs=client,
            config_kwargs={"s3": {"addressing_style": "path"}, "max_pool_connections": self.target.pool},
            max_concurrency=PARTS_AT_ONCE,
        )
        self._session = await self._system.set_session()

    async def close(self) -> None:
        """Close the client."""
        await self._session.close()

    async def get(self, key: str) -> bytes:
        """Read an object."""
        body: bytes = await self._system._cat_file(f"{BUCKET}/{key}")
        return body

    async def put(self, key: str, body: bytes) -> None:
        """Write one."""
        await self._system._pipe_file(f"{BUCKET}/{key}", body)

    async def list_page(self) -> int:
        """List a page."""
        return len(await self._system._lsdir(f"{BUCKET}/data", refresh=True, delimiter=""))

    async def download_parts(self, key: str, size: int, path: str) -> int:
        """Download to a file, by ranges."""
        await self._system._get_file(f"{BUCKET}/{key}", path, chunksize=PART, max_concurrency=PARTS_AT_ONCE)
        return os.stat(path).st_size  # noqa: PTH116  # one call

    async def upload_parts(self, path: str) -> None:
        """Upload by parts."""
        await self._system._put_file(path, f"{BUCKET}/up", chunksize=PART, max_concurrency=PARTS_AT_ONCE)

    async def presign(self, key: str) -> str:
        """Sign a link."""
        url: str = await self._system._url(f"{BUCKET}/{key}", expires=3600)
        return url
