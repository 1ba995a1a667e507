"""Waiting for something in a store to come about: asked again and again, less and less often."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

FIRST = 0.05
LONGEST = 5.0
_GROWTH = 1.7


async def wait_for(ask: Callable[[], Awaitable[T | None]]) -> T:
    """Return the first answer of *ask* that is not None; the caller sets the limit."""
    pause = FIRST
    while (answer := await ask()) is None:
        # Apart from each other: many may wait for the same.
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret
        pause = min(pause * _GROWTH, LONGEST)
    return answer
