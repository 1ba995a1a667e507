"""A user's connector: used, shared, never closed by us, and closed by its owner whenever he likes."""

import asyncio
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from aios3 import Client
from aios3.errors import ConnectError, InvalidResponse, PoolTimeout, S3Error, TruncatedBody
from aios3.protocol.messages import Buffer
from aios3.testing.peer import Peer, Script
from aios3.testing.steps import answering, close, read, read_request, repeat, response, send, stall
from tests.loops import BOTH_LOOPS

from .buckets import KIB, MIB, bucket_at, turns

pytestmark = BOTH_LOOPS

# An owner's close() may take no longer.
CLOSES_WITHIN = 1.0
HELD_UP: Script = [read_request(), stall(), send(response(b"hello")), *answering(b"hello")]


async def ask(session: aiohttp.ClientSession, peer: Peer) -> bytes:
    """Ask as any other user of the connector does."""
    async with session.get(f"{peer.endpoint}/elsewhere") as answer:
        return await answer.read()


async def end(connector: aiohttp.BaseConnector) -> None:
    """Close it; what close() itself returns differs from release to release."""
    await connector.close()


# ------------------------------------------------------------------ the owner closes
async def test_owner_closes_the_connector_while_a_connection_is_idle() -> None:
    async with Peer(answering(b"hello")) as peer:
        connector = aiohttp.TCPConnector()
        async with bucket_at(peer.endpoint, connector=connector) as bucket:
            await bucket.get("key")
            async with asyncio.timeout(CLOSES_WITHIN):
                await connector.close()
                await peer.until_left()
            with pytest.raises(ConnectError):
                await bucket.get("key")


async def test_owner_closes_the_connector_while_an_answer_is_awaited() -> None:
    async with Peer([read_request(), stall()]) as peer:
        connector = aiohttp.TCPConnector()
        async with bucket_at(peer.endpoint, connector=connector) as bucket:
            call = asyncio.create_task(bucket.get("key"))
            await peer.until_stalled()
            async with asyncio.timeout(CLOSES_WITHIN):
                await connector.close()
                with pytest.raises(ConnectError):
                    await call


PARTIAL = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    # Nothing but the server's own end makes such a body whole.
    "until close": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "more than we buffer": b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + bytes(8 * MIB),
}


@pytest.mark.parametrize("sent", PARTIAL.values(), ids=PARTIAL)
async def test_owner_closes_the_connector_in_mid_download(sent: bytes) -> None:
    async with Peer([read_request(), send(sent)]) as peer:
        connector = aiohttp.TCPConnector()
        async with bucket_at(peer.endpoint, connector=connector) as bucket, bucket.download("key") as stream:
            await stream.read(5)
            async with asyncio.timeout(CLOSES_WITHIN):
                await connector.close()
                with pytest.raises((TruncatedBody, ConnectError)):
                    await stream.read()


async def test_owner_closes_the_connector_in_mid_upload() -> None:
    async with Peer([stall()]) as peer:
        connector = aiohttp.TCPConnector()
        async with bucket_at(peer.endpoint, connector=connector) as bucket:
            call = asyncio.create_task(bucket.put("key", bytes(20 * MIB)))
            await peer.until_stalled()
            await turns(20)
            closing = asyncio.create_task(end(connector))
            # Its transport has bytes to send first, which nobody reads: this is the connector's way of closing.
            peer.release()
            async with asyncio.timeout(CLOSES_WITHIN):
                with pytest.raises(ConnectError):
                    await call
                await closing


# ------------------------------------------------------------------ it stays the owner's
@pytest.mark.parametrize("used", [True, False])
async def test_connector_is_never_closed_by_us(used: bool) -> None:
    async with Peer(answering(b"hello")) as peer, aiohttp.TCPConnector() as connector:
        for _ in range(2):
            async with Client(
                aws_endpoint=peer.endpoint, connector=connector, anonymous=True, proxy=False, max_attempts=1
            ) as client:
                if used:
                    await client.bucket("bucket").get("key")
        async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
            assert await ask(session, peer) == b"hello"

        assert not connector.closed


