"""What one call does when an attempt has failed: learn from the error, wait and try again, or give up.

Made only after a first failure, so a call that succeeds pays nothing for it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import Any

from .credentials import Credentials
from .errors import (
    ConnectTimeout,
    ExpiredToken,
    PoolTimeout,
    RequestTimeTooSkewed,
    S3Error,
    ServiceError,
    TransportError,
)
from .protocol.retries import AdaptiveLimiter, RetryBudget, RetryPolicy, is_throttling, retry_after
from .protocol.shapes import Operation
from .protocol.texts import read_date
from .protocol.values import NamedTuple
from .routing import Router

# Answers that may mean "another region", by status or code.
_ELSEWHERE_STATUS = frozenset({301, 307})
_ELSEWHERE_CODES = frozenset({"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "BadRequest"})
# Answers after which the request may have been carried out all the same: a gateway's, or a server's that failed midway.
_UNCERTAIN_STATUS = frozenset({500, 502, 504})
_READING = frozenset({"GET", "HEAD"})


class Means(NamedTuple):
    """What the calls of one client share to recover from failures; *renew* tells if there are other keys."""

    router: Router
    policy: RetryPolicy
    budget: RetryBudget
    limiter: AdaptiveLimiter | None
    renew: Callable[[Operation[Any], Credentials | None], bool]


async def turn(limiter: AdaptiveLimiter) -> None:
    """Wait until *limiter* lets one request through."""
    clock = asyncio.get_running_loop().time
    place = limiter.line_up(clock())
    try:
        while pause := limiter.wait(place, clock()):  # noqa: ASYNC110  # it is time that is waited for
            await asyncio.sleep(pause)
    except BaseException:
        limiter.leave()
        raise


class Recovery:
    """The failures of one call.

    Attributes:
        attempts: Requests sent so far.
        answer_lost: An attempt may have been carried out without our hearing of it.
    """

    def __init__(self, means: Means, operation: Operation[Any]) -> None:
        self._means = means
        self._operation = operation
        self._corrected: set[str] = set()
        self._spent = 0
        self._failures = 0
        self.attempts = 0
        self.answer_lost = False

    async def after(
        self, error: ServiceError | TransportError, headers: Mapping[str, str], used: Credentials | None = None
    ) -> None:
        """Return when the next attempt may begin; raise *error* when there is no point in one.

        Args:
            used: The keys that the attempt was signed with, as far as that is known.
        """
        self.attempts += 1
        spent = self._spent
        pause = 0.0 if self._corrects(error, headers, used) else self._pause(error, headers)
        if isinstance(error, ServiceError):
            error.attempts = self.attempts
            if pause is None and self.answer_lost and self._operation.method not in _READING:
                error.add_note("An earlier attempt of this call may have been carried out, though no answer said so.")
        self.answer_lost |= _is_uncertain(error)
        try:
            await self._wait(pause, error)
        except BaseException:
            # What is not sent costs nothing.
            self._means.budget.earn(self._spent - spent)
            raise

    async def _wait(self, pause: float | None, error: S3Error) -> None:
        if pause is None or not await self._rewound():
            raise error
        if pause:
            await asyncio.sleep(pause)

    def succeeded(self) -> None:
        """The call went through in the end: what its retries cost comes back."""
        self._means.budget.earn(self._spent)

    # -------------------------------------------------------------- corrections: once each, at once
    def _corrects(self, error: S3Error, headers: Mapping[str, str], used: Credentials | None) -> bool:
        """Tell if the error says what was wrong with the request, and it is mended now."""
        if not isinstance(error, ServiceError):
            return False
        # The answer to HEAD has no body to tell why it is 403, or 400.
        silent = self._operation.method == "HEAD" and error.status in (400, 403)
        expired = isinstance(error, ExpiredToken) or (silent and self._has_ended(used))
        if expired and self._once("token") and self._means.renew(self._operation, used):
            return True
        if isinstance(error, RequestTimeTooSkewed) or (silent and error.status == 403):
            return self._once("clock") and self._corrects_clock(headers)
        region = error.region or headers.get("x-amz-bucket-region")
        elsewhere = error.status in _ELSEWHERE_STATUS or error.code in _ELSEWHERE_CODES
        if region and elsewhere and self._once("region"):
            return self._means.router.moved(self._operation, region)
        return False

    def _once(self, what: str) -> bool:
        if what in self._corrected:
            return False
        self._corrected.add(what)
        return True

    def _has_ended(self, used: Credentials | None) -> bool:
        """Tell if keys had ended: after a machine has slept they are used before anybody notices."""
        end = None if used is None else used.expires
        return end is not None and end.timestamp() <= self._means.router.now().timestamp()

    def _corrects_clock(self, headers: Mapping[str, str]) -> bool:
        try:
            return self._means.router.correct_clock(read_date(headers.get("date", "")))
        except (ValueError, TypeError):
            return False

    # -------------------------------------------------------------- retries: as often as policy and budget allow
    def _pause(self, error: S3Error, headers: Mapping[str, str]) -> float | None:
        self._failures += 1
        limiter = self._means.limiter
        if limiter is not None and is_throttling(error):
            limiter.throttled(asyncio.get_running_loop().time())
        asked = retry_after(headers, self._means.router.now())
        # Not for secrets: it only keeps clients apart.
        pause = self._means.policy.pause(error, self._failures, asked, random.random())  # noqa: S311
        cost = 0 if pause is None else self._means.budget.spend(error)
        self._spent += cost
        return pause if cost else None

    async def _rewound(self) -> bool:
        """Bring the body back to its start; False where it can be read only once."""
        body = getattr(self._operation, "body", b"")
        return isinstance(body, bytes | bytearray | memoryview | str | type(None)) or await body.rewind()


def _is_uncertain(error: ServiceError | TransportError) -> bool:
    """Tell if the request may have been carried out in spite of *error*."""
    if isinstance(error, ServiceError):
        return error.status in _UNCERTAIN_STATUS
    return not isinstance(error, ConnectTimeout | PoolTimeout)
