"""A client's pools: one for each event loop that the client is used in, and after fork new ones."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable
from typing import TypeAlias

import aiohttp

from ..errors import InvalidInput
from .options import PoolOptions, certificates, check_verify
from .pool import Pool

ConnectorFactory: TypeAlias = Callable[[], aiohttp.BaseConnector]
Verify: TypeAlias = bool | str | os.PathLike[str] | ssl.SSLContext
# Seconds for the connections of another thread's loop to close; it may have stopped meanwhile.
OTHER_LOOP_LIMIT = 5.0


class Pools:
    """The pools of one client, made when they are first needed.

    Args:
        connector: The user's, never closed here; or what makes one for each loop, which is closed with its pool.
        verify: How servers prove who they are; a file is read at the first need, in a thread.
    Attributes:
        pool: Of the loop that asked last: all that a call looks at, as a rule. It is asked for its loop, so that nothing
            can come between the two: another thread may set another at any time.
        bundle: The certificates to trust where *verify* says no more than that it is wanted.
    """

    def __init__(
        self, options: PoolOptions, connector: aiohttp.BaseConnector | ConnectorFactory | None, verify: Verify
    ) -> None:
        if not (connector is None or isinstance(connector, aiohttp.BaseConnector) or callable(connector)):
            raise InvalidInput(
                f"connector must be an aiohttp connector or a function that makes one, not {connector!r}"
            )
        check_verify(verify)
        self.pool: Pool | None = None
        self.bundle: str | None = None
        self.connector = connector
        self._options = options
        self._verify = verify
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}
        self._pid = os.getpid()
        self._closed = False

    async def here(self, scheme: str) -> Pool:
        """Return the running loop's pool.

        Args:
            scheme: Of what is called first; plain http needs no certificates.
        """
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            context = await self._context(scheme)
            # Asked again: another task may have made it while we waited.
            pool = None if self._closed else self._pools.get(loop) or self._make(context)
            # Asked again: another thread that closes the client may have missed the new one.
            if pool is None or self._closed:
                if pool is not None:
                    await pool.close()
                raise InvalidInput("the client is closed: make a new one")
        self.pool = pool
        return pool

    async def apart(self, seconds: float, scheme: str) -> Pool:
        """Return a pool for other servers than the store, by the same connector or proxy; the caller's to close.

        Args:
            seconds: For connecting, and without progress.
            scheme: Of what is called.
        """
        context = await self._context(scheme)
        return self._new(self._options.replace(connect_timeout=seconds, read_timeout=seconds, ssl=context))

    async def close(self) -> None:
        """Close the connections of every loop, and connectors made by a function."""
        self._closed = True
        # A forked child leaves its parent's alone.
        pools, self._pools = (self._pools if self._pid == os.getpid() else {}), {}
        self.pool = None
        for loop, pool in pools.items():
            if loop is asyncio.get_running_loop():
                await pool.close()
            # One that does not run can close nothing, and would be waited for without end.
            elif loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(pool.close(), loop)
                await asyncio.wait([asyncio.wrap_future(closing)], timeout=OTHER_LOOP_LIMIT)

    def _make(self, context: ssl.SSLContext | bool) -> Pool:
        if self._pid != os.getpid():
            self._pools, self._pid = {}, os.getpid()
        pools = self._pools
        # Other threads put theirs in at the same time: one step each, and nobody walks through what changes.
        for loop in list(pools):
            if loop.is_closed():
                pools.pop(loop, None)
        pool = pools[asyncio.get_running_loop()] = self._new(self._options.replace(ssl=context))
        return pool

    def _new(self, options: PoolOptions) -> Pool:
        if isinstance(self.connector, aiohttp.BaseConnector):
            return Pool(options, self.connector)
        return Pool(options, None, self.connector or plain_connector)

    async def _context(self, scheme: str) -> ssl.SSLContext | bool:
        if scheme == "http" and self._verify is True:
            return True
        verify = self.bundle if self._verify is True and self.bundle else self._verify
        if not isinstance(verify, (bool, ssl.SSLContext)):
            verify = await certificates(verify, "AWS_CA_BUNDLE" if verify is self.bundle else "verify")
            self._verify = verify
        return verify


def plain_connector() -> aiohttp.BaseConnector:
    """Return the connector of a client that was given none."""
    # The pool limits; the connector only opens.
    return aiohttp.TCPConnector(limit=0)
