"""Behaviour 18: the right region and the right time are learned from the server's answers, once, and kept."""

import asyncio
import os
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

import aios3
from aios3 import AccessDenied, Bucket, Client, RequestTimeTooSkewed, ServiceError
from aios3.operations.objects import PutObject
from aios3.testing import Asked, Peer, Step, steps
from tests import oracle
from tests.faults.scenes import KEY, SECRET, bucket_at, failure
from tests.faults.test_b06_retries import OneShot
from tests.loops import BOTH_LOOPS
from tests.servers import Server

pytestmark = BOTH_LOOPS
OK = steps.response(b"data", headers=["ETag: e"])


def region_of(asked: Asked) -> str:
    """Return the region in the credential scope."""
    match = re.search(rb"Credential=[^/]+/\d{8}/([^/]+)/s3/aws4_request", asked.header("authorization") or b"")
    assert match is not None
    return match[1].decode()


def without_body(answer: bytes) -> bytes:
    """Return an answer to HEAD: the head alone."""
    return answer[: answer.index(b"\r\n\r\n") + 4]


def resident(place: str, refusal: bytes) -> list[Step]:
    """Return the script of a server whose bucket is in *place*, and that refuses requests signed for another."""

    def answer(asked: Asked) -> bytes:
        answered = OK if region_of(asked) == place else refusal
        return without_body(answered) if asked.method == b"HEAD" else answered

    return steps.serving(answer)


HINT = ["x-amz-bucket-region: eu-west-3"]
REFUSALS = {
    "301 header": failure("PermanentRedirect", "301 Moved Permanently", headers=HINT),
    "301 body": failure("PermanentRedirect", "301 Moved Permanently", more="<Region>eu-west-3</Region>"),
    "307": failure("TemporaryRedirect", "307 Temporary Redirect", headers=[*HINT, "Location: http://127.0.0.1:9/"]),
    "400 body": failure("AuthorizationHeaderMalformed", "400 Bad Request", more="<Region>eu-west-3</Region>"),
    "400 header": failure("AuthorizationHeaderMalformed", "400 Bad Request", headers=HINT),
    "location": failure("IllegalLocationConstraintException", "400 Bad Request", headers=HINT),
}
EVERY_REFUSAL = pytest.mark.parametrize("refusal", REFUSALS)


@EVERY_REFUSAL
async def test_b18_other_region_is_signed_for_once_and_remembered_per_bucket(refusal: str) -> None:
    async with Peer(resident("eu-west-3", REFUSALS[refusal])) as peer, bucket_at(peer.endpoint) as bucket:
        assert await bucket.get("key") == b"data"
        assert await bucket.get("key") == b"data"
        await bucket.put("key", b"data")
        assert await Bucket("other", client=bucket.client).get("key") == b"data"

        regions = [(asked.target, region_of(asked)) for asked in peer.requests]
        assert regions == [
            (b"/bucket/key", "us-east-1"),
            *[(b"/bucket/key", "eu-west-3")] * 3,
            (b"/other/key", "us-east-1"),
            (b"/other/key", "eu-west-3"),
        ]


@EVERY_REFUSAL
async def test_b18_put_is_sent_again_whole(refusal: str) -> None:
    async with Peer(resident("eu-west-3", REFUSALS[refusal])) as peer, bucket_at(peer.endpoint) as bucket:
        await bucket.put("key", b"data")

        assert [asked.body for asked in peer.requests] == [b"data", b"data"]


@pytest.mark.parametrize("status", ["301 Moved Permanently", "400 Bad Request", "307 Temporary Redirect"])
async def test_b18_head_whose_answer_has_no_body_learns_the_region_too(status: str) -> None:
    refusal = steps.response(status=status, headers=HINT)
    async with Peer(resident("eu-west-3", refusal)) as peer, bucket_at(peer.endpoint) as bucket:
        assert await bucket.exists("key")
        assert await bucket.exists("key")

        assert [region_of(asked) for asked in peer.requests] == ["us-east-1", "eu-west-3", "eu-west-3"]


@EVERY_REFUSAL
async def test_b18_correction_is_no_retry_and_needs_none_to_be_left(refusal: str) -> None:
    async with Peer(resident("eu-west-3", REFUSALS[refusal])) as peer:
        async with bucket_at(peer.endpoint, max_attempts=1) as bucket:
            assert await bucket.get("key") == b"data"


