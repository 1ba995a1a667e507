"""Behaviour 5: an answer of 200 with an error inside, and answers that are not what S3 says.

Complete, Copy and UploadPartCopy, of which S3 says that they answer so, belong to the transfers, and the HEAD that
decides after a lost answer to Complete with them; every XML answer goes the way that is shown here with a listing.
"""

import asyncio

import pytest

from aios3 import AccessDenied, InternalError, InvalidResponse, ServiceError, SlowDown
from aios3.testing import Answer, Peer, Step, steps
from tests import oracle
from tests.faults.scenes import behind, bucket_at, failure, listing, on
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
HTML = b"<!DOCTYPE html><html><head><title>502</title></head><body>Bad   Gateway&nbsp;<br></body></html>"


def answers(*responses: bytes) -> list[Step]:
    """Return the script of a server that gives one response after the other."""
    return [step for response in responses for step in (steps.read_request(), steps.send(response))]


@pytest.mark.parametrize("code", ["InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout"])
async def test_b05_error_inside_200_is_retried_like_5xx(code: str) -> None:
    script = answers(failure(code, "200 OK"), steps.response(listing("a")))
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
        found = await bucket.list()

        assert [key.key for key in found] == ["a"]
        assert (len(peer.requests), peer.connections) == (2, 1)


async def test_b05_error_inside_200_is_raised_in_the_end() -> None:
    async with Peer(steps.serving(lambda _: failure("InternalError", "200 OK"))) as peer:
        async with bucket_at(peer.endpoint, max_attempts=2) as bucket:
            with pytest.raises(InternalError) as caught:
                await bucket.list()

        assert (caught.value.status, caught.value.attempts, len(peer.requests)) == (200, 2, 2)


async def test_b05_error_inside_200_that_no_retry_helps_is_raised_at_once() -> None:
    async with Peer(steps.serving(lambda _: failure("AccessDenied", "200 OK"))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(AccessDenied):
                await bucket.list()

        assert len(peer.requests) == 1


@pytest.mark.parametrize("space", [b" ", b"\n" * 50, b" \r\n\t" * 5000], ids=["one", "lines", "20 KB"])
async def test_b05_white_space_that_kept_the_connection_alive_is_no_part_of_the_answer(space: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>'
    for body in (listing("a"), declaration + listing("a")):
        chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (space, body, b"\n"))
        script = [steps.read_request(), steps.send(head + chunks + b"0\r\n\r\n")]
        async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket:
            assert [key.key for key in await bucket.list()] == ["a"]


async def test_b05_error_after_white_space_is_retried_too() -> None:
    late = steps.response(b"\n\n   <?xml version='1.0'?><Error><Code>SlowDown</Code></Error>")
    async with Peer(answers(late, steps.response(listing()))) as peer, bucket_at(peer.endpoint) as bucket:
        assert await bucket.list() == []

        assert len(peer.requests) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"   \n", listing("a")[:-9], listing("a") + b"<", b"<Foreign/>", HTML, b"{}", b"\x00\x01", b"\xff\xfe<\x00"],
    ids=["empty", "white space", "truncated", "more", "foreign", "html", "json", "binary", "utf-16"],
)
async def test_b05_answer_that_is_no_listing_is_an_error_not_an_empty_listing(body: bytes) -> None:
    async with Peer(steps.serving(lambda _: steps.response(body))) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(InvalidResponse):
            await bucket.list()
        with pytest.raises(InvalidResponse):
            await bucket.list()

        assert (len(peer.requests), peer.connections) == (2, 1)


async def test_b05_answer_that_was_cut_is_asked_for_again() -> None:
    whole = steps.response(listing("a", "b"))
    cut = [steps.read_request(), steps.send(whole[:-20]), steps.close()]
    async with Peer(cut, answers(whole)) as peer, bucket_at(peer.endpoint) as bucket:
        assert [key.key for key in await bucket.list()] == ["a", "b"]

        assert len(peer.requests) == 2


async def test_b05_page_of_a_proxy_is_retried_by_its_status_and_shown_in_the_end(radosgw: Server) -> None:
    page = Answer(status=502, body=HTML, headers=(("content-type", "text/html"),))
    async with behind(radosgw, on("GET", page, page)) as (proxy, bucket):
        oracle.put(radosgw, bucket.name, "key", b"data")

        assert await bucket.get("key") == b"data"

        proxy.plan = lambda number, method, target: page
        with pytest.raises(ServiceError, match=r"HTTP502.*not an S3 answer: .*Bad Gateway") as caught:
            await bucket.get("key")
        assert (caught.value.status, caught.value.attempts, caught.value.code) == (502, 5, "HTTP502")


async def test_b05_truncated_error_document_is_judged_by_its_status() -> None:
    cut_short = steps.response(b"<Error><Code>SlowDo", status="503 Slow Down")
    async with Peer(answers(cut_short, steps.response(listing()))) as peer, bucket_at(peer.endpoint) as bucket:
        assert await bucket.list() == []

        assert len(peer.requests) == 2


async def test_b05_error_body_without_end_is_not_read_without_end() -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    script = [steps.read_request(), steps.send(head), steps.repeat(steps.send(chunk))]
    async with Peer(script) as peer, bucket_at(peer.endpoint) as bucket, asyncio.timeout(10):
        with pytest.raises(AccessDenied, match="not an S3 answer: xxx"):
            await bucket.list()
        await peer.until_left()


async def test_b05_slow_down_in_200_is_named_as_such() -> None:
    async with Peer(steps.serving(lambda _: failure("SlowDown", "200 OK"))) as peer:
        async with bucket_at(peer.endpoint, max_attempts=1) as bucket:
            with pytest.raises(SlowDown):
                await bucket.list()
