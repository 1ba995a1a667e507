"""TLS: whom it trusts, and how it ends."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from aios3 import ObjectStream
from aios3.errors import ConnectError, InvalidInput, TruncatedBody
from aios3.testing.peer import Peer, Visit, peer_in_thread
from aios3.testing.steps import answering, close, ignore, read_request, reset, response, say_goodbye, send, stall
from tests import leaks, oracle
from tests.loops import BOTH_LOOPS
from tests.servers import Server
from tests.servers.certificates import Certificate

from .buckets import MIB, bucket_at, pool, request_to, turns

pytestmark = BOTH_LOOPS

HELLO = response(b"hello")


def trusting(certificate: Certificate) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate.authority)


def as_text(certificate: Certificate) -> str:
    return str(certificate.authority)


def as_path(certificate: Certificate) -> Path:
    return certificate.authority


def nobody(certificate: Certificate) -> bool:
    return False


TRUST = [as_text, as_path, trusting, nobody]


@pytest.mark.parametrize("own_connector", [False, True], ids=["our connector", "user's connector"])
@pytest.mark.parametrize("verify", TRUST)
async def test_own_authority_is_trusted_however_it_is_given(
    server_tls: ssl.SSLContext, certificate: Certificate, verify: Any, own_connector: bool
) -> None:
    async with Peer(answering(b"hello"), tls=server_tls) as peer, aiohttp.TCPConnector() as connector:
        options: dict[str, Any] = {"connector": connector} if own_connector else {}
        async with bucket_at(peer.endpoint, verify=verify(certificate), **options) as bucket:
            bodies = await asyncio.gather(*[bucket.get("key") for _ in range(3)])
            await bucket.put("key", bytes(3 * MIB))

    assert bodies == [b"hello"] * 3


@pytest.mark.parametrize("own_connector", [False, True], ids=["our connector", "user's connector"])
@pytest.mark.parametrize("system", [True, False], ids=["system's authorities", "another authority"])
async def test_server_of_another_authority_is_a_connect_error_that_says_so(
    server_tls: ssl.SSLContext, stranger: Certificate, system: bool, own_connector: bool
) -> None:
    async with Peer(answering(b"hello"), tls=server_tls) as peer, aiohttp.TCPConnector() as connector:
        options: dict[str, Any] = {"connector": connector} if own_connector else {}
        async with bucket_at(peer.endpoint, verify=True if system else stranger.authority, **options) as bucket:
            with pytest.raises(ConnectError, match="certificate verify failed"):
                await bucket.get("key")

        assert not peer.requests


async def test_certificate_for_another_name_is_a_connect_error_that_says_so(
    server_tls: ssl.SSLContext, certificate: Certificate
) -> None:
    async with Peer(answering(b"hello"), tls=server_tls) as peer:
        async with bucket_at(f"https://127.0.0.2:{peer.port}", verify=certificate.authority) as bucket:
            # The peer listens on 127.0.0.1 only, so the name is what differs.
            with pytest.raises(ConnectError):
                await bucket.get("key")


@pytest.mark.parametrize("content", [None, b"no certificate"])
async def test_authority_that_cannot_be_read_is_invalid_input(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    async with bucket_at("https://localhost", verify=path) as bucket:
        with pytest.raises(InvalidInput, match=r"ca\.pem"):
            await bucket.get("key")


# ------------------------------------------------------------------ the end
async def test_peer_that_never_says_goodbye_is_cut_off_after_a_second(server_tls: ssl.SSLContext) -> None:
    with peer_in_thread([read_request(), send(HELLO), ignore()], tls=server_tls) as peer:
        before = leaks.open_sockets()
        bucket = bucket_at(peer.endpoint, verify=False)
        await bucket.get("key")
        theirs = leaks.open_sockets() - before
        started = asyncio.get_running_loop().time()
        await bucket.close()
        took = asyncio.get_running_loop().time() - started

        # Of the two ends, which are in this process both, one is left: the peer's.
        assert len(theirs) == 2
        assert len(leaks.open_sockets() & theirs) == 1
        assert took < 1.5


async def test_peer_that_says_goodbye_is_not_waited_for_longer(server_tls: ssl.SSLContext) -> None:
    async with Peer(answering(b"hello"), tls=server_tls) as peer:
        bucket = bucket_at(peer.endpoint, verify=False)
        await bucket.get("key")
        async with asyncio.timeout(0.8):
            await bucket.close()
            await peer.until_left()

        assert peer.visits[0].over == "eof"  # it heard close_notify


async def test_idle_connection_is_closed_with_a_goodbye(server_tls: ssl.SSLContext) -> None:
    async with Peer(answering(b"hello"), tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=False, keepalive_timeout=0.1) as bucket:
            await bucket.get("key")
            await peer.until_left()

            assert peer.visits[0].over == "eof"


@pytest.mark.parametrize("end", [close, say_goodbye])
async def test_idle_connection_that_the_server_closes_is_thrown_away(server_tls: ssl.SSLContext, end: Any) -> None:
    async with Peer([read_request(), send(HELLO), stall(), end()], answering(b"again"), tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=False, max_connections=1) as bucket:
            before = leaks.open_sockets()
            await bucket.get("key")
            peer.release()
            await peer.until(lambda: peer.visits[0].over == "closed")

            assert not await leaks.settled(before, leaks.other_tasks())
            assert await bucket.get("key") == b"again"


UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\nhello"


@pytest.mark.parametrize("behind", [b"", b"more"], ids=["goodbye", "more"])
async def test_what_comes_behind_the_answer_of_a_connection_that_is_given_up_is_no_error_of_the_loops(
    server_tls: ssl.SSLContext, behind: bytes
) -> None:
    async def answer_and_leave(visit: Visit) -> None:
        visit.writer.write(HELLO)
        visit.writer.write(behind)
        await say_goodbye()(visit)

    async with Peer([read_request(), stall(), answer_and_leave], tls=server_tls) as peer, Peer(answering()) as other:
        async with pool(max_connections=1, ssl=False) as connections:
            first = asyncio.create_task(connections.send(request_to(peer.endpoint)))
            await peer.until_stalled()
            # Who needs the slot for another host: the connection is closed in the turn in which its answer comes.
            second = asyncio.create_task(connections.send(request_to(other.endpoint)))
            await turns(3)
            peer.release()

            assert await (await first).read() == b"hello"
            await second


async def test_body_until_close_is_whole_if_the_server_says_goodbye(server_tls: ssl.SSLContext) -> None:
    async with Peer([read_request(), send(UNTIL_CLOSE), say_goodbye()], tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=False) as bucket:
            assert await bucket.get("key") == b"hello"


@pytest.mark.parametrize("end", [close, reset])
async def test_body_until_close_is_cut_short_if_it_does_not(server_tls: ssl.SSLContext, end: Any) -> None:
    # Anybody on the way can end a TCP connection (RFC 8446 6.1).
    async with Peer([read_request(), send(UNTIL_CLOSE), stall(), end()], tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=False) as bucket, bucket.download("key") as stream:
            assert await stream.read(5) == b"hello"
            peer.release()
            with pytest.raises(TruncatedBody):
                await stream.read()


@pytest.mark.parametrize("end", [close, reset, say_goodbye])
async def test_body_that_is_cut_short_while_nobody_reads_is_never_given_as_whole(
    server_tls: ssl.SSLContext, end: Any
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n"
    with peer_in_thread([read_request(), send(head + bytes(4 * MIB)), stall(), end()], tls=server_tls) as peer:
        async with bucket_at(peer.endpoint, verify=False) as bucket, bucket.download("key") as stream:
            await stream.read(1)
            peer.release()
            with pytest.raises(TruncatedBody):
                await read_on(stream)


async def read_on(stream: ObjectStream) -> None:
    """Read to the end as a user does who wants pieces."""
    while await stream.read(MIB):
        pass


LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + bytes(8 * MIB)


@pytest.mark.parametrize("sent", [UNTIL_CLOSE, LARGE], ids=["until close", "more than we buffer"])
async def test_owner_closes_the_connector_in_mid_download(server_tls: ssl.SSLContext, sent: bytes) -> None:
    async with Peer([read_request(), send(sent)], tls=server_tls) as peer:
        connector = aiohttp.TCPConnector()
        async with bucket_at(peer.endpoint, verify=False, connector=connector) as bucket:
            async with bucket.download("key") as stream:
                await stream.read(5)
                async with asyncio.timeout(2):
                    await connector.close()
                    with pytest.raises((TruncatedBody, ConnectError)):
                        await stream.read()


# ------------------------------------------------------------------ real servers
@pytest.mark.parametrize("server", ["radosgw", "rclone"], indirect=True)
@pytest.mark.parametrize("own_connector", [False, True], ids=["our connector", "user's connector"])
async def test_real_server_over_tls(server: Server, bucket_name: str, own_connector: bool) -> None:
    oracle.make_bucket(server, bucket_name)
    async with aiohttp.TCPConnector() as connector:
        options: dict[str, Any] = {"connector": connector} if own_connector else {}
        options |= {"aws_key": server.access_key, "aws_secret": server.secret_key, "verify": server.ca}
        async with bucket_at(server.tls_endpoint or "", name=bucket_name, anonymous=False, **options) as bucket:
            await bucket.put("key", bytes(3 * MIB))

            assert await bucket.get("key") == bytes(3 * MIB)
