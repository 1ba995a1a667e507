"""S3Storage: its links, its keys, its one client."""

import asyncio
import io
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aios3 import ConnectError, InvalidInput, NoSuchBucket
from aios3.async_storages import S3Storage
from aios3.testing import Asked, Peer, steps
from tests import oracle
from tests.async_storages.conftest import s3_of
from tests.async_storages.relay import counting
from tests.servers import Server

NOWHERE: dict[str, Any] = {"endpoint_url": "127.0.0.1:9", "aws_access_key_id": "key", "aws_secret_access_key": "secret"}


def fetch(url: str) -> tuple[int, bytes, str]:
    """Ask as a browser does, without keys."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers["content-type"]
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b"", ""


# ------------------------------------------------------------------ links
async def test_link_is_presigned_where_that_is_wanted(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    async with s3_of(radosgw, bucket_name, querystring_auth=True) as storage:
        name = await storage.upload(io.BytesIO(b"<p>"), "pages/a b.html")
        link = await storage.get_path(name)

    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert await asyncio.to_thread(fetch, link) == (200, b"<p>", "text/html")
    assert (await asyncio.to_thread(fetch, link.partition("?")[0]))[0] == 403


async def test_plain_link_is_for_what_everybody_may_read(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    async with s3_of(radosgw, bucket_name, default_acl="public-read") as storage:
        await storage.upload(io.BytesIO(b"{}"), "a.json")
        link = await storage.get_path("a.json")

    assert link == f"{radosgw.endpoint}/{bucket_name}/a.json"
    assert await asyncio.to_thread(fetch, link) == (200, b"{}", "application/json")


@pytest.mark.parametrize(
    ("options", "link"),
    [
        ({"custom_domain": "cdn.example.com"}, "https://cdn.example.com/a/b.png"),
        ({"custom_domain": "cdn.example.com", "use_ssl": False}, "http://cdn.example.com/a/b.png"),
        ({"custom_domain": "cdn.example.com", "querystring_auth": True}, "https://cdn.example.com/a/b.png"),
        ({"endpoint_url": "s3.example.com"}, "https://s3.example.com/bucket/a/b.png"),
        ({"endpoint_url": "s3.example.com:9000", "use_ssl": False}, "http://s3.example.com:9000/bucket/a/b.png"),
        ({"region_name": "eu-west-1"}, "https://bucket.s3.eu-west-1.amazonaws.com/a/b.png"),
        ({"region_name": "eu-west-1", "use_ssl": False}, "http://bucket.s3.eu-west-1.amazonaws.com/a/b.png"),
        ({"region_name": "cn-north-1", "use_ssl": False}, "http://bucket.s3.cn-north-1.amazonaws.com.cn/a/b.png"),
        ({"use_ssl": False}, "http://bucket.s3.us-east-1.amazonaws.com/a/b.png"),
    ],
)
async def test_link_is_where_the_file_is_served(options: dict[str, Any], link: str) -> None:
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    async with S3Storage("bucket", **{**keys, **options}) as storage:
        assert await storage.get_path("../a//b.png") == link


@pytest.mark.parametrize("use_ssl", [True, False])
@pytest.mark.parametrize(
    ("variables", "config", "link"),
    [
        ({"AWS_REGION": "eu-west-2"}, "", "{scheme}://bucket.s3.eu-west-2.amazonaws.com/a"),
        ({}, "region = eu-west-3", "{scheme}://bucket.s3.eu-west-3.amazonaws.com/a"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "", "{scheme}://bucket.s3.dualstack.us-east-1.amazonaws.com/a"),
        ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000"}, "", "http://127.0.0.1:9000/bucket/a"),
        ({"AWS_ENDPOINT_URL": "https://s3.example.com"}, "", "https://s3.example.com/bucket/a"),
    ],
)
async def test_environment_says_where_the_store_is_with_tls_and_without(
    variables: dict[str, str], config: str, link: str, use_ssl: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "config"
    path.write_text(f"[default]\n{config}\n")
    for name, value in {"AWS_CONFIG_FILE": str(path), **variables}.items():
        monkeypatch.setenv(name, value)
    async with S3Storage("bucket", use_ssl=use_ssl) as storage:
        assert await storage.get_path("a") == link.format(scheme="https" if use_ssl else "http")


# ------------------------------------------------------------------ what is sent
def taking(asked: list[Asked]) -> Callable[[Asked], bytes]:
    def answer(request: Asked) -> bytes:
        asked.append(request)
        return steps.response(b"", headers=['ETag: "e"'])

    return answer


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.png", b"image/png"),
        ("a.html", b"text/html"),
        ("a", b"application/octet-stream"),
        ("a.tar.gz", b"application/gzip"),
        ("a.tar.bz2", b"application/octet-stream"),
    ],
)
async def test_content_type_is_guessed_by_the_name(name: str, kind: bytes) -> None:
    asked: list[Asked] = []
    async with Peer(steps.serving(taking(asked))) as peer:
        async with S3Storage(
            "bucket", **{**NOWHERE, "endpoint_url": f"127.0.0.1:{peer.port}"}, use_ssl=False, default_acl="private"
        ) as storage:
            await storage.upload(io.BytesIO(b"1"), name)

    assert asked[0].header("content-type") == kind
    assert asked[0].header("x-amz-acl") == b"private"


async def test_calls_share_one_connection(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    async with counting(radosgw) as relay:
        async with s3_of(radosgw, bucket_name, endpoint_url=f"127.0.0.1:{relay.port}") as storage:
            for number in range(5):
                await storage.upload(io.BytesIO(b"1"), str(number))
                await storage.open(str(number))
                await storage.get_size(str(number))
                await storage.delete(str(number))

        assert relay.connections == 1


async def test_large_file_goes_in_parts(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    async with s3_of(radosgw, bucket_name) as storage:
        await storage.upload(io.BufferedReader(io.BytesIO(bytes(9 << 20))), "large")
    assert oracle.get(radosgw, bucket_name, "large").headers["etag"].endswith('-2"')


def test_one_storage_serves_several_loops(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    storage = s3_of(radosgw, bucket_name)

    async def use(last: bool) -> bytes:
        await storage.upload(io.BytesIO(b"1"), "a")
        found = (await storage.open("a")).read()
        if last:
            await storage.close()
        return found

    assert [asyncio.run(use(last)) for last in (False, True)] == [b"1", b"1"]


async def test_keys_are_found_where_the_aws_cli_finds_them(
    radosgw: Server, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    oracle.make_bucket(radosgw, bucket_name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    async with S3Storage(bucket_name, radosgw.endpoint.partition("://")[2], use_ssl=False) as storage:
        await storage.upload(io.BytesIO(b"1"), "a")

        assert await storage.get_size("a") == 1


# ------------------------------------------------------------------ bad input
@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "https://s3.example.com"])
def test_endpoint_with_a_protocol_is_refused(endpoint: str) -> None:
    with pytest.raises(AssertionError, match=r"^Endpoint should not contain protocol$"):
        S3Storage("bucket", endpoint)


@pytest.mark.parametrize("options", [{"bucket_name": "a/b"}, {"bucket_name": "b", "aws_access_key_id": "key"}])
def test_options_that_cannot_be_right_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        S3Storage(**options)  # type: ignore[arg-type]


async def test_bucket_that_is_absent_is_an_error(ministack: Server, bucket_name: str) -> None:
    async with s3_of(ministack, bucket_name) as storage:
        with pytest.raises(NoSuchBucket):
            await storage.upload(io.BytesIO(b"1"), "a")
        with pytest.raises(NoSuchBucket):
            await storage.open("a")


async def test_storage_that_is_down_is_an_error_in_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    async with S3Storage("bucket", **NOWHERE, use_ssl=False) as storage:
        for call in (storage.open, storage.get_size, storage.delete):
            with pytest.raises(ConnectError):
                await call("a")
        with pytest.raises(ConnectError):
            await storage.upload(io.BytesIO(b"1"), "a")
