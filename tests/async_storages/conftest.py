"""Every storage, empty: the contract's tests run on each of them."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest

from aios3.async_storages import BaseStorage, FileSystemStorage, MemoryStorage, S3Storage
from tests import oracle
from tests.servers import Server

SERVERS = ("moto", "ministack", "radosgw")
STORAGES = (*SERVERS, "filesystem", "memory", "own")


class OwnStorage(BaseStorage):
    """What somebody may write who has read BaseStorage alone."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def get_name(self, name: str) -> str:
        safe = "/".join(
            part for part in name.split("/") if part.isalnum() or part.strip(". ").replace(".", "").isalnum()
        )
        if not safe:
            raise ValueError("no name")
        return safe

    async def get_path(self, name: str) -> str:
        return f"own://{self.get_name(name)}"

    async def get_size(self, name: str) -> int:
        return len(self.files.get(self.get_name(name), b""))

    async def open(self, name: str) -> BytesIO:
        if self.get_name(name) not in self.files:
            raise FileNotFoundError(name)
        return BytesIO(self.files[self.get_name(name)])

    async def upload(self, file: BinaryIO, name: str) -> str:
        safe = self.get_name(name)
        data = await asyncio.to_thread(file.read)
        if not isinstance(data, bytes):
            raise ValueError("text")  # noqa: TRY004  # as the contract has it
        self.files[safe] = data
        return safe

    async def delete(self, name: str) -> None:
        self.files.pop(self.get_name(name), None)


def s3_of(server: Server, bucket: str, **more: object) -> S3Storage:
    """Return a storage in a bucket of *server*."""
    options: dict[str, object] = {
        "endpoint_url": server.endpoint.partition("://")[2],
        "aws_access_key_id": server.access_key,
        "aws_secret_access_key": server.secret_key,
        "use_ssl": False,
        **more,
    }
    return S3Storage(bucket, **options)  # type: ignore[arg-type]  # each of its own type


@pytest.fixture
async def storage(request: pytest.FixtureRequest, tmp_path: Path, bucket_name: str) -> AsyncIterator[BaseStorage]:
    """The storage named by an indirect parametrisation."""
    if request.param not in SERVERS:
        yield {"filesystem": lambda: FileSystemStorage(tmp_path / "root"), "memory": MemoryStorage, "own": OwnStorage}[
            request.param
        ]()
        return
    server: Server = request.getfixturevalue(request.param)
    async with s3_of(server, oracle.make_bucket(server, bucket_name)) as opened:
        yield opened
