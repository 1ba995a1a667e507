"""examples/fastapi_uploads.py and examples/aiohttp_proxy.py, asked over HTTP like any web server, with a real store."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from tests import oracle
from tests.async_storages.test_images import picture
from tests.examples.test_examples import keys_of, program
from tests.servers import Server, free_port, wait_until
from tests.servers.process import accepts

ROOT = Path(__file__).parents[2]
SERVER = pytest.mark.parametrize("server", ["ministack", "radosgw"], indirect=True)


class Site(NamedTuple):
    """A web server that is up, and who asks it."""

    url: str
    session: aiohttp.ClientSession

    async def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.read(), {name.lower(): value for name, value in answer.headers.items()}


@asynccontextmanager
async def site(example: str, server: Server, bucket: str, endpoint: str | None = None) -> AsyncIterator[Site]:
    """Run an example that is a web server."""
    port = free_port()
    arguments = [bucket, endpoint or server.endpoint, str(port)]
    environment = {**keys_of(server), "AWS_MAX_ATTEMPTS": "1"}
    # Not with -W error: what frameworks say of each other is theirs.
    async with program(
        "-W", "default", str(ROOT / "examples" / example), *arguments, environment=environment
    ) as process:
        assert await asyncio.to_thread(wait_until, lambda: accepts(port), 30)
        async with aiohttp.ClientSession() as session:
            yield Site(f"http://127.0.0.1:{port}", session)
        process.terminate()
        await process.communicate()


async def upload(at: Site, name: str, data: bytes) -> tuple[int, dict[str, object]]:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", io.BytesIO(data), filename=name)
    async with at.session.post(f"{at.url}/files", data=form) as answer:
        return answer.status, await answer.json()


# ------------------------------------------------------------------ "fastapi_uploads.py"
@SERVER
async def test_uploads_are_kept_listed_measured_and_downloaded(server: Server, bucket: str) -> None:
    large = os.urandom(9 << 20)
    image = picture("PNG", (32, 20))
    async with site("fastapi_uploads.py", server, bucket) as at:
        assert await upload(at, "my photo.png", image) == (201, {"name": "my_photo.png", "size": len(image)})
        assert await upload(at, "large", large) == (201, {"name": "large", "size": len(large)})

        assert (await at.get("/files"))[1] == b'["large","my_photo.png"]'
        assert (await at.get("/files/my_photo.png/dimensions"))[1] == b'{"width":32,"height":20}'
        status, body, headers = await at.get("/files/large")
        assert (status, body, headers["content-length"]) == (200, large, str(len(large)))
        status, body, headers = await at.get("/files/my_photo.png/link")  # the redirection is followed, to the store
        assert (status, body, headers["content-type"]) == (200, image, "image/png")

        async with at.session.delete(f"{at.url}/files/large") as answer:
            assert answer.status == 204
        assert (await at.get("/files/large"))[0] == 404


async def test_what_cannot_be_done_is_an_answer(ministack: Server, bucket_name: str) -> None:
    oracle.make_bucket(ministack, bucket_name)
    async with site("fastapi_uploads.py", ministack, bucket_name) as at:
        assert (await upload(at, "x" * 2000, b"1"))[0] == 422
        assert (await upload(at, "text.png", b"no image"))[0] == 201
        assert (await at.get("/files/text.png/dimensions"))[0] == 422
        assert (await at.get("/files/absent/dimensions"))[0] == 404
        assert (await at.get("/files/absent"))[0] == 404


@pytest.mark.parametrize("name", ["日本", "___", "x" * 1020])
async def test_name_that_cannot_be_kept_is_refused_everywhere(ministack: Server, bucket_name: str, name: str) -> None:
    """Nothing remains of it, or too much for a key."""
    oracle.make_bucket(ministack, bucket_name)
    async with site("fastapi_uploads.py", ministack, bucket_name) as at:
        assert (await upload(at, name, b"1"))[0] == 422
        for path in (f"/files/{name}", f"/files/{name}/link", f"/files/{name}/dimensions"):
            assert (await at.get(path))[0] == 422
        async with at.session.delete(f"{at.url}/files/{name}") as answer:
            assert answer.status == 422

        assert (await at.get("/files"))[1] == b"[]"


async def test_store_that_is_down_is_an_answer_of_uploads(ministack: Server) -> None:
    async with site("fastapi_uploads.py", ministack, "bucket", "http://127.0.0.1:9") as at:
        assert (await upload(at, "a", b"1"))[0] == 503
        assert (await at.get("/files/a"))[0] == 503


# ------------------------------------------------------------------ "aiohttp_proxy.py"
@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-9", 206, 0, 10),
        ("bytes=100-", 206, 100, None),
        ("bytes=-7", 206, -7, None),
        ("bytes=0-", 200, 0, None),
        ("bytes=0-1,5-6", 200, 0, None),
        ("bytes=9-5", 200, 0, None),
        ("lines=1-2", 200, 0, None),
    ],
)
async def test_browser_gets_the_range_it_asks_for(
    radosgw: Server, bucket_name: str, asked: str, status: int, start: int, end: int | None
) -> None:
    data = os.urandom(3 << 20)
    name = "videos/a b+ü.mp4"
    oracle.put(radosgw, oracle.make_bucket(radosgw, bucket_name), name, data, {"Content-Type": "video/mp4"})
    async with site("aiohttp_proxy.py", radosgw, bucket_name) as at:
        got, body, headers = await at.get(f"/{name}".replace("+", "%2B"), range=asked)

    wanted = data[start:end]
    assert (got, headers["content-type"], headers["accept-ranges"]) == (status, "video/mp4", "bytes")
    assert body == wanted
    assert headers["content-length"] == str(len(wanted))
    assert ("content-range" in headers) == (status == 206)


async def test_proxy_answers_what_it_cannot_give(radosgw: Server, bucket_name: str) -> None:
    oracle.put(radosgw, oracle.make_bucket(radosgw, bucket_name), "a", b"0123456789")
    oracle.put(radosgw, bucket_name, "empty", b"")
    async with site("aiohttp_proxy.py", radosgw, bucket_name) as at:
        assert (await at.get("/absent"))[0] == 404
        status, _, headers = await at.get("/a", range="bytes=50-60")
        assert (status, headers["content-range"]) == (416, "bytes */10")
        assert (await at.get("/empty", range="bytes=0-"))[:2] == (200, b"")
        etag = (await at.get("/a"))[2]["etag"]
        assert (await at.get("/a", range="bytes=1-2", **{"if-range": etag}))[:2] == (206, b"12")
        assert (await at.get("/a", range="bytes=1-2", **{"if-range": '"old"'}))[:2] == (200, b"0123456789")
        async with at.session.head(f"{at.url}/a") as answer:
            assert (answer.status, answer.content_length) == (200, 10)


async def test_store_that_is_down_is_an_answer_of_the_proxy(radosgw: Server) -> None:
    async with site("aiohttp_proxy.py", radosgw, "bucket", "http://127.0.0.1:9") as at:
        assert (await at.get("/a"))[0] == 502


async def test_proxy_does_not_buffer(radosgw: Server, bucket_name: str) -> None:
    """What a slow browser has not taken stays in the store: the process does not grow by the object."""
    size = 64 << 20
    oracle.put(radosgw, oracle.make_bucket(radosgw, bucket_name), "large", bytes(size))
    port = free_port()
    arguments = [bucket_name, radosgw.endpoint, str(port)]
    async with program(
        str(ROOT / "examples" / "aiohttp_proxy.py"), *arguments, environment=keys_of(radosgw)
    ) as process:
        assert await asyncio.to_thread(wait_until, lambda: accepts(port), 30)
        before = peak(process.pid)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/large") as answer:
            received = sum([len(piece) async for piece in answer.content.iter_any()])
        grown = peak(process.pid) - before
        process.terminate()
        await process.communicate()

    assert received == size
    assert grown < 16 << 20


def peak(pid: int) -> int:
    """Return the most memory that a process has had, in bytes; Linux only."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024
