"""Work in threads: no more at once than there are processors, and seats that nobody keeps."""

import asyncio
import gc
import os
import threading

import pytest

from aios3.threads import in_turn, shielded

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


async def test_shielded_work_goes_on_after_a_cancellation_and_fails_unheard() -> None:
    """From Python 3.14 on asyncio.shield tells the loop, and the loop the log."""
    said: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    go_on = asyncio.Event()

    async def fail() -> None:
        await go_on.wait()
        raise ZeroDivisionError

    work = asyncio.ensure_future(fail())
    waiting = asyncio.create_task(shielded(work))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    go_on.set()
    await asyncio.wait([work])
    failed, cancelled = repr(work), waiting.cancelled()
    del work
    gc.collect()

    assert "ZeroDivisionError" in failed
    assert cancelled
    assert said == []


async def test_shielded_work_gives_its_result_or_its_error() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    assert await shielded(in_turn(int, "7")) == 7
    with pytest.raises(ZeroDivisionError):
        await shielded(fail())
