"""A peer that is every host: what clients send to AWS and other stores, without leaving this machine."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from socket import AF_INET
from typing import Any, NamedTuple

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from aios3 import Bucket, Client
from aios3.testing import Asked, Peer
from tests.faults.scenes import KEY, SECRET


class Resolver(AbstractResolver):
    """Every name is this machine; and the port that was asked for, unless one is given."""

    def __init__(self, port: int = 0) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: Any = AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host="127.0.0.1", port=self._port or port, family=AF_INET, proto=0, flags=0)
        ]

    async def close(self) -> None:
        """There is nothing to close."""


def connector_to(peer: Peer) -> Callable[[], aiohttp.BaseConnector]:
    """Return what makes connectors for which every name is the peer."""
    return lambda: aiohttp.TCPConnector(resolver=Resolver(peer.port))


@asynccontextmanager
async def client_of(peer: Peer, **options: Any) -> AsyncIterator[Client]:
    """Give a client for which every host is the peer; without an endpoint it is AWS's, over TLS."""
    given = {"aws_key": KEY, "aws_secret": SECRET, "proxy": False, "verify": False, **options}
    async with Client(connector=connector_to(peer), **given) as client:
        yield client


@asynccontextmanager
async def bucket_of(peer: Peer, host: str = "127.0.0.1", **options: Any) -> AsyncIterator[Bucket]:
    """Give a bucket at *host*, which is the peer."""
    scheme = peer.endpoint.partition(":")[0]
    async with client_of(peer, aws_endpoint=f"{scheme}://{host}:{peer.port}", **options) as client:
        yield client.bucket("bucket")


class Scope(NamedTuple):
    """What a request is signed for."""

    region: str
    service: str


def scope(asked: Asked) -> Scope:
    found = re.search(rb"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request", asked.header("authorization") or b"")
    assert found is not None
    return Scope(found[1].decode(), found[2].decode())
