"""Keys that are kept: one fetch for all, renewed early, and never given up while they are good."""

import asyncio
import gc
import pickle
import weakref
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from aios3 import Bucket, Client, Credentials, CredentialsError, ExpiredToken, ServiceError, TransportError
from aios3.credentials import Cached, Chain, Fixed, NotConfigured, cache
from tests.loops import BOTH_LOOPS
from tests.wire import Seen, response, serving

EXPIRED = response(400, b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>")
HOUR = 3600.0


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 1, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


class Source:
    """A provider that counts, waits when told to, and fails when told to."""

    def __init__(self, clock: Callable[[], float], life: float | None = HOUR) -> None:
        self.clock = clock
        self.life = life
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()
        self.failure: Exception | None = None

    async def __call__(self) -> Credentials:
        self.asked += 1
        number = self.asked
        await asyncio.sleep(0)
        await self.open.wait()
        if self.failure is not None:
            raise self.failure
        end = None if self.life is None else datetime.fromtimestamp(self.clock() + self.life, UTC)
        return Credentials(f"AKID{number}", "secret", expires=end)


def made(life: float | None = HOUR) -> tuple[Cached, Source, Clock]:
    clock = Clock()
    source = Source(clock, life)
    return Cached(source, clock=clock), source, clock


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@BOTH_LOOPS
async def test_hundred_first_calls_ask_once() -> None:
    cached, source, _ = made()
    found = await asyncio.gather(*[cached() for _ in range(100)])

    assert source.asked == 1
    assert {each.access_key for each in found} == {"AKID1"}
    assert cached.current is found[0]


@BOTH_LOOPS
async def test_waiter_that_gives_up_does_not_stop_the_others() -> None:
    cached, source, _ = made()
    source.open.clear()
    first, second = (asyncio.create_task(cached()) for _ in range(2))
    await turns()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.open.set()

    assert (await second).access_key == "AKID1"
    assert source.asked == 1


@BOTH_LOOPS
async def test_fetch_goes_on_when_all_waiters_give_up() -> None:
    cached, source, _ = made()
    source.open.clear()
    waiter = asyncio.create_task(cached())
    await turns()
    waiter.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    source.open.set()
    await turns()

    assert cached.current is not None
    assert source.asked == 1


@BOTH_LOOPS
async def test_keys_are_renewed_early_behind_everybodys_back() -> None:
    cached, source, clock = made()
    await cached()
    clock.now += HOUR - 14 * 60
    source.open.clear()

    for _ in range(3):
        assert (await cached()).access_key == "AKID1"
    await turns()
    assert source.asked == 2
    assert cached.current is not None  # nobody waits meanwhile
    source.open.set()
    await turns()
    assert cached.current.access_key == "AKID2"
    assert (await cached()).access_key == "AKID2"
    assert source.asked == 2


@BOTH_LOOPS
async def test_close_to_the_end_everybody_waits_for_the_new_ones() -> None:
    cached, source, clock = made()
    await cached()
    clock.now += HOUR - 9 * 60
    found = await asyncio.gather(*[cached() for _ in range(1000)])

    assert {each.access_key for each in found} == {"AKID2"}
    assert source.asked == 2


@BOTH_LOOPS
async def test_failing_renewal_leaves_good_keys_alone(caplog: pytest.LogCaptureFixture) -> None:
    cached, source, clock = made()
    await cached()
    source.failure = CredentialsError("no network")
    for left in (14, 9, 5, 1):
        clock.now = datetime(2030, 1, 1, tzinfo=UTC).timestamp() + HOUR - left * 60
        asked = source.asked
        for _ in range(10):
            assert (await cached()).access_key == "AKID1"
            await turns()
        assert source.asked == asked + 1  # then there is a pause
        assert caplog.messages[-1] == (
            f"credentials could not be renewed, the old ones are good for {left * 60} s: no network"
        )

    clock.now += 60
    with pytest.raises(CredentialsError, match="no network"):
        await cached()
    assert cached.current is None
    source.failure = None
    assert (await cached()).access_key.startswith("AKID")


@BOTH_LOOPS
async def test_failing_first_fetch_is_everybodys_error_and_tried_again() -> None:
    cached, source, _ = made()
    source.failure = NotConfigured("nothing there")
    failed = await asyncio.gather(*[cached() for _ in range(10)], return_exceptions=True)
    assert {str(error) for error in failed} == {"nothing there"}
    assert source.asked == 1
    source.failure = None

    assert (await cached()).access_key == "AKID2"


async def test_keys_without_an_end_are_asked_for_once() -> None:
    cached, source, clock = made(life=None)
    await cached()
    clock.now += 1000 * HOUR

    assert (await cached()).access_key == "AKID1"
    assert cached.current is not None
    assert source.asked == 1


async def test_short_lived_keys_are_not_renewed_all_the_time() -> None:
    cached, source, clock = made(life=60)
    await cached()
    for seconds in range(40):
        clock.now += 1
        await cached()
        assert source.asked == 1, seconds
    clock.now += 6
    await cached()
    await turns()

    assert source.asked == 2


@BOTH_LOOPS
async def test_keys_that_are_shown_are_hidden_in_time() -> None:
    """By a timer of the loop: a call does not look at a clock for them."""
    cached = Cached(Source(lambda: datetime.now(UTC).timestamp(), life=0.4))
    await cached()
    assert cached.current is not None
    async with asyncio.timeout(5):
        while cached.current is not None:  # noqa: ASYNC110  # time is what is waited for
            await asyncio.sleep(0.01)


BAD: dict[str, tuple[object, str]] = {
    "ended": (Credentials("A", "s", expires=datetime(2029, 1, 1, tzinfo=UTC)), "ended at 2029-01-01 .*clock is wrong"),
    "no zone": (Credentials("A", "s", expires=datetime(2031, 1, 1)), "without a time zone"),
    "a tuple": (("A", "the-secret"), "returned a tuple, not Credentials"),
    "nothing": (None, "returned a NoneType"),
}


@pytest.mark.parametrize("kind", BAD)
async def test_what_cannot_sign_is_refused(kind: str) -> None:
    given, said = BAD[kind]

    async def provider() -> Credentials:
        return given  # type: ignore[return-value]  # that is what is tested

    with pytest.raises(CredentialsError, match=said) as caught:
        await Cached(provider, clock=Clock())()

    assert "the-secret" not in str(caught.value)


@BOTH_LOOPS
async def test_closing_ends_a_fetch_and_says_so() -> None:
    cached, source, _ = made()
    source.open.clear()
    waiter = asyncio.create_task(cached())
    await turns()
    await cached.close()

    with pytest.raises(TransportError, match="the client was closed"):
        await waiter


def test_second_loop_does_not_wait_for_the_first_ones_fetch() -> None:
    clock = Clock()
    asked = 0

    async def provider() -> Credentials:
        nonlocal asked
        asked += 1
        if asked == 1:
            await asyncio.Event().wait()
        return Credentials("AKID", "secret")

    cached = Cached(provider, clock=clock)

    async def gives_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await cached()

    asyncio.run(gives_up())
    assert asyncio.run(asyncio.wait_for(cached(), 5)).access_key == "AKID"


async def test_what_a_provider_raises_is_a_credentials_error_that_names_it() -> None:
    async def vault() -> Credentials:
        raise RuntimeError("the-secret")

    for provider, said in ((vault, "the provider vault failed: RuntimeError"), (Chain(vault), "- vault: the provider")):
        with pytest.raises(CredentialsError, match=said) as caught:
            await Cached(provider)()
        assert "the-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("end", "said"),
    [(datetime(2024, 1, 1, tzinfo=UTC), "ended at 2024"), (datetime(2031, 1, 1), "without a time zone")],
)
async def test_given_keys_that_have_ended_sign_nothing(end: datetime, said: str) -> None:
    async with client(9, Credentials("AKID", "s", expires=end)) as opened:  # type: ignore[arg-type]  # as a provider is
        for call in (opened.bucket("b").get("k"), opened.bucket("b").presign("k")):
            with pytest.raises(CredentialsError, match=said):
                await call


