"""A program for the tests of memory and of crashes: one piece of work on a store, in a process of its own.

    python -m tests.transfers.heavy WORK ENDPOINT BUCKET [ARGUMENT ...]

It prints by how many MiB the process has grown since just before the work began, at its peak.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from aios3 import Bucket
from aios3.protocol.dialects import Dialect

MIB = 1024 * 1024
PIECE = bytes(range(256)) * 1024


async def generated(size: int) -> AsyncIterator[bytes]:
    """Give *size* bytes, without telling how many."""
    for _ in range(size // len(PIECE)):
        yield PIECE


async def list_keys(bucket: Bucket, count: str) -> None:
    """Walk a listing that long."""
    found = 0
    async for _ in bucket.keys():
        found += 1
    assert found == int(count), found


async def upload_generated(bucket: Bucket, mib: str) -> None:
    """Upload from a generator of unknown length."""
    result = await bucket.upload("generated", generated(int(mib) * MIB), part_size=8 * MIB, concurrency=8)
    assert result.size == int(mib) * MIB


async def download(bucket: Bucket, key: str, path: str) -> None:
    """Download into a file."""
    await bucket.download_file(key, Path(path))


async def resume_download(bucket: Bucket, key: str, path: str) -> None:
    """Download into a file, with a journal."""
    await bucket.download_file(key, Path(path), part_size=MIB, concurrency=2, resume=True)


async def resume_upload(bucket: Bucket, key: str, path: str) -> None:
    """Upload a file, going on with what is there."""
    await bucket.upload(key, Path(path), part_size=5 * MIB, concurrency=2, resume=True)


async def sync(bucket: Bucket, up: str, down: str) -> None:
    """Bring a folder up, and down again."""
    await bucket.sync(Path(up), "tree/")
    await bucket.sync("tree/", Path(down))


WORK = {work.__name__: work for work in (list_keys, upload_generated, download, resume_download, resume_upload, sync)}


def peak() -> int:
    """Return the most memory that this process has had since it was forgotten, in KiB; getrusage counts the parent's."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


def forgotten_peak() -> int:
    """Forget the peak, as proc(5) has it; return what there is now."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


async def main() -> None:
    """Do it."""
    work, endpoint, name, *arguments = sys.argv[1:]
    async with Bucket(name, aws_endpoint=endpoint, proxy=False, dialect=Dialect()) as bucket:
        await bucket.exists("warm")
        before = forgotten_peak()
        await WORK[work](bucket, *arguments)
        sys.stdout.write(f"{(peak() - before) // 1024}\n")


if __name__ == "__main__":
    asyncio.run(main())
