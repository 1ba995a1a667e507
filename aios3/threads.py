"""Work in threads: as much at once as there are processors for; and work that a cancellation does not stop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _Bench:
    """The seats of one loop, and how many have one or want one."""

    def __init__(self) -> None:
        self.seats = asyncio.Semaphore(os.cpu_count() or 1)
        self.users = 0


_benches: dict[asyncio.AbstractEventLoop, _Bench] = {}


@asynccontextmanager
async def seat() -> AsyncIterator[None]:
    """Wait for one of the loop's seats, of which there are as many as processors.

    For work that a processor does: with more of it at once nothing ends earlier, and the loop waits for its turn.
    """
    loop = asyncio.get_running_loop()
    bench = _benches.setdefault(loop, _Bench())
    bench.users += 1
    try:
        async with bench.seats:
            yield
    finally:
        bench.users -= 1
        if not bench.users:
            del _benches[loop]


async def in_turn(work: Callable[..., T], *arguments: Any) -> T:
    """Return what *work* does with *arguments*, in a thread that has a seat."""
    async with seat():
        return await asyncio.to_thread(work, *arguments)


async def shielded(work: Awaitable[T]) -> T:
    """Return what *work* does; it goes on although the caller is cancelled, and how it ends is then no news.

    asyncio.shield does the same, but from Python 3.14 on it reports what fails with nobody left to hear of it.
    """
    task = asyncio.ensure_future(work)
    if not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError:
            task.add_done_callback(heard)
            raise
    return task.result()


async def see_through(work: Coroutine[Any, Any, object], seconds: float) -> None:
    """Let *work* end although the caller is cancelled, for *seconds* at most; what it raises is dropped.

    A cancellation that comes meanwhile is raised afterwards.
    """
    task = asyncio.ensure_future(work)
    clock = asyncio.get_running_loop().time
    deadline = clock() + seconds
    cancelled: asyncio.CancelledError | None = None
    while not task.done() and (left := deadline - clock()) > 0:
        try:
            await asyncio.wait([task], timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
    if not task.done():
        task.cancel()
        # Nothing of ours holds out against a cancellation.
        await asyncio.gather(task, return_exceptions=True)
    elif not task.cancelled():
        task.exception()
    if cancelled is not None:
        raise cancelled


def heard(task: asyncio.Future[Any]) -> None:
    """Take note of how a task has ended, for which nobody may be waiting any more: asyncio reports an unheard error."""
    if not task.cancelled():
        task.exception()
