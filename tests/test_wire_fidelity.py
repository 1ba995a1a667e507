"""Odd keys on the wire: encoded once, upper-case hex, never normalised, and back as they were.

What must be on the wire stands here by hand, so that no encoder vouches for itself.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from types import MappingProxyType

import pytest

from aios3 import Bucket
from tests import oracle
from tests.servers import ODD_KEYS, Server, odd_keys_with
from tests.stores import client_of, on
from tests.wire import Peer, Seen, answering, forwarder

ENCODED: Mapping[str, str] = MappingProxyType(
    {
        "dot": ".",
        "dot-dot": "..",
        "two-slashes-inside": "a//b",
        "leading-slash": "/a",
        "dot-segment": "a/./b",
        "dot-dot-segment": "a/../b",
        "plus": "a%2Bb",
        "space": "a%20b",
        "percent-2F": "a%252Fb",
        "percent-2e": "%252e%252e",
        "accent": "%C3%A9",
        "emoji": "%F0%9F%98%80",
        "equals-ampersand": "a%3Db%26c",
        "hash-question": "%23%3F",
        "tilde": "~",
        "control": "%01",
        "newline": "%0A",
        "return": "%0D",
        "trailing-space": "a%20",
        "leading-space": "%20a",
        "noncharacter": "%EF%BF%BE",
        "soap": "soap",
        "only-slashes": "//",
        "trailing-slash": "a/",
        "longest": "k" * 1024,
    }
)
BY_KEY = {key: ENCODED[name] for name, key in ODD_KEYS.items()}

EVERY_ASCII = "".join(chr(code) for code in range(1, 128))
# The unreserved characters of RFC 3986 and the slash stay; everything else becomes %XX.
EVERY_ASCII_ENCODED = "".join(
    chr(code) if chr(code) in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/" else f"%{code:02X}"
    for code in range(1, 128)
)

BODY = bytes(range(256))


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[Peer]:
    async with forwarder(server.port) as peer:
        yield peer


@pytest.fixture
async def watched(server: Server, bucket: str, wire: Peer) -> AsyncIterator[Bucket]:
    """A bucket whose requests pass through `wire`."""
    async with client_of(server, port=wire.port) as client:
        yield client.bucket(bucket)


async def _get(bucket: Bucket, key: str) -> None:
    assert await bucket.get(key) == BODY


async def _get_slice(bucket: Bucket, key: str) -> None:
    assert await bucket.get(key, start=10, end=20) == BODY[10:20]


async def _head(bucket: Bucket, key: str) -> None:
    assert (await bucket.head(key)).size == len(BODY)


async def _download(bucket: Bucket, key: str) -> None:
    async with bucket.download(key) as stream:
        assert await stream.read() == BODY


async def _exists(bucket: Bucket, key: str) -> None:
    assert await bucket.exists(key)


async def _put(bucket: Bucket, key: str) -> None:
    await bucket.put(key, BODY)


async def _delete(bucket: Bucket, key: str) -> None:
    await bucket.delete(key)


VERBS: Mapping[str, tuple[str, Callable[[Bucket, str], Awaitable[None]]]] = MappingProxyType(
    {
        "put": ("PUT", _put),
        "head": ("HEAD", _head),
        "exists": ("HEAD", _exists),
        "get": ("GET", _get),
        "get a slice": ("GET", _get_slice),
        "download": ("GET", _download),
        "delete": ("DELETE", _delete),
    }
)


def test_every_odd_key_has_its_encoding_written_down() -> None:
    assert set(ENCODED) == set(ODD_KEYS)


@pytest.mark.parametrize(("server", "odd_key"), odd_keys_with("ranges"), indirect=True)
async def test_odd_key_goes_through_every_verb_as_it_is(
    server: Server, odd_key: str, watched: Bucket, wire: Peer
) -> None:
    path = f"/{watched.name}/{BY_KEY[odd_key]}"

    for verb, (method, call) in VERBS.items():
        await call(watched, odd_key)
        assert (wire.last.method, wire.last.path) == (method, path), verb
    assert not await watched.exists(odd_key)
    assert oracle.get(server, watched.name, odd_key).status == 404


@pytest.mark.parametrize(("server", "odd_key"), odd_keys_with(), indirect=True)
async def test_odd_key_is_listed_as_it_is(server: Server, odd_key: str, watched: Bucket, wire: Peer) -> None:
    oracle.put(server, watched.name, odd_key, BODY)

    found = await watched.list(odd_key)

    assert [key.key for key in found] == [odd_key]
    prefix = BY_KEY[odd_key].replace("/", "%2F")
    assert wire.last.target == (
        f"/{watched.name}?encoding-type=url&list-type=2&max-keys=1000&prefix={prefix}".encode("ascii")
    )
    assert await watched.get(found[0]) == BODY


@pytest.mark.parametrize(("server", "odd_key"), odd_keys_with(), indirect=True)
async def test_odd_key_is_where_another_client_finds_it(server: Server, odd_key: str, store: Bucket) -> None:
    await store.put(odd_key, BODY)

    assert oracle.get(server, store.name, odd_key).body == BODY


@on("signatures", "conditions")
async def test_key_of_every_ascii_character_is_one_path(server: Server, watched: Bucket, wire: Peer) -> None:
    await watched.put(EVERY_ASCII, BODY)

    assert wire.last.path == f"/{watched.name}/{EVERY_ASCII_ENCODED}"
    assert oracle.get(server, watched.name, EVERY_ASCII).body == BODY
    assert [key.key for key in await watched.list()] == [EVERY_ASCII]


@on("signatures", "list-pages")
async def test_odd_continuation_tokens_and_markers_are_encoded_once(watched: Bucket, wire: Peer) -> None:
    keys = ["a+b", "a b", "a%2Fb", "a=b&c"]
    for key in keys:
        await watched.put(key, b"")

    found = [key.key async for key in watched.keys(start_after="a b", page_size=1)]

    assert found == sorted(set(keys) - {"a b"})
    assert "start-after=a%20b" in wire.last.query


@on("signatures")
async def test_request_is_plain_without_checksums_or_chunks(watched: Bucket, wire: Peer) -> None:
    """What the 2025 releases of other clients added broke every store but AWS's."""
    await watched.put("key", BODY, content_type="image/png")
    put = wire.last
    await watched.get("key")
    get = wire.last

    assert put.body == BODY
    assert set(put.headers) == {
        "host",
        "content-type",
        "content-length",
        "x-amz-content-sha256",
        "x-amz-date",
        "authorization",
        "user-agent",
        "accept-encoding",
    }
    assert put.headers["content-length"] == "256"
    assert get.headers.keys() == put.headers.keys() - {"content-type", "content-length"}
    assert {put.headers["accept-encoding"], get.headers["accept-encoding"]} == {"identity"}
    assert put.headers["user-agent"].startswith("aios3/")


@on("signatures", "keep-alive")
async def test_calls_in_a_row_share_one_connection(watched: Bucket, wire: Peer) -> None:
    for _ in range(5):
        await watched.put("key", BODY)
        await watched.get("key")
        assert not await watched.exists("nothing")

    assert len(wire.requests) == 15
    assert wire.connections == 1


async def test_prefix_in_the_endpoint_stands_before_the_bucket() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody") as peer:
        endpoint = f"http://127.0.0.1:{peer.port}/some%20where/s3/"
        async with Bucket("bucket", aws_key="k", aws_secret="s", aws_endpoint=endpoint) as bucket:
            assert await bucket.get("a b") == b"body"

    assert peer.last.path == "/some%20where/s3/bucket/a%20b"


def test_recorder_shows_a_request_as_it_came() -> None:
    seen = Seen(b"GET /a%20b?x=%2F HTTP/1.1\r\nHost: h\r\n\r\n", b"")

    assert (seen.method, seen.path, seen.query, seen.headers) == ("GET", "/a%20b", "x=%2F", {"host": "h"})
