"""What is worth another attempt, when, and how many a client may spend; pure: clock and randomness are passed in.

In: an error and what is known of the call. Out: seconds to wait, or None to give up. Three things bound retries:
attempts per call, a budget that the calls of one client share (so that an outage is not multiplied), and in
adaptive mode a rate that all calls slow down to when the store asks for it.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html (modes, budget, names),
https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ (full jitter), RFC 9110 10.2.3 (Retry-After)
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeAlias

from ..errors import InvalidInput, PoolTimeout, ServiceError, TransportError
from .texts import read_date
from .values import CheckedValue

RetryMode: TypeAlias = Literal["standard", "adaptive"]
RETRY_MODES: tuple[RetryMode, ...] = ("standard", "adaptive")
DEFAULT_ATTEMPTS = 5

# Seconds of the first pause at most; each further one may be twice as long.
FIRST_PAUSE = 0.1
FIRST_PAUSE_THROTTLED = 0.5
LONGEST_PAUSE = 20.0

# 408 is what proxies say to a connection that was idle, often just when it is used again (RFC 9110 15.5.9).
RETRYABLE_STATUS = frozenset({408, 429, 500, 502, 503, 504})
# Errors whose status alone does not say that trying again helps.
RETRYABLE_CODES = frozenset({"RequestTimeout", "ConditionalRequestConflict", "OperationAborted", "InternalError"})
THROTTLING_CODES = frozenset(
    {
        "SlowDown",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "TooManyRequests",
        "BandwidthLimitExceeded",
    }
)
_WORTH_A_RETRY = RETRYABLE_CODES | THROTTLING_CODES


def is_throttling(error: Exception) -> bool:
    """Tell if the store asks for fewer requests."""
    return isinstance(error, ServiceError) and (error.status == 429 or error.code in THROTTLING_CODES)


def is_retryable(error: Exception) -> bool:
    """Tell if the same request may succeed when it is sent again."""
    if isinstance(error, ServiceError):
        # 501 and the like stay what they are; an error inside a 200 has only its code.
        return error.status in RETRYABLE_STATUS or error.code in _WORTH_A_RETRY
    # No connection is free because we hold them all: asking again does not free one.
    return isinstance(error, TransportError) and not isinstance(error, PoolTimeout)


def retry_after(headers: Mapping[str, str], now: datetime) -> float:
    """Return the seconds that a Retry-After header asks for; 0 without one, or with one that cannot be read.

    No more than LONGEST_PAUSE: a call ends in bounded time, whatever a server asks for.
    """
    text = headers.get("retry-after", "")
    if text.isdecimal() and text.isascii():
        return min(float(text), LONGEST_PAUSE)
    try:
        seconds = (read_date(text) - now).total_seconds() if text else 0.0
    except (ValueError, TypeError):
        return 0.0
    return min(max(seconds, 0.0), LONGEST_PAUSE)


class RetryPolicy(CheckedValue):
    """How often and how long apart.

    Args:
        max_attempts: Requests per call, the first included; 1 never tries again.
        mode: ``standard``, or ``adaptive``: the client also slows down all calls when it is throttled.
    Raises:
        InvalidInput: a value that cannot be right.
    """

    max_attempts: int = DEFAULT_ATTEMPTS
    mode: RetryMode = "standard"

    def __post_init__(self) -> None:
        attempts = self.max_attempts
        if isinstance(attempts, bool) or not isinstance(attempts, int) or attempts < 1:
            raise InvalidInput(f"max_attempts must be a whole number from 1, not {attempts!r}")
        if self.mode not in RETRY_MODES:
            raise InvalidInput(f"retry_mode must be one of {', '.join(RETRY_MODES)}, not {self.mode!r}")

    def pause(self, error: Exception, failures: int, asked: float, chance: float) -> float | None:
        """Return the seconds to wait before the next attempt, or None to give up.

        Args:
            failures: Attempts that failed without progress, this one included.
            asked: What Retry-After asked for; 0 if nothing.
            chance: Evenly distributed, 0 to 1: full jitter keeps clients that failed together apart.
        """
        if failures >= self.max_attempts or not is_retryable(error):
            return None
        first = FIRST_PAUSE_THROTTLED if is_throttling(error) else FIRST_PAUSE
        # Any exponent from 8 on is beyond LONGEST_PAUSE, and from 1024 on beyond a float.
        longest = min(first * 2.0 ** min(failures - 1, 8), LONGEST_PAUSE)
        return max(asked, longest * chance)


class RetryBudget:
    """The retries that the calls of one client may spend together: an outage must not multiply the load.

    A retry costs 5, one after a transport error 10 of 500; a call that needed one gives that back when it succeeds,
    any other success earns 1.
    """

    CAPACITY = 500
    COST = 5
    TRANSPORT_COST = 10

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = self.CAPACITY

    def spend(self, error: Exception) -> int:
        """Take the price of a retry after *error* and return it; 0 when it cannot be paid."""
        cost = self.TRANSPORT_COST if isinstance(error, TransportError) else self.COST
        if cost > self.left:
            return 0
        self.left -= cost
        return cost

    def earn(self, amount: int) -> None:
        """Put back after a success."""
        self.left = min(self.CAPACITY, self.left + amount)


class AdaptiveLimiter:
    """A request rate that all calls of a client share: cut when the store says SlowDown, grown back afterwards.

    Unlimited until the first throttling. Then the rate is 0.7 of what was sent, and grows as CUBIC (RFC 9438)
    grows a window: back to where it was cut within some seconds, carefully around there, then freely beyond.

    A request lines up for a place and waits for its turn; who gives up leaves the line, and those behind move up.
    """

    BETA = 0.7
    SCALE = 0.4
    LEAST = 0.5
    # Seconds after which one who waits asks again: the rate may have grown meanwhile.
    LONGEST_WAIT = 0.5
    # Seconds over which requests are counted.
    PERIOD = 0.5

    __slots__ = ("_counted", "_cut_at", "_filled_at", "_last", "_limit", "_measured", "_period", "_rate", "_served")

    def __init__(self) -> None:
        self._rate = 0.0  # requests per second; 0 is unlimited
        self._limit = 0.0  # the rate at the last cut
        self._cut_at = 0.0
        self._last = 0.0  # the last place that was given
        self._served = 0.0  # the place whose turn it is
        self._filled_at = 0.0
        self._measured = 0.0
        self._counted = 0
        self._period: float | None = None

    @property
    def rate(self) -> float:
        """Requests per second that are let through; 0 while there is no limit."""
        return self._rate

    def line_up(self, now: float) -> float:
        """Take the next place; a second without requests lets as many through at once, no more."""
        if not self._rate:
            return 0.0
        self._refill(now)
        self._last = max(self._last, self._served - max(self._rate, 1.0)) + 1.0
        return self._last

    def wait(self, place: float, now: float) -> float:
        """Return the seconds after which to ask again; 0 when it is *place*'s turn, which is then counted as sent."""
        if self._rate:
            self._refill(now)
            # Less than that is rounding, which no wait would end.
            if place - self._served > 1e-6:
                return min((place - self._served) / self._rate, self.LONGEST_WAIT)
        self._count(now)
        return 0.0

    def leave(self) -> None:
        """Give a place up before its turn."""
        self._served += 1.0

    def throttled(self, now: float) -> None:
        """The store asked for fewer requests; once a second counts, since many calls hear it together."""
        if self._rate and now - self._cut_at < 1.0:
            return
        sent = self._sent(now)
        current = min(self._rate, sent) if self._rate else sent
        self._refill(now)
        self._served = min(self._served, self._last)
        self._limit = max(current, self.LEAST)
        self._rate = max(current * self.BETA, self.LEAST)
        self._cut_at = now

    def succeeded(self, now: float) -> None:
        """A request went through: the rate may grow."""
        if self._rate:
            recovery = (self._limit * (1.0 - self.BETA) / self.SCALE) ** (1.0 / 3.0)
            grown = self.SCALE * (now - self._cut_at - recovery) ** 3 + self._limit
            self._refill(now)
            # Never above twice what is really sent: a rate that nobody uses says nothing of what the store bears.
            self._rate = max(self.LEAST, min(grown, 2.0 * self._sent(now)))

    def _refill(self, now: float) -> None:
        self._served += max(0.0, now - self._filled_at) * self._rate
        self._filled_at = max(now, self._filled_at)

    def _count(self, now: float) -> None:
        """Count requests per second, smoothed, in periods of half a second."""
        if self._period is None:
            self._period = now
        passed = now - self._period
        if passed >= self.PERIOD:
            self._measured = 0.8 * self._counted / passed + 0.2 * self._measured
            self._counted, self._period = 0, now
        self._counted += 1

    def _sent(self, now: float) -> float:
        """Return the requests sent per second: what was measured, or what has begun since and is more."""
        passed = self.PERIOD if self._period is None else max(now - self._period, self.PERIOD)
        return max(self._measured, self._counted / passed)


__all__ = [
    "AdaptiveLimiter",
    "RetryBudget",
    "RetryMode",
    "RetryPolicy",
    "is_retryable",
    "is_throttling",
    "retry_after",
]