async def test_connector_that_a_function_makes_is_closed_with_the_client() -> None:
    made: list[aiohttp.BaseConnector] = []

    def make() -> aiohttp.BaseConnector:
        made.append(aiohttp.TCPConnector())
        return made[-1]

    async with Peer(answering(b"hello")) as peer:
        async with bucket_at(peer.endpoint, connector=make) as bucket:
            await bucket.get("key")
            assert not made[0].closed

        assert [connector.closed for connector in made] == [True]


async def test_session_on_the_same_connector_works_before_between_and_after_our_calls() -> None:
    async with Peer(answering(b"hello")) as peer, aiohttp.TCPConnector(limit=2) as connector:
        async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session, asyncio.timeout(5):
            assert await ask(session, peer) == b"hello"
            async with bucket_at(peer.endpoint, connector=connector) as bucket:
                assert await bucket.get("key") == b"hello"
                assert await ask(session, peer) == b"hello"
                assert await bucket.get("key") == b"hello"
                assert await ask(session, peer) == b"hello"
            assert await ask(session, peer) == b"hello"


async def test_session_never_gets_a_transport_of_ours() -> None:
    async with Peer(answering(b"hello")) as peer, aiohttp.TCPConnector() as connector:
        async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session, asyncio.timeout(5):
            async with bucket_at(peer.endpoint, connector=connector) as bucket:
                await bucket.get("key")
            await asyncio.gather(*[ask(session, peer) for _ in range(5)])

        assert all(b"elsewhere" in asked.target for visit in peer.visits[1:] for asked in visit.requests)


ENDINGS: dict[str, tuple[Script, type[S3Error] | None]] = {
    "answered": (answering(b"hello"), None),
    "no answer": ([read_request(), close()], ConnectError),
    "cut short": ([read_request(), send(PARTIAL["length"]), close()], TruncatedBody),
    "garbage": ([read_request(), send(b"garbage")], InvalidResponse),
    "spoke first": ([send(b"SSH-2.0\r\n")], InvalidResponse),
    "not kept alive": ([read_request(), send(response(b"hello", headers=["Connection: close"]))], None),
}


@pytest.mark.parametrize(("script", "error"), ENDINGS.values(), ids=ENDINGS)
async def test_connectors_slot_is_free_after_whatever_happened(script: Script, error: type[S3Error] | None) -> None:
    async with Peer(script) as peer, Peer(answering()) as other, aiohttp.TCPConnector(limit=1) as connector:
        async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session, asyncio.timeout(5):
            async with bucket_at(peer.endpoint, connector=connector) as bucket:
                for _ in range(3):
                    if error is None:
                        await bucket.get("key")
                    else:
                        with pytest.raises(error):
                            await bucket.get("key")
                    await ask(session, other)


async def test_connectors_slot_is_free_after_a_cancellation() -> None:
    async with Peer([read_request(), stall()]) as peer, Peer(answering()) as other:
        async with aiohttp.TCPConnector(limit=1) as connector, bucket_at(peer.endpoint, connector=connector) as bucket:
            async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
                call = asyncio.create_task(bucket.get("key"))
                await peer.until_stalled()
                call.cancel()
                async with asyncio.timeout(5):
                    await ask(session, other)


# ------------------------------------------------------------------ the connector's limit
async def test_everybody_goes_on_with_a_connector_of_one_connection() -> None:
    async with Peer(answering(b"one")) as one, Peer(answering(b"two")) as two, Peer(answering(b"three")) as three:
        async with aiohttp.TCPConnector(limit=1) as connector, asyncio.timeout(10):
            session = aiohttp.ClientSession(connector=connector, connector_owner=False)
            async with (
                session,
                bucket_at(one.endpoint, connector=connector) as first,
                bucket_at(two.endpoint, connector=connector) as second,
            ):
                for _ in range(3):
                    assert await first.get("key") == b"one"
                    assert await second.get("key") == b"two"
                    assert await ask(session, three) == b"three"
                calls = [call for _ in range(10) for call in (first.get("a"), second.get("b"), ask(session, three))]
                results = await asyncio.gather(*calls)

        assert results == [b"one", b"two", b"three"] * 10


