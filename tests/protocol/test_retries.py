"""What is worth another attempt, when, and how many: pure, with a clock and dice of the test's own."""

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aios3 import (
    ConnectError,
    ConnectTimeout,
    CredentialsError,
    InvalidInput,
    InvalidResponse,
    ObjectChanged,
    PoolTimeout,
    ReadTimeout,
    ServiceError,
    SourceChanged,
    TransportError,
    TruncatedBody,
)
from aios3.errors import error_class
from aios3.protocol.retries import (
    FIRST_PAUSE,
    FIRST_PAUSE_THROTTLED,
    LONGEST_PAUSE,
    AdaptiveLimiter,
    RetryBudget,
    RetryPolicy,
    is_retryable,
    is_throttling,
    retry_after,
)
from tests.properties import many_examples

NOW = datetime(2026, 11, 21, 10, 0, 0, tzinfo=UTC)


def said(code: str, status: int) -> ServiceError:
    """Return the error that a server's answer means."""
    return error_class(code)(code, status=status)


# ------------------------------------------------------------------ what
THROTTLED = [
    said("SlowDown", 503),
    said("SlowDown", 200),
    said("ServiceUnavailable", 503),
    said("Throttling", 400),
    said("ThrottlingException", 400),
    said("RequestLimitExceeded", 400),
    said("RequestThrottled", 400),
    said("TooManyRequests", 429),
    said("HTTP429", 429),
    said("BandwidthLimitExceeded", 509),
]
RETRYABLE = [
    *THROTTLED,
    said("HTTP408", 408),
    said("InternalError", 500),
    said("InternalError", 200),
    said("HTTP502", 502),
    said("Anything", 503),
    said("HTTP504", 504),
    said("RequestTimeout", 400),
    said("ConditionalRequestConflict", 409),
    said("OperationAborted", 409),
    ConnectError("x"),
    ConnectTimeout("x"),
    ReadTimeout("x"),
    TruncatedBody("x"),
    TransportError("x"),
]
FINAL = [
    said("AccessDenied", 403),
    said("NoSuchKey", 404),
    said("PreconditionFailed", 412),
    said("NotModified", 304),
    said("BucketNotEmpty", 409),
    said("BadRequest", 400),
    said("NotImplemented", 501),
    said("HTTP505", 505),
    said("PermanentRedirect", 301),
    said("RequestTimeTooSkewed", 403),
    said("AccessDenied", 200),
    PoolTimeout("x"),
    InvalidInput("x"),
    InvalidResponse("x"),
    CredentialsError("x"),
    ObjectChanged("x"),
    SourceChanged("x"),
    TimeoutError(),
    OSError(),
]


def _id(error: Exception) -> str:
    return f"{error.code} {error.status}" if isinstance(error, ServiceError) else type(error).__name__


@pytest.mark.parametrize("error", RETRYABLE, ids=_id)
def test_error_that_may_go_away_is_retryable(error: Exception) -> None:
    assert is_retryable(error)
    assert RetryPolicy().pause(error, 1, 0.0, 0.5) is not None


@pytest.mark.parametrize("error", FINAL, ids=_id)
def test_error_that_will_not_go_away_is_final(error: Exception) -> None:
    assert not is_retryable(error)
    assert RetryPolicy().pause(error, 1, 0.0, 0.5) is None


@pytest.mark.parametrize("error", [*RETRYABLE, *FINAL], ids=_id)
def test_throttling_is_what_asks_for_fewer_requests(error: Exception) -> None:
    assert is_throttling(error) == (error in THROTTLED)


# ------------------------------------------------------------------ when
@pytest.mark.parametrize(
    ("error", "first"), [(ReadTimeout("x"), FIRST_PAUSE), (said("SlowDown", 503), FIRST_PAUSE_THROTTLED)]
)
def test_pause_is_up_to_twice_the_last_one_and_bounded(error: Exception, first: float) -> None:
    policy = RetryPolicy(max_attempts=20)
    longest = [policy.pause(error, failures, 0.0, 1.0) for failures in range(1, 12)]

    assert longest == [min(first * 2**n, LONGEST_PAUSE) for n in range(11)]


