"""Counts that are the same on every machine: calls, system calls among them, blocks that stay, bytes at the peak."""

import gc
import statistics
import sys
import tracemalloc
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

Call = Callable[[], Awaitable[object]]

WARMING = 10
# Single calls differ, by how many pieces an answer comes in: the median of these is steady.
TIMES = 15
# How Python asks the system for something, when asyncio's own loop runs.
SYSTEM = (
    "socket.send",
    "socket.sendmsg",
    "socket.recv",
    "socket.recv_into",
    "epoll.poll",
    "kqueue.control",
    "epoll.modify",
)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What one request called: how often each function, Python's and C's."""

    functions: Counter[str]

    @property
    def calls(self) -> int:
        """All calls."""
        return self.functions.total()

    @property
    def system(self) -> int:
        """Those that enter the system."""
        return sum(count for name, count in self.functions.items() if name.endswith(SYSTEM))

    def told(self, most: int = 100) -> str:
        """Return the functions, the busiest first, a line each."""
        return "\n".join(f"{count:6}  {name}" for name, count in self.functions.most_common(most))


async def counted(call: Call) -> Counted:
    """Count the calls of this thread while *call* runs, its event loop's too; return the median one of several."""
    for _ in range(WARMING):
        await call()
    gc.collect()
    gc.disable()
    try:
        runs = [await _profiled(call) for _ in range(TIMES)]
    finally:
        gc.enable()
    return sorted(runs, key=lambda run: run.calls)[TIMES // 2]


async def _profiled(call: Call) -> Counted:
    seen: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call":
            seen[f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"] += 1
        elif event == "c_call":
            seen[f"{argument.__module__ or ''}.{argument.__qualname__}".removeprefix(".")] += 1

    sys.setprofile(note)
    try:
        await call()
    finally:
        sys.setprofile(None)
    del seen["sys.setprofile"]
    return Counted(functions=seen)


async def kept(call: Call, times: int = 200) -> float:
    """Return how many blocks of memory each call leaves behind, caches being warm."""
    for _ in range(times):
        await call()
    found = []
    for _ in range(5):
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(times):
            await call()
        gc.collect()
        found.append((sys.getallocatedblocks() - before) / times)
    return statistics.median(found)


async def peak(call: Call) -> int:
    """Return how many bytes more than before are held at the same time while *call* runs: the least of several."""
    await call()
    found = []
    tracemalloc.start()
    try:
        for _ in range(6):
            gc.collect()
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            await call()
            found.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()
    return min(found)
