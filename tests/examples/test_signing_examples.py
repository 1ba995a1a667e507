"""The examples of what is signed for others and for other stores, run against a server."""

import asyncio
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

import pytest

from tests import oracle
from tests.examples.test_examples import keys_of, output_of, program
from tests.servers import Server
from tests.stores import on


@on("presigned")
async def test_presigned(server: Server, bucket: str) -> None:
    out = await output_of("presigned.py", bucket, server.endpoint, environment=keys_of(server))

    assert "stored 19 bytes by a link that ends at " in out
    assert "read: ['day,count', 'monday,3']" in out
    assert f"a form may post to {server.endpoint}/{bucket} with the fields key, x-amz-algorithm, " in out


@on("presigned")
async def test_other_stores(server: Server, bucket: str) -> None:
    out = await output_of("other_stores.py", server.endpoint, bucket, environment=keys_of(server))

    for line in (
        "aws: https://photos.s3.eu-west-1.amazonaws.com/cat.jpg",
        "aws: https://photos.s3.dualstack.eu-west-1.amazonaws.com/cat.jpg",
        "aws: https://photos.s3-fips.us-gov-west-1.amazonaws.com/cat.jpg",
        "aws: https://photos.s3-accelerate.amazonaws.com/cat.jpg",
        "aws: https://reports-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/cat.jpg",
        "r2: https://account.r2.cloudflarestorage.com/photos/cat.jpg",
        "oss: https://photos.oss-cn-hangzhou.aliyuncs.com/cat.jpg",
        "refused: 'arn:aws:s3:eu-west-1:123456789012:accesspoint/reports' is in eu-west-1, the client in us-east-1",
        "listed by version 1: other/store.txt 11",
    ):
        assert line in out


@on("checksums", "sse-c")
async def test_checked_and_encrypted(server: Server, bucket: str) -> None:
    out = await output_of("checked_and_encrypted.py", bucket, server.endpoint, environment=keys_of(server))

    assert "stored and checked by SHA-256: " in out
    assert "read b'for your eyes only', verified by SHA256" in out
    assert "without the key: " in out


@pytest.mark.parametrize("server", ["radosgw"], indirect=True)
async def test_browser_upload(server: Server, bucket: str, tmp_path: Path) -> None:
    """A real browser loads the page, asks the store if it may, and uploads."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: apt-get install -y --no-install-recommends chromium")
    example = str(Path(__file__).parents[2] / "examples" / "browser_upload.py")
    async with program(example, bucket, server.endpoint, environment=keys_of(server)) as process:
        assert process.stdout is not None
        said = (await process.stdout.readline()).decode()
        url = said.removeprefix("open ").strip()
        browser = await asyncio.create_subprocess_exec(
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=10000",
            "--dump-dom",
            f"{url}#demo",
            stdout=PIPE,
            stderr=DEVNULL,
        )
        try:
            dom, _ = await browser.communicate()
        finally:
            if browser.returncode is None:
                browser.kill()
                await browser.wait()
        rest, _ = await process.communicate()

    assert re.search(rb"stored after [1-9][0-9]* steps", dom), dom
    assert rest.decode() == "arrived: inbox/demo.bin, 1,048,576 bytes\n"
    assert oracle.get(server, bucket, "inbox/demo.bin").body == bytes(1 << 20)
