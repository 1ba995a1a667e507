"""Run by test_fork in a process of its own: a bucket with a request in flight, a fork, and a child that uses it too.

Usage: python -m tests.transport.forking ENDPOINT LOOP WAY [CA]; prints a line when the child is gone, and what the
parent then got.
"""

import asyncio
import gc
import multiprocessing
import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from aios3 import Bucket
from aios3.transport import intake
from tests.loops import LOOPS

from .buckets import bucket_at

UPLOADED = 20 * 1024 * 1024
DOWNLOADED = bytes(range(256)) * 32 * 1024
# All that refers to the parent's connections, so that the child can drop it.
buckets: list[Bucket] = []
runners: list[asyncio.Runner] = []
in_flight: list[asyncio.Task[bytes]] = []
child_is_gone = threading.Event()
really_splice = os.splice


def say(*words: object) -> None:
    """Tell the test."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def upload() -> bytes:
    """Put a file that the kernel does not take at once."""
    with tempfile.TemporaryFile() as file:
        file.truncate(UPLOADED)
        await buckets[0].put("flying", file)
    return b"hello"


async def download() -> bytes:
    """Get a file of which the peer sends the second half later."""
    intake.PATIENCE = 30.0  # however late it comes, the system moves it
    path = Path(tempfile.mkdtemp(), "file")
    await buckets[0].download_file("flying", path, part_size=len(DOWNLOADED))
    said = b"hello" if path.read_bytes() == DOWNLOADED else b"spoilt"  # noqa: ASYNC240  # nobody else waits
    shutil.rmtree(path.parent)  # not by a context manager, which the child would leave, too
    return said


def splice_when_the_child_is_gone(*arguments: Any, **more: Any) -> int:
    """Be what the system is at when the fork comes."""
    child_is_gone.wait()
    return really_splice(*arguments, **more)


async def begin(way: str) -> None:
    """Leave one connection idle, and a request in flight on another."""
    bucket = buckets[0]
    await asyncio.gather(bucket.get("first"), bucket.get("second"))
    calls = {"upload": upload, "download": download, "splice": download}
    if way == "splice":
        os.splice = splice_when_the_child_is_gone
    in_flight.append(asyncio.create_task(calls[way]() if way in calls else bucket.get("flying")))
    # Its answer comes when the child is gone, and the peer was told so.
    while not await bucket.exists("asked"):
        pass
    if way in calls:
        await asyncio.sleep(0.2)  # until the kernel has taken, or given, what there is


async def finish() -> None:
    """See that both connections are still good."""
    bucket = buckets[0]
    say((await in_flight[0]).decode(), (await bucket.get("after")).decode())
    await bucket.close()


async def use(way: str) -> None:
    """Use in the child what it has inherited."""
    assert await buckets[0].get("child") == b"hello"
    if way == "close":
        await asyncio.wait_for(buckets[0].close(), 1)


def child(loop: str, way: str) -> None:
    """Use it, drop all of it, and let the garbage collector do its worst."""
    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        runner.run(use(way))
    if way in ("upload", "download", "splice"):
        # As the collector does, or whoever unwinds the stack; what it waits for at its end it does not get.
        for task in asyncio.all_tasks(runners[0].get_loop()):
            with suppress(RuntimeError):
                task.get_coro().close()
    for inherited in (buckets, runners, in_flight):
        inherited.clear()
    gc.collect()


def leave_as_programs_do(status: int) -> NoReturn:
    """End with all that Python does at the end."""
    sys.exit(status)


def fork_and_leave_by(leave: Callable[[int], NoReturn], loop: str, way: str) -> int:
    """Fork; the child ends by *leave*. Return how it ended."""
    pid = os.fork()
    if pid == 0:
        child(loop, way)
        leave(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork_by_multiprocessing(loop: str, way: str) -> int | None:
    """Fork as multiprocessing does. Return how the child ended."""
    process = multiprocessing.get_context("fork").Process(target=child, args=(loop, way))
    process.start()
    process.join()
    return process.exitcode


def fork(loop: str, way: str) -> int | None:
    """Fork in one of the ways there are."""
    if way == "multiprocessing":
        return fork_by_multiprocessing(loop, way)
    return fork_and_leave_by(leave_as_programs_do if way == "sys.exit" else os._exit, loop, way)


if __name__ == "__main__":
    endpoint, loop_name, way_name, *ca = sys.argv[1:]
    buckets.append(bucket_at(endpoint, verify=ca[0] if ca else True))
    runners.append(asyncio.Runner(loop_factory=LOOPS[loop_name]))
    runners[0].run(begin(way_name))
    say("status", fork(loop_name, way_name))
    say("child is gone")
    child_is_gone.set()
    runners[0].run(finish())
    runners[0].close()
