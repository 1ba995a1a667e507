"""Behaviour 29: a hook that hears of each attempt, costs nothing when it is unset, and cannot break a call."""

import asyncio
import dataclasses
import logging

import pytest

from aios3 import Attempt, ConnectError, NoSuchKey
from aios3.operations.buckets import ListBuckets
from aios3.testing import Answer, LoseAnswer, Peer, steps
from tests import oracle
from tests.faults.scenes import KIB, behind, bucket_at, data_of, failure, on, serves
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS


async def test_b29_hook_hears_what_each_attempt_was(radosgw: Server) -> None:
    told: list[Attempt] = []
    async with behind(radosgw, on("PUT", LoseAnswer(), Answer()), on_attempt=told.append) as (_, bucket):
        await bucket.put("key", data_of(100 * KIB))
        await bucket.head("key")
        await bucket.get("key", end=1000)
        with pytest.raises(NoSuchKey):
            await bucket.get("no-such-key")
        await bucket.delete("key")
        await bucket.client.call(ListBuckets())

    seen = [(a.operation, a.bucket, a.attempt, a.status, a.error) for a in told]
    assert seen == [
        ("PutObject", bucket.name, 1, None, "ConnectError"),
        ("PutObject", bucket.name, 2, 503, None),
        ("PutObject", bucket.name, 3, 200, None),
        ("HeadObject", bucket.name, 1, 200, None),
        ("GetObject", bucket.name, 1, 206, None),
        ("GetObject", bucket.name, 1, 404, None),
        ("DeleteObject", bucket.name, 1, 204, None),
        ("ListBuckets", None, 1, 200, None),
    ]
    # A HEAD announces what a GET would send; none of it is.
    assert [a.bytes for a in told[2:5]] == [100 * KIB, 0, 1000]
    assert all(0 <= a.seconds < 30 for a in told)
    assert [a.request_id is not None for a in told] == [False, False, *[True] * 6]


async def test_b29_attempt_is_told_when_its_head_is_here_and_before_the_body() -> None:
    told: list[Attempt] = []
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
    async with Peer([steps.read_request(), steps.send(head), steps.stall(), steps.send(b"0123456789")]) as peer:
        async with bucket_at(peer.endpoint, on_attempt=told.append) as bucket, bucket.download("key") as stream:
            assert [(attempt.status, attempt.bytes) for attempt in told] == [(200, 10)]

            peer.release()
            assert await stream.read() == b"0123456789"
    assert len(told) == 1


async def test_b29_cancelled_attempt_is_told_too() -> None:
    told: list[Attempt] = []
    async with Peer([steps.read_request()]) as peer, bucket_at(peer.endpoint, on_attempt=told.append) as bucket:
        call = asyncio.create_task(bucket.get("key"))
        await peer.until_asked()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    assert [(attempt.status, attempt.error) for attempt in told] == [(None, "CancelledError")]


async def test_b29_hook_hears_what_an_attempt_waited_for() -> None:
    told: list[Attempt] = []
    async with (
        Peer(steps.serving(serves(b"data"))) as peer,
        bucket_at(peer.endpoint, on_attempt=told.append, max_connections=1) as bucket,
    ):
        await bucket.get("key")
        await asyncio.gather(bucket.get("key"), bucket.get("key"))

    opened, free, stood = told
    assert opened.connecting is not None
    assert opened.queued == 0 <= opened.connecting <= opened.seconds
    assert stood.connecting is None
    assert 0 < stood.queued <= stood.seconds
    assert (free.connecting, free.queued) == (None, 0)


async def test_b29_attempt_that_could_not_connect_tells_how_long_it_tried() -> None:
    told: list[Attempt] = []
    async with bucket_at("http://127.0.0.1:1", on_attempt=told.append, max_attempts=1) as bucket:
        with pytest.raises(ConnectError):
            await bucket.get("key")

    assert [attempt.connecting is not None for attempt in told] == [True]


class Broken(Exception):
    """What a hook raises."""


async def test_b29_hook_that_raises_is_heard_of_and_breaks_nothing() -> None:
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context["exception"]))

    def hook(attempt: Attempt) -> None:
        raise Broken

    left = [failure("SlowDown")]
    script = steps.serving(lambda asked: left.pop() if left else serves(data_of(1000))(asked))
    async with Peer(script) as peer, bucket_at(peer.endpoint, on_attempt=hook) as bucket:
        assert await bucket.get("key") == data_of(1000)
        async with bucket.download("key") as stream:
            assert await stream.read() == data_of(1000)

        assert peer.connections == 1
    assert [type(error) for error in heard] == [Broken] * 3


async def test_b29_hook_that_raises_does_not_swallow_a_cancellation() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda _, context: None)

    def hook(attempt: Attempt) -> None:
        raise Broken

    async with Peer([steps.read_request()]) as peer, bucket_at(peer.endpoint, on_attempt=hook) as bucket:
        call = asyncio.create_task(bucket.get("key"))
        await peer.until_asked()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call


async def test_b29_no_attempt_is_made_where_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    original = Attempt.__init__

    def counted(self: Attempt, **members: object) -> None:
        nonlocal made
        made += 1
        original(self, **members)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Attempt, "__init__", counted)
    async with Peer(steps.answering(b"data")) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            await bucket.get("key")
        assert made == 0

        async with bucket_at(peer.endpoint, on_attempt=lambda attempt: None) as bucket:
            await bucket.get("key")
        assert made == 1


async def test_b29_debug_logging_that_is_switched_on_later_is_heeded(caplog: pytest.LogCaptureFixture) -> None:
    async with Peer(steps.answering(b"data")) as peer, bucket_at(peer.endpoint) as bucket:
        await bucket.get("key")
        with caplog.at_level(logging.DEBUG, "aios3"):
            await bucket.get("key")
        await bucket.get("key")

    assert len([record for record in caplog.records if record.name == "aios3"]) == 1


async def test_b29_attempt_is_a_value(radosgw: Server) -> None:
    told: list[Attempt] = []
    async with behind(radosgw, on_attempt=told.append) as (_, bucket):
        oracle.put(radosgw, bucket.name, "key", b"data")
        await bucket.get("key")

    assert dataclasses.asdict(told[0]).keys() == {
        "operation",
        "bucket",
        "attempt",
        "status",
        "request_id",
        "bytes",
        "seconds",
        "queued",
        "connecting",
        "error",
    }
    with pytest.raises(dataclasses.FrozenInstanceError):
        told[0].status = 500  # type: ignore[misc]  # it is frozen, which is what is tested
