"""What an adapter is: a class with those of the verbs that its client has.

A verb is ``async``, or with ``threads = True`` plain, and then called from as many threads as there are calls at once::

    open() close() get(key) put(key, body) list_page() download(key) download_parts(key, size, path)
    upload(path) upload_parts(path) presign(key)

``get`` returns the bytes, ``list_page`` and the downloads how many keys or bytes came.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

BUCKET, REGION = "bucket", "us-east-1"
ACCESS, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
PART, PARTS_AT_ONCE = 8 << 20, 8


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to, and how.

    Attributes:
        port: Of 127.0.0.1.
        authority: PEM file of who vouches for the server; TLS where there is one.
        connections: How many calls will run at once.
        held: Whether each of them must get a connection of its own, whatever the client's default is.
        signed: Whether the body of an upload is hashed into the signature.
    """

    port: int
    authority: str = ""
    connections: int = 1
    held: bool = False
    signed: bool = True

    @property
    def host(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http{'s' if self.authority else ''}://{self.host}"

    @property
    def tls(self) -> ssl.SSLContext | bool:
        """What aiohttp wants as ``ssl``."""
        return ssl.create_default_context(cafile=self.authority) if self.authority else True

    @property
    def pool(self) -> int:
        """How many connections a client should allow that would allow fewer by itself."""
        return max(self.connections, 10)


class Peer:
    """A client, opened by `open`.

    Attributes:
        name: In tables and on the command line.
        distribution: Its name on PyPI; empty where another peer's says it all.
        modules: What its user imports.
        threads: Its calls block.
        uploads: How it can sign uploads over plain http; checked against what arrives.
        tls: Whether it can be told of a certificate authority here.
    """

    name: ClassVar[str]
    distribution: ClassVar[str] = ""
    modules: ClassVar[tuple[str, ...]]
    threads: ClassVar[bool] = False
    uploads: ClassVar[tuple[str, ...]] = ("signed",)
    tls: ClassVar[bool] = True

    def __init__(self, target: Target) -> None:
        self.target = target


async def gathered(call: Callable[[Any], Awaitable[Any]], things: Iterable[Any]) -> list[Any]:
    """Return the results of *call* for each thing, eight at once: for clients that have no transfers of their own."""
    gate = asyncio.Semaphore(PARTS_AT_ONCE)

    async def one(thing: Any) -> Any:
        async with gate:
            return await call(thing)

    return await asyncio.gather(*[one(thing) for thing in things])