async def test_fixed_keys_have_no_others() -> None:
    fixed = Fixed(Credentials("AKID", "secret"))
    fixed.refused(fixed.current)
    await fixed.close()

    assert (await fixed()).access_key == "AKID"
    with pytest.raises(CredentialsError, match="anonymous"):
        await Fixed(None)()


# --- in a client


async def provide() -> Credentials:
    return Credentials("AKID", "secret")


def test_client_with_a_provider_is_pickled() -> None:
    assert isinstance(pickle.loads(pickle.dumps(Client(credentials=provide))), Client)


def signer(seen: Seen) -> str:
    return seen.headers["authorization"].split("Credential=")[1].split("/")[0]


def client(port: int, provider: Callable[[], object], **more: object) -> Client:
    options = {"aws_endpoint": f"http://127.0.0.1:{port}", "proxy": False, **more}
    return Client(credentials=provider, **options)  # type: ignore[arg-type]  # a table of options


@BOTH_LOOPS
async def test_hundred_first_calls_of_a_client_ask_once() -> None:
    source = Source(lambda: datetime.now(UTC).timestamp())
    async with serving(lambda seen: response(body=signer(seen).encode())) as peer:
        async with client(peer.port, source) as opened:
            bucket = opened.bucket("bucket")
            found = await asyncio.gather(*[bucket.get(f"key-{number}") for number in range(100)])

    assert source.asked == 1
    assert set(found) == {b"AKID1"}


