"""Work that many tasks do, a few at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from ..errors import InvalidInput


def whole_number(name: str, value: int, least: int = 1) -> int:
    """Return *value* if it is a whole number from *least*.

    Raises:
        InvalidInput: it is not; *name* says what.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise InvalidInput(f"{name} must be a whole number from {least}, not {value!r}")
    return value


def check_function(name: str, value: object) -> None:
    """Refuse what is to be told of something, and cannot be called.

    Raises:
        InvalidInput: *name* says what.
    """
    if value is not None and not callable(value):
        raise InvalidInput(f"{name} must be a function or None, not {value!r}")


class Crew:
    """Tasks of which at most *limit* run at once: the first that fails ends the others, and is what is raised."""

    def __init__(self, limit: int) -> None:
        self._seats = asyncio.Semaphore(whole_number("concurrency", limit))
        self._group = asyncio.TaskGroup()

    async def start(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Begin *work* as soon as there is a seat; until then the caller waits, and makes nothing more."""
        await self._seats.acquire()
        self._group.create_task(self._run(work))
        # One a turn of the loop: what it does first may have to start a thread, and wait for that.
        await asyncio.sleep(0)

    async def _run(self, work: Callable[[], Coroutine[Any, Any, object]]) -> None:
        try:
            await work()
        finally:
            self._seats.release()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        first: BaseException | None = None
        try:
            await self._group.__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            # Whoever called a verb expects its error, not a group of one.
            first = group.exceptions[0]
        if first is not None:
            raise first
