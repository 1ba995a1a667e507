"""How providers ask over HTTP: one request, one short answer, on a connection that is closed afterwards.

Keys are fetched once an hour or so: a connection of their own costs nothing, and a limit on S3's connections cannot
keep them waiting. What is on this machine or its link is asked straight, whatever proxies there are.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeAlias
from urllib.parse import urlsplit

from ..errors import CredentialsError, InvalidInput, InvalidResponse, TransportError
from ..protocol.messages import Request, address
from ..protocol.uri import parse_endpoint
from ..protocol.values import Value
from ..transport import Pool, PoolOptions
from ..transport.options import certificates, environment_proxies
from ..version import __version__

OpenPool: TypeAlias = Callable[[float, str], Awaitable[Pool]]

# Documents with keys in them are of a kilobyte or two.
_MAX_ANSWER = 128 * 1024
_PAUSE = 0.2
_HEADERS = f"user-agent: aios3/{__version__}\r\naccept-encoding: identity\r\n"


class Answer(Value):
    """What came back: status, fields by lower-case name, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Network:
    """The way to those who give keys.

    Args:
        open_pool: Given seconds for connecting and for silence, and http or https, opens the way to hosts that are not
            on the link; by default by the environment's proxies, with certificates checked against AWS_CA_BUNDLE.
    """

    def __init__(self, open_pool: OpenPool | None = None) -> None:
        self._open_pool = open_pool or _environments_pool

    async def ask(self, request: Request, *, seconds: float, attempts: int = 1, straight: bool = False) -> Answer:
        """Return the answer to *request*, which is asked again if it fails or the server does.

        Args:
            seconds: For each attempt, all in all.
            straight: Through no proxy and no connector of the user's.
        Raises:
            CredentialsError: there was no answer; the message names the host.
        """
        why = ""
        for attempt in range(attempts):
            if attempt:
                await asyncio.sleep(_PAUSE * attempt)
            try:
                answer = await self._exchange(request, seconds, straight)
            except (TransportError, InvalidResponse) as error:
                why = str(error)
            except TimeoutError:
                why = f"no answer within {seconds:g} s"
            else:
                if (answer.status < 500 and answer.status != 429) or attempt + 1 == attempts:
                    return answer
        raise CredentialsError(f"{request.address.origin} could not be asked: {why}")

    async def _exchange(self, request: Request, seconds: float, straight: bool) -> Answer:
        open_pool = _straight_pool if straight else self._open_pool
        async with asyncio.timeout(seconds):
            pool = await open_pool(seconds, request.address.scheme)
            try:
                response = await pool.send(request)
                body = await response.read_at_most(_MAX_ANSWER)
                await response.close()
                status, headers, _ = response.head
                return Answer(status=status, headers=headers, body=body)
            finally:
                await pool.close()


def request_to(
    method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b"", path: str = ""
) -> Request:
    """Return a request to *url*, whose path and query go out as they are.

    Args:
        path: Put behind the path of *url*.
    Raises:
        CredentialsError: it is no http URL, or a header cannot be one.
    """
    base, _, query = url.partition("?")
    try:
        scheme, host, port, _ = parse_endpoint(base)
        there = address(scheme, host, port)
    except InvalidInput as error:
        raise CredentialsError(str(error)) from None
    for name, value in (headers or {}).items():
        if not value.isascii() or not value.isprintable():
            raise CredentialsError(f"the {name} header for {there.origin} has characters that no header can carry")
    fields = {"host": there.authority, **(headers or {}), "connection": "close"}
    whole = f"{urlsplit(base).path.rstrip('/') if path else urlsplit(base).path}{path}" or "/"
    return Request(method, there, whole, query, fields, body)


def is_loopback(host: str) -> bool:
    """Tell if a host is this machine."""
    with suppress(ValueError):
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


def is_local(host: str) -> bool:
    """Tell if a host is this machine or on its link, where no proxy could find it."""
    with suppress(ValueError):
        found = ipaddress.ip_address(host.strip("[]"))
        return found.is_loopback or found.is_link_local or found in _METADATA_NETWORK
    return is_loopback(host)


# Where EC2 and EKS serve metadata over IPv6: unique to the machine, though not link-local by its number.
_METADATA_NETWORK = ipaddress.ip_network("fd00:ec2::/32")


async def _straight_pool(seconds: float, scheme: str) -> Pool:
    return await _new_pool(seconds, scheme, {})


async def _environments_pool(seconds: float, scheme: str) -> Pool:
    return await _new_pool(seconds, scheme, environment_proxies())


async def _new_pool(seconds: float, scheme: str, proxies: dict[str, str]) -> Pool:
    bundle = os.environ.get("AWS_CA_BUNDLE") if scheme == "https" else None
    context = await certificates(bundle, "AWS_CA_BUNDLE") if bundle else True
    options = PoolOptions(connect_timeout=seconds, read_timeout=seconds, proxies=proxies, extra=_HEADERS, ssl=context)
    return Pool(options, None)


__all__ = ["Answer", "Network", "OpenPool", "is_local", "is_loopback", "request_to"]