@BOTH_LOOPS
async def test_expired_token_is_one_forced_refresh_for_a_thousand_calls() -> None:
    source = Source(lambda: datetime.now(UTC).timestamp())
    good = "AKID1"

    def answer(seen: Seen) -> bytes:
        return response(body=b"data") if signer(seen) == good else EXPIRED

    async with serving(answer) as peer:
        async with client(peer.port, source) as opened:
            bucket = opened.bucket("bucket")
            await bucket.get("key")
            good = "AKID2"
            found = await asyncio.gather(*[bucket.get(f"key-{number}") for number in range(1000)])

    assert source.asked == 2
    assert set(found) == {b"data"}


@BOTH_LOOPS
@pytest.mark.parametrize("status", [400, 403])
async def test_head_that_is_refused_with_keys_that_have_ended_is_sent_with_others(status: int) -> None:
    """An answer to HEAD has no code to tell; and the cache notices late, since a loop's clock sleeps with the machine."""
    cached, source, clock = made()
    clock.now = datetime.now(UTC).timestamp() - 2 * HOUR

    def answer(seen: Seen) -> bytes:
        return response(status if (seen.method, signer(seen)) == ("HEAD", "AKID1") else 200)

    async with serving(answer) as peer:
        async with client(peer.port, cached) as opened:
            await opened.bucket("bucket").get("key")
            await opened.bucket("bucket").head("key")

    assert [signer(seen) for seen in peer.requests] == ["AKID1", "AKID1", "AKID2"]
    assert source.asked == 2


@BOTH_LOOPS
@pytest.mark.parametrize("status", [400, 403])
async def test_head_that_is_refused_with_good_keys_asks_for_no_others(status: int) -> None:
    source = Source(lambda: datetime.now(UTC).timestamp())
    async with serving(lambda seen: response(status)) as peer:
        async with client(peer.port, source) as opened:
            with pytest.raises(ServiceError):
                await opened.bucket("bucket").head("key")

    assert source.asked == len(peer.requests) == 1


@BOTH_LOOPS
async def test_keys_that_do_not_say_when_they_end_are_replaced_each_time_that_they_have() -> None:
    source = Source(lambda: datetime.now(UTC).timestamp(), life=None)
    left = 0

    def answer(seen: Seen) -> bytes:
        nonlocal left
        left -= 1
        return response(body=b"data") if signer(seen) == f"AKID{source.asked}" and left > 0 else EXPIRED

    async with serving(answer) as peer:
        async with client(peer.port, source) as opened:
            for number in range(1, 6):
                left = 3
                assert await opened.bucket("bucket").get("key") == b"data"
                assert await opened.bucket("bucket").get("key") == b"data"
                left = 0
                with pytest.raises(ExpiredToken):  # the new ones are refused as well
                    await opened.bucket("bucket").get("key")
                assert source.asked == number + 1


