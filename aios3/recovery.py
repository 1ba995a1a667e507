"""What one call does when an attempt has failed: learn from the error, wait and try again, or give up.

Made only after a first failure, so a call that succeeds pays nothing for it.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from .errors import ExpiredToken, RequestTimeTooSkewed, S3Error, ServiceError, TransportError
from .protocol.http_codec import read_http_date
from .protocol.retries import AdaptiveLimiter, RetryBudget, RetryPolicy, is_throttling, retry_after
from .protocol.shapes import Operation
from .routing import Router

# Answers that may mean "another region", by status or code.
_ELSEWHERE_STATUS = frozenset({301, 307})
_ELSEWHERE_CODES = frozenset({"AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "BadRequest"})


class Means(NamedTuple):
    """What the calls of one client share to recover from failures."""

    router: Router
    policy: RetryPolicy
    budget: RetryBudget
    limiter: AdaptiveLimiter | None


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

    async def after(self, error: ServiceError | TransportError, headers: Mapping[str, str]) -> None:
        """Return when the next attempt may begin; raise *error* when there is no point in one."""
        self.attempts += 1
        if isinstance(error, ServiceError):
            error.attempts = self.attempts
        else:
            self.answer_lost = True
        pause = 0.0 if self._corrects(error, headers) else self._pause(error, headers)
        if pause is None or not await self._rewound():
            raise error
        if pause:
            await asyncio.sleep(pause)

    def succeeded(self) -> None:
        """The call went through in the end: what its retries cost comes back."""
        self._means.budget.earn(self._spent)

    # -------------------------------------------------------------- corrections: once each, at once
    def _corrects(self, error: S3Error, headers: Mapping[str, str]) -> bool:
        """Tell if the error says what was wrong with the request, and it is mended now."""
        if not isinstance(error, ServiceError):
            return False
        if isinstance(error, RequestTimeTooSkewed):
            return self._once("clock") and self._corrects_clock(headers)
        if isinstance(error, ExpiredToken):
            return self._once("token")  # the provider is asked for each attempt, and has newer ones by now
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

    def _corrects_clock(self, headers: Mapping[str, str]) -> bool:
        try:
            return self._means.router.correct_clock(read_http_date(headers.get("date", "")))
        except (ValueError, TypeError):
            return False

    # -------------------------------------------------------------- retries: as often as policy and budget allow
    def _pause(self, error: S3Error, headers: Mapping[str, str]) -> float | None:
        self._failures += 1
        asked = retry_after(headers, self._means.router.now())
        # Not for secrets: it only keeps clients apart.
        pause = self._means.policy.pause(error, self._failures, asked, random.random())  # noqa: S311
        if pause is None:
            return None
        limiter = self._means.limiter
        if limiter is not None and is_throttling(error):
            limiter.throttled(asyncio.get_running_loop().time())
        cost = self._means.budget.spend(error)
        self._spent += cost
        return pause if cost else None

    async def _rewound(self) -> bool:
        """Bring the body back to its start; False where it can be read only once."""
        body = getattr(self._operation, "body", b"")
        return isinstance(body, bytes | bytearray | memoryview | str | type(None)) or await body.rewind()
