"""Behaviour 19: conditional writes that met a conflict, or whose answer was lost, end in the truth or in a clear error."""

import asyncio
import io
from typing import Any

import aiohttp
import pytest

from aios3 import BucketAlreadyOwnedByYou, Client, PreconditionFailed, ServiceError
from aios3.operations.buckets import DeleteBucket
from aios3.testing import Answer, Cut, Fault, FaultProxy, LoseAnswer, Peer, steps
from tests import oracle
from tests.faults.scenes import KEY, MIB, SECRET, behind, bucket_at, data_of, failure, on
from tests.loops import BOTH_LOOPS
from tests.servers import Server, servers_with

pytestmark = BOTH_LOOPS
CONDITIONAL = pytest.mark.parametrize("server", servers_with("put-if-absent", "keep-alive"), indirect=True)
MAYBE = "An earlier attempt of this call may have been carried out, though no answer said so."
CONFLICT = failure("ConditionalRequestConflict", "409 Conflict")


def notes_of(error: BaseException) -> list[str]:
    """Return what was added to an error."""
    return list(getattr(error, "__notes__", []))


async def test_b19_conflict_of_conditional_requests_is_retried() -> None:
    left = [CONFLICT, CONFLICT]
    script = steps.serving(lambda _: left.pop() if left else steps.response(headers=['ETag: "e"']))
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        stored = await bucket.put("key", b"data", if_none_match="*")

        assert stored.etag == '"e"'
        assert [asked.header("if-none-match") for asked in peer.requests] == [b"*"] * 3


