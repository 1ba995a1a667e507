"""Behaviour 4: a download that is cut goes on at the next byte, of the same object, or ends in an error."""

from typing import Any

import pytest

from aios3 import Attempt, InvalidResponse, NoSuchKey, ObjectChanged, TransportError, TruncatedBody
from aios3.testing import Answer, Cut, Fault, HalfClose, Peer, steps
from tests import oracle
from tests.faults.scenes import ETAG, WAYS, behind, bucket_at, data_of, failure, on, partly, serves
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
DATA = data_of(60_000)
EVERY_WAY = pytest.mark.parametrize("way", WAYS)


@EVERY_WAY
async def test_b04_cut_download_goes_on_at_the_next_byte_with_if_match(way: str) -> None:
    answer = serves(DATA)
    async with Peer(partly(answer, 21_000), partly(answer, 1), steps.serving(answer)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            got = await WAYS[way](bucket)

    assert got == DATA
    first, *rest = peer.requests
    assert (first.header("range"), first.header("if-match")) == (None, None)
    assert [asked.header("range") for asked in rest] == [b"bytes=21000-59999", b"bytes=21001-59999"]
    assert {asked.header("if-match") for asked in rest} == {ETAG.encode()}


async def test_b04_cut_at_any_byte_loses_and_doubles_nothing(radosgw: Server) -> None:
    # The head has some 400 bytes, so that this is head, its end, and body; and the very last byte.
    places = [0, 1, 12, 200, 350, 400, 410, 420, 430, 440, 500, 2048, 9999, 65_536, 99_999, 100_000, 100_300]
    async with behind(radosgw) as (proxy, bucket):
        oracle.put(radosgw, bucket.name, "key", data_of(100_000))
        for place in places:
            fault: Fault = Cut(after=place, reset=bool(place % 2)) if place % 3 else HalfClose(after=place)
            proxy.plan = on("GET", fault)
            assert await bucket.get("key") == data_of(100_000), f"cut at byte {place}"

        assert sum(proxy.injected.values()) == len(places)


@pytest.mark.parametrize(
    ("slice_", "first", "then"),
    [
        ({"start": 100}, "bytes=100-", "bytes=1100-59999"),
        ({"start": 100, "end": 50_000}, "bytes=100-49999", "bytes=1100-49999"),
        ({"end": 50_000}, "bytes=0-49999", "bytes=1000-49999"),
        ({"start": -5000}, "bytes=-5000", "bytes=56000-59999"),
    ],
    ids=["start", "start and end", "end", "suffix"],
)
@EVERY_WAY
async def test_b04_cut_range_goes_on_within_the_range(way: str, slice_: dict[str, int], first: str, then: str) -> None:
    answer = serves(DATA)
    async with Peer(partly(answer, 1000), steps.serving(answer)) as peer, bucket_at(peer.endpoint) as bucket:
        got = await WAYS[way](bucket, **slice_)

    assert got == DATA[slice_.get("start", 0) : slice_.get("end", len(DATA))]
    assert [asked.header("range") for asked in peer.requests] == [first.encode(), then.encode()]


async def test_b04_rest_is_asked_without_the_conditions_of_the_start() -> None:
    answer = serves(DATA)
    async with Peer(partly(answer, 1000), steps.serving(answer)) as peer, bucket_at(peer.endpoint) as bucket:
        got = await bucket.get("key", if_none_match='"another"')

    assert got == DATA
    assert peer.requests[1].header("if-none-match") is None


async def test_b04_cut_part_goes_on_within_the_part() -> None:
    part = steps.response(
        DATA[10_000:30_000],
        status="206 Partial Content",
        headers=[f"ETag: {ETAG}", "Content-Range: bytes 10000-29999/60000"],
    )
    async with Peer(partly(lambda _: part, 1000), steps.serving(serves(DATA))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            got = await bucket.get("key", part_number=2)

    assert got == DATA[10_000:30_000]
    assert peer.requests[0].target == b"/bucket/key?partNumber=2"
    assert peer.requests[1].target == b"/bucket/key"
    assert peer.requests[1].header("range") == b"bytes=11000-29999"


# ------------------------------------------------------------------ another object
@EVERY_WAY
async def test_b04_object_replaced_meanwhile_is_an_error_not_a_splice(way: str, radosgw: Server) -> None:
    async with behind(radosgw) as (proxy, bucket):
        oracle.put(radosgw, bucket.name, "key", DATA)
        gets = 0

        def plan(number: int, method: str, target: str) -> Fault | None:
            nonlocal gets
            gets += method == "GET"
            if gets == 2:
                oracle.put(radosgw, bucket.name, "key", data_of(len(DATA), seed=8))
            return Cut(after=30_000) if gets == 1 else None

        proxy.plan = plan
        with pytest.raises(ObjectChanged, match="was replaced while it was read"):
            await WAYS[way](bucket)


async def test_b04_replaced_object_of_a_server_without_if_match_is_noticed_by_its_etag() -> None:
    other = serves(DATA, '"another"', deaf=True)
    async with Peer(partly(serves(DATA), 1000), steps.serving(other)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(ObjectChanged):
            await bucket.get("key")


async def test_b04_object_that_became_shorter_is_noticed() -> None:
    beyond = failure("InvalidRange", "416 Range Not Satisfiable")
    async with Peer(partly(serves(DATA), 1000), steps.serving(lambda _: beyond)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(ObjectChanged):
                await bucket.get("key")


async def test_b04_object_deleted_meanwhile_is_no_such_key() -> None:
    gone = failure("NoSuchKey", "404 Not Found")
    async with Peer(partly(serves(DATA), 1000), steps.serving(lambda _: gone)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(NoSuchKey):
                await bucket.get("key")


async def test_b04_version_is_read_to_its_end_though_a_newer_one_came(radosgw: Server) -> None:
    async with behind(radosgw) as (proxy, bucket):
        configuration = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        oracle.send(radosgw, "PUT", oracle.target(bucket.name, query="versioning="), configuration)
        oracle.put(radosgw, bucket.name, "key", DATA)
        gets: list[str] = []

        def plan(number: int, method: str, target: str) -> Fault | None:
            gets.append(target)
            if len(gets) == 2:
                oracle.put(radosgw, bucket.name, "key", b"newer")
            return Cut(after=30_000) if len(gets) == 1 else None

        proxy.plan = plan
        async with bucket.download("key") as stream:
            got = await stream.read()

    assert got == DATA
    assert gets[1].endswith(f"?versionId={stream.version_id}")


# ------------------------------------------------------------------ what cannot be mended
@EVERY_WAY
@pytest.mark.parametrize("etag", [None, f"W/{ETAG}"], ids=["no etag", "weak etag"])
async def test_b04_object_without_a_strong_etag_ends_in_the_original_error(way: str, etag: str | None) -> None:
    answer = serves(DATA, etag)
    async with Peer(partly(answer, 1000), steps.serving(answer)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(TruncatedBody, match="the last 59000 bytes"):
            await WAYS[way](bucket)

        assert len(peer.requests) == 1


@EVERY_WAY
async def test_b04_end_before_content_length_is_never_a_short_return(way: str) -> None:
    async with Peer(partly(serves(DATA), 59_999)) as peer, bucket_at(peer.endpoint, max_attempts=1) as bucket:
        with pytest.raises(TruncatedBody):
            await WAYS[way](bucket)


@EVERY_WAY
async def test_b04_server_that_ignores_range_is_read_past_what_is_there(way: str) -> None:
    deaf = serves(DATA, deaf=True)
    script = [partly(deaf, 20_000), partly(deaf, 10_000), partly(deaf, 30_000), steps.serving(deaf)]
    async with Peer(*script) as peer, bucket_at(peer.endpoint) as bucket:
        got = await WAYS[way](bucket)

    assert got == DATA
    assert [asked.header("range") for asked in peer.requests[1:]] == [
        b"bytes=20000-59999",
        b"bytes=20000-59999",
        b"bytes=30000-59999",
    ]


@EVERY_WAY
async def test_b04_whole_object_in_place_of_the_rest_of_a_range_is_refused(way: str) -> None:
    script = [partly(serves(DATA), 1000), steps.serving(serves(DATA, deaf=True))]
    async with Peer(*script) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(TruncatedBody):
            await WAYS[way](bucket, start=10, end=20_000)


async def test_b04_other_range_than_asked_for_is_refused() -> None:
    wrong = steps.response(
        DATA[2000:], status="206 Partial Content", headers=[f"ETag: {ETAG}", "Content-Range: bytes 2000-59999/60000"]
    )
    async with Peer(partly(serves(DATA), 1000), steps.serving(lambda _: wrong)) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(TruncatedBody):
                await bucket.get("key")


async def test_b04_part_that_does_not_say_where_it_stands_cannot_go_on() -> None:
    part = steps.response(DATA[10_000:30_000], status="206 Partial Content", headers=[f"ETag: {ETAG}"])
    async with Peer(partly(lambda _: part, 1000), steps.serving(serves(DATA))) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            with pytest.raises(TruncatedBody):
                await bucket.get("key", part_number=2)


@pytest.mark.parametrize(
    ("data", "place"),
    [(DATA[1000:], []), (DATA[999:5000], ["Content-Range: bytes 999-4999/60000"])],
    ids=["it does not say where it stands", "it is not all"],
)
async def test_b04_rest_of_a_body_of_unknown_length_is_all_of_it_or_refused(data: bytes, place: list[str]) -> None:
    cut = [steps.read_request(), steps.send(_chunked(DATA[:1000], whole=False)), steps.say_goodbye()]
    rest = steps.response(data, status="206 Partial Content", headers=[f"ETag: {ETAG}", *place])
    async with Peer(cut, steps.serving(lambda _: rest)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(TruncatedBody):
            await bucket.get("key")


@EVERY_WAY
async def test_b04_range_that_is_ignored_from_the_start_is_refused(way: str) -> None:
    async with Peer(steps.serving(serves(DATA, deaf=True))) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(InvalidResponse, match="asked for bytes=10-19"):
            await WAYS[way](bucket, start=10, end=20)


def _chunked(data: bytes, *, whole: bool, part: str = "") -> bytes:
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(data[i : i + 7000]), data[i : i + 7000]) for i in range(0, len(data), 7000)
    )
    status = f"206 Partial Content\r\nContent-Range: bytes {part}" if part else "200 OK"
    head = f"HTTP/1.1 {status}\r\nETag: {ETAG}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + chunks + (b"0\r\n\r\n" if whole else b"")


@EVERY_WAY
async def test_b04_cut_at_the_very_end_of_a_body_of_unknown_length_is_mended(way: str) -> None:
    # All bytes are there, but nothing says so: asking for what follows the last one would be answered with 416.
    cut = [steps.read_request(), steps.send(_chunked(DATA, whole=False)), steps.say_goodbye()]
    async with Peer(cut, steps.serving(serves(DATA))) as peer, bucket_at(peer.endpoint) as bucket:
        got = await WAYS[way](bucket)

    assert got == DATA
    assert peer.requests[1].header("range") == b"bytes=59999-"


@EVERY_WAY
async def test_b04_cut_at_the_very_end_of_a_range_in_chunks_is_mended(way: str) -> None:
    # Which bytes it has is known here, and all are there; a range of none cannot be asked for.
    body = _chunked(DATA[10:20_000], whole=False, part="10-19999/60000")
    cut = [steps.read_request(), steps.send(body), steps.say_goodbye()]
    async with Peer(cut, steps.serving(serves(DATA))) as peer, bucket_at(peer.endpoint) as bucket:
        got = await WAYS[way](bucket, start=10, end=20_000)

    assert got == DATA[10:20_000]
    assert peer.requests[1].header("range") == b"bytes=19999-19999"


@EVERY_WAY
@pytest.mark.parametrize("size", [0, 1000])
async def test_b04_length_beside_chunks_is_no_help_to_go_on(way: str, size: int) -> None:
    answer = _chunked(DATA[:size], whole=False).replace(b"ETag", b"Content-Length: 0\r\nETag")
    cut = [steps.read_request(), steps.send(answer), steps.say_goodbye()]
    async with Peer(cut, steps.serving(serves(DATA))) as peer, bucket_at(peer.endpoint) as bucket:
        assert await WAYS[way](bucket) == DATA


@EVERY_WAY
async def test_b04_cut_in_front_of_an_empty_body_of_unknown_length_is_mended(way: str) -> None:
    # Any range of it is refused with 416, as if it had been replaced.
    cut = [steps.read_request(), steps.send(_chunked(b"", whole=False)), steps.say_goodbye()]
    async with Peer(cut, steps.serving(serves(b""))) as peer, bucket_at(peer.endpoint) as bucket:
        assert await WAYS[way](bucket) == b""

    assert [(asked.header("range"), asked.header("if-match")) for asked in peer.requests[1:]] == [(None, ETAG.encode())]


@EVERY_WAY
@pytest.mark.parametrize("size", [0, 1000])
async def test_b04_range_in_chunks_that_ends_early_goes_on(way: str, size: int) -> None:
    # As a gateway sends it whose own upstream went away.
    short = _chunked(DATA[10 : 10 + size], whole=True, part="10-19999/60000")
    async with Peer([steps.read_request(), steps.send(short), steps.serving(serves(DATA))[0]]) as peer:
        async with bucket_at(peer.endpoint) as bucket:
            assert await WAYS[way](bucket, start=10, end=20_000) == DATA[10:20_000]

    assert peer.requests[1].header("range") == b"bytes=%d-19999" % (10 + size)


@EVERY_WAY
async def test_b04_range_in_chunks_that_is_too_long_is_refused(way: str) -> None:
    long = _chunked(DATA[10:20_001], whole=True, part="10-19999/60000")
    async with Peer(steps.serving(lambda _: long)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(InvalidResponse, match="19991 bytes came of the 19990 that"):
            await WAYS[way](bucket, start=10, end=20_000)


# ------------------------------------------------------------------ how often
async def test_b04_attempts_without_progress_are_counted() -> None:
    answer = serves(DATA)
    async with Peer(partly(answer, 1000), partly(answer, 0)) as peer:
        async with bucket_at(peer.endpoint, max_attempts=3) as bucket:
            with pytest.raises(TruncatedBody):
                await bucket.get("key")

    assert len(peer.requests) == 3
    assert {asked.header("range") for asked in peer.requests[1:]} == {b"bytes=1000-59999"}


async def test_b04_progress_resets_the_count() -> None:
    answer = serves(DATA)
    async with Peer(partly(answer, 4000)) as peer, bucket_at(peer.endpoint, max_attempts=2) as bucket:
        got = await bucket.get("key")

    assert got == DATA
    assert len(peer.requests) == 15


async def test_b04_resumed_request_is_retried_and_told_like_any_other(radosgw: Server) -> None:
    told: list[Attempt] = []
    plan = on("GET", Cut(after=30_000), Answer(), Answer(status=500, code="InternalError"))
    async with behind(radosgw, plan, on_attempt=told.append) as (_, bucket):
        oracle.put(radosgw, bucket.name, "key", DATA)
        got = await bucket.get("key")

    assert got == DATA
    assert [(attempt.attempt, attempt.status) for attempt in told] == [(1, 200), (1, 503), (2, 500), (3, 206)]


async def test_b04_stream_that_was_closed_is_not_opened_again() -> None:
    answer = serves(DATA)
    async with Peer(partly(answer, 1000), steps.serving(answer)) as peer, bucket_at(peer.endpoint) as bucket:
        stream: Any = await bucket.download("key")
        await stream.close()
        with pytest.raises(TransportError):
            await stream.read()

        assert len(peer.requests) == 1