@many_examples
@given(
    attempts=st.integers(1, 10_000),
    failures=st.integers(1, 20_000),
    asked=st.floats(0, LONGEST_PAUSE),
    chance=st.floats(0, 1),
    error=st.sampled_from(RETRYABLE),
)
def test_pause_is_bounded_whatever_comes(
    attempts: int, failures: int, asked: float, chance: float, error: Exception
) -> None:
    pause = RetryPolicy(max_attempts=attempts).pause(error, failures, asked, chance)

    if failures >= attempts:
        assert pause is None
    else:
        assert pause is not None
        assert asked <= pause <= LONGEST_PAUSE


@many_examples
@given(failures=st.integers(1, 50), chances=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_jitter_is_full(failures: int, chances: tuple[float, float]) -> None:
    policy = RetryPolicy(max_attempts=100)
    low, high = (policy.pause(ReadTimeout("x"), failures, 0.0, chance) for chance in sorted(chances))

    assert low is not None
    assert high is not None
    assert low <= high
    assert policy.pause(ReadTimeout("x"), failures, 0.0, 0.0) == 0.0


@pytest.mark.parametrize("attempts", [0, -1, 1.5, True, False, "5", None, math.nan])
def test_attempts_are_a_whole_number_from_1(attempts: Any) -> None:
    with pytest.raises(InvalidInput, match="max_attempts must be a whole number from 1"):
        RetryPolicy(max_attempts=attempts)


@pytest.mark.parametrize("mode", ["legacy", "", None, 3, ["standard"]])
def test_mode_is_one_of_those_there_are(mode: Any) -> None:
    with pytest.raises(InvalidInput, match="retry_mode must be one of standard, adaptive"):
        RetryPolicy(mode=mode)


# ------------------------------------------------------------------ Retry-After
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("120", LONGEST_PAUSE),
        ("9" * 400, LONGEST_PAUSE),
        ("-5", 0),
        ("1.5", 0),
        ("٣", 0),
        ("soon", 0),
        ("", 0),
        (format_datetime(NOW + timedelta(seconds=9), usegmt=True), 9),
        (format_datetime(NOW + timedelta(days=9), usegmt=True), LONGEST_PAUSE),
        (format_datetime(NOW - timedelta(seconds=9), usegmt=True), 0),
        ("2026-11-21T10:00:05Z", 5),
        ("Sat, 99 Nov 2026 10:00:00 GMT", 0),
        ("Saturday, 21-Nov-26 10:00:04 GMT", 4),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float) -> None:
    assert retry_after({"retry-after": text}, NOW) == seconds


def test_no_retry_after_asks_for_nothing() -> None:
    assert retry_after({}, NOW) == 0