async def test_b19_other_conflicts_are_not_retried() -> None:
    conflict = failure("BucketNotEmpty", "409 Conflict")
    async with Peer(steps.serving(lambda _: conflict)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(ServiceError):
            await bucket.delete("key")

        assert len(peer.requests) == 1


@CONDITIONAL
@pytest.mark.parametrize("size", [0, 10, 3 * MIB])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_b19_lost_answer_to_our_own_bytes_is_a_success(kind: Any, size: int, server: Server) -> None:
    data = data_of(size)
    async with behind(server, on("PUT", LoseAnswer())) as (proxy, bucket):
        stored = await bucket.put("key", kind(data), if_none_match="*")

        assert proxy.injected["LoseAnswer"] == 1
        assert stored.etag == (await bucket.head("key")).etag
        assert await bucket.get("key") == data


@CONDITIONAL
@pytest.mark.parametrize("fault", [Cut(after=0), Cut(after=20, reset=True), Answer(status=504, code="GatewayTimeout")])
async def test_b19_answer_that_got_lost_in_any_way_is_resolved(fault: Fault, server: Server) -> None:
    async with behind(server) as (proxy, bucket):

        def plan(number: int, method: str, target: str) -> Fault | None:
            if isinstance(fault, Answer) and number == 0:
                # A gateway gave up, behind which the server did what it was asked.
                oracle.put(server, bucket.name, "key", b"data")
            return fault if number == 0 else None

        proxy.plan = plan
        stored = await bucket.put("key", b"data", if_none_match="*")

        assert stored.etag == (await bucket.head("key")).etag


@CONDITIONAL
async def test_b19_lost_answer_and_other_bytes_is_a_clear_error(server: Server) -> None:
    async with behind(server, on("PUT", LoseAnswer())) as (_, bucket):
        oracle.put(server, bucket.name, "key", b"theirs")
        with pytest.raises(PreconditionFailed) as caught:
            await bucket.put("key", b"ours", if_none_match="*")

        assert notes_of(caught.value) == [MAYBE]
        assert caught.value.attempts == 2
        assert await bucket.get("key") == b"theirs"


@CONDITIONAL
async def test_b19_lost_answer_to_a_file_whose_bytes_are_gone_by_is_a_clear_error(server: Server) -> None:
    async with behind(server, on("PUT", LoseAnswer())) as (_, bucket):
        with pytest.raises(PreconditionFailed) as caught:
            await bucket.put("key", io.BytesIO(b"ours"), if_none_match="*")

        assert notes_of(caught.value) == [MAYBE]


@CONDITIONAL
async def test_b19_refusal_without_a_lost_answer_is_just_that(server: Server) -> None:
    async with behind(server) as (proxy, bucket):
        oracle.put(server, bucket.name, "key", b"data")
        with pytest.raises(PreconditionFailed) as caught:
            await bucket.put("key", b"data", if_none_match="*")

        assert notes_of(caught.value) == []
        assert proxy.requests == 1


@CONDITIONAL
async def test_b19_refusal_after_a_mere_slow_down_is_just_that(server: Server) -> None:
    # 503 says that it was not done: whoever stored the same bytes, it was not this call.
    async with behind(server, on("PUT", Answer())) as (_, bucket):
        oracle.put(server, bucket.name, "key", b"data")
        with pytest.raises(PreconditionFailed) as caught:
            await bucket.put("key", b"data", if_none_match="*")

        assert notes_of(caught.value) == []


@CONDITIONAL
async def test_b19_question_that_gets_no_answer_leaves_the_clear_error(server: Server) -> None:
    def plan(number: int, method: str, target: str) -> Fault | None:
        return Cut() if method == "HEAD" or number == 0 else None

    async with behind(server, plan, max_attempts=2) as (_, bucket):
        oracle.put(server, bucket.name, "key", b"theirs")
        with pytest.raises(PreconditionFailed) as caught:
            await bucket.put("key", b"ours", if_none_match="*")

        assert notes_of(caught.value) == [MAYBE]


class SlowAtFirst(aiohttp.TCPConnector):
    """A connector whose first connection takes too long."""

    async def connect(self, *arguments: Any, **options: Any) -> Any:
        if not self.slow:
            self.slow = True
            await asyncio.sleep(60)
        return await super().connect(*arguments, **options)

    slow = False


@CONDITIONAL
async def test_b19_connection_that_was_never_made_lost_no_answer(server: Server) -> None:
    async with behind(server, connector=SlowAtFirst, connect_timeout=0.1) as (_, bucket):
        oracle.put(server, bucket.name, "key", b"data")
        with pytest.raises(PreconditionFailed) as caught:
            await bucket.put("key", b"data", if_none_match="*")

        assert (notes_of(caught.value), caught.value.attempts) == ([], 2)


async def test_b19_other_write_that_may_have_happened_says_so(radosgw: Server) -> None:
    async with behind(radosgw, on("DELETE", LoseAnswer())) as (proxy, bucket):
        # A bucket that is gone cannot be deleted again.
        with pytest.raises(ServiceError, match="NoSuchBucket") as caught:
            await bucket.client.call(DeleteBucket(bucket=bucket.name))

        assert notes_of(caught.value) == [MAYBE]
        assert proxy.injected["LoseAnswer"] == 1


async def test_b19_error_of_a_read_after_a_lost_answer_says_nothing_of_writes(radosgw: Server) -> None:
    async with behind(radosgw, on("GET", LoseAnswer())) as (_, bucket):
        with pytest.raises(ServiceError, match="NoSuchKey") as caught:
            await bucket.get("key")

        assert notes_of(caught.value) == []


async def test_b19_bucket_that_was_made_by_an_attempt_whose_answer_was_lost(radosgw: Server, bucket_name: str) -> None:
    async with FaultProxy(radosgw.endpoint, on("PUT", LoseAnswer())) as proxy:
        keys: dict[str, Any] = {"aws_key": radosgw.access_key, "aws_secret": radosgw.secret_key}
        async with Client(**keys, aws_endpoint=proxy.url, proxy=False) as client:
            # Ceph forgives who makes his own bucket twice; AWS does so in its oldest region only.
            await client.create_bucket(bucket_name)

            assert await client.bucket_exists(bucket_name)


async def test_b19_refusal_of_a_second_attempt_to_make_a_bucket_says_that_it_may_be_ours() -> None:
    owned = failure("BucketAlreadyOwnedByYou", "409 Conflict")
    async with Peer([steps.read_request(), steps.close()], steps.serving(lambda _: owned)) as peer:
        async with Client(aws_key=KEY, aws_secret=SECRET, aws_endpoint=peer.endpoint, proxy=False) as client:
            with pytest.raises(BucketAlreadyOwnedByYou) as caught:
                await client.create_bucket("bucket")

    assert notes_of(caught.value) == [MAYBE]
