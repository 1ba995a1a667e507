"""Behaviour 6: what is sent again, how often, with which body, and what is not."""

import asyncio
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from aios3 import (
    AccessDenied,
    Attempt,
    ConnectError,
    InternalError,
    NoSuchKey,
    PreconditionFailed,
    ServiceError,
    SlowDown,
    TransportError,
)
from aios3.operations.objects import PutObject
from aios3.protocol.messages import Buffer
from aios3.testing import Answer, Asked, CutUpload, Fault, LoseAnswer, Peer, Step, steps
from tests import oracle
from tests.faults.scenes import KIB, MIB, behind, bucket_at, data_of, failure, on
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
OK = steps.response(headers=['ETag: "e"'])


def after(*failures: bytes) -> list[Step]:
    """Return the script of a server that answers with *failures* first, and then that all is well."""
    left = list(failures)
    return steps.serving(lambda asked: left.pop(0) if left else OK)


# ------------------------------------------------------------------ what is retried
@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("TooManyRequests", "429 Too Many Requests"),
        ("InternalError", "500 Internal Server Error"),
        ("BadGateway", "502 Bad Gateway"),
        ("SlowDown", "503 Slow Down"),
        ("GatewayTimeout", "504 Gateway Timeout"),
        ("RequestTimeout", "400 Bad Request"),
    ],
)
async def test_b06_answer_that_may_change_is_retried(code: str, status: str) -> None:
    async with Peer(after(failure(code, status), failure(code, status))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.put("key", b"data")

        assert [asked.body for asked in peer.requests] == [b"data"] * 3
        assert peer.connections == 1


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("AccessDenied", "403 Forbidden", AccessDenied),
        ("NoSuchKey", "404 Not Found", NoSuchKey),
        ("PreconditionFailed", "412 Precondition Failed", PreconditionFailed),
        ("InvalidArgument", "400 Bad Request", ServiceError),
        ("NotImplemented", "501 Not Implemented", ServiceError),
        ("HTTP505", "505 Version", ServiceError),
    ],
)
async def test_b06_answer_that_will_not_change_is_raised_at_once(
    code: str, status: str, error: type[ServiceError]
) -> None:
    async with Peer(after(failure(code, status))) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(error) as caught:
            await bucket.get("key")

        assert (caught.value.code, caught.value.attempts, len(peer.requests)) == (code, 1, 1)


@pytest.mark.parametrize("attempts", [1, 2, 4])
async def test_b06_attempts_end_where_they_shall(attempts: int) -> None:
    async with Peer(steps.serving(lambda _: failure("InternalError", "500 X"))) as peer:
        async with bucket_at(peer.endpoint, max_attempts=attempts) as bucket:
            with pytest.raises(InternalError) as caught:
                await bucket.get("key")

        assert caught.value.attempts == len(peer.requests) == attempts


