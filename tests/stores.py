"""The package under test, pointed at a running server."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from aios3 import Bucket, Client
from tests.servers import Keys, Server, servers_with

EVERY_SERVER = pytest.mark.parametrize("server", servers_with(), indirect=True)

NOWHERE: Mapping[str, Any] = MappingProxyType(
    {
        "aws_key": "AKIAIOSFODNN7EXAMPLE",
        "aws_secret": "wJalrXUtnFEMI",
        "aws_endpoint": "http://127.0.0.1:9",
        "max_attempts": 1,
    }
)
"""Options for what must be refused before anybody is asked: nobody listens there, and nothing is tried twice."""


def on(*capabilities: str) -> pytest.MarkDecorator:
    """Run a test on every server that has all of *capabilities*."""
    return pytest.mark.parametrize("server", servers_with(*capabilities), indirect=True)


def options(server: Server, *, port: int | None = None, keys: Keys | None = None) -> dict[str, Any]:
    """Return what a Client or a Bucket must be told to use *server*, by way of another *port* if one is given."""
    pair = keys or server.keys
    return {
        "aws_key": pair.access_key,
        "aws_secret": pair.secret_key,
        "aws_region": server.region,
        "aws_endpoint": server.endpoint if port is None else f"http://127.0.0.1:{port}",
    }


def client_of(server: Server, *, port: int | None = None, keys: Keys | None = None, **more: Any) -> Client:
    """Make a client of *server*; the caller closes it."""
    return Client(**options(server, port=port, keys=keys), **more)


def client_at(port: int, **more: Any) -> Client:
    """Make a client of whatever listens on *port*; the caller closes it."""
    return Client(**{**NOWHERE, "aws_endpoint": f"http://127.0.0.1:{port}", **more})


def bucket_at(port: int, name: str = "bucket", **more: Any) -> Bucket:
    """Make a bucket at whatever listens on *port*; the caller closes it."""
    return Bucket(name, **{**NOWHERE, "aws_endpoint": f"http://127.0.0.1:{port}", **more})