@BOTH_LOOPS
async def test_provider_that_does_not_heed_cancellation_does_not_keep_a_client_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "CLOSE_LIMIT", 0.05)
    free = asyncio.Event()

    async def deaf() -> Credentials:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue
        return Credentials("AKID", "secret")

    cached = Cached(deaf)
    waiter = asyncio.create_task(cached())
    await turns()
    await cached.close()
    free.set()

    assert (await waiter).access_key == "AKID"


@BOTH_LOOPS
async def test_token_that_stays_expired_is_the_stores_error() -> None:
    source = Source(lambda: datetime.now(UTC).timestamp())
    async with serving(lambda seen: EXPIRED) as peer:
        async with client(peer.port, source) as opened:
            with pytest.raises(ExpiredToken):
                await opened.bucket("bucket").get("key")

    assert [signer(seen) for seen in peer.requests] == ["AKID1", "AKID2"]


@BOTH_LOOPS
async def test_thousand_tasks_over_a_key_that_ends_ask_once_and_never_fail() -> None:
    """The store refuses keys from the moment that they end."""
    source = Source(lambda: datetime.now(UTC).timestamp(), life=0.8)
    ends: dict[str, datetime] = {}

    async def provider() -> Credentials:
        found = await source()
        assert found.expires is not None
        ends[found.access_key] = found.expires
        source.life = HOUR
        return found

    def answer(seen: Seen) -> bytes:
        return response(body=b"data") if datetime.now(UTC) < ends[signer(seen)] + timedelta(seconds=1) else EXPIRED

    async with serving(answer) as peer:
        async with client(peer.port, provider) as opened:
            bucket = opened.bucket("bucket")
            await bucket.get("key")

            async def task(number: int) -> None:
                while source.asked < 2:
                    assert await bucket.get(f"key-{number}") == b"data"
                    await asyncio.sleep(0.1)
                assert await bucket.get(f"key-{number}") == b"data"

            await asyncio.gather(*[task(number) for number in range(1000)])

    assert source.asked == 2
    assert len(peer.requests) > 1000
    assert {signer(seen) for seen in peer.requests} == {"AKID1", "AKID2"}


@BOTH_LOOPS
async def test_cancelled_call_leaves_the_fetch_to_the_others() -> None:
    source = Source(lambda: datetime.now(UTC).timestamp())
    source.open.clear()
    async with serving(lambda seen: response(body=b"data")) as peer:
        async with client(peer.port, source) as opened:
            bucket = opened.bucket("bucket")
            first, second = (asyncio.create_task(bucket.get(key)) for key in ("a", "b"))
            while not source.asked:  # noqa: ASYNC110  # files are read first, in a thread
                await asyncio.sleep(0.001)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            source.open.set()
            assert await second == b"data"

    assert source.asked == 1


@BOTH_LOOPS
async def test_closing_a_client_ends_a_call_that_waits_for_keys() -> None:
    source = Source(lambda: datetime.now(UTC).timestamp())
    source.open.clear()
    opened = client(9, source)
    call = asyncio.create_task(opened.bucket("bucket").get("key"))
    while not source.asked:  # noqa: ASYNC110  # files are read first, in a thread
        await asyncio.sleep(0.001)
    await opened.close()

    with pytest.raises(TransportError, match="the client was closed"):
        await call


@BOTH_LOOPS
async def test_buckets_share_a_cache_that_they_are_given() -> None:
    source = Source(lambda: datetime.now(UTC).timestamp())
    shared = Cached(source)
    async with serving(lambda seen: response(body=b"data")) as peer:
        for _ in range(3):
            async with Bucket(
                "bucket", credentials=shared, aws_endpoint=f"http://127.0.0.1:{peer.port}", proxy=False
            ) as bucket:
                await bucket.get("key")

    assert source.asked == 1


async def test_timer_does_not_keep_a_cache_alive() -> None:
    cached, _, _ = made()
    await cached()
    await turns()
    left = weakref.ref(cached)
    del cached
    gc.collect()

    assert left() is None