@many_examples
@given(st.one_of(st.text(max_size=40), st.from_regex(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT")))
def test_retry_after_that_makes_no_sense_asks_for_nothing_and_breaks_nothing(text: str) -> None:
    assert 0 <= retry_after({"retry-after": text}, NOW) <= LONGEST_PAUSE


# ------------------------------------------------------------------ the budget
def test_retries_cost_more_where_nothing_answers() -> None:
    budget = RetryBudget()

    assert (budget.spend(said("SlowDown", 503)), budget.spend(ReadTimeout("x"))) == (5, 10)
    assert budget.left == RetryBudget.CAPACITY - 15


@many_examples
@given(st.lists(st.one_of(st.sampled_from(RETRYABLE), st.integers(0, 50)), max_size=300))
def test_budget_stays_within_its_bounds_and_gives_credit_to_nobody(events: list[Exception | int]) -> None:
    budget = RetryBudget()
    for event in events:
        before = budget.left
        if isinstance(event, int):
            budget.earn(event)
            assert budget.left == min(before + event, RetryBudget.CAPACITY)
        else:
            cost = budget.spend(event)
            assert cost in (0, 5, 10)
            assert budget.left == before - cost
            assert cost or before < 10
        assert 0 <= budget.left <= RetryBudget.CAPACITY


# ------------------------------------------------------------------ the limiter
class Simulation:
    """Clients that keep a store busy through one limiter, in a time of its own; the store refuses above *bears*.

    Args:
        clients: How many of them; each sends its next request *latency* after its last one was answered.
        bears: Requests that the store takes within each second of the clock.
    """

    def __init__(self, clients: int, bears: Callable[[float], float], latency: float = 0.02) -> None:
        self.limiter = AdaptiveLimiter()
        self.sent: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self._bears = bears
        self._latency = latency
        self._order = itertools.count()
        # What happens when: a client lines up (place is None), or asks if it is its turn.
        self._events: list[tuple[float, int, float | None]] = [(0.0, next(self._order), None) for _ in range(clients)]

    def run(self, until: float) -> None:
        """Let time pass."""
        while self._events and self._events[0][0] < until:
            now, _, place = heapq.heappop(self._events)
            if place is None:
                place = self.limiter.line_up(now)
            pause = self.limiter.wait(place, now)
            if pause:
                self._later(now + pause, place)
            else:
                self._send(now)

    def _send(self, now: float) -> None:
        self.sent[int(now)] += 1
        if self.sent[int(now)] > self._bears(now):
            self.refused[int(now)] += 1
            self.limiter.throttled(now + self._latency)
        else:
            self.limiter.succeeded(now + self._latency)
        self._later(now + self._latency, None)

    def _later(self, when: float, place: float | None) -> None:
        heapq.heappush(self._events, (when, next(self._order), place))

    def rate(self, start: int, end: int) -> float:
        """Return the requests sent per second between two times."""
        return sum(self.sent[second] for second in range(start, end)) / (end - start)

    def refusals(self, start: int, end: int) -> float:
        """Return the refusals per second between two times."""
        return sum(self.refused[second] for second in range(start, end)) / (end - start)


def test_limiter_limits_nothing_before_the_first_throttling() -> None:
    limiter = AdaptiveLimiter()

    assert all(limiter.wait(limiter.line_up(0.0), 0.0) == 0.0 for _ in range(10_000))
    assert limiter.rate == 0


def test_first_throttling_cuts_what_was_sent_to_seven_tenths() -> None:
    limiter = AdaptiveLimiter()
    for number in range(400):
        limiter.wait(limiter.line_up(number / 100), number / 100)
    limiter.throttled(4.0)

    assert limiter.rate == pytest.approx(70, rel=0.1)


def test_burst_that_is_refused_at_once_does_not_crawl_afterwards() -> None:
    # A hundred calls at the very start, before there is anything to measure.
    limiter = AdaptiveLimiter()
    for _ in range(100):
        limiter.wait(limiter.line_up(1000.0), 1000.0)
    limiter.throttled(1000.01)

    assert limiter.rate == pytest.approx(140)


def test_refusals_that_are_heard_together_count_once() -> None:
    limiter = AdaptiveLimiter()
    for number in range(200):
        limiter.wait(limiter.line_up(number / 100), number / 100)
    for _ in range(100):
        limiter.throttled(2.0)
    once = limiter.rate
    limiter.throttled(2.5)
    assert limiter.rate == once

    limiter.throttled(3.1)
    assert limiter.rate < once


def test_rate_has_a_least() -> None:
    limiter = AdaptiveLimiter()
    for second in range(100):
        limiter.throttled(2.0 * second)

    assert limiter.rate == AdaptiveLimiter.LEAST
    assert 0 < limiter.wait(limiter.line_up(199.0), 199.0) <= AdaptiveLimiter.LONGEST_WAIT


@pytest.mark.parametrize("bears", [5, 50, 500])
@pytest.mark.parametrize("clients", [1, 10, 100])
def test_calls_find_the_rate_that_the_store_bears(bears: int, clients: int) -> None:
    simulation = Simulation(clients, lambda now: bears)
    simulation.run(120.0)

    reached = min(bears, clients / 0.02)
    sent, refused = simulation.rate(60, 120), simulation.refusals(60, 120)
    assert sent - refused > 0.6 * reached
    assert refused < 0.2 * sent


def test_rate_recovers_when_the_store_does() -> None:
    simulation = Simulation(20, lambda now: 10 if now < 30 else 1e9)
    simulation.run(60.0)

    # 20 clients, 20 ms each: a thousand a second is all they can.
    assert simulation.rate(20, 30) < 20
    assert simulation.rate(50, 60) > 900


def test_rest_saves_up_no_more_than_a_second() -> None:
    limiter = AdaptiveLimiter()
    for number in range(200):
        limiter.wait(limiter.line_up(number / 100), number / 100)
    limiter.throttled(2.0)
    rate = limiter.rate

    places = [limiter.line_up(1000.0) for _ in range(1000)]
    assert sum(limiter.wait(place, 1000.0) == 0.0 for place in places) == pytest.approx(rate, abs=1)


def test_place_that_is_given_up_moves_the_others_up() -> None:
    limiter = AdaptiveLimiter()
    limiter.throttled(0.0)
    for _ in range(1000):
        limiter.line_up(0.0)
        limiter.leave()

    # At half a request per second, a thousand places would be 2,000 seconds.
    assert limiter.wait(limiter.line_up(10.0), 10.0) == 0.0


def test_one_who_waits_is_let_through_sooner_when_the_rate_has_grown() -> None:
    limiter = AdaptiveLimiter()
    limiter.throttled(0.0)
    places = [limiter.line_up(0.0) for _ in range(20)]
    now, served = 0.0, 0
    while served < len(places):
        pause = limiter.wait(places[served], now)
        if pause:
            now += pause
        else:
            served += 1
            limiter.succeeded(now)

    # 40 s at the rate of the start.
    assert now < 15


@many_examples
@given(
    st.lists(
        st.tuples(st.sampled_from(["line up", "wait", "leave", "throttled", "succeeded"]), st.floats(0, 3)),
        max_size=200,
    )
)
def test_limiter_serves_whoever_waits_whatever_happens(events: list[tuple[str, float]]) -> None:
    limiter, now, line = AdaptiveLimiter(), 0.0, []
    for event, passed in events:
        now += passed
        if event == "line up":
            line.append(limiter.line_up(now))
        elif event == "throttled":
            limiter.throttled(now)
        elif event == "succeeded":
            limiter.succeeded(now)
        elif line:
            place = line.pop(0)
            if event == "leave":
                limiter.leave()
            else:
                pause = limiter.wait(place, now)
                assert 0 <= pause <= limiter.LONGEST_WAIT
                if pause:
                    line.insert(0, place)
        assert limiter.rate == 0 or limiter.rate >= limiter.LEAST
        assert math.isfinite(limiter.rate)
    for place in line:
        assert _is_served(limiter, place, now)


def _is_served(limiter: AdaptiveLimiter, place: float, now: float) -> bool:
    for _ in range(10_000):
        pause = limiter.wait(place, now)
        if not pause:
            return True
        now += pause
    return False


@many_examples
@given(
    rate=st.integers(1, 500), requests=st.integers(1, 400), starts=st.lists(st.floats(0, 1), min_size=1, max_size=20)
)
def test_admitted_requests_stay_below_rate_and_burst(rate: int, requests: int, starts: list[float]) -> None:
    limiter = AdaptiveLimiter()
    for number in range(2 * rate):
        limiter.wait(limiter.line_up(number / rate), number / rate)
    limiter.throttled(2.0)
    limit = limiter.rate
    line = sorted((2.0 + starts[number % len(starts)], number) for number in range(requests))
    waiting = [(when, number, limiter.line_up(when)) for when, number in line]
    admitted, clock = [], 0.0
    heapq.heapify(waiting)
    while waiting:
        when, number, place = heapq.heappop(waiting)
        clock = max(clock, when)
        pause = limiter.wait(place, clock)
        if pause:
            heapq.heappush(waiting, (clock + pause, number, place))
        else:
            admitted.append(clock)

    for first, moment in enumerate(admitted):
        until = sum(moment <= other < moment + 1.0 for other in admitted[first:])
        assert until <= limit + max(limit, 1.0) + 1
