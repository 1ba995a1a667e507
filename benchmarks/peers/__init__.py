"""The clients that are compared: one adapter class each, none imported before it is measured."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec

from .base import BUCKET, PART, PARTS_AT_ONCE, Peer, Target
from .botos import Aioboto3, Aiobotocore, AiobotocoreWithoutChecksums, Boto3, S3fs
from .minios import Minio, MiniopyAsync
from .others import AiohttpS3Client, Awscrt, Obstore
from .ours import Aios3
from .plain import Dependencies, PlainAiohttp

PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (
        Aios3,
        PlainAiohttp,
        Dependencies,
        Obstore,
        Awscrt,
        AiohttpS3Client,
        Minio,
        MiniopyAsync,
        Aiobotocore,
        AiobotocoreWithoutChecksums,
        Aioboto3,
        Boto3,
        S3fs,
    )
}

__all__ = ["BUCKET", "PART", "PARTS_AT_ONCE", "PEERS", "Peer", "Target", "installed", "load", "versions"]


def installed(name: str) -> bool:
    """Tell whether a peer's packages are there."""
    return all(find_spec(module.partition(".")[0]) for module in PEERS[name].modules)


def load(name: str) -> type[Peer]:
    """Return a peer's adapter, with its packages imported."""
    for module in PEERS[name].modules:
        import_module(module)
    return PEERS[name]


def versions(names: list[str]) -> dict[str, str]:
    """Return the versions of the peers' distributions."""
    return {distribution: version(distribution) for name in names if (distribution := PEERS[name].distribution)}
