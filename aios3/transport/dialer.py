"""Asks an aiohttp connector for a transport, and puts our protocol on it.

The connector does DNS, happy eyeballs, TLS, proxies, and whatever a user's own one does (SOCKS, Unix sockets), and
keeps its own limit. It believes that it serves a ClientRequest, so it gets one.

What aiohttp promises and what was measured of it (3.12 to 3.14): a Connection must be held as long as its transport,
and be given back by close(); a transport that was spoken to before we are on it is useless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
from aiohttp.tracing import Trace
from yarl import URL

from ..errors import ConnectError, ConnectTimeout, InvalidResponse, PoolTimeout, TransportError
from ..protocol.messages import Address
from .connection import Connection, Owner
from .options import PoolOptions

# Times are ours: one limit for DNS, TCP, TLS and CONNECT together, none while the connector makes us queue.
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None)


class _Dial:
    """One dial under way, whose limit a trace moves between queueing and connecting.

    *stage* is what it means to run into the limit: TransportError that the client was closed.
    """

    __slots__ = ("limit", "pool_deadline", "stage")

    def __init__(self, limit: asyncio.Timeout, pool_deadline: float | None) -> None:
        self.limit = limit
        self.pool_deadline = pool_deadline
        self.stage: type[TransportError] = ConnectTimeout

    def move(self, stage: type[TransportError], deadline: float | None) -> None:
        if self.stage is not TransportError and not self.limit.expired():
            self.stage = stage
            self.limit.reschedule(deadline)


class Dialer:
    """Opens connections on one connector.

    Args:
        connector: Where transports come from; never closed here.
        options: Timeouts, proxy, TLS verification.
        make_room: Called when the connector would make us wait: close an idle connection on it, if there is one.
    """

    def __init__(self, connector: aiohttp.BaseConnector, options: PoolOptions, make_room: Callable[[], None]) -> None:
        self.connector = connector
        self.options = options
        self._make_room = make_room
        self._traces = aiohttp.TraceConfig()
        self._traces.on_connection_queued_start.append(self._queued)  # type: ignore[arg-type]  # the context is ours
        self._traces.on_connection_queued_end.append(self._admitted)  # type: ignore[arg-type]  # as above
        self._traces.freeze()
        self._dials: set[_Dial] = set()
        self._closed = False

    async def dial(self, address: Address, owner: Owner, pool_deadline: float | None) -> Connection:
        """Open a connection to *address*.

        Raises:
            ConnectTimeout, PoolTimeout: it took too long to connect, or to get a slot of the connector.
            ConnectError: it failed.
            InvalidResponse: the peer spoke before it was asked.
            TransportError: the client was closed.
        """
        if self._closed:
            raise TransportError("the client was closed")
        loop = asyncio.get_running_loop()
        proxy = self.options.proxy_for(address)
        request = self._client_request(address, proxy, loop)
        dial = _Dial(asyncio.timeout(self.options.connect_timeout), pool_deadline)
        trace = Trace(None, self._traces, dial)  # type: ignore[arg-type]  # no session is behind this
        self._dials.add(dial)
        try:
            async with dial.limit:
                loan = await self.connector.connect(request, [trace], _NO_TIMEOUT)
        except Exception as error:  # noqa: BLE001
            # Not only aiohttp's and OSError: connectors are plugins, with errors of their own.
            failure = self._failure(error, dial.stage, address, proxy)
            # With the proxy's URL aiohttp puts its password into its errors.
            failure.__cause__ = error if proxy is None or proxy.user is None else None
        else:
            return self._take_over(loan, request, address, owner, loop)
        finally:
            self._dials.discard(dial)
        # Out here, where the error is no longer its context.
        raise failure

    def _take_over(
        self,
        loan: aiohttp.connector.Connection,
        request: aiohttp.ClientRequest,
        address: Address,
        owner: Owner,
        loop: asyncio.AbstractEventLoop,
    ) -> Connection:
        """Put our protocol where the connector's was."""
        displaced, transport = loan.protocol, loan.transport
        if displaced is None or transport is None or transport.is_closing():
            loan.close()
            raise ConnectError(f"{_where(address, None)} closed the connection as soon as it was made")
        if displaced.should_close:
            transport.abort()
            loan.close()
            raise InvalidResponse(f"{_where(address, None)} spoke before it was asked: it is no HTTP server")
        absolute = f"{address.scheme}://{address.authority}" if request.proxy and not request.is_ssl() else ""
        # The connector has put it there from the proxy's URL; over TLS it went with CONNECT.
        password = request.headers.get("Proxy-Authorization") if absolute else None
        lines = f"{self.options.extra}proxy-authorization: {password}\r\n" if password else self.options.extra
        connection = Connection(
            transport,
            loan,
            displaced,
            owner,
            loop=loop,
            origin=address.origin,
            absolute=absolute.encode(),
            tail=f"{lines}\r\n".encode("ascii"),
        )
        transport.set_protocol(connection)
        # aiohttp pauses a transport that it released with unread data; ours starts reading in any case.
        if not transport.is_reading():
            transport.resume_reading()
        return connection

    def _client_request(
        self, address: Address, proxy: URL | None, loop: asyncio.AbstractEventLoop
    ) -> aiohttp.ClientRequest:
        return aiohttp.ClientRequest(
            "GET",
            URL.build(scheme=address.scheme, host=address.host.strip("[]"), port=address.port),
            loop=loop,
            session=_Session(),  # type: ignore[arg-type]  # a connector asks a request nothing of its session
            response_class=aiohttp.ClientResponse,
            proxy=proxy,
            ssl=self.options.ssl,
        )

    def close(self) -> None:
        """End the dials that are under way, and begin no other."""
        self._closed = True
        for dial in self._dials:
            dial.move(TransportError, 0)

    async def _queued(self, session: object, dial: _Dial, params: object) -> None:
        """The connector is at its limit: from here on it is pool time."""
        dial.move(PoolTimeout, dial.pool_deadline)
        self._make_room()

    async def _admitted(self, session: object, dial: _Dial, params: object) -> None:
        dial.move(ConnectTimeout, asyncio.get_running_loop().time() + self.options.connect_timeout)

    def _failure(
        self, error: Exception, stage: type[TransportError], address: Address, proxy: URL | None
    ) -> TransportError:
        """Say what went wrong while dialing."""
        # A connector of our own that is closed may say so before we do.
        if isinstance(error, TimeoutError) or stage is TransportError:
            return self._too_late(stage, address, proxy)
        if isinstance(error, aiohttp.ClientHttpProxyError):
            return ConnectError(
                f"the proxy {_shown(proxy)} answered {error.status} {error.message} "
                f"to CONNECT {address.host}:{address.port}"
            )
        reason = f"{error.status} {error.message}" if isinstance(error, aiohttp.ClientResponseError) else str(error)
        return ConnectError(f"cannot connect to {_where(address, proxy)}: {reason or type(error).__name__}")

    def _too_late(self, stage: type[TransportError], address: Address, proxy: URL | None) -> TransportError:
        if stage is TransportError:
            return TransportError("the client was closed")
        if stage is PoolTimeout:
            return PoolTimeout(
                f"no free connection within {self.options.pool_timeout} s: the connector is at its limit"
            )
        return ConnectTimeout(f"no connection to {_where(address, proxy)} within {self.options.connect_timeout} s")


class _Session:
    """The little that a ClientRequest may ask of a session."""

    requote_redirect_url = True
    _resolve_charset = None


def _where(address: Address, proxy: URL | None) -> str:
    through = f" through the proxy {_shown(proxy)}" if proxy is not None else ""
    return f"{address.host}:{address.port}{through}"


def _shown(proxy: URL | None) -> str:
    return str(proxy.with_user(None)) if proxy is not None else "of the connector"