async def test_b06_max_attempts_of_the_environment_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    async with Peer(steps.serving(lambda _: failure("InternalError", "500 X"))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(InternalError):
                await bucket.get("key")

        assert len(peer.requests) == 2


async def test_b06_refused_connection_is_retried_and_told(unused_tcp_port: int) -> None:
    told: list[Attempt] = []
    endpoint = f"http://127.0.0.1:{unused_tcp_port}"
    async with bucket_at(endpoint, max_attempts=3, on_attempt=told.append) as bucket:
        with pytest.raises(ConnectError, match=r"cannot connect to 127\.0\.0\.1"):
            await bucket.put("key", b"data")

    assert [(attempt.attempt, attempt.status, attempt.error) for attempt in told] == [
        (number, None, "ConnectError") for number in (1, 2, 3)
    ]


# ------------------------------------------------------------------ idle connections
@pytest.mark.parametrize("end", ["close", "reset", "say_goodbye"])
async def test_b06_idle_connection_that_the_server_closed_is_invisible_and_counted(end: str) -> None:
    # The request is on its way when the server closes: it has read it, and nobody knows what it did with it.
    told: list[Attempt] = []
    ending: Step = getattr(steps, end)()
    first = [steps.read_request(), steps.send(OK), steps.read_request(), ending]
    async with Peer(first, steps.answering()) as peer, bucket_at(peer.endpoint, on_attempt=told.append) as bucket:
        await bucket.put("one", b"1")
        await bucket.put("two", b"2")

    assert [asked.body for asked in peer.requests] == [b"1", b"2", b"2"]
    assert [(attempt.attempt, attempt.status) for attempt in told] == [(1, 200), (1, None), (2, 200)]
    assert told[1].error == "ConnectError"


async def test_b06_idle_connection_that_was_closed_before_is_not_even_an_attempt() -> None:
    told: list[Attempt] = []
    first = [steps.read_request(), steps.send(OK), steps.stall(), steps.close()]
    async with Peer(first, steps.answering()) as peer, bucket_at(peer.endpoint, on_attempt=told.append) as bucket:
        await bucket.put("one", b"1")
        peer.release()
        await peer.until(lambda: peer.visits[0].over == "closed")
        for _ in range(20):  # the FIN is in this very process's kernel
            await asyncio.sleep(0)
        await bucket.put("two", b"2")

    assert [(attempt.attempt, attempt.status) for attempt in told] == [(1, 200), (1, 200)]


# ------------------------------------------------------------------ bodies
@pytest.mark.parametrize("size", [100, 3 * MIB], ids=["small", "large"])
async def test_b06_second_body_of_a_file_is_the_same_from_where_it_stood(size: int) -> None:
    file = io.BytesIO(data_of(size + 7))
    file.seek(7)
    async with Peer(after(failure("SlowDown"), failure("InternalError", "500 X"))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.put("key", file)

    assert [asked.body for asked in peer.requests] == [data_of(size + 7)[7:]] * 3
    assert not file.closed


async def test_b06_second_body_of_a_path_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(data_of(300 * KIB))
    async with Peer(after(failure("SlowDown"))) as peer, bucket_at(peer.endpoint) as bucket:
        await bucket.put("key", path)

    assert [asked.body for asked in peer.requests] == [data_of(300 * KIB)] * 2


BODIES: dict[str, Any] = {
    "bytes": lambda data, path: data,
    "bytearray": lambda data, path: bytearray(data),
    "memoryview": lambda data, path: memoryview(data),
    "file": lambda data, path: io.BytesIO(data),
    "path": lambda data, path: path,
}


@pytest.mark.parametrize(
    "fault",
    [CutUpload(after=0), CutUpload(after=1_000_000), CutUpload(after=2_999_999, reset=True), Answer(early=True)],
    ids=["at once", "in the middle", "at the end", "early 503"],
)
@pytest.mark.parametrize("kind", BODIES)
async def test_b06_upload_that_was_cut_is_sent_again_whole(
    kind: str, fault: Fault, radosgw: Server, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data_of(3_000_000))
    async with behind(radosgw, on("PUT", fault)) as (proxy, bucket):
        await bucket.put("key", BODIES[kind](data_of(3_000_000), path))

        assert oracle.get(radosgw, bucket.name, "key").body == data_of(3_000_000)
        assert sum(proxy.injected.values()) == 1


class OneShot:
    """A request body that can be read only once."""

    def __init__(self, data: bytes) -> None:
        self.length = len(data)
        self._left = [data[i : i + 64 * KIB] for i in range(0, len(data), 64 * KIB)]

    async def chunks(self) -> AsyncIterator[Buffer]:
        while self._left:
            yield self._left.pop(0)

    async def rewind(self) -> bool:
        return False

    async def sha256(self) -> str | None:
        return None


@pytest.mark.parametrize("size", [10, 2 * MIB])
async def test_b06_body_that_can_be_read_once_gives_the_servers_own_error_at_once(size: int, radosgw: Server) -> None:
    async with behind(radosgw, on("PUT", Answer())) as (proxy, bucket):
        with pytest.raises(SlowDown, match="injected") as caught:
            await bucket.client.call(PutObject(bucket=bucket.name, key="key", body=OneShot(data_of(size))))
        assert caught.value.attempts == proxy.requests == 1

        await bucket.client.call(PutObject(bucket=bucket.name, key="key", body=OneShot(data_of(size))))
        assert oracle.get(radosgw, bucket.name, "key").body == data_of(size)


async def test_b06_file_that_was_closed_meanwhile_gives_the_servers_own_error() -> None:
    file = io.BytesIO(b"data")

    def refuse(asked: Asked) -> bytes:
        file.close()
        return failure("SlowDown")

    async with Peer(steps.serving(refuse)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(SlowDown):
            await bucket.put("key", file)

        assert len(peer.requests) == 1


async def test_b06_body_that_was_changed_between_the_attempts_is_signed_as_it_is(radosgw: Server) -> None:
    body = bytearray(b"first")

    def plan(number: int, method: str, target: str) -> Fault | None:
        body[:] = b"later"
        return Answer() if number == 0 else None

    async with behind(radosgw, plan) as (_, bucket):
        await bucket.put("key", body)

        assert oracle.get(radosgw, bucket.name, "key").body == b"later"


# ------------------------------------------------------------------ how long apart
async def test_b06_retry_after_in_seconds_is_honoured_and_each_attempt_is_signed_anew() -> None:
    loop = asyncio.get_running_loop()
    async with Peer(after(failure("SlowDown", headers=["Retry-After: 1"]))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            begun = loop.time()
            await bucket.put("key", b"data")
            took = loop.time() - begun

    assert took >= 0.99
    first, second = peer.requests
    # A second has passed for certain, so that neither can be the same.
    assert first.header("x-amz-date") != second.header("x-amz-date")
    assert first.header("authorization") != second.header("authorization")


async def test_b06_retry_after_as_a_date_is_honoured() -> None:
    loop = asyncio.get_running_loop()
    # Dates have whole seconds: this one is one to two ahead.
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    async with Peer(after(failure("SlowDown", headers=[f"Retry-After: {date}"]))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            begun = loop.time()
            await bucket.put("key", b"data")

    assert 0.9 <= loop.time() - begun < 5


async def test_b06_each_attempt_is_signed_so_that_the_server_takes_it(radosgw: Server) -> None:
    # radosgw checks signature and body hash: a second attempt with anything of the first would be refused.
    faults = (Answer(), LoseAnswer(), Answer(status=500, code="InternalError"))
    async with behind(radosgw, on("PUT", *faults)) as (proxy, bucket):
        await bucket.put("key", b"data", metadata={"a": "b"})

        assert (await bucket.head("key")).metadata == {"a": "b"}
        assert proxy.requests == 5


async def test_b06_cancelled_pause_ends_at_once_and_leaves_nothing() -> None:
    async with Peer(after(failure("SlowDown", headers=["Retry-After: 20"]))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            call = asyncio.create_task(bucket.put("key", b"data"))
            await peer.until_asked()
            for _ in range(20):
                await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

            await bucket.put("key", b"data")
            assert peer.connections == 1


async def test_b06_timeout_of_a_call_covers_its_retries() -> None:
    async with Peer(steps.serving(lambda _: failure("SlowDown", headers=["Retry-After: 20"]))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(TimeoutError):
                await bucket.put("key", b"data", timeout=0.2)

        assert len(peer.requests) == 1


# ------------------------------------------------------------------ many calls
async def test_b06_calls_of_a_client_share_one_budget() -> None:
    async with Peer(steps.serving(lambda _: failure("SlowDown"))) as peer:
        async with bucket_at(peer.endpoint, max_connections=100) as bucket:
            calls = [bucket.put(f"{number}", b"") for number in range(100)]
            results = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(result) for result in results} == {SlowDown}
    # 500 tokens, 5 for each retry: an outage costs twice the requests at most, not five times.
    assert len(peer.requests) == 200


async def test_b06_budget_comes_back_when_retries_succeed() -> None:
    refused: set[bytes] = set()

    def answer(asked: Asked) -> bytes:
        if asked.target in refused:
            return OK
        refused.add(asked.target)
        return failure("InternalError", "500 X")

    async with Peer(steps.serving(answer)) as peer, bucket_at(peer.endpoint) as bucket:
        # One retry each, 150 of them: three times what the budget holds without what comes back.
        for batch in range(5):
            await asyncio.gather(*(bucket.put(f"{batch}-{number}", b"") for number in range(30)))

        assert len(peer.requests) == 300


async def test_b06_cancelled_retries_cost_nothing() -> None:
    patient = failure("SlowDown", headers=["Retry-After: 20"])
    async with Peer(after(*[patient] * 120)) as peer, bucket_at(peer.endpoint, max_connections=200) as bucket:
        for _ in range(2):
            asked = len(peer.requests)
            calls = [asyncio.create_task(bucket.put("key", b"")) for _ in range(60)]
            await peer.until_asked(asked + 60)
            for _ in range(200):
                await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            results = await asyncio.gather(*calls, return_exceptions=True)
            # A budget that was spent would end in SlowDown.
            assert {type(result) for result in results} == {asyncio.CancelledError}


async def test_b06_adaptive_calls_slow_down_together_and_recover() -> None:
    refusals = 90  # of 100 retries that the budget holds
    async with Peer(after(*[failure("SlowDown")] * refusals)) as peer:
        async with bucket_at(peer.endpoint, max_connections=100, retry_mode="adaptive") as bucket:
            async with asyncio.timeout(20):
                await asyncio.gather(*(bucket.put(f"{number}", b"") for number in range(100)))
                assert len(peer.requests) == 100 + refusals
                # It has recovered: the next calls do not crawl.
                await asyncio.gather(*(bucket.put(f"{number}", b"") for number in range(100)))


async def test_b06_cancelled_calls_leave_the_adaptive_line() -> None:
    async with Peer(after(failure("SlowDown"))) as peer:
        async with bucket_at(peer.endpoint, retry_mode="adaptive") as bucket:
            await bucket.put("key", b"")
            calls = [asyncio.create_task(bucket.put("key", b"")) for _ in range(1000)]
            await asyncio.sleep(0)
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

            # A thousand places at the least rate would be half an hour.
            async with asyncio.timeout(10):
                await bucket.put("key", b"")


async def test_b06_call_under_way_ends_when_the_client_is_closed() -> None:
    async with Peer([steps.read_request(), steps.stall()]) as peer:
        bucket = bucket_at(peer.endpoint)
        call = asyncio.create_task(bucket.get("key"))
        await peer.until_stalled()
        await bucket.close()

        with pytest.raises(TransportError, match="closed"):
            await call
        assert peer.connections == 1
