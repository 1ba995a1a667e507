"""The spine: takes an operation, signs it, sends it, and returns its result.

Bucket and Client both stand on this: Client makes Buckets and a Bucket without a client makes its own, so that what
they share lies below them. It knows no single operation.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from types import TracebackType
from typing import Any, Literal, Self, TypeAlias, TypeVar, cast

import aiohttp

from .credentials import Credentials, Provider, environment
from .errors import InvalidInput, ServiceError, TransportError
from .protocol.endpoints import ADDRESSINGS, Addressing, aws_endpoint, region_of
from .protocol.http_codec import decode, decode_error, decode_stream, encode, is_streaming
from .protocol.messages import Buffer, Request, RequestBody
from .protocol.retries import DEFAULT_ATTEMPTS, AdaptiveLimiter, RetryBudget, RetryMode, RetryPolicy
from .protocol.shapes import Operation, Result
from .protocol.sigv4 import EMPTY_SHA256, UNSIGNED_PAYLOAD, sign
from .protocol.uri import Endpoint, parse_endpoint
from .recovery import Means, Recovery
from .routing import Router
from .transport import Pool, PoolOptions
from .transport.connection import Body
from .transport.options import environment_proxies, proxy_url
from .version import __version__

PayloadSigning: TypeAlias = Literal["auto", "signed", "unsigned"]
ConnectorFactory: TypeAlias = Callable[[], aiohttp.BaseConnector]
R = TypeVar("R", bound=Result)

# An error document is short; what is longer is a proxy's page, of which the start says enough.
MAX_ERROR_BODY = 64 * 1024
# From this size on hashing a body takes longer than the hop to a thread and would stall the loop.
HASH_IN_THREAD = 1024 * 1024
DEFAULT_REGION = "us-east-1"


class Caller:
    """One S3 store to call: its endpoint, the credentials for it, and the connections to it.

    The constructor does no I/O and needs no running loop. It works in several event loops (with connections
    of its own in each) and after fork; it is not thread-safe.

    Args:
        aws_key, aws_secret, aws_token: Keys; without them the environment's AWS_ACCESS_KEY_ID and so on.
        aws_region: What is signed for; else the endpoint's own, AWS_REGION, AWS_DEFAULT_REGION, or us-east-1.
        aws_endpoint: ``host``, ``host:port`` (https is meant) or a URL; ``None`` is AWS in the region.
        credentials: Credentials, or an async function that returns them; it is called for every request.
        anonymous: Sign nothing, ask nobody for keys.
        connector: An aiohttp connector, which is used and never closed here, or a function without arguments
            that makes one for each event loop, which is closed with the client.
        proxy: ``http://[user:password@]host:port``; ``None`` looks at HTTP_PROXY, HTTPS_PROXY and NO_PROXY, ``False``
            uses none.
        verify: Check the server's certificate: ``True``, the path of a CA file, an SSLContext, or ``False``.
        addressing: ``path`` (/bucket/key), ``virtual`` (bucket.host/key), or ``auto``: virtual on AWS, else path.
        expected_bucket_owner, request_payer: Sent with every request.
        max_connections: At once, in each loop.
        connect_timeout: Seconds for DNS, TCP, TLS and CONNECT together.
        read_timeout: Seconds without progress in either direction; there is no limit on the whole.
        pool_timeout: Seconds to wait for a free connection; ``None`` waits.
        keepalive_timeout: Seconds that an idle connection is kept.
        max_attempts: Requests per call, the first included; else AWS_MAX_ATTEMPTS, or 5.
        retry_mode: ``standard``, or ``adaptive``: slow all calls down together when the store asks for that; else
            AWS_RETRY_MODE, or ``standard``.
        payload_signing: Sign the hash of the body, or not; ``auto`` does so over plain http only.
        user_agent: Put before ``aios3/version`` in the User-Agent header.
    Raises:
        InvalidInput: arguments that contradict each other or cannot be right.
    """

    def __init__(
        self,
        *,
        aws_key: str | None = None,
        aws_secret: str | None = None,
        aws_token: str | None = None,
        aws_region: str | None = None,
        aws_endpoint: str | None = None,
        credentials: Credentials | Provider | None = None,
        anonymous: bool = False,
        connector: aiohttp.BaseConnector | ConnectorFactory | None = None,
        proxy: str | Literal[False] | None = None,
        verify: bool | str | os.PathLike[str] | ssl.SSLContext = True,
        addressing: Addressing = "auto",
        expected_bucket_owner: str | None = None,
        request_payer: str | None = None,
        max_connections: int = 64,
        connect_timeout: float = 10,
        read_timeout: float = 60,
        pool_timeout: float | None = None,
        keepalive_timeout: float = 15,
        max_attempts: int | None = None,
        retry_mode: RetryMode | None = None,
        payload_signing: PayloadSigning = "auto",
        user_agent: str | None = None,
    ) -> None:
        self._credentials, self._provider = _credentials(aws_key, aws_secret, aws_token, credentials, anonymous)
        self._anonymous = anonymous
        self._router = _router(aws_endpoint, aws_region, addressing)
        policy = _policy(max_attempts, retry_mode)
        limiter = AdaptiveLimiter() if policy.mode == "adaptive" else None
        self._means = Means(self._router, policy, RetryBudget(), limiter)
        self._payload_signing = _one_of("payload_signing", payload_signing, ("auto", "signed", "unsigned"))
        self._headers = _common_headers(expected_bucket_owner, request_payer)
        self._connector = connector
        self._verify = verify
        self._options: dict[str, Any] = {
            "max_connections": max_connections,
            "connect_timeout": connect_timeout,
            "read_timeout": read_timeout,
            "pool_timeout": pool_timeout,
            "keepalive_timeout": keepalive_timeout,
            "proxy": proxy_url(proxy) if proxy else None,
            "proxies": environment_proxies() if proxy is None else {},
            "extra": f"user-agent: {_user_agent(user_agent)}\r\naccept-encoding: identity\r\n",
        }
        PoolOptions(**self._options)  # a bad number is said here, not at the first call
        self._pools: dict[asyncio.AbstractEventLoop, Pool] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: Pool | None = None
        self._closed = False

    # -------------------------------------------------------------- calls
    async def call(self, operation: Operation[R], *, timeout: float | None = None) -> R:
        """Send one operation and return its result.

        A result with a body (GetObjectResult) holds its connection until the body is read or its context left.

        Args:
            timeout: Seconds for the whole call, up to the body of a streaming result.
        Raises:
            InvalidInput: the operation cannot be sent as it is.
            ServiceError: S3 said no; the class is named after S3's code.
            TransportError: no usable answer.
            InvalidResponse: an answer that cannot be read.
        """
        if self._closed:
            raise InvalidInput("the client is closed: make a new one")
        if timeout is not None:
            async with asyncio.timeout(timeout):
                return await self.call(operation)
        failures: Recovery | None = None
        while True:
            headers: Mapping[str, str] = {}
            try:
                if self._means.limiter is not None:
                    await self._wait_turn(self._means.limiter)
                response = await self._send(operation)
                status, headers, _ = response.head
                if status >= 300:
                    raise decode_error(operation, status, headers, await self._error_body(response))
                if is_streaming(operation):
                    result = decode_stream(operation, status, headers, response)
                else:
                    result = decode(operation, status, headers, await response.read())
            except (ServiceError, TransportError) as error:
                failures = failures or Recovery(self._means, operation)
                await failures.after(error, headers)
            else:
                self._succeeded(failures)
                return result

    async def _send(self, operation: Operation[Any]) -> Body:
        """Send one attempt: signed anew, with the keys and the time of now."""
        address, region = self._router.route(operation)
        request = encode(operation, address, self._headers)
        if not self._anonymous:
            credentials = self._credentials or await self._fetch_credentials()
            payload_hash = self._payload_hash(request) or await self._long_hash(request.body)
            request = self._sign(request, credentials, region, payload_hash)
        pool = self._pool if asyncio.get_running_loop() is self._loop else None
        return await (pool or await self._pool_here()).send(request)

    async def wait_after(self, error: TransportError, failures: int) -> None:
        """Wait as a retry does before a cut body is read on; raise *error* when that was tried often enough.

        Args:
            failures: How often it failed without a byte between, this time included.
        """
        pause = self._means.policy.pause(error, failures, 0.0, random.random())  # noqa: S311  # no secret
        if pause is None or not self._means.budget.spend(error):
            raise error
        await asyncio.sleep(pause)

    async def _wait_turn(self, limiter: AdaptiveLimiter) -> None:
        pause = limiter.delay(asyncio.get_running_loop().time())
        if pause:
            await asyncio.sleep(pause)

    def _succeeded(self, failures: Recovery | None) -> None:
        if failures is not None:
            failures.succeeded()
        elif self._means.budget.left < RetryBudget.CAPACITY:
            self._means.budget.earn(1)
        if self._means.limiter is not None:
            self._means.limiter.succeeded(asyncio.get_running_loop().time())

    async def pages(self, operation: Operation[R], *, timeout: float | None = None) -> AsyncIterator[R]:
        """Send a listing operation page by page; only one page is in memory.

        Args:
            timeout: Seconds for each page.
        """
        step: Any = operation
        if not hasattr(step, "next_page"):
            raise InvalidInput(f"{type(operation).__name__} has no pages: use call")
        while step is not None:
            result = await self.call(step, timeout=timeout)
            yield result
            step = step.next_page(result)

    def _sign(self, request: Request, credentials: Credentials, region: str, payload_hash: str) -> Request:
        method, address, path, query, headers, body = request
        signed = sign(
            method,
            path,
            query,
            headers,
            payload_hash,
            credentials=credentials,
            timestamp=self._router.timestamp(),
            region=region,
        )
        return Request(method, address, path, query, signed, body)

    def _payload_hash(self, request: Request) -> str | None:
        """Return what stands for the body in the signature, unless that takes time."""
        body = request.body
        if isinstance(body, bytes) and not body:
            return EMPTY_SHA256
        # TLS protects the body already; over plain http the signature is all there is.
        if self._payload_signing == "unsigned":
            return UNSIGNED_PAYLOAD
        if self._payload_signing == "auto" and request.address.scheme == "https":
            return UNSIGNED_PAYLOAD
        if isinstance(body, (bytes, bytearray, memoryview)) and memoryview(body).nbytes < HASH_IN_THREAD:
            return hashlib.sha256(body).hexdigest()
        return None

    async def _long_hash(self, body: Buffer | RequestBody) -> str:
        if isinstance(body, (bytes, bytearray, memoryview)):
            return (await asyncio.to_thread(hashlib.sha256, body)).hexdigest()
        return await body.sha256() or UNSIGNED_PAYLOAD

    async def _fetch_credentials(self) -> Credentials:
        if self._provider is None:
            self._credentials = environment(os.environ)
            return self._credentials
        return await self._provider()

    @staticmethod
    async def _error_body(response: Body) -> bytes:
        """Read what explains an error, and free the connection before anybody hears of it."""
        try:
            return await response.read_at_most(MAX_ERROR_BODY)
        finally:
            await response.close()

    # -------------------------------------------------------------- connections
    async def _pool_here(self) -> Pool:
        """Return the running loop's pool, which is made when it is first needed."""
        loop = asyncio.get_running_loop()
        pool = self._pools.get(loop)
        if pool is None:
            context = await self._ssl()
            if self._closed:
                raise InvalidInput("the client is closed: make a new one")
            # Asked again: another task may have made it while we waited.
            pool = self._pools.get(loop) or self._make_pool(context)
        self._loop, self._pool = loop, pool
        return pool

    def _make_pool(self, context: ssl.SSLContext | bool) -> Pool:
        self._pools = {loop: pool for loop, pool in self._pools.items() if not loop.is_closed()}
        options = PoolOptions(**self._options, ssl=context)
        connector = self._connector
        if isinstance(connector, aiohttp.BaseConnector):
            pool = Pool(options, connector)
        else:
            pool = Pool(options, None, connector or _plain_connector)
        self._pools[pool.loop] = pool
        return pool

    async def _ssl(self) -> ssl.SSLContext | bool:
        if isinstance(self._verify, (bool, ssl.SSLContext)):
            return self._verify
        try:
            context = await asyncio.to_thread(ssl.create_default_context, cafile=os.fspath(self._verify))
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(f"verify: cannot read certificates from {str(self._verify)!r}: {error}") from error
        self._verify = context
        return context

    async def close(self) -> None:
        """Close the connections of every loop, and connectors made by a function. Idempotent.

        Calls that are under way end in TransportError, later ones in InvalidInput. A connector that was given is
        not closed.
        """
        self._closed = True
        pools, self._pools = self._pools, {}
        self._loop = self._pool = None
        for loop, pool in pools.items():
            if loop is asyncio.get_running_loop():
                await pool.close()
            elif not loop.is_closed():
                await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(pool.close(), loop))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        scheme, host, port, prefix = self._router.endpoint
        return f"<{type(self).__name__} {scheme}://{host}:{port}{prefix} {self._router.region}>"


