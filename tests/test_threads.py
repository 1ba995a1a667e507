"""Work in threads: no more at once than there are processors, and seats that nobody keeps."""

import asyncio
import os
import threading

import pytest

from aios3.threads import in_turn

WORKERS = os.cpu_count() or 1


class Gauge:
    """Counts who is at work at once."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self._lock = threading.Lock()
        self._together = threading.Barrier(WORKERS)

    def work(self, result: int) -> int:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
        # Nobody goes on before all seats are taken: fewer seats than processors would be a timeout.
        self._together.wait(10)
        with self._lock:
            self.now -= 1
        return result


async def test_as_many_are_at_work_as_there_are_processors() -> None:
    gauge = Gauge()

    results = await asyncio.gather(*(in_turn(gauge.work, number) for number in range(4 * WORKERS)))

    assert results == list(range(4 * WORKERS))
    assert gauge.most == WORKERS


async def test_seat_is_left_by_whoever_fails_or_is_cancelled() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    held = threading.Event()
    waiting = [asyncio.create_task(in_turn(held.wait, 10)) for _ in range(2 * WORKERS)]
    await asyncio.sleep(0.01)
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
    held.set()
    for _ in range(2 * WORKERS):
        with pytest.raises(ZeroDivisionError):
            await in_turn(fail)

    assert await in_turn(int, "7") == 7


def test_every_loop_has_seats_of_its_own() -> None:
    async def work() -> list[int]:
        return await asyncio.gather(*(in_turn(int, "7") for _ in range(2 * WORKERS)))

    for _ in range(3):
        assert asyncio.run(work()) == [7] * 2 * WORKERS