@EVERY_REFUSAL
async def test_b18_server_that_insists_ends_in_its_error_not_in_a_loop(refusal: str) -> None:
    async with Peer(steps.serving(lambda _: REFUSALS[refusal])) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(ServiceError) as caught:
            await bucket.get("key")

        assert caught.value.attempts == len(peer.requests) == 2
        assert caught.value.region == "eu-west-3"


async def test_b18_redirect_without_a_region_is_never_followed() -> None:
    moved = failure("TemporaryRedirect", "307 Temporary Redirect", headers=["Location: http://127.0.0.1:9/bucket/key"])
    async with Peer(steps.serving(lambda _: moved)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(ServiceError, match="TemporaryRedirect"):
            await bucket.get("key")

        assert len(peer.requests) == 1


@pytest.mark.parametrize("place", ["", "not a region", "a/b", "../x", "é", "eu-west-3&#10;x: y"])
async def test_b18_region_that_is_none_is_not_believed(place: str) -> None:
    refusal = failure("PermanentRedirect", "301 Moved Permanently", more=f"<Region>{place}</Region>")
    left = [refusal]
    async with Peer(steps.serving(lambda _: left.pop() if left else OK)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(ServiceError, match="PermanentRedirect"):
            await bucket.get("key")
        assert await bucket.get("key") == b"data"

        assert {region_of(asked) for asked in peer.requests} == {"us-east-1"}


async def test_b18_calls_that_are_refused_together_are_corrected_together() -> None:
    async with Peer(resident("eu-west-3", REFUSALS["301 header"])) as peer:
        async with bucket_at(peer.endpoint, max_connections=20) as bucket:
            results = await asyncio.gather(*(bucket.get("key") for _ in range(20)))

        assert results == [b"data"] * 20
        assert len(peer.requests) == 40


async def test_b18_body_that_can_be_read_once_gives_the_servers_own_error() -> None:
    async with Peer(resident("eu-west-3", REFUSALS["301 header"])) as peer, bucket_at(peer.endpoint) as bucket:
        for attempt in range(2):
            operation = PutObject(bucket="bucket", key="key", body=OneShot(b"data"))
            if attempt:
                await bucket.client.call(operation)  # learned all the same
            else:
                with pytest.raises(ServiceError, match="PermanentRedirect"):
                    await bucket.client.call(operation)


# ------------------------------------------------------------------ time
def sundial(ahead: timedelta, *, tells: bool = True, insists: bool = False) -> list[Step]:
    """Return the script of a server whose clock is *ahead* of ours, and that refuses what is 15 minutes off."""

    def answer(asked: Asked) -> bytes:
        now = datetime.now(UTC) + ahead
        date = [f"Date: {format_datetime(now, usegmt=True)}"] if tells else []
        signed = datetime.strptime((asked.header("x-amz-date") or b"").decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        if abs(now - signed) > timedelta(minutes=15) or insists:
            refusal = failure("RequestTimeTooSkewed", "403 Forbidden", headers=date)
            return without_body(refusal) if asked.method == b"HEAD" else refusal
        return steps.response(b"" if asked.method == b"HEAD" else b"data", headers=[*date, "ETag: e"])

    return steps.serving(answer)


AHEAD = pytest.mark.parametrize(
    "ahead",
    [timedelta(hours=2), timedelta(hours=-2), timedelta(minutes=16), timedelta(days=4000), timedelta(days=-4000)],
    ids=["2 h ahead", "2 h behind", "16 min ahead", "years ahead", "years behind"],
)


@AHEAD
async def test_b18_clock_that_is_off_is_corrected_from_date_once_and_remembered(ahead: timedelta) -> None:
    async with Peer(sundial(ahead)) as peer, bucket_at(peer.endpoint, max_attempts=1) as bucket:
        assert await bucket.get("key") == b"data"
        await bucket.put("key", b"data")

        assert [asked.method for asked in peer.requests] == [b"GET", b"GET", b"PUT"]
        # Signed anew: with another date, hence another scope and another signature.
        first, second = (asked.header("authorization") for asked in peer.requests[:2])
        assert first != second


async def test_b18_head_whose_answer_cannot_say_why_is_corrected_too() -> None:
    async with Peer(sundial(timedelta(hours=3))) as peer, bucket_at(peer.endpoint) as bucket:
        assert await bucket.exists("key")

        assert [asked.method for asked in peer.requests] == [b"HEAD", b"HEAD"]


async def test_b18_forbidden_head_is_asked_once_where_the_clock_is_right() -> None:
    date = f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}"
    refusal = steps.response(status="403 Forbidden", headers=[date])
    async with Peer(steps.serving(lambda _: refusal)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(AccessDenied):
            await bucket.exists("key")

        assert len(peer.requests) == 1


async def test_b18_server_that_insists_on_another_time_ends_in_its_error() -> None:
    async with Peer(sundial(timedelta(hours=2), insists=True)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(RequestTimeTooSkewed) as caught:
            await bucket.get("key")

        assert caught.value.attempts == len(peer.requests) == 2


@pytest.mark.parametrize("date", [[], ["Date: soon"], ["Date: Sat, 99 Foo 2026 99:99:99 GMT"]])
async def test_b18_skewed_time_without_a_date_to_go_by_is_raised(date: list[str]) -> None:
    refusal = failure("RequestTimeTooSkewed", "403 Forbidden", headers=date)
    async with Peer(steps.serving(lambda _: refusal)) as peer, bucket_at(peer.endpoint) as bucket:
        with pytest.raises(RequestTimeTooSkewed):
            await bucket.get("key")

        assert len(peer.requests) == 1


async def test_b18_calls_that_are_too_late_together_are_corrected_together() -> None:
    async with Peer(sundial(timedelta(hours=2))) as peer, bucket_at(peer.endpoint, max_connections=20) as bucket:
        results = await asyncio.gather(*(bucket.get("key") for _ in range(20)))

        assert results == [b"data"] * 20
        assert len(peer.requests) == 40


async def test_b18_clock_of_the_server_that_is_set_right_is_followed() -> None:
    ahead = [timedelta(hours=2)]

    def answer(asked: Asked) -> bytes:
        now = datetime.now(UTC) + ahead[0]
        signed = datetime.strptime((asked.header("x-amz-date") or b"").decode(), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        date = [f"Date: {format_datetime(now, usegmt=True)}"]
        if abs(now - signed) > timedelta(minutes=15):
            return failure("RequestTimeTooSkewed", "403 Forbidden", headers=date)
        return steps.response(b"data", headers=date)

    async with Peer(steps.serving(answer)) as peer, bucket_at(peer.endpoint) as bucket:
        await bucket.get("key")
        ahead[0] = timedelta(0)
        await bucket.get("key")
        await bucket.get("key")

        assert len(peer.requests) == 5


_SKEWED = """
import asyncio, sys, aios3
loop_factory = None
if sys.argv[5] == "uvloop":
    import uvloop
    loop_factory = uvloop.new_event_loop

async def main():
    told = []
    options = dict(aws_endpoint=sys.argv[1], aws_key=sys.argv[2], aws_secret=sys.argv[3], proxy=False)
    async with aios3.Bucket(sys.argv[4], **options, on_attempt=told.append) as bucket:
        await bucket.put("key", b"data")
        assert await bucket.get("key") == b"data"
        assert await bucket.exists("key")
    print([(attempt.operation, attempt.status) for attempt in told])

with asyncio.Runner(loop_factory=loop_factory) as runner:
    runner.run(main())
"""


@pytest.mark.skipif(shutil.which("faketime") is None, reason="apt-get install -y faketime")
@pytest.mark.parametrize("shift", ["-3h", "+3h"])
async def test_b18_machine_with_a_wrong_clock_can_use_a_real_server(
    shift: str, radosgw: Server, bucket_name: str, request: pytest.FixtureRequest
) -> None:
    loop = "uvloop" if "uvloop" in request.node.name else "asyncio"
    oracle.make_bucket(radosgw, bucket_name)
    arguments = (radosgw.endpoint, radosgw.access_key, radosgw.secret_key, bucket_name, loop)
    process = await asyncio.create_subprocess_exec(
        *("faketime", "-f", shift, sys.executable, "-c", _SKEWED, *arguments),
        cwd=Path(aios3.__file__).parents[1],
        env={**os.environ, "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert out.decode().strip() == str(
        [("PutObject", 403), ("PutObject", 200), ("GetObject", 200), ("HeadObject", 200)]
    )


async def test_b18_regions_and_clock_belong_to_a_client() -> None:
    async with Peer(sundial(timedelta(hours=2))) as peer:
        for _ in range(2):
            async with Client(aws_key=KEY, aws_secret=SECRET, aws_endpoint=peer.endpoint, proxy=False) as client:
                await client.bucket("one").get("key")
                await client.bucket("two").get("key")

        assert len(peer.requests) == 6
