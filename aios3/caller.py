"""The spine: takes an operation, signs it, sends it, and returns its result.

Bucket and Client both stand on this: Client makes Buckets and a Bucket without a client makes its own, so that what
they share lies below them. It knows no single operation.
"""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401  # asyncio and uvloop load these two for the first name to resolve,
import encodings.idna  # noqa: F401  # which would be in the first call, and stall the loop
import logging
import os
import random
import ssl
from asyncio import get_running_loop
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import suppress
from time import perf_counter
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import aiohttp

from .attempts import AttemptHook, log, observed, tell
from .credentials import Cached, Credentials, DefaultChain, Fixed, Network, Provider
from .errors import InvalidInput, InvalidResponse, S3Error, ServiceError, TransportError
from .payloads import PayloadSigning
from .presigner import Presigner
from .protocol.checksums import Algorithm
from .protocol.dialects import Dialect
from .protocol.endpoints import Addressing
from .protocol.http_codec import MAX_DOCUMENT, decode, decode_error, decode_stream, encode, is_streaming
from .protocol.messages import Request
from .protocol.places import Auth
from .protocol.retries import AdaptiveLimiter, RetryBudget, RetryMode
from .protocol.shapes import Operation, Result
from .recovery import Means, Recovery, turn
from .sessions import Sessions
from .settings import (
    arguments_of,
    common_headers,
    from_files,
    integrity,
    payloads,
    retry_policy,
    router,
    said_of_profile,
    signer,
    time_limit,
    verifies,
)
from .settings import user_agent as agent_of
from .signing import Signers, signed
from .threads import heard, shielded
from .transport import ConnectorFactory, PoolOptions, Pools
from .transport.body import Body
from .transport.options import environment_proxies, proxy_url
from .transport.waits import Waits, current_waits

R = TypeVar("R", bound=Result)

# An error document is short; what is longer is a proxy's page, of which the start says enough.
MAX_ERROR_BODY = 64 * 1024