# ------------------------------------------------------------------ reading the arguments
def _credentials(
    key: str | None,
    secret: str | None,
    token: str | None,
    given: Credentials | Provider | None,
    anonymous: bool,
) -> tuple[Credentials | None, Provider | None]:
    """Return fixed credentials, or who to ask for them, or neither for the environment's."""
    ways = [anonymous, given is not None, any(part is not None for part in (key, secret, token))]
    if sum(ways) > 1:
        raise InvalidInput("give keys (aws_key, aws_secret), credentials or anonymous=True, not two of them")
    if ways[2]:
        if not key or not secret:
            raise InvalidInput("aws_key and aws_secret go together: one of them is missing or empty")
        return Credentials(key, secret, token or None), None
    if given is None or isinstance(given, Credentials):
        return given, None
    if not callable(given):
        raise InvalidInput(f"credentials must be Credentials or an async function, not {type(given).__name__}")
    return None, given


def _router(endpoint: str | None, region: str | None, addressing: Addressing) -> Router:
    _one_of("addressing", addressing, ADDRESSINGS)
    known: Endpoint | None = None if endpoint is None else parse_endpoint(endpoint)
    region = region or (known and region_of(known)) or _environment_region() or DEFAULT_REGION
    return Router(known or aws_endpoint(region), region, addressing)