async def test_connection_goes_to_whoever_waits_as_soon_as_it_is_free() -> None:
    async with Peer(answering(b"one")) as one, Peer(answering(b"two")) as two:
        async with (
            aiohttp.TCPConnector(limit=1) as connector,
            bucket_at(one.endpoint, connector=connector) as first,
            bucket_at(two.endpoint, connector=connector) as second,
        ):
            # The timer, which looks twice a second, would need ten seconds for what is done at once.
            async with asyncio.timeout(3):
                for _ in range(20):
                    assert list(await asyncio.gather(first.get("key"), second.get("key"))) == [b"one", b"two"]


async def test_idle_connection_makes_room_as_soon_as_another_is_wanted() -> None:
    async with Peer(answering(b"one")) as one, Peer(answering(b"two")) as two:
        async with (
            aiohttp.TCPConnector(limit=1) as connector,
            bucket_at(one.endpoint, connector=connector) as first,
            bucket_at(two.endpoint, connector=connector) as second,
        ):
            async with asyncio.timeout(3):
                for _ in range(20):
                    assert await first.get("key") == b"one"
                    assert await second.get("key") == b"two"


async def test_busy_bucket_does_not_starve_the_others_on_its_connector() -> None:
    async with Peer(answering(b"one")) as one, Peer(answering(b"two")) as two, Peer(answering(b"three")) as three:
        async with aiohttp.TCPConnector(limit=1) as connector:
            session = aiohttp.ClientSession(connector=connector, connector_owner=False)
            async with (
                session,
                # A short keep-alive, for a pool that looks around often.
                bucket_at(one.endpoint, connector=connector, keepalive_timeout=0.2) as first,
                bucket_at(two.endpoint, connector=connector) as second,
            ):

                async def without_end() -> None:
                    while True:
                        await first.get("key")

                busy = [asyncio.create_task(without_end()) for _ in range(4)]
                await one.until_asked(10)
                async with asyncio.timeout(5):
                    assert await second.get("key") == b"two"
                    assert await ask(session, three) == b"three"
                asked = len(one.requests)
                await one.until_asked(asked + 10)
                for task in busy:
                    task.cancel()
                await asyncio.gather(*busy, return_exceptions=True)


@pytest.mark.parametrize("limits", [{"limit": 2}, {"limit_per_host": 2}], ids=["limit", "limit_per_host"])
async def test_smaller_limit_of_the_connector_wins_and_connections_are_kept(limits: dict[str, Any]) -> None:
    async with Peer(answering(b"hello")) as peer, aiohttp.TCPConnector(**limits) as connector:
        async with bucket_at(peer.endpoint, connector=connector) as bucket, asyncio.timeout(10):
            await asyncio.gather(*[bucket.get("key") for _ in range(50)])

        assert peer.connections == 2


async def test_waiting_for_the_connector_counts_as_pool_time() -> None:
    async with Peer(HELD_UP) as peer, aiohttp.TCPConnector(limit=1) as connector:
        async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
            first = asyncio.create_task(ask(session, peer))
            await peer.until_stalled()
            options: dict[str, Any] = {"connector": connector, "pool_timeout": 0.2, "connect_timeout": 0.1}
            async with bucket_at(peer.endpoint, **options) as bucket:
                with pytest.raises(PoolTimeout, match="the connector is at its limit"):
                    await bucket.get("key")
                peer.release()
                await first

                assert await bucket.get("key") == b"hello"


async def test_connect_timeout_begins_when_the_connector_lets_us_in() -> None:
    async with Peer(HELD_UP) as peer, aiohttp.TCPConnector(limit=1) as connector:
        async with aiohttp.ClientSession(connector=connector, connector_owner=False) as session:
            first = asyncio.create_task(ask(session, peer))
            await peer.until_stalled()
            async with bucket_at(peer.endpoint, connector=connector, connect_timeout=0.2) as bucket:
                call = asyncio.create_task(bucket.get("key"))
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(asyncio.shield(call), 0.4)
                peer.release()
                await first

                assert await call == b"hello"