class Caller(Presigner):
    """One S3 store to call: its endpoint, the credentials for it, and the connections to it.

    The constructor does no I/O and needs no running loop. It works in several event loops (with connections
    of its own in each) and after fork; it is not thread-safe.

    Args:
        aws_key, aws_secret, aws_token: Keys; without them those that the AWS CLI would find (see DefaultChain).
        aws_region: What is signed for; else, or for ``auto``, the endpoint's own, AWS_REGION, AWS_DEFAULT_REGION, the
            profile's, or us-east-1.
        aws_endpoint: ``host``, ``host:port`` (https is meant) or a URL; else AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL,
            the profile's, or AWS in the region.
        profile: Of the shared config and credentials files, which are read before the first call; else AWS_PROFILE,
            or ``default``. What it sets counts where neither an argument nor the environment says otherwise.
        credentials: Credentials, or an async function that returns them. It is called when there are none, before
            those that it gave end, and when the store says that they have.
        anonymous: Sign nothing, ask nobody for keys.
        connector: An aiohttp connector, which is used and never closed here, or a function without arguments
            that makes one for each event loop, which is closed with the client.
        proxy: ``http://[user:password@]host:port``; ``None`` is HTTP_PROXY, HTTPS_PROXY and NO_PROXY, ``False`` none.
        verify: Check the server's certificate: ``True`` (by AWS_CA_BUNDLE, if there is one), a CA file, an SSLContext, or ``False``.
        addressing: ``path`` (/bucket/key), ``virtual`` (bucket.host/key), or ``auto``: as the dialect has it.
        dialect: What the store does differently: a name, a Dialect, or ``auto`` to know it by the endpoint's host.
        use_dualstack, use_fips, use_accelerate: AWS's hosts with IPv6, by FIPS 140, of Transfer Acceleration.
        use_ssl: Ask AWS's hosts by https, or by http; an endpoint says so itself.
        use_arn_region: An ARN may be of another region than the client's.
        expected_bucket_owner, request_payer: Sent with every request.
        max_connections: At once, in each loop.
        connect_timeout: Seconds for DNS, TCP, TLS and CONNECT together.
        read_timeout: Seconds without progress in either direction; there is no limit on the whole.
        pool_timeout: Seconds to wait for a free connection; ``None`` waits.
        keepalive_timeout: Seconds that an idle connection is kept.
        max_attempts: Requests per call, the first included; else AWS_MAX_ATTEMPTS, or 5.
        retry_mode: ``standard``, or ``adaptive``: slow all calls down together when the store asks; else AWS_RETRY_MODE.
        checksum: What every upload is checked by: an algorithm, ``none``, or ``auto``: CRC32 on AWS, none elsewhere. Reads
            are verified with it, by whichever is stored.
        payload_signing: Sign the hash of the body, or not; ``auto`` does so over plain http only.
        on_attempt: Called with an Attempt when each request's answer begins, or it failed; not awaited. What it raises
            goes to the loop's exception handler.
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
        profile: str | None = None,
        credentials: Credentials | Provider | None = None,
        anonymous: bool = False,
        connector: aiohttp.BaseConnector | ConnectorFactory | None = None,
        proxy: str | Literal[False] | None = None,
        verify: bool | str | os.PathLike[str] | ssl.SSLContext = True,
        addressing: Addressing = "auto",
        dialect: str | Dialect = "auto",
        use_dualstack: bool = False,
        use_fips: bool = False,
        use_accelerate: bool = False,
        use_ssl: bool = True,
        use_arn_region: bool = False,
        expected_bucket_owner: str | None = None,
        request_payer: str | None = None,
        max_connections: int = 64,
        connect_timeout: float = 10,
        read_timeout: float = 60,
        pool_timeout: float | None = None,
        keepalive_timeout: float = 15,
        max_attempts: int | None = None,
        retry_mode: RetryMode | None = None,
        checksum: str = "auto",
        payload_signing: PayloadSigning = "auto",
        on_attempt: AttemptHook | None = None,
        user_agent: str | None = None,
    ) -> None:
        # Long, since the contract's arguments take a line each; what is done with them is settings' and _configure's.
        self._arguments = arguments_of(locals())
        options = PoolOptions(
            max_connections=max_connections,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            pool_timeout=pool_timeout,
            keepalive_timeout=keepalive_timeout,
            proxy=proxy_url(proxy) if proxy else None,
            proxies=environment_proxies() if proxy is None else {},
            extra=f"user-agent: {agent_of(user_agent)}\r\naccept-encoding: identity\r\n",
        )
        self._pools = Pools(options, connector, verify)
        given = signer(aws_key, aws_secret, aws_token, credentials, anonymous)
        self._keys = given or Cached(DefaultChain(profile, aws_region, network=Network(self._pools.apart)))
        self._sessions = Sessions(self.call)
        self._signers = Signers()
        self._anonymous = anonymous
        self._on_attempt = on_attempt
        self._configure(os.environ)
        # False before the files were read and after the client was closed, so that a call has one thing to look at.
        self._ready = profile is None and None not in (given, aws_region, aws_endpoint)
        self._headers = common_headers(expected_bucket_owner, request_payer)
        self._closed = False
        self._reading: asyncio.Task[None] | None = None

    def _configure(self, environ: Mapping[str, str]) -> None:
        """Make what depends on settings that stand in the environment, or in a profile under its names."""
        given = self._arguments
        self._router = router(given, environ)
        self._integrity = integrity(self._router.dialect)
        self._payloads = payloads(given["payload_signing"], given["checksum"], self._router.dialect, environ)
        self.verifies = verifies(given["checksum"], self._router.dialect, environ)
        policy = retry_policy(given["max_attempts"], given["retry_mode"], environ)
        limiter = AdaptiveLimiter() if policy.mode == "adaptive" else None
        self._means = Means(self._router, policy, RetryBudget(), limiter, self._renew)
        self._unwatched = given["on_attempt"] is None and limiter is None
        self._pools.bundle = environ.get("AWS_CA_BUNDLE") or None

    async def _prepare(self) -> None:
        """Before the first call, read what the shared files say: once, however many are first."""
        if self._closed:
            raise InvalidInput("the client is closed: make a new one")
        if self._ready:
            return
        loop = get_running_loop()
        # What another loop has begun cannot be waited for.
        reading = self._reading
        if reading is None or reading.done() or reading.get_loop() is not loop:
            reading = self._reading = loop.create_task(self._read_settings())
            reading.add_done_callback(heard)
        # Whoever waits may give up; the others still want it.
        await shielded(reading)

    async def _read_settings(self) -> None:
        found = await asyncio.to_thread(from_files, self._arguments["profile"], os.environ)
        if self._closed:
            raise TransportError("the client was closed")
        # A first call in another loop may have been faster.
        if not self._ready:
            with said_of_profile(self._arguments["profile"]):
                self._configure(found or os.environ)
            self._ready = True

    @property
    def dialect(self) -> Dialect:
        """What the store does differently from others; ``list_version`` may turn out to be 1."""
        return self._router.dialect

    @property
    def store(self) -> str:
        """The address of the store itself."""
        home = self._router.home
        return f"{home.origin}{home.base_path}"

    def lacks_list_v2(self) -> None:
        """Remember that the store has no ListObjectsV2."""
        self._router.dialect = self._router.dialect.replace(list_version=1)

    def sends_files(self, *, checked: bool) -> bool:
        """Tell if the system sends the body of an upload that is a file: over TLS, or framed, it cannot."""
        return self._router.home.scheme == "http" and not checked and self._payloads.checksum is None

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
        if timeout is not None:
            async with time_limit(timeout):
                return await self.call(operation)
        if not self._ready:
            await self._prepare()
        failures: Recovery | None = None
        while True:
            headers: Mapping[str, str] = {}
            used = self._keys.current
            try:
                if self._unwatched and not log.isEnabledFor(logging.DEBUG):
                    response = await self._send(operation)
                else:
                    response = await self._send_watched(operation, failures.attempts + 1 if failures else 1)
                status, headers, _ = response.head
                if status >= 300:
                    raise decode_error(
                        operation, status, headers, await response.read_at_most(MAX_ERROR_BODY, cut=True)
                    )
                if is_streaming(operation):
                    result = decode_stream(operation, status, headers, response)
                else:
                    result = decode(operation, status, headers, await response.read_document(MAX_DOCUMENT))
            except (ServiceError, TransportError) as error:
                failures = failures or Recovery(self._means, operation)
                if (settled := await self._recover(operation, failures, error, headers, used)) is not None:
                    return settled
            else:
                self._succeeded(failures)
                return result

    def _send(self, operation: Operation[Any]) -> Coroutine[Any, Any, Body]:
        """Return one attempt to await: signed anew, with the keys and the time of now.

        Not a coroutine itself, since hardly any request needs to wait for its keys, its hash or its pool.
        """
        address, auth = self._router.route(operation)
        request = encode(operation, address, self._headers, self._integrity)
        if operation.checksummed and (algorithm := self._payloads.checksum_for(operation)) is not None:
            return self._send_checked(operation, request, auth, algorithm)
        payload_hash = self._payloads.hash_of(request)
        keys, pool = self._keys.current, self._pools.pool
        if pool is None or pool.loop is not get_running_loop():  # of another thread, or none yet
            return self._send_slowly(operation, request, auth)
        if keys is None or payload_hash is None or auth.scheme != "sigv4":
            return self._send_slowly(operation, request, auth)
        return pool.send(*signed(request, self._signers.at(auth, keys, self._router.timestamp()), payload_hash))

    async def _send_checked(
        self, operation: Operation[Any], request: Request, auth: Auth, algorithm: Algorithm
    ) -> Body:
        """Send an upload that is to have a checksum, which takes time."""
        request = await self._payloads.checked(operation, request, algorithm)
        return await self._send_slowly(operation, request, auth)

    async def _send_slowly(self, operation: Operation[Any], request: Request, auth: Auth) -> Body:
        """Wait for whatever an attempt needs, then send it."""
        proof = ""
        if not self._anonymous:
            request, payload_hash = await self._payloads.hashed(request)
            keys = await self._keys_for(operation, auth)()
            request, proof = signed(request, self._signers.at(auth, keys, self._router.timestamp()), payload_hash)
        return await (await self._pools.here(request.address.scheme)).send(request, proof)

    def _keys_for(self, operation: Operation[Any], auth: Auth) -> Fixed | Cached:
        """Return who has the keys: a directory bucket takes those of a session only."""
        return self._sessions.of(operation.__dict__["bucket"]) if auth.scheme == "sigv4-s3express" else self._keys

    def _renew(self, operation: Operation[Any], used: Credentials | None) -> bool:
        """Ask for other keys for the next attempt, since the store says that these have ended; False if there are none."""
        keys = self._keys_for(operation, self._router.route(operation).auth)
        keys.refused(used if keys is self._keys else None)
        return isinstance(keys, Cached)

    async def _send_watched(self, operation: Operation[Any], attempt: int) -> Body:
        """Send one attempt when the limiter lets it through, and tell of it."""
        if self._means.limiter is not None:
            await turn(self._means.limiter)
        started = perf_counter()  # uvloop's own clock knows milliseconds only
        waits = Waits()
        asked = current_waits.set(waits)
        failure: BaseException | None = None
        response: Body | None = None
        try:
            response = await self._send(operation)
            return response
        except BaseException as error:
            failure = error
            raise
        finally:
            head = None if response is None else response.head
            current_waits.reset(asked)
            told = observed(operation, attempt, head, perf_counter() - started, waits, failure)
            tell(told, self._on_attempt)

    async def _recover(
        self,
        operation: Operation[R],
        failures: Recovery,
        error: ServiceError | TransportError,
        headers: Mapping[str, str],
        used: Credentials | None,
    ) -> R | None:
        """Return when the next attempt may begin, or with a result if there need be none; else raise *error*."""
        if self._closed:
            raise error
        if failures.answer_lost and (settled := await self._settle(operation, error)) is not None:
            self._succeeded(failures)
            return settled
        await failures.after(error, headers, used)
        return None

    async def _settle(self, operation: Operation[R], error: S3Error) -> R | None:
        """Find out if *error* only says that an earlier attempt, whose answer was lost, did it already."""
        question = operation.question(error)
        if question is None:
            return None
        # Without an answer to this one it stays open; Recovery says so.
        with suppress(ServiceError, TransportError, InvalidResponse):
            answer = await self.call(question)
            # In a thread: it may digest a large body.
            return await asyncio.to_thread(operation.settled, answer)
        return None

    async def wait_after(self, error: TransportError, failures: int) -> int:
        """Wait as a retry does before a cut body is read on; return what that cost, to regain once it goes on.

        Args:
            failures: How often it failed without a byte between, this time included.
        Raises:
            TransportError: *error* itself, when that was tried often enough.
        """
        pause = self._means.policy.pause(error, failures, 0.0, random.random())  # noqa: S311  # no secret
        cost = 0 if pause is None or self._closed else self._means.budget.spend(error)
        if pause is None or not cost:
            raise error
        try:
            await asyncio.sleep(pause)
        except BaseException:
            self.regain(cost)
            raise
        return cost

    def regain(self, cost: int) -> None:
        """Give back what ``wait_after`` cost."""
        self._means.budget.earn(cost)

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
        # Brent's way to find a circle, of any length, by one step that is kept: https://doi.org/10.1007/BF01933190
        kept, age, limit = step, 0, 1
        while step is not None:
            result = await self.call(step, timeout=timeout)
            yield result
            step = step.next_page(result)
            if step == kept:
                raise InvalidResponse(f"{type(operation).__name__} on {operation.resource}: the pages begin again")
            age += 1
            if age == limit:
                kept, age, limit = step, 0, 2 * limit

    # -------------------------------------------------------------- the end
    async def close(self) -> None:
        """Close the connections of every loop, and connectors made by a function. Idempotent.

        Calls that are under way end in TransportError, later ones in InvalidInput. A connector that was given is
        not closed.
        """
        self._closed, self._ready = True, False
        if self._keys is not self._arguments["credentials"]:
            await self._keys.close()
        await self._sessions.close()
        await self._pools.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        if isinstance(self._pools.connector, aiohttp.BaseConnector):
            raise TypeError("a client with a connector cannot be pickled: give it a function that makes one")
        return _rebuild, (type(self), self._arguments)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.store} {self._router.region}>"


def _rebuild(cls: type[Caller], arguments: dict[str, Any]) -> Caller:
    return cls(**arguments)
