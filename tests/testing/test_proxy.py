"""The fault proxy: relays what a real server says, and does to it what the plan says, no more."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from aios3 import InvalidInput
from aios3.testing import (
    Answer,
    Corrupt,
    Cut,
    CutUpload,
    Fault,
    FaultProxy,
    HalfClose,
    LoseAnswer,
    Peer,
    RandomFaults,
    Script,
    Stall,
    Trickle,
    steps,
)
from tests.loops import BOTH_LOOPS

pytestmark = BOTH_LOOPS
BODY = bytes(range(256)) * 40
WHOLE = steps.response(BODY, headers=["ETag: e"])
GET = b"GET /bucket/key HTTP/1.1\r\nHost: h\r\n\r\n"
PUT = b"PUT /bucket/key HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n" + bytes(10_000)


@asynccontextmanager
async def served(*faults: Fault | None, script: Script = ()) -> AsyncIterator[tuple[FaultProxy, Peer]]:
    """Give a proxy with a fault for each request before a server that always answers WHOLE."""
    left = list(faults)
    async with Peer(script or steps.serving(lambda _: WHOLE)) as peer:
        async with FaultProxy(peer.endpoint, lambda number, method, target: left.pop(0) if left else None) as proxy:
            yield proxy, peer


@asynccontextmanager
async def connected(proxy: FaultProxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Connect to a proxy."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.sleep(0)


async def ask(proxy: FaultProxy, request: bytes = GET) -> tuple[bytes, type[OSError] | None]:
    """Send a request; return all that came until the end, and how that came."""
    async with connected(proxy) as (reader, writer):
        writer.write(request)
        got = bytearray()
        try:
            while len(got) < len(WHOLE) and (piece := await reader.read(1 << 20)):
                got += piece
        except OSError as error:
            return bytes(got), type(error)
        return bytes(got), None


# ------------------------------------------------------------------ without faults
async def test_requests_and_answers_pass_through_as_they_are() -> None:
    async with served() as (proxy, peer), connected(proxy) as (reader, writer):
        for request in (GET, PUT, GET):
            writer.write(request)
            assert await reader.readexactly(len(WHOLE)) == WHOLE

        assert [asked.head + asked.body for asked in peer.requests] == [GET, PUT, GET]
        assert (proxy.requests, peer.connections, proxy.injected) == (3, 1, Counter())


async def test_plan_hears_number_method_and_target() -> None:
    heard: list[object] = []
    async with Peer(steps.answering()) as peer:
        async with FaultProxy(peer.endpoint, lambda *arguments: heard.append(arguments)) as proxy:
            async with connected(proxy) as (reader, writer):
                for method in (b"GET", b"HEAD"):
                    writer.write(GET.replace(b"GET", method))
                    await reader.readuntil(b"\r\n\r\n")

    assert heard == [(0, "GET", "/bucket/key"), (1, "HEAD", "/bucket/key")]


async def test_answers_pass_whose_length_is_told_in_any_way() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    until_close = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello"
    continued = b"HTTP/1.1 100 Continue\r\n\r\n" + steps.response(b"hello")
    for answer, ends in ((chunked, False), (continued, False), (until_close, True)):
        script = [steps.read_request(), steps.send(answer), *([steps.say_goodbye()] if ends else steps.answering())]
        async with served(script=script) as (proxy, _), connected(proxy) as (reader, writer):
            writer.write(GET)
            assert await reader.readexactly(len(answer)) == answer
            assert not ends or await reader.read() == b""


async def test_100_continue_is_relayed_before_the_body_is_there() -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    script = [steps.read_head(), steps.send(interim), steps.read(10_000), steps.send(WHOLE)]
    async with served(script=script) as (proxy, _), connected(proxy) as (reader, writer):
        head, body = PUT[:-10_000], PUT[-10_000:]
        writer.write(head)
        assert await reader.readexactly(len(interim)) == interim
        writer.write(body)

        assert await reader.readexactly(len(WHOLE)) == WHOLE


async def test_answer_that_comes_before_the_body_is_relayed_at_once() -> None:
    script = [steps.read_head(), steps.send(WHOLE), steps.read(10_000), *steps.serving(lambda _: WHOLE)]
    async with served(script=script) as (proxy, _), connected(proxy) as (reader, writer):
        writer.write(PUT[:-5000])
        assert await reader.readexactly(len(WHOLE)) == WHOLE
        writer.write(PUT[-5000:])
        writer.write(GET)

        assert await reader.readexactly(len(WHOLE)) == WHOLE


@pytest.mark.parametrize("noise", [b"220 smtp\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"])
async def test_server_that_is_none_ends_the_connection(noise: bytes) -> None:
    async with served(script=[steps.read_head(), steps.send(noise)]) as (proxy, _):
        got, _ = await ask(proxy)

    assert noise.startswith(got)


async def test_client_that_is_none_ends_the_connection() -> None:
    async with served() as (proxy, _):
        for nonsense in (b"\r\n\r\n", b"GET\r\n\r\n", b"PUT / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"x" * 600_000):
            got, _ = await ask(proxy, nonsense)
            assert got == b""


async def test_server_that_does_not_listen_ends_the_connection(unused_tcp_port: int) -> None:
    async with FaultProxy(f"http://127.0.0.1:{unused_tcp_port}") as proxy:
        got, _ = await ask(proxy)

    assert got == b""


def test_tls_cannot_be_looked_into() -> None:
    with pytest.raises(InvalidInput, match="TLS cannot be looked into"):
        FaultProxy("https://127.0.0.1:9000")


async def test_leaving_ends_whatever_is_going_on() -> None:
    async with served(Stall(after=100, seconds=3600)) as (proxy, _), connected(proxy) as (reader, writer):
        writer.write(GET)
        assert await reader.readexactly(100) == WHOLE[:100]
        # The context's end, with the stall in the middle, takes no hour.
    with pytest.raises(OSError, match=r"refused|Connect call failed"):
        await asyncio.open_connection("127.0.0.1", int(proxy.url.rpartition(":")[2]))


# ------------------------------------------------------------------ faults
@pytest.mark.parametrize("after", [0, 1, 50, len(WHOLE) - 1])
async def test_cut_relays_so_many_bytes_and_closes(after: int) -> None:
    async with served(Cut(after=after)) as (proxy, _):
        assert await ask(proxy) == (WHOLE[:after], None)
        assert await ask(proxy) == (WHOLE, None)

        assert proxy.injected == {"Cut": 1}


async def test_cut_with_a_reset_is_one() -> None:
    async with served(Cut(after=50, reset=True)) as (proxy, _):
        got, error = await ask(proxy)

    assert error is ConnectionResetError
    assert WHOLE[:50].startswith(got)


async def test_half_close_says_goodbye_and_waits_for_the_clients() -> None:
    async with served(HalfClose(after=50)) as (proxy, _), connected(proxy) as (reader, writer):
        writer.write(GET)
        assert await reader.read() == WHOLE[:50]

        for _ in range(3):  # the other half still takes what comes
            writer.write(bytes(100_000))
            await writer.drain()
        assert proxy.injected == {"HalfClose": 1}


@pytest.mark.parametrize("after", [0, 1, 9999])
async def test_cut_upload_relays_so_much_of_the_body_and_no_answer(after: int) -> None:
    async with served(CutUpload(after=after)) as (proxy, peer):
        got, _ = await ask(proxy, PUT)
        await peer.until_left()

        assert got == b""
        assert peer.requests == []
        assert proxy.injected == {"CutUpload": 1}


async def test_cut_upload_beyond_the_body_does_not_happen() -> None:
    async with served(CutUpload(after=10_000), CutUpload(after=0)) as (proxy, _):
        assert await ask(proxy, PUT) == (WHOLE, None)
        assert await ask(proxy, GET) == (WHOLE, None)

        assert proxy.injected == {}


async def test_lost_answer_is_lost_after_the_server_did_it() -> None:
    async with served(LoseAnswer()) as (proxy, peer):
        assert await ask(proxy, PUT) == (b"", None)

        assert [asked.body for asked in peer.requests] == [bytes(10_000)]
        assert proxy.injected == {"LoseAnswer": 1}


async def test_stall_is_a_pause_in_the_middle() -> None:
    loop = asyncio.get_running_loop()
    async with served(Stall(after=200, seconds=0.2)) as (proxy, _), connected(proxy) as (reader, writer):
        writer.write(GET)
        assert await reader.readexactly(200) == WHOLE[:200]
        begun = loop.time()

        assert await reader.readexactly(len(WHOLE) - 200) == WHOLE[200:]
        assert loop.time() - begun > 0.15
        assert proxy.injected == {"Stall": 1}


async def test_trickle_comes_in_small_pieces_and_whole() -> None:
    async with served(Trickle(size=3, pieces=50)) as (proxy, _), connected(proxy) as (reader, writer):
        writer.write(GET)
        first = await reader.read(1 << 20)

        assert len(first) < len(WHOLE)
        assert first + await reader.readexactly(len(WHOLE) - len(first)) == WHOLE
        assert proxy.injected == {"Trickle": 1}


@pytest.mark.parametrize("after", [0, 100, len(WHOLE) - 1])
async def test_corrupt_changes_one_bit(after: int) -> None:
    async with served(Corrupt(after=after)) as (proxy, _):
        got, _ = await ask(proxy)

    changed = [place for place in range(len(WHOLE)) if got[place] != WHOLE[place]]
    assert changed == [after]
    assert got[after] ^ WHOLE[after] == 1


@pytest.mark.parametrize(
    "fault", [Cut(after=99_999), HalfClose(after=99_999), Stall(after=99_999), Corrupt(after=99_999)]
)
async def test_fault_beyond_the_answer_does_not_happen(fault: Fault) -> None:
    async with served(fault) as (proxy, _):
        assert await ask(proxy) == (WHOLE, None)

        assert proxy.injected == {}


async def test_answer_stands_in_for_the_server() -> None:
    fault = Answer(status=503, code="SlowDown", headers=(("retry-after", "3"),))
    async with served(fault, Answer(status=418, body=b"short"), None) as (proxy, peer):
        async with connected(proxy) as (reader, writer):
            writer.write(PUT)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: 3\r\n" in head
            assert b"<Code>SlowDown</Code>" in await reader.readuntil(b"</Error>")

            writer.write(GET)
            assert (await reader.readuntil(b"short")).startswith(b"HTTP/1.1 418 ")
            writer.write(GET)
            assert await reader.readexactly(len(WHOLE)) == WHOLE

        assert len(peer.requests) == 1
        assert proxy.injected == {"Answer": 2}


async def test_answer_to_head_has_no_body() -> None:
    async with served(Answer(), None) as (proxy, _), connected(proxy) as (reader, writer):
        writer.write(GET.replace(b"GET", b"HEAD"))
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GET)

        assert await reader.readexactly(len(WHOLE)) == WHOLE


async def test_early_answer_comes_before_the_body_and_closes() -> None:
    async with served(Answer(early=True)) as (proxy, peer), connected(proxy) as (reader, writer):
        writer.write(PUT[:-10_000])
        got = await reader.read()

        assert got.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nconnection: close\r\n" in got
        assert peer.requests == []


# ------------------------------------------------------------------ random faults
KINDS = (
    "cut",
    "reset",
    "half_close",
    "cut_upload",
    "lose_answer",
    "stall",
    "trickle",
    "corrupt",
    "503",
    "500",
    "early",
)


def test_same_seed_chooses_the_same_for_a_number_in_whatever_order() -> None:
    one, two, other = (RandomFaults(seed, every=3, kinds=KINDS) for seed in (1, 1, 2))
    forwards = [one(number, "GET", "/") for number in range(300)]
    backwards = [two(number, "PUT", "/x") for number in reversed(range(300))]

    assert forwards == backwards[::-1]
    assert forwards != [other(number, "GET", "/") for number in range(300)]


def test_random_faults_are_as_frequent_as_asked_and_of_every_kind() -> None:
    faults = RandomFaults(5, every=4, kinds=KINDS, within=1000, stall=0.5)
    chosen = [fault for number in range(8000) if (fault := faults(number, "GET", "/"))]

    assert len(chosen) == pytest.approx(2000, rel=0.1)
    assert {type(fault) for fault in chosen} == {
        Cut,
        HalfClose,
        CutUpload,
        LoseAnswer,
        Stall,
        Trickle,
        Corrupt,
        Answer,
    }
    assert all(getattr(fault, "after", 0) < 1000 for fault in chosen)
    assert all(0 <= getattr(fault, "seconds", 0) <= 0.5 for fault in chosen)


def test_random_faults_refuse_what_there_is_not() -> None:
    with pytest.raises(InvalidInput, match=r"kinds must be some of cut, reset, .*, not fire, flood"):
        RandomFaults(1, kinds=("cut", "flood", "fire"))
    with pytest.raises(InvalidInput, match="kinds must be some of"):
        RandomFaults(1, kinds=())
    for every in (0, -1, 0.5, float("nan")):
        with pytest.raises(InvalidInput, match="every must be a number from 1"):
            RandomFaults(1, every=every)


async def test_faults_of_a_seed_are_the_same_on_the_wire() -> None:
    async def run() -> tuple[Counter[str], list[bytes]]:
        async with Peer(steps.serving(lambda _: WHOLE)) as peer:
            faults = RandomFaults(3, every=2, kinds=("cut", "lose_answer", "503", "corrupt"), within=5000)
            async with FaultProxy(peer.endpoint, faults) as proxy:
                return proxy.injected, [(await _one(proxy)) for _ in range(40)]

    assert await run() == await run()


async def _one(proxy: FaultProxy) -> bytes:
    async with connected(proxy) as (reader, writer):
        writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        writer.write_eof()
        return await reader.read()


def test_nothing_is_left_listening() -> None:
    async def use() -> int:
        async with FaultProxy("http://127.0.0.1:9") as proxy:
            return int(proxy.url.rpartition(":")[2])

    port = asyncio.run(use())
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
