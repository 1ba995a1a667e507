"""What can go wrong on the way to a connection, and connectors of other kinds."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from aios3.errors import ConnectError
from aios3.testing.peer import Peer
from aios3.testing.steps import answering, close
from tests.loops import BOTH_LOOPS
from tests.servers import free_port

from .buckets import bucket_at

pytestmark = BOTH_LOOPS


class Resolver(AbstractResolver):
    """A name server that answers from a table of ports' hosts, or fails."""

    def __init__(self, hosts: dict[str, list[str]]) -> None:
        self._hosts = hosts

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        if host not in self._hosts:
            raise OSError(f"no such name: {host}")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=2, proto=0, flags=0)
            for address in self._hosts[host]
        ]

    async def close(self) -> None:
        pass


async def test_connectors_own_resolver_is_asked() -> None:
    async with Peer(answering(b"hello")) as peer:
        async with aiohttp.TCPConnector(resolver=Resolver({"s3.test": ["127.0.0.1"]})) as connector:
            async with bucket_at(f"http://s3.test:{peer.port}", connector=connector) as bucket:
                assert await bucket.get("key") == b"hello"

        assert peer.requests[0].header("host") == f"s3.test:{peer.port}".encode()


async def test_second_address_is_tried_when_the_first_does_not_listen() -> None:
    async with Peer(answering(b"hello")) as peer:
        resolver = Resolver({"s3.test": ["127.0.0.2", "127.0.0.1"]})
        async with aiohttp.TCPConnector(resolver=resolver) as connector:
            async with bucket_at(f"http://s3.test:{peer.port}", connector=connector) as bucket:
                assert await bucket.get("key") == b"hello"


async def test_name_that_does_not_resolve_is_a_connect_error_that_names_it() -> None:
    async with aiohttp.TCPConnector(resolver=Resolver({})) as connector:
        async with bucket_at("http://s3.test", connector=connector) as bucket:
            with pytest.raises(ConnectError, match=r"s3\.test:80"):
                await bucket.get("key")


class BrokenConnector(aiohttp.TCPConnector):
    """Fails in a way of its own, as connectors of others do."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    async def connect(self, *args: Any, **options: Any) -> aiohttp.connector.Connection:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("the tunnel is down"), KeyError("tunnel"), OSError(5, "the tunnel")])
async def test_whatever_a_connector_raises_becomes_a_connect_error(error: Exception) -> None:
    async with BrokenConnector(error) as connector, bucket_at("http://s3.test", connector=connector) as bucket:
        with pytest.raises(ConnectError, match="tunnel") as raised:
            await bucket.get("key")

        assert raised.value.__cause__ is error


async def test_failed_dials_free_their_slots() -> None:
    async with bucket_at(f"http://127.0.0.1:{free_port()}", max_connections=2, pool_timeout=5) as bucket:
        errors = await asyncio.gather(*[bucket.get("key") for _ in range(20)], return_exceptions=True)

    assert {type(error) for error in errors} == {ConnectError}


async def test_connection_that_is_closed_as_soon_as_it_is_made_is_a_connect_error() -> None:
    async with Peer([close()]) as peer, bucket_at(peer.endpoint) as bucket:
        for _ in range(20):
            with pytest.raises(ConnectError):
                await bucket.get("key")


async def test_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "peer"
    async with Peer(answering(b"hello"), unix=path) as peer, aiohttp.UnixConnector(str(path)) as connector:
        async with bucket_at("http://s3.test", connector=connector) as bucket:
            bodies = await asyncio.gather(*[bucket.get("key") for _ in range(5)])
            await bucket.put("key", bytes(1024 * 1024))

        assert bodies == [b"hello"] * 5
        assert {asked.header("host") for asked in peer.requests} == {b"s3.test"}


async def test_unix_socket_that_is_not_there_is_a_connect_error(tmp_path: Path) -> None:
    async with aiohttp.UnixConnector(str(tmp_path / "nobody")) as connector:
        async with bucket_at("http://s3.test", connector=connector) as bucket:
            with pytest.raises(ConnectError, match=r"s3\.test"):
                await bucket.get("key")
