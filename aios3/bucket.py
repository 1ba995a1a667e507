"""A bucket and its daily verbs: list, get, download, put, head, delete. The verbs themselves are in aios3.verbs.

What a verb lacks is on the operation: ``await bucket.client.call(GetObject(...))``.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import aiohttp

from .caller import Caller
from .errors import InvalidInput
from .operations.listing import Key
from .protocol.bucket_names import check_bucket_name
from .transport import ConnectorFactory
from .verbs.moving import Moving
from .verbs.reading import Reading
from .verbs.signing import Signing
from .verbs.tagging import Labelling
from .verbs.transferring import Transferring
from .verbs.trees import Trees
from .verbs.writing import Writing


class Bucket(Reading, Writing, Transferring, Moving, Labelling, Trees, Signing):
    """One bucket of an S3 store.

    Use it with or without ``async with``; ``close`` when done. The constructor does no I/O and needs no running
    loop, so a bucket can live at module scope.

    Args:
        name: Name of the bucket.
        client: Share one client among buckets; then no other option is taken, and close leaves it open.
        connector: An aiohttp connector, used and never closed here, or a function that makes one.
        aws_key, aws_secret, aws_token, aws_region, aws_endpoint, client_options: As of Client.
    Raises:
        InvalidInput: the name cannot be addressed, or options contradict each other.
    """

    def __init__(
        self,
        name: str,
        *,
        aws_key: str | None = None,
        aws_secret: str | None = None,
        aws_token: str | None = None,
        aws_region: str | None = None,
        aws_endpoint: str | None = None,
        connector: aiohttp.BaseConnector | ConnectorFactory | None = None,
        client: Caller | None = None,
        **client_options: Any,
    ) -> None:
        check_bucket_name(name)
        options = {
            "aws_key": aws_key,
            "aws_secret": aws_secret,
            "aws_token": aws_token,
            "aws_region": aws_region,
            "aws_endpoint": aws_endpoint,
            "connector": connector,
        }
        given = {option: value for option, value in options.items() if value is not None} | client_options
        if client is not None and given:
            raise InvalidInput(f"{', '.join(sorted(given))} belong to a client: give them to the client, or no client")
        if client is not None and not isinstance(client, Caller):
            raise InvalidInput(f"client must be a Client, not {client!r}")
        self.name = name
        self.client = Caller(**given) if client is None else client
        self._owned = client is None

    async def close(self) -> None:
        """Close the connections, unless the client is shared. Idempotent."""
        if self._owned:
            await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<Bucket {self.name!r} of {self.client!r}>"


__all__ = ["Bucket", "Key"]