async def test_two_buckets_share_one_connector_and_one_limit() -> None:
    big = response(bytes(64 * KIB))
    async with Peer([repeat(read_request(), send(big))]) as one, Peer([repeat(read_request(), send(big))]) as two:
        async with aiohttp.TCPConnector(limit=3) as connector, asyncio.timeout(20):
            async with (
                bucket_at(one.endpoint, connector=connector) as first,
                bucket_at(two.endpoint, connector=connector) as second,
            ):
                sizes = await asyncio.gather(*[bucket.get("key") for _ in range(50) for bucket in (first, second)])

        assert {len(body) for body in sizes} == {64 * KIB}
        assert one.connections + two.connections < 50


# ------------------------------------------------------------------ whose transports are not the loop's
def scrambled(data: Buffer) -> bytes:
    """Encrypt, or decrypt, in a way that tests can see through."""
    return bytes(data).translate(bytes(value ^ 0x55 for value in range(256)))


class Descrambler(asyncio.Protocol):
    """Gives what comes to the protocol above."""

    def __init__(self, above: asyncio.BufferedProtocol) -> None:
        self.above = above

    def data_received(self, data: bytes) -> None:
        clear = scrambled(data)
        while clear:
            buffer = memoryview(self.above.get_buffer(len(clear)))
            count = min(len(buffer), len(clear))
            buffer[:count], clear = clear[:count], clear[count:]
            self.above.buffer_updated(count)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.above, name)

    # Which asyncio's base class has already.
    def eof_received(self) -> bool | None:
        return self.above.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.above.connection_lost(exc)


class Tunnel(asyncio.Transport):
    """Encrypts what goes through another transport, and tells all that this one would."""

    def __init__(self, below: asyncio.Transport) -> None:
        super().__init__()
        self.below = below

    def write(self, data: Buffer) -> None:
        self.below.write(scrambled(data))

    def set_protocol(self, protocol: Any) -> None:
        self.below.set_protocol(Descrambler(protocol))

    def __getattribute__(self, name: str) -> Any:
        own = name in ("below", "write", "set_protocol", "__class__")
        return object.__getattribute__(self, name) if own else getattr(object.__getattribute__(self, "below"), name)


class TunnelConnector(aiohttp.TCPConnector):
    """Opens connections through tunnels."""

    async def _create_connection(self, *arguments: Any, **options: Any) -> Any:
        protocol = await super()._create_connection(*arguments, **options)
        protocol.transport = Tunnel(cast(asyncio.Transport, protocol.transport))  # uvloop's are no subclasses
        return protocol


LARGE = bytes(range(256)) * 16 * KIB


async def test_large_body_comes_through_the_transport_that_decrypts_it() -> None:
    script = [read(1), send(scrambled(response(LARGE)))]
    async with Peer(script) as peer, TunnelConnector() as connector:
        async with bucket_at(peer.endpoint, connector=connector) as bucket:
            assert await bucket.get("key") == LARGE


async def test_large_body_comes_through_it_into_a_file(tmp_path: Path) -> None:
    script = [read(1), send(scrambled(response(LARGE, headers=['ETag: "e"'])))]
    async with Peer(script) as peer, TunnelConnector() as connector:
        async with bucket_at(peer.endpoint, connector=connector) as bucket:
            await bucket.download_file("key", tmp_path / "file")

    assert (tmp_path / "file").read_bytes() == LARGE


async def test_file_goes_through_the_transport_that_encrypts_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(LARGE)
    async with Peer([read(len(LARGE)), send(scrambled(response()))]) as peer, TunnelConnector() as connector:
        async with bucket_at(peer.endpoint, connector=connector) as bucket:
            await bucket.put("key", path)

        assert LARGE[: 64 * KIB] in scrambled(peer.visits[0].received)
