"""A Bucket's life and its arguments: what is refused before anybody is asked."""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

import aios3.bucket
from aios3 import Bucket, Client, InvalidInput, Key
from tests.programs import BARE
from tests.servers import Server
from tests.stores import EVERY_SERVER, NOWHERE, bucket_at, options
from tests.wire import answering, response

BODY = b"0123456789"

VERBS: dict[str, Callable[[Bucket, Any], Awaitable[Any]]] = {
    "get": lambda bucket, key: bucket.get(key),
    "download": lambda bucket, key: bucket.download(key).__aenter__(),
    "head": lambda bucket, key: bucket.head(key),
    "exists": lambda bucket, key: bucket.exists(key),
    "put": lambda bucket, key: bucket.put(key, BODY),
    "delete": lambda bucket, key: bucket.delete(key),
}
EVERY_VERB = pytest.mark.parametrize("verb", VERBS)


def test_key_is_the_same_class_wherever_it_is_imported_from() -> None:
    assert aios3.bucket.Key is Key


# --- life


AT_MODULE_SCOPE = """
import asyncio, os, sys
from aios3 import Bucket

bucket = Bucket(sys.argv[1], aws_endpoint=sys.argv[2], aws_region=sys.argv[3])

async def main():
    await bucket.put("key", b"stored")
    print((await bucket.get("key")).decode())
    await bucket.close()

asyncio.run(main())
"""


