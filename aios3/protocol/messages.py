"""What goes to a server and what comes back, as values; and what a body must be able to do.

A Request is signed as it stands and sent as it stands: path and query are already encoded
(see uri), header names are lower case. A NamedTuple, because one is made per call and a frozen
dataclass costs three times as much to make.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeAlias

from .uri import authority
from .values import NamedTuple

Buffer: TypeAlias = bytes | bytearray | memoryview


class RequestBody(Protocol):
    """A body that is not in memory: its length is known, its bytes come in pieces."""

    @property
    def length(self) -> int:
        """Bytes that ``chunks`` will give; the transport holds it to that."""

    def chunks(self) -> AsyncIterator[Buffer]:
        """Give the bytes, from where the body starts."""

    async def rewind(self) -> bool:
        """Go back to the start; False where that cannot be done."""

    async def sha256(self) -> str | None:
        """The hex digest for signing; None where the bytes can be read only once."""


class ResponseBody(Protocol):
    """A body that is read from the connection as it is asked for."""

    async def read(self, size: int = -1) -> bytes:
        """At most *size* bytes as soon as there are any, all that remain for -1, b"" at the end."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces as they arrive."""

    async def close(self) -> None:
        """Give the connection back, or close it when bytes are still to come."""


class Address(NamedTuple):
    """Where a bucket's requests go.

    *host* and *port* are what is connected to, *authority* is the Host header that is signed,
    *base_path* stands before the key, encoded (``/bucket`` for path style), *origin* names the
    connections that can be shared.
    """

    scheme: str
    host: str
    port: int
    authority: str
    base_path: str
    origin: str


def address(scheme: str, host: str, port: int, base_path: str = "") -> Address:
    """Make an Address, with the parts that follow from the others."""
    return Address(scheme, host, port, authority(scheme, host, port), base_path, f"{scheme}://{host}:{port}")


class Request(NamedTuple):
    """One HTTP request, ready to sign: everything in it goes on the wire as it is."""

    method: str
    address: Address
    path: str
    query: str
    headers: dict[str, str]
    body: Buffer | RequestBody
