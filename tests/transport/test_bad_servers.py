"""Servers that break the rules: each a clear error of its class, at once, with no connection left and nothing half-returned."""

import asyncio
import ssl
from typing import Any, NamedTuple

import aiohttp
import pytest

from aios3.errors import ConnectError, InvalidResponse, S3Error, ServiceError, TruncatedBody
from aios3.protocol.http_codec import MAX_DOCUMENT
from aios3.testing.peer import Peer, Script
from aios3.testing.steps import close, read_request, repeat, response, send, trickle
from tests.loops import BOTH_LOOPS
from tests.servers import free_port

from .buckets import KIB, bucket_at, holds

pytestmark = BOTH_LOOPS

# All of this must be told long before the read timeout, which is 60 s here.
PROMPT = 3.0


class Fault(NamedTuple):
    """What a server sends, and what comes of it."""

    sent: bytes
    error: type[S3Error] = InvalidResponse
    says: str = ""


def _chunked(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body


def _lengths(*values: str) -> bytes:
    lines = "".join(f"Content-Length: {value}\r\n" for value in values)
    return f"HTTP/1.1 200 OK\r\n{lines}\r\nhello".encode()


# Bytes behind which the server stays silent, and the connection open.
FAULTS = {
    "two lengths": Fault(_lengths("5", "6"), says="Content-Length"),
    "a list of two lengths": Fault(_lengths("5, 6"), says="Content-Length"),
    "negative length": Fault(_lengths("-5"), says="Content-Length"),
    "huge length": Fault(_lengths("9" * 30), says="Content-Length"),
    "length beyond 63 bits": Fault(_lengths(str(2**63)), says="Content-Length"),
    "length in words": Fault(_lengths("five"), says="Content-Length"),
    "length with a sign": Fault(_lengths("+5"), says="Content-Length"),
    "length in other digits": Fault(_lengths("٥"), says="Content-Length"),
    "bad chunk size": Fault(_chunked(b"xyz\r\nhello\r\n"), says="chunk"),
    "negative chunk size": Fault(_chunked(b"-5\r\nhello\r\n"), says="chunk"),
    "huge chunk size": Fault(_chunked(b"f" * 20 + b"\r\nhello\r\n"), says="chunk"),
    "chunk longer than its size": Fault(_chunked(b"2\r\nhello\r\n0\r\n\r\n"), says="chunk"),
    "endless chunk line": Fault(_chunked(b"5;" + b"x" * 8 * KIB), says="chunk"),
    "endless trailers": Fault(_chunked(b"0\r\n" + b"X: y\r\n" * 20 * KIB), says="trailer"),
    "unknown coding": Fault(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", says="Transfer-Encoding"),
    "70 KiB head": Fault(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70 * KIB + b"\r\n\r\n", says="head of more than 65536"),
    "70 KiB of headers": Fault(b"HTTP/1.1 200 OK\r\n" + b"X: yyyyyy\r\n" * 7 * KIB + b"\r\n", says="head of more than"),
    "endless head": Fault(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70 * KIB, says="head of more than"),
    "endless interim answers": Fault(b"HTTP/1.1 100 Continue\r\n\r\n" * 4 * KIB, says="head of more than"),
    "SSH banner": Fault(b"SSH-2.0-OpenSSH_9.6\r\n", says="SSH-2.0-OpenSSH"),
    "SMTP banner": Fault(b"220 mail.test ESMTP\r\n", says="220 mail"),
    "one wrong byte": Fault(b"S", says="does not speak HTTP"),
    "garbage": Fault(bytes(range(256)), says="does not speak HTTP"),
    "TLS alert": Fault(b"\x15\x03\x01\x00\x02\x02\x46", says="does not speak HTTP"),
    "HTTP/2": Fault(b"HTTP/2 200\r\n\r\n", says="does not speak HTTP"),
    "HTTP/0.9": Fault(b"<html>hello</html>", says="<html>"),
    "bad status": Fault(b"HTTP/1.1 OK\r\n\r\n", says="status line"),
    "status of four digits": Fault(b"HTTP/1.1 2000 OK\r\n\r\n", says="status line"),
    "unasked upgrade": Fault(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", says="101"),
    "line without a colon": Fault(b"HTTP/1.1 200 OK\r\nhello\r\n\r\n", says="header line"),
    "space before the colon": Fault(b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", says="header line"),
    "NUL in a header": Fault(b"HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", says="NUL"),
    "folded line first": Fault(b"HTTP/1.1 200 OK\r\n X: y\r\n\r\n", says="folded"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_broken_answer_is_refused_at_once_and_its_connection_closed(fault: Fault) -> None:
    async with Peer([read_request(), send(fault.sent)]) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(PROMPT):
            with pytest.raises(fault.error, match=fault.says):
                await bucket.get("key")
            await peer.until_left()

        assert peer.connections == len(peer.requests) == 1


@pytest.mark.parametrize("name", ["two lengths", "bad chunk size", "SSH banner", "space before the colon"])
async def test_broken_answer_is_refused_however_it_is_cut(name: str) -> None:
    fault = FAULTS[name]
    async with Peer([read_request(), trickle(fault.sent)]) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(PROMPT):
            with pytest.raises(fault.error):
                await bucket.get("key")
            await peer.until_left()


ENDS: dict[str, tuple[Script, type[S3Error]]] = {
    "at once": ([close()], ConnectError),
    "in the status line": ([read_request(), send(b"HTTP/1."), close()], ConnectError),
    "in the head": ([read_request(), send(b"HTTP/1.1 200 OK\r\nContent-"), close()], ConnectError),
    "behind an interim answer": ([read_request(), send(b"HTTP/1.1 100 Continue\r\n\r\n"), close()], ConnectError),
    "in the body": ([read_request(), send(_lengths("10")), close()], TruncatedBody),
    "in a chunk": ([read_request(), send(_chunked(b"a\r\nhello")), close()], TruncatedBody),
}


@pytest.mark.parametrize(("script", "error"), ENDS.values(), ids=ENDS)
async def test_answer_that_ends_early_is_an_error(script: Script, error: type[S3Error]) -> None:
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(PROMPT):
            with pytest.raises(error):
                await bucket.get("key")


@pytest.mark.parametrize("verb", ["get", "head", "delete"])
async def test_server_that_is_down_is_a_connect_error_that_names_it(verb: str) -> None:
    port = free_port()
    async with bucket_at(f"http://127.0.0.1:{port}") as bucket:
        async with asyncio.timeout(PROMPT):
            with pytest.raises(ConnectError, match=f"127.0.0.1:{port}"):
                await getattr(bucket, verb)("key")


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH_9.6\r\n", b"220 mail.test ESMTP\r\n", b"\0"])
async def test_server_that_speaks_first_is_an_invalid_response(banner: bytes) -> None:
    async with Peer([send(banner)]) as peer, bucket_at(peer.endpoint) as bucket, asyncio.timeout(PROMPT):
        with pytest.raises(InvalidResponse, match="HTTP"):
            await bucket.get("key")
        await peer.until_left()


class LateConnector(aiohttp.TCPConnector):
    """Takes so long to hand a transport over that the peer has said something by then."""

    async def connect(self, *args: Any, **options: Any) -> aiohttp.connector.Connection:
        loan = await super().connect(*args, **options)
        protocol = loan.protocol
        assert protocol is not None
        assert await holds(lambda: protocol.should_close)
        return loan


async def test_bytes_that_came_before_the_transport_was_ours_are_no_answer() -> None:
    greeting = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    async with Peer([send(greeting)]) as peer, LateConnector() as connector:
        async with bucket_at(peer.endpoint, connector=connector) as bucket, asyncio.timeout(PROMPT):
            with pytest.raises(InvalidResponse, match="spoke before it was asked"):
                await bucket.get("key")
            await peer.until_left()

        assert peer.connections == 1


async def test_html_with_status_200_is_no_listing() -> None:
    page = response(b"<html><body>Welcome to nginx!</body></html>", headers=["Content-Type: text/html"])
    async with Peer([read_request(), send(page)]) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(InvalidResponse):
            await bucket.list()


@pytest.mark.parametrize("status", ["404 Not Found", "502 Bad Gateway", "302 Found"])
async def test_html_with_an_error_status_is_a_service_error_that_shows_it(status: str) -> None:
    page = response(b"<html><body>nothing here</body></html>", status=status, headers=["Location: /elsewhere"])
    async with Peer([read_request(), send(page)]) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(ServiceError, match="nothing here") as raised:
            await bucket.list()

        assert raised.value.status == int(status[:3])
        assert len(peer.requests) == 1  # no redirect is followed


async def test_endless_error_page_is_read_up_to_a_limit_only() -> None:
    endless = b"HTTP/1.1 500 Internal Server Error\r\n\r\n" + bytes(20 * 1024 * KIB)
    async with Peer([read_request(), send(endless)]) as peer, bucket_at(peer.endpoint) as bucket:
        async with asyncio.timeout(PROMPT):
            with pytest.raises(ServiceError):
                await bucket.get("key")
            await peer.until_left()


@pytest.mark.parametrize("framing", ["Transfer-Encoding: chunked", "Connection: close", "Content-Length: 99999999999"])
async def test_endless_document_is_read_up_to_a_limit_only(framing: str) -> None:
    blanks = b" " * (1 << 20)
    piece = b"%x\r\n%s\r\n" % (len(blanks), blanks) if "chunked" in framing else blanks
    head = f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode()
    async with Peer([read_request(), send(head), repeat(send(piece))]) as peer:
        async with bucket_at(peer.endpoint, max_attempts=1) as bucket:
            with pytest.raises(InvalidResponse, match=f"more than {MAX_DOCUMENT} bytes"):
                await bucket.list()

        await peer.until_left()


async def test_plain_server_at_a_tls_endpoint_is_a_connect_error() -> None:
    async with Peer([send(b"HTTP/1.1 400 Bad Request\r\n\r\n")]) as peer:
        async with bucket_at(f"https://127.0.0.1:{peer.port}") as bucket, asyncio.timeout(PROMPT):
            with pytest.raises(ConnectError):
                await bucket.get("key")


async def test_tls_server_at_a_plain_endpoint_is_an_error_at_once(server_tls: ssl.SSLContext) -> None:
    async with Peer(tls=server_tls) as peer:
        async with bucket_at(f"http://127.0.0.1:{peer.port}") as bucket, asyncio.timeout(PROMPT):
            with pytest.raises((InvalidResponse, ConnectError)):
                await bucket.get("key")


async def test_next_call_after_a_broken_answer_gets_a_new_connection() -> None:
    good: list[Any] = [read_request(), send(response(b"hello"))]
    async with Peer([read_request(), send(b"garbage")], good) as peer:
        async with bucket_at(peer.endpoint, max_connections=1) as bucket:
            with pytest.raises(InvalidResponse):
                await bucket.get("key")

            assert await bucket.get("key") == b"hello"
