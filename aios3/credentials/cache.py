"""Keeps the keys of a provider, and asks for new ones before they end.

Keys are renewed in the background when a quarter of their life is left, 15 minutes at most. When a sixth is left,
10 minutes at most, who needs them waits for the new ones. If there are none to be had, the old ones serve to their end.
However many ask, the provider is asked once, and goes on when one of them gives up.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html and the pages beside it say
when keys end; how long before it to renew them is left to the client.
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeAlias

from ..errors import CredentialsError, S3Error, TransportError
from ..protocol.sigv4 import Credentials
from ..threads import heard, shielded
from .base import Provider, keys_of

_log = logging.getLogger("aios3")

# Seconds before the end of long-lived keys at which new ones are asked for, and at which they are waited for.
ADVISORY, MANDATORY = 15 * 60.0, 10 * 60.0
# Seconds until a failed renewal is tried again while the old keys are good.
PAUSE = 60.0
# Seconds after a fetch that a server forced, for which a refusal of keys that nobody knows is of those before it.
FORCED_PAUSE = 5.0
# Seconds that a provider has to notice that it was cancelled.
CLOSE_LIMIT = 2.0
# Timers of some event loops take no longer waits.
_LONGEST_TIMER = 24 * 3600.0
_NEVER = float("inf")
_Flight: TypeAlias = "tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]"
_Timer: TypeAlias = "tuple[asyncio.AbstractEventLoop, asyncio.TimerHandle]"


class Fixed:
    """Keys that stay as they are; None for a client that signs nothing."""

    def __init__(self, credentials: Credentials | None) -> None:
        self.current = credentials

    async def __call__(self) -> Credentials:
        """Return them."""
        if self.current is None:
            raise CredentialsError("an anonymous client has no keys to sign with")
        return self.current

    async def lasting(self, until: float) -> Credentials:
        """Return them: there are no others."""
        return await self()

    def refused(self, used: Credentials | None) -> None:
        """Do nothing: there are no others."""

    async def close(self) -> None:
        """Do nothing: there is nothing under way."""


class Cached:
    """The keys of a provider, kept as long as they are good. It is a provider itself, and several clients can share it.

    Attributes:
        current: Keys that need no thought; None when somebody has to ask for them.

    Args:
        provider: Asked for keys; those that it gives without ``expires`` are kept until a server refuses them.
        clock: Seconds since the epoch.
    """

    def __init__(self, provider: Provider, *, clock: Callable[[], float] = time.time) -> None:
        self.current: Credentials | None = None
        self._provider = provider
        self._clock = clock
        self._kept: Credentials | None = None
        self._lasting: Credentials | None = None  # the longest that can be had
        self._advisory = self._mandatory = self._end = 0.0
        self._forced = False
        self._forced_at = -_NEVER
        self._flight: _Flight | None = None
        self._timer: _Timer | None = None

    async def __call__(self) -> Credentials:
        """Return good keys; wait only where there are none, or none that will last.

        Raises:
            CredentialsError: there are none, and why.
        """
        now = self._clock()
        if self._kept is None or now >= self._mandatory:
            try:
                await self._renewed()
            except Exception:
                if self._kept is None or self._clock() >= self._end:
                    raise
        elif now >= self._advisory:
            self._renewal()
        self._publish()
        assert self._kept is not None  # or it was raised
        return self._kept

    async def lasting(self, until: float) -> Credentials:
        """Return keys that are good *until* then, if the provider has such, which is asked once; else those there are.

        Raises:
            CredentialsError: there are none at all.
        """
        keys = await self()
        if until > self._end and self._lasting is not keys:
            with suppress(S3Error):
                await self._renewed()
            keys = self._lasting = await self()
        return keys

    def refused(self, used: Credentials | None) -> None:
        """A server says that keys have ended: ask for others, whatever their time, unless there are others by now.

        Args:
            used: The keys that it refused; None where a call did not look.
        """
        if used is not None and used is not self._kept:
            return
        if used is None and self._clock() - self._forced_at < FORCED_PAUSE:
            return
        self._forced = True
        self.current = None
        self._advisory = self._mandatory = self._end = 0.0

    async def close(self) -> None:
        """End a fetch that is under way in this loop."""
        self._set_timer(None)
        flight = self._flight
        if flight is not None and flight[0] is asyncio.get_running_loop():
            flight[1].cancel()
            await asyncio.wait([flight[1]], timeout=CLOSE_LIMIT)

    # -------------------------------------------------------------- one fetch for all
    def _renewal(self) -> asyncio.Task[None]:
        """Return the fetch that is under way in this loop, or begin one."""
        loop = asyncio.get_running_loop()
        # One of another loop cannot be waited for, and perhaps will never go on.
        flight = self._flight
        if flight is None or flight[0] is not loop or flight[1].done():
            task = loop.create_task(self._fetch())
            task.add_done_callback(heard)
            flight = self._flight = loop, task
        return flight[1]

    async def _renewed(self) -> None:
        task = self._renewal()
        try:
            # Whoever waits may give up; the others still want it.
            await shielded(task)
        except asyncio.CancelledError:
            waiter = asyncio.current_task()
            if task.cancelled() and not (waiter is not None and waiter.cancelling()):
                raise TransportError("the client was closed") from None
            raise

    async def _fetch(self) -> None:
        try:
            fetched = self._checked(await keys_of(self._provider))
        except Exception as error:
            now = self._clock()
            if self._kept is not None and now < self._end:
                _log.warning(
                    "credentials could not be renewed, the old ones are good for %d s: %s", self._end - now, error
                )
                again = min(now + PAUSE, (now + self._end) / 2)
                self._advisory, self._mandatory = again, max(self._mandatory, again)
            self._publish()
            raise
        self._keep(fetched)

    def _checked(self, fetched: Credentials) -> Credentials:
        """Refuse what cannot sign."""
        if not isinstance(fetched, Credentials):
            raise CredentialsError(f"the credentials provider returned a {type(fetched).__name__}, not Credentials")
        end = fetched.expires
        if end is None:
            return fetched
        if end.tzinfo is None:
            raise CredentialsError("the credentials provider returned an `expires` without a time zone")
        if end.timestamp() <= self._clock():
            now = datetime.fromtimestamp(self._clock(), UTC)
            raise CredentialsError(
                f"the credentials that were fetched ended at {end:%Y-%m-%d %H:%M:%S %Z}; it is "
                f"{now:%Y-%m-%d %H:%M:%S %Z} by this machine's clock: either they are stale, or the clock is wrong"
            )
        return fetched

    def _keep(self, fetched: Credentials) -> None:
        now = self._clock()
        if self._forced:
            self._forced, self._forced_at = False, now
        self._kept = fetched
        self._end = _NEVER if fetched.expires is None else fetched.expires.timestamp()
        self._advisory = self._end if self._end == _NEVER else self._end - min(ADVISORY, (self._end - now) / 4)
        self._mandatory = self._end if self._end == _NEVER else self._end - min(MANDATORY, (self._end - now) / 6)
        self._publish()

    # -------------------------------------------------------------- the short way
    def _publish(self) -> None:
        """Show the keys to those in a hurry, until it is time to think of new ones."""
        now = self._clock()
        flight = self._flight
        renewing = flight is not None and not flight[1].done() and self._advisory <= now
        until = self._mandatory if renewing else self._advisory
        self.current = self._kept if now < until else None
        # The clock of the loop stands still while a machine sleeps: then the server says that they have ended.
        self._set_timer(min(until - now, _LONGEST_TIMER) if now < until < _NEVER else None)

    def _set_timer(self, wait: float | None) -> None:
        """Hide the keys in *wait* seconds; forget when that was to be before."""
        here = asyncio.get_running_loop()
        before = self._timer
        self._timer = None if wait is None else (here, here.call_later(wait, _hide, weakref.ref(self)))
        if before is None:
            return
        loop, timer = before
        if loop is here:
            timer.cancel()
        else:
            # Another thread may be at work with its timers; a loop that is closed rings none.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(timer.cancel)


def _hide(cached: weakref.ref[Cached]) -> None:
    if (found := cached()) is not None:
        found.current = None


__all__ = ["Cached", "Fixed"]
