"""How a client's connections behave."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed

from yarl import URL

from ..errors import InvalidInput
from ..protocol.messages import Address
from ..protocol.values import CheckedValue

# How the addresses begin that are on the link: no proxy can reach the metadata of this machine.
_LINK_LOCAL = ("169.254.", "[fe80:", "[fd00:ec2:")


def environment_proxies() -> dict[str, str]:
    """Read HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, once, when a client is made."""
    return getproxies_environment()


async def certificates(path: str | os.PathLike[str], name: str) -> ssl.SSLContext:
    """Return a context that trusts the authorities in a file, which is read in a thread.

    Args:
        name: Of the setting, for the message.
    Raises:
        InvalidInput: there are none to be read.
    """
    try:
        return await asyncio.to_thread(ssl.create_default_context, cafile=os.fspath(path))
    except (OSError, ssl.SSLError) as error:
        raise InvalidInput(f"{name}: cannot read certificates from {str(path)!r}: {error}") from error


def check_verify(verify: object) -> None:
    """Refuse what does not say how servers prove who they are; what stands in a file is read later.

    Raises:
        InvalidInput: it is no switch, no path and no context.
    """
    if verify == "" or not isinstance(verify, (bool, str, os.PathLike, ssl.SSLContext)):
        raise InvalidInput(f"verify must be True, False, the path of a CA file or an SSLContext, not {verify!r}")


class PoolOptions(CheckedValue):
    """Limits, timeouts (seconds) and the way out, for one client.

    Args:
        max_connections: At once, over all endpoints; a smaller limit of the connector wins.
        connect_timeout: For DNS, TCP, TLS and a proxy's CONNECT together.
        read_timeout: Without progress in either direction while we want some.
        pool_timeout: For a free connection; ``None`` waits as long as it takes.
        keepalive_timeout: How long an idle connection is kept.
        proxy: For everything; ``None`` looks at *proxies*.
        proxies: As environment_proxies gives them.
        ssl: ``True``, ``False`` (no verification) or a context.
        extra: Header lines that every request carries, unsigned.
    """

    max_connections: int = 64
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    pool_timeout: float | None = None
    keepalive_timeout: float = 15.0
    proxy: URL | None = None
    proxies: Mapping[str, str] = {}
    ssl: ssl.SSLContext | bool = True
    extra: str = ""

    def __post_init__(self) -> None:
        if (
            isinstance(self.max_connections, bool)
            or not isinstance(self.max_connections, int)
            or self.max_connections < 1
        ):
            raise InvalidInput(f"max_connections must be a whole number from 1, not {self.max_connections!r}")
        for name in ("connect_timeout", "read_timeout", "pool_timeout", "keepalive_timeout"):
            value = getattr(self, name)
            if name == "pool_timeout" and value is None:
                continue
            # NaN compares false with everything, so this refuses it too.
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < float("inf"):
                raise InvalidInput(f"{name} must be a number of seconds above 0, not {value!r}")

    def proxy_for(self, address: Address) -> URL | None:
        """Return the proxy for an address, or None for the straight way."""
        if self.proxy is not None or not self.proxies:
            return self.proxy
        bypassed = proxy_bypass_environment(f"{address.host}:{address.port}", self.proxies)
        if bypassed or address.host.startswith(_LINK_LOCAL):
            return None
        found = self.proxies.get(address.scheme) or self.proxies.get("all")
        return proxy_url(found) if found else None


def proxy_url(text: str) -> URL:
    """Read a proxy's URL: http://[user:password@]host:port.

    Raises:
        InvalidInput: it is no such URL; the message never shows a password.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"proxy must be a URL as text, False or None, not {type(text).__name__}")
    try:
        url = URL(text if "://" in text else f"http://{text}")
        usable = url.scheme in ("http", "https") and bool(url.host)
    except ValueError:
        usable = False
    if not usable:
        raise InvalidInput("proxy must be a URL such as http://proxy.example:3128; for SOCKS give a connector")
    return url
