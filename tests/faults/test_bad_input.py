"""Options that cannot be right: InvalidInput before a byte is sent, which names the option and what it may be."""

from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from aios3 import Bucket, Client, InvalidInput
from aios3.testing import Peer, steps
from tests.faults.scenes import bucket_at
from tests.loops import BOTH_LOOPS

NAN, INFINITE = float("nan"), float("inf")
SECONDS = "must be a number of seconds above 0"
NOT_SECONDS = [0, 0.0, -1, NAN, INFINITE, -INFINITE, "1", True]


@pytest.mark.parametrize("attempts", [0, -1, True, False, 1.5, NAN, "3", [3]])
@pytest.mark.parametrize("make", [Client, lambda **options: Bucket("bucket", **options)], ids=["client", "bucket"])
def test_max_attempts_is_a_whole_number_from_1(make: Any, attempts: object) -> None:
    with pytest.raises(InvalidInput, match="max_attempts must be a whole number from 1, not "):
        make(max_attempts=attempts)


@pytest.mark.parametrize("mode", ["", "legacy", "Standard", "fast", 1, ("standard",)])
def test_retry_mode_is_one_of_two(mode: Any) -> None:
    with pytest.raises(InvalidInput, match="retry_mode must be one of standard, adaptive, not "):
        Client(retry_mode=mode)


@pytest.mark.parametrize("option", ["connect_timeout", "read_timeout", "pool_timeout", "keepalive_timeout"])
@pytest.mark.parametrize("value", NOT_SECONDS, ids=str)
def test_timeouts_of_a_client_are_seconds_above_0(option: str, value: Any) -> None:
    with pytest.raises(InvalidInput, match=f"{option} {SECONDS}, not "):
        Client(**{option: value})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"aws_endpoint": 5}, "aws_endpoint must be a str, not int"),
        ({"aws_endpoint": b""}, "aws_endpoint must be a str, not bytes"),
        ({"aws_endpoint": PurePosixPath("a")}, "aws_endpoint must be a str, not PurePosixPath"),
        ({"aws_region": 5}, "aws_region must be a str, not int"),
        ({"aws_key": 5, "aws_secret": "secret"}, "aws_key must be a str, not int"),
        ({"aws_key": "key", "aws_secret": b"secret"}, "aws_secret must be a str, not bytes"),
        ({"aws_key": "key", "aws_secret": "secret", "aws_token": 5}, "aws_token must be a str, not int"),
        ({"profile": 5}, "profile must be a str, not int"),
        ({"expected_bucket_owner": 5}, "expected_bucket_owner must be a str, not int"),
        ({"expected_bucket_owner": "1\r\na: b"}, "expected_bucket_owner must be printable ASCII, not '1\\r\\na: b'"),
        ({"request_payer": True}, "request_payer must be a str, not bool"),
        ({"user_agent": 5}, "user_agent must be a str, not int"),
        ({"anonymous": "yes"}, "anonymous must be True or False, not 'yes'"),
        ({"use_fips": "no"}, "use_fips must be True or False, not 'no'"),
        ({"use_ssl": 0}, "use_ssl must be True or False, not 0"),
        ({"proxy": 5}, "proxy must be a URL as text, False or None, not int"),
        ({"proxy": True}, "proxy must be a URL as text, False or None, not bool"),
        ({"verify": 5}, "verify must be True, False, the path of a CA file or an SSLContext, not 5"),
        ({"verify": None}, "verify must be True, False, the path of a CA file or an SSLContext, not None"),
        ({"verify": ""}, "verify must be True, False, the path of a CA file or an SSLContext, not ''"),
        ({"connector": 5}, "connector must be an aiohttp connector or a function that makes one, not 5"),
        ({"on_attempt": 5}, "on_attempt must be a function that takes an Attempt, not 5"),
    ],
    ids=str,
)
def test_option_of_another_kind_is_refused_when_a_client_is_made(options: Any, words: str) -> None:
    for make in (Client, lambda **given: Bucket("bucket", **given)):
        with pytest.raises(InvalidInput) as caught:
            make(**options)
        # A secret of the wrong kind is a secret still.
        assert str(caught.value) == words


def test_what_buckets_share_is_a_client() -> None:
    with pytest.raises(InvalidInput, match="client must be a Client, not 5"):
        Bucket("bucket", client=5)  # type: ignore[arg-type]  # what is refused


@BOTH_LOOPS
@pytest.mark.parametrize("value", NOT_SECONDS, ids=str)
async def test_timeout_of_a_call_is_seconds_above_0(value: Any) -> None:
    async with Peer(steps.answering(b"data")) as peer, bucket_at(peer.endpoint) as bucket:
        calls: dict[str, Any] = {
            "get": bucket.get("key", timeout=value),
            "put": bucket.put("key", b"", timeout=value),
            "head": bucket.head("key", timeout=value),
            "exists": bucket.exists("key", timeout=value),
            "delete": bucket.delete("key", timeout=value),
            "list": bucket.list(timeout=value),
            "download": bucket.download("key", timeout=value),
        }
        for call in calls.values():
            with pytest.raises(InvalidInput, match=f"timeout {SECONDS}, not "):
                await call

        assert peer.requests == []


@BOTH_LOOPS
@pytest.mark.parametrize("value", [1, 0.5, 10**6, None])
async def test_timeout_of_a_call_that_is_right_is_taken(value: Any) -> None:
    async with Peer(steps.answering(b"data")) as peer, bucket_at(peer.endpoint) as bucket:
        assert await bucket.get("key", timeout=value) == b"data"


@pytest.mark.parametrize(
    "text", ["0", "00", "-1", "1.5", "many", " ", "٣", "9" * 5000, "1e3"], ids=lambda text: text[:9]
)
def test_max_attempts_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", text)

    with pytest.raises(InvalidInput, match="AWS_MAX_ATTEMPTS must be a whole number from 1, not "):
        Client()
    Client(max_attempts=3)


@pytest.mark.parametrize("text", ["fast", "Adaptive", " ", "legacystandard"])
def test_retry_mode_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", text)

    with pytest.raises(InvalidInput, match="AWS_RETRY_MODE must be one of standard, adaptive, not "):
        Client()
    Client(retry_mode="standard")


@pytest.mark.parametrize("variable", ["AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE"])
def test_environment_that_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, "")

    Client()


@pytest.mark.parametrize(("variable", "value"), [("AWS_MAX_ATTEMPTS", "007"), ("AWS_RETRY_MODE", "legacy")])
def test_environment_that_is_right_is_taken(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)

    Client()


@BOTH_LOOPS
async def test_what_is_to_be_told_is_a_function_and_a_file_has_a_name(tmp_path: Path) -> None:
    wrong: Any
    async with Peer(steps.answering(b"data")) as peer, bucket_at(peer.endpoint) as bucket:
        for wrong in (5, "print", [print]):
            for call, name in (
                (bucket.upload("key", b"data", progress=wrong), "progress"),
                (bucket.download_file("key", tmp_path / "file", progress=wrong), "progress"),
                (bucket.delete_many(["key"], on_result=wrong), "on_result"),
            ):
                with pytest.raises(InvalidInput, match=f"{name} must be a function or None, not "):
                    await call
        for wrong in (None, 5, b"file", "", ".", "a\0b"):
            with pytest.raises(InvalidInput, match="path"):
                await bucket.download_file("key", wrong)

    assert peer.requests == []