@EVERY_SERVER
async def test_bucket_lives_at_module_scope_without_a_loop(server: Server, bucket: str) -> None:
    """Its keys are those of the environment."""
    environment = {"AWS_ACCESS_KEY_ID": server.access_key, "AWS_SECRET_ACCESS_KEY": server.secret_key}
    program = [sys.executable, "-W", "error", "-c", AT_MODULE_SCOPE, bucket, server.endpoint, server.region]
    process = await asyncio.create_subprocess_exec(
        *program,
        env={**environment, **BARE, "PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await process.communicate()

    assert (out, errors) == (b"stored\n", b"")


@EVERY_SERVER
async def test_bucket_of_its_own_needs_no_with(server: Server, bucket: str) -> None:
    opened = Bucket(bucket, **options(server))
    await opened.put("key", BODY)

    assert await opened.get("key") == BODY
    await opened.close()
    await opened.close()


@EVERY_SERVER
async def test_close_leaves_a_shared_client_open(store: Bucket) -> None:
    async with store as entered:
        assert entered is store
    await store.close()

    assert await store.list() == []


@EVERY_VERB
async def test_use_after_close_is_a_clear_error(verb: str) -> None:
    bucket = Bucket("bucket", **NOWHERE)
    await bucket.close()

    with pytest.raises(InvalidInput, match="the client is closed"):
        await VERBS[verb](bucket, "key")
    with pytest.raises(InvalidInput, match="the client is closed"):
        await bucket.list()


async def test_bucket_that_was_never_used_warns_of_nothing() -> None:
    Bucket("bucket", **NOWHERE)
    gc.collect()


def test_one_bucket_serves_one_loop_after_another(moto: Server, bucket_name: str) -> None:
    client = Client(**options(moto))
    bucket = client.bucket(bucket_name)

    async def write() -> None:
        await client.create_bucket(bucket_name)
        await bucket.put("key", BODY)

    async def read() -> bytes:
        try:
            return await bucket.get("key")
        finally:
            await client.close()

    asyncio.run(write())
    assert asyncio.run(read()) == BODY


@EVERY_SERVER
async def test_verbs_take_a_timeout(store: Bucket) -> None:
    await store.put("key", BODY, timeout=30)

    assert await store.get("key", timeout=30) == BODY
    assert (await store.head("key", timeout=30)).size == 10
    assert await store.exists("key", timeout=30)
    async with store.download("key", timeout=30) as stream:
        assert await stream.read() == BODY
    assert [key.key for key in await store.list(timeout=30)] == ["key"]
    await store.delete("key", timeout=30)


@EVERY_VERB
async def test_timeout_ends_a_call_that_gets_no_answer(verb: str) -> None:
    silent: dict[str, Callable[[Bucket], Awaitable[Any]]] = {
        "get": lambda bucket: bucket.get("key", timeout=0.05),
        "download": lambda bucket: bucket.download("key", timeout=0.05).__aenter__(),
        "head": lambda bucket: bucket.head("key", timeout=0.05),
        "exists": lambda bucket: bucket.exists("key", timeout=0.05),
        "put": lambda bucket: bucket.put("key", BODY, timeout=0.05),
        "delete": lambda bucket: bucket.delete("key", timeout=0.05),
    }
    async with answering(b"") as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(TimeoutError):
            await silent[verb](bucket)


# --- what cannot be right is refused before a connection is made


LONE_SURROGATE = "a\ud800b"
BAD_KEYS: dict[str, tuple[Any, str]] = {
    "empty": ("", "key is empty"),
    "1025 bytes": ("k" * 1025, "is 1025 bytes of UTF-8"),
    "1026 bytes in 513 characters": ("é" * 513, "is 1026 bytes of UTF-8"),
    "surrogate": (LONE_SURROGATE, "lone surrogate"),
    "bytes": (b"key", "must be a str or a Key, not bytes"),
    "None": (None, "must be a str or a Key, not NoneType"),
}


@EVERY_VERB
@pytest.mark.parametrize("case", BAD_KEYS)
async def test_impossible_key_is_refused_before_a_connection_is_made(verb: str, case: str) -> None:
    key, message = BAD_KEYS[case]
    async with answering(response(body=BODY)) as peer, bucket_at(peer.port) as bucket:
        with pytest.raises(InvalidInput, match=message) as caught:
            await VERBS[verb](bucket, key)
        refused = peer.connections
        # The peer counts: this call, and no other, reaches it.
        await bucket.get("key")

    assert isinstance(caught.value, ValueError)
    assert (refused, peer.connections, len(peer.requests)) == (0, 1, 1)


async def test_impossible_prefix_is_refused() -> None:
    async with Bucket("bucket", **NOWHERE) as bucket:
        for listing in (
            bucket.list(LONE_SURROGATE),
            anext(bucket.keys(start_after=LONE_SURROGATE)),
            anext(bucket.pages(delimiter=LONE_SURROGATE)),
        ):
            with pytest.raises(InvalidInput, match="lone surrogate"):
                await listing


@EVERY_SERVER
async def test_longest_key_in_wide_characters_is_taken(store: Bucket) -> None:
    """The limit is 1024 bytes, whatever the characters; this key is 1024 bytes in 256 characters, in folders."""
    key = "/".join(["😀" * 31 + "abc"] * 8)

    await store.put(key, BODY)

    assert len(key.encode()) == 1023
    assert await store.get(key) == BODY


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0", "ü", "b" * 256, LONE_SURROGATE, None, 5, b"bucket"]
)
def test_bucket_name_that_cannot_be_addressed_is_refused(name: Any) -> None:
    with pytest.raises(InvalidInput, match="bucket name"):
        Bucket(name, **NOWHERE)
    with pytest.raises(InvalidInput, match="bucket name"):
        Client(**NOWHERE).bucket(name)


@pytest.mark.parametrize("name", ["ab", "Upper", "under_score", "a..b", "-a", "a%b", "10.0.0.1", "b" * 64])
async def test_bucket_name_is_otherwise_the_stores_to_judge(name: str) -> None:
    async with answering(response(body=BODY)) as peer, bucket_at(peer.port, name) as bucket:
        assert await bucket.get("key") == BODY

    assert peer.last.path == f"/{name.replace('%', '%25')}/key"


PASSWORD = "hunter2"
BAD_ENDPOINTS = {
    "query": ("http://host:9000/?x=1", "has a query"),
    "empty query": ("http://host:9000/?", "has a query"),
    "fragment": ("http://host:9000/#top", "has a fragment"),
    "user": ("http://user@host:9000", "has a user or password"),
    "password": (f"http://user:{PASSWORD}@host:9000", "has a user or password"),
    "password without scheme": (f"user:{PASSWORD}@host", "has a user or password"),
    "password and scheme": (f"ftp://user:{PASSWORD}@host", "endpoint"),
    "password and white space": (f"http://user:{PASSWORD} @host", "endpoint"),
    "password and half a host": (f"http://user:{PASSWORD}@[::1", "endpoint"),
    "password and bad port": (f"http://user:{PASSWORD}@host:http", "endpoint"),
    "password behind one slash": (f"http:/user:{PASSWORD}@host", "endpoint"),
    "scheme": ("ftp://host", "scheme 'ftp'"),
    "s3 scheme": ("s3://bucket", "scheme 's3'"),
    "port too high": ("http://host:65536", "bad port"),
    "port in letters": ("http://host:http", "bad port"),
    "port zero": ("http://host:0", "port 0"),
    "negative port": ("http://host:-1", "bad port"),
    "no host": ("http://", "no usable host"),
    "only a port": ("http://:9000", "no usable host"),
    "empty": ("", "no usable host"),
    "white space": ("http://ho st", "white space"),
    "newline": ("http://host\n", "white space"),
    "half a bracket": ("http://[::1", "endpoint"),
    "surrogate": ("http://h\ud800", "endpoint"),
}


@pytest.mark.parametrize("case", BAD_ENDPOINTS)
def test_impossible_endpoint_is_refused_and_no_password_shown(case: str) -> None:
    endpoint, message = BAD_ENDPOINTS[case]

    with pytest.raises(InvalidInput, match=message) as caught:
        Bucket("bucket", aws_key="key", aws_secret="secret", aws_endpoint=endpoint)
    assert PASSWORD not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize(
    "wrong",
    [
        {"aws_key": "key"},
        {"aws_secret": "secret"},
        {"aws_key": "key", "aws_secret": ""},
        {"aws_token": "token"},
        {"aws_key": "key", "aws_secret": "secret", "anonymous": True},
        {"aws_key": "key", "aws_secret": "secret", "credentials": aios3.Credentials("a", "b")},
        {"anonymous": True, "credentials": aios3.Credentials("a", "b")},
        {"credentials": "key:secret"},
        {"anonymous": True, "addressing": "dns"},
        {"anonymous": True, "payload_signing": "sometimes"},
        {"anonymous": True, "max_connections": 0},
        {"anonymous": True, "max_connections": True},
        {"anonymous": True, "connect_timeout": 0},
        {"anonymous": True, "read_timeout": float("nan")},
        {"anonymous": True, "keepalive_timeout": "5"},
        {"anonymous": True, "pool_timeout": -1},
        {"anonymous": True, "proxy": "socks5://127.0.0.1:1080"},
        {"anonymous": True, "user_agent": "a\r\nb"},
        {"anonymous": True, "aws_region": "eu west"},
    ],
    ids=str,
)
def test_contradictory_or_impossible_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        Bucket("bucket", **wrong)
    assert "secret'" not in str(caught.value)


@pytest.mark.parametrize(
    "option",
    [
        {"aws_key": "key"},
        {"aws_endpoint": "http://host"},
        {"connector": aiohttp.TCPConnector},
        {"max_connections": 5},
        {"anonymous": False},
    ],
    ids=lambda option: next(iter(option)),
)
def test_options_belong_to_the_client_when_one_is_given(option: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=f"{next(iter(option))} belong to a client"):
        Bucket("bucket", client=Client(**NOWHERE), **option)


def test_option_that_does_not_exist_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        Bucket("bucket", **NOWHERE, colour="blue")