def _policy(max_attempts: int | None, mode: RetryMode | None) -> RetryPolicy:
    """Return the retry policy that was given, or that the environment names."""
    if max_attempts is None:
        text = os.environ.get("AWS_MAX_ATTEMPTS", "")
        if text and not (text.isascii() and text.isdecimal()):
            raise InvalidInput(f"AWS_MAX_ATTEMPTS must be a whole number from 1, not {text!r}")
        max_attempts = int(text) if text else DEFAULT_ATTEMPTS
    # "legacy" is what botocore called its first mode; its retries are those of standard.
    named = os.environ.get("AWS_RETRY_MODE", "").replace("legacy", "standard") or "standard"
    return RetryPolicy(max_attempts=max_attempts, mode=mode or cast("RetryMode", named))


def _environment_region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def _common_headers(expected_bucket_owner: str | None, request_payer: str | None) -> dict[str, str]:
    headers = {"x-amz-expected-bucket-owner": expected_bucket_owner, "x-amz-request-payer": request_payer}
    return {name: value for name, value in headers.items() if value is not None}


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidInput(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _user_agent(prefix: str | None) -> str:
    product = f"aios3/{__version__}"
    if prefix is None:
        return product
    if not prefix.isascii() or not prefix.isprintable():
        raise InvalidInput("user_agent must be printable ASCII")
    return f"{prefix} {product}"


def _plain_connector() -> aiohttp.BaseConnector:
    # The pool limits; the connector only opens.
    return aiohttp.TCPConnector(limit=0)
