"""Large objects and trees of files: up, down, copied and synchronised, with a bar of progress.

    python examples/transfers.py http://127.0.0.1:9000 my-bucket

Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. With tqdm installed there is its bar, else a line in the end.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from aios3 import Bandwidth, Bucket


class Bar:
    """A progress function that moves a bar of tqdm, whose update() wants what has come since the last time.

    One bar can serve many transfers: give each a function of its own, ``bar.of()``.
    """

    def __init__(self, title: str) -> None:
        try:
            tqdm: Any = importlib.import_module("tqdm").tqdm
        except ImportError:
            tqdm = None
        self._bar = tqdm(desc=title, unit="B", unit_scale=True) if tqdm else None
        self._title = title
        self.done = 0

    def of(self) -> Any:
        """Return a progress function for one transfer."""
        before = 0

        def progress(done: int, total: int | None) -> None:
            nonlocal before
            self.done += done - before
            if self._bar is not None:
                self._bar.update(done - before)
            before = done

        return progress

    def close(self) -> None:
        """Leave the bar as it is, or say how many bytes it were."""
        if self._bar is not None:
            self._bar.close()
        print(f"{self._title}: {self.done} bytes")


async def numbers() -> AsyncIterator[bytes]:
    """Give bytes without knowing how many they will be."""
    for number in range(200):
        yield f"{number}\n".encode() * 20_000


async def objects(bucket: Bucket, folder: Path) -> None:
    """One large object: from a generator, to a file, and copied without coming here."""
    bar = Bar("one object")
    result = await bucket.upload("large/numbers", numbers(), part_size=5 << 20, progress=bar.of())
    print(f"sent {result.size} bytes in {result.parts} parts")
    limit = Bandwidth(200 << 20)
    await bucket.download_file("large/numbers", folder / "numbers", resume=True, bandwidth=limit, progress=bar.of())
    bar.close()
    buffer = bytearray(1 << 20)
    async with bucket.download("large/numbers") as stream:
        lines = 0
        while count := await stream.fill(buffer):  # always the same memory, which the bytes arrive in
            lines += buffer.count(b"\n", 0, count)
    print(f"counted {lines} lines")
    await bucket.copy("large/numbers", "large/copy", metadata={"copied": "yes"})
    await bucket.move("large/copy", "large/moved")
    async with bucket.multipart("large/by hand") as upload:
        await asyncio.gather(upload.part(b"x" * (5 << 20), 1), upload.part(b"the end", 2))
    print("large objects:", [key.key for key in await bucket.list("large/")])


async def trees(bucket: Bucket, folder: Path) -> None:
    """A folder of files: up, compared, changed, synchronised, down again."""
    source = folder / "source"
    for name in ("a.txt", "b/c.txt", "b/d.txt"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)
    await bucket.upload_tree(source, "tree/", content_type="text/plain")
    (source / "b" / "c.txt").write_text("longer than before")
    (source / "a.txt").unlink()
    async for action in bucket.plan_sync(source, "tree/", delete=True):
        print("would", action)
    report = await bucket.sync(source, "tree/", delete=True)
    print(f"{report.uploaded} uploaded, {report.deleted} deleted")
    await bucket.download_tree("tree/", folder / "target")
    print("files:", sorted(path.name for path in (folder / "target").rglob("*.txt")))


async def main() -> None:
    """Run both, and delete what they made."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    endpoint, name = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        async with Bucket(name, aws_endpoint=endpoint, aws_region=os.environ.get("AWS_REGION")) as bucket:
            await objects(bucket, Path(folder))
            await trees(bucket, Path(folder))
            report = await bucket.delete_many(bucket.keys("large/"))
            print(f"{report.deleted} deleted")
            await bucket.delete_many(bucket.keys("tree/"))


if __name__ == "__main__":
    asyncio.run(main())
