"""The clock of an open loop: a process that says when calls are due, so that the client's own load delays none."""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass

# A start that is this near is not waited for.
NEAR = 20e-6


@dataclass(frozen=True, kw_only=True)
class Pacer:
    """A child process; forked before the client is imported, when there is but one thread.

    Attributes:
        ticks: File descriptor that gets a byte for each call that is due.
        rate: Calls a second.
        count: Calls in all.
    """

    ticks: int
    rate: int
    count: int
    _go: int
    _child: int

    def start(self) -> float:
        """Begin; return when the first call is due, by time.perf_counter."""
        began = time.perf_counter() + 0.01
        os.write(self._go, struct.pack("d", began))
        return began

    def stop(self) -> None:
        """Wait for its end."""
        os.close(self.ticks)
        os.close(self._go)
        os.waitpid(self._child, 0)


def fork(rate: int, seconds: float) -> Pacer:
    """Start a pacer; it waits for `Pacer.start`."""
    ticks, tick = os.pipe()
    wait, go = os.pipe()
    count = int(rate * seconds)
    child = os.fork()
    if child == 0:
        os.close(ticks)
        os.close(go)
        try:
            _tick(tick, wait, rate, count)
        finally:
            os._exit(0)
    os.close(tick)
    os.close(wait)
    return Pacer(ticks=ticks, rate=rate, count=count, _go=go, _child=child)


def _tick(tick: int, wait: int, rate: int, count: int) -> None:
    # perf_counter is the machine's monotonic clock, the same in both processes.
    told = os.read(wait, 8)
    began = struct.unpack("d", told)[0] if told else 0.0
    sent = 0
    while told and sent < count:
        ahead = began + sent / rate - time.perf_counter()
        if ahead > NEAR:
            time.sleep(ahead)
        due = min(int((time.perf_counter() + NEAR - began) * rate) + 1, count)
        if due > sent:
            os.write(tick, b"." * (due - sent))
            sent = due
