"""Answers that come while the body is still being sent: what reached this host wins."""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from aios3.errors import AccessDenied, S3Error, SlowDown, TransportError
from aios3.testing.peer import Peer, Step, peer_in_thread
from aios3.testing.steps import close, read, read_head, reset, response, send, stall
from tests.loops import BOTH_LOOPS
from tests.servers.certificates import Certificate

from .buckets import MIB, bucket_at, holds, pool, request_to

pytestmark = BOTH_LOOPS

BODY = bytes(20 * MIB)
DENIED = response(b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>", status="403 Forbidden")
BUSY = response(b"<Error><Code>SlowDown</Code></Error>", status="503 Slow Down", headers=["Connection: close"])
TIMES = 200


class Slow:
    """A body whose second half comes only when something has happened."""

    length = 2

    def __init__(self, happened: Callable[[], bool]) -> None:
        self._happened = happened

    async def chunks(self) -> AsyncIterator[bytes]:
        yield b"a"
        assert await holds(self._happened)
        yield b"b"

    async def rewind(self) -> bool:
        return False

    async def sha256(self) -> str | None:
        return None


@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize(("answer", "error"), [(DENIED, AccessDenied), (BUSY, SlowDown)], ids=["403", "503"])
async def test_early_answer_wins_over_the_reset_that_follows_it(answer: bytes, error: type[S3Error], end: Any) -> None:
    with peer_in_thread([read_head(), send(answer), end()]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            for _ in range(TIMES):
                with pytest.raises(error):
                    await bucket.put("key", BODY)

        assert peer.connections == TIMES


@pytest.mark.parametrize("end", [close, reset])
@pytest.mark.parametrize("body", [b"", b"<Error><Code>AccessDenied</Code><Mess"])
async def test_error_whose_body_is_cut_is_that_error(body: bytes, end: Any) -> None:
    cut = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 500\r\n\r\n" + body
    async with Peer([read_head(), send(cut), stall(), end()]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            call = asyncio.create_task(bucket.put("key", b"body"))
            await peer.until_stalled()
            peer.release()
            with pytest.raises(AccessDenied) as raised:
                await call

        assert (raised.value.status, len(peer.requests)) == (403, 1)


@pytest.mark.parametrize("end", [close, reset])
async def test_early_answer_wins_when_part_of_the_body_was_read(end: Any) -> None:
    with peer_in_thread([read_head(), read(3 * MIB), send(DENIED), end()]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            for _ in range(20):
                with pytest.raises(AccessDenied):
                    await bucket.put("key", BODY)


@pytest.mark.parametrize("end", [close, reset])
async def test_early_answer_wins_over_a_body_from_a_file(end: Any) -> None:
    with peer_in_thread([read_head(), send(DENIED), end()]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            for _ in range(20):
                with pytest.raises(AccessDenied):
                    await bucket.put("key", io.BytesIO(BODY))


async def test_early_answer_stops_the_body() -> None:
    drained: list[Step] = [read_head(), send(DENIED)]
    with peer_in_thread(drained) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(AccessDenied):
                await bucket.put("key", BODY)
            await peer.until_left()


@pytest.mark.parametrize("end", [close, reset])
async def test_early_answer_over_tls_ends_as_the_answer_or_as_a_transport_error(
    server_tls: ssl.SSLContext, certificate: Certificate, end: Any
) -> None:
    with peer_in_thread([read_head(), send(DENIED), end()], tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=certificate.authority) as bucket:
            for _ in range(40):
                with pytest.raises((AccessDenied, TransportError)):
                    await bucket.put("key", BODY)


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
async def test_early_answer_is_heard_although_the_server_is_gone_before_the_source_has_more(
    server_tls: ssl.SSLContext, certificate: Certificate, secure: bool
) -> None:
    verify = ssl.create_default_context(cafile=certificate.authority)
    with peer_in_thread([read_head(), send(DENIED), close()], tls=server_tls if secure else None) as peer:
        async with pool(ssl=verify) as made:
            slow = Slow(lambda: made._open_sockets == set())
            answer = await made.send(request_to(peer.endpoint, "PUT", slow))

    assert answer.head.status == 403
