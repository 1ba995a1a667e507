"""One measurement, in a process of its own: reads a case as JSON from its argument, prints what it found as JSON.

CPU is that of this process, of all its threads, by getrusage: user and system. compare.py starts it.
"""

from __future__ import annotations

import asyncio
import json
import os
import queue
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import pacer
from meter import Meter, memory, sockets
from peers import PEERS, Peer, Target, load
from workloads import WORKLOADS, Workload

BODY = os.urandom(1024)
WARMING_CALLS = 40
# What is not answered so long after the last start counts as answered then.
PATIENCE = 5.0
THREADS_OF_OPEN_LOOP = 64
# Times as long as others: the worst call of a thousand is looked for.
OPEN_LOOP_LASTS = 5

Call = Callable[[], Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What to measure.

    Attributes:
        size: Bytes of the large object.
        source: File to upload.
        sink_file: Where a download goes.
        server: Process id of the server, to tell how busy it was; 0: nobody's.
    """

    peer: str
    workload: str
    loop: str
    seconds: float
    size: int
    port: int = 0
    authority: str = ""
    source: str = ""
    sink_file: str = ""
    server: int = 0


class WrongAnswer(Exception):
    """A client returned something else than what the server has."""


def call_of(peer: Peer, workload: Workload, case: Case) -> tuple[Call, int | None]:
    """Return the call that a workload repeats, and what it must return (bytes, or keys)."""
    verb = getattr(peer, workload.verb)
    if workload.verb == "get":
        return partial(verb, f"together-{workload.concurrent}" if workload.kind == "idle" else "1k"), 1024
    if workload.verb == "put":
        return partial(verb, "small", BODY), None
    if workload.verb == "list_page":
        return verb, 1000
    if workload.verb == "download":
        return partial(verb, "large"), case.size
    if workload.verb == "download_parts":
        return partial(verb, "large", case.size, case.sink_file), case.size
    return partial(verb, case.source), None


def check(result: object, expected: int | None) -> None:
    """Raise WrongAnswer unless the result is of the expected size."""
    found = result if isinstance(result, int) or expected is None else len(result)  # type: ignore[arg-type]  # bytes, or like them
    if expected is not None and found != expected:
        raise WrongAnswer(f"{found} instead of {expected}")


# ------------------------------------------------------------------ clients of an event loop
async def in_loop(peer: Any, workload: Workload, case: Case, clock: pacer.Pacer | None) -> dict[str, float]:
    """Measure a peer whose verbs are coroutine functions."""
    await peer.open()
    try:
        call, expected = call_of(peer, workload, case)
        if workload.kind == "once":
            meter = Meter(case.server)
            check(await call(), expected)
            return meter.read(1)
        if workload.kind == "idle":
            return await _held(call, workload.concurrent)
        check(await call(), expected)
        await asyncio.gather(*[call() for _ in range(workload.concurrent)])
        for _ in range(WARMING_CALLS // (10 if workload.verb == "list_page" else 1)):
            await call()
        if clock is not None:
            return await _on_time(call, clock, case)
        return await _closed(call, workload.concurrent, case)
    finally:
        await peer.close()


async def _closed(call: Callable[[], Awaitable[Any]], concurrent: int, case: Case) -> dict[str, float]:
    waits: list[float] = []
    done = 0
    clock = time.perf_counter
    meter = Meter(case.server)
    end = clock() + case.seconds

    async def alone() -> None:
        nonlocal done
        began = clock()
        while began < end:
            await call()
            done += 1
            now = clock()
            waits.append(now - began)
            began = now

    async def one_of_many() -> None:
        nonlocal done
        while clock() < end:
            await call()
            done += 1

    if concurrent == 1:
        await alone()
    else:
        await asyncio.gather(*[one_of_many() for _ in range(concurrent)])
    return meter.read(done, waits)


async def _on_time(call: Callable[[], Awaitable[Any]], clock: pacer.Pacer, case: Case) -> dict[str, float]:
    loop, now = asyncio.get_running_loop(), time.perf_counter
    waits: list[float] = []
    running: set[asyncio.Task[None]] = set()
    started = 0
    all_started = asyncio.Event()

    async def one(due: float) -> None:
        await call()
        waits.append(now() - due)

    def tick() -> None:
        nonlocal started
        for _ in os.read(clock.ticks, 4096):
            task = loop.create_task(one(began + started / clock.rate))
            running.add(task)
            task.add_done_callback(running.discard)
            started += 1
        if started == clock.count:
            loop.remove_reader(clock.ticks)
            all_started.set()

    meter = Meter(case.server)
    began = clock.start()
    loop.add_reader(clock.ticks, tick)
    await all_started.wait()
    if running:
        _, late = await asyncio.wait(set(running), timeout=PATIENCE)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
    return _with_the_late(meter, waits, clock)


def _with_the_late(meter: Meter, waits: list[float], clock: pacer.Pacer) -> dict[str, float]:
    """Return the percentiles; what was given up counts as if it had been answered then."""
    answered = len(waits)
    given_up = clock.count - answered
    found = meter.read(max(answered, 1), waits + [PATIENCE] * given_up)
    return found | {"wanted": float(clock.rate), "given_up": given_up}


async def _held(call: Callable[[], Awaitable[Any]], connections: int) -> dict[str, float]:
    """Return the growth of memory by connections that are open and idle; the server answers all at once."""
    before = memory("VmRSS")
    await asyncio.gather(*[call() for _ in range(connections)])
    await asyncio.sleep(0.2)
    return {"calls": connections, "held": sockets(), "grown": memory("VmRSS") - before}


# ------------------------------------------------------------------ clients that block
def in_threads(peer: Any, workload: Workload, case: Case, clock: pacer.Pacer | None) -> dict[str, float]:
    """Measure a peer whose verbs are plain functions."""
    peer.open()
    try:
        call, expected = call_of(peer, workload, case)
        if workload.kind == "once":
            meter = Meter(case.server)
            check(call(), expected)
            return meter.read(1)
        check(call(), expected)
        for _ in range(WARMING_CALLS // (10 if workload.verb == "list_page" else 1)):
            call()
        if clock is not None:
            return _threads_on_time(call, clock, case)
        return _closed_threads(call, workload.concurrent, case)
    finally:
        peer.close()


def _closed_threads(call: Call, concurrent: int, case: Case) -> dict[str, float]:
    counts: list[int] = []
    waits: list[float] = []
    clock = time.perf_counter
    meter = Meter(case.server)
    end = clock() + case.seconds

    def work() -> None:
        done, began = 0, clock()
        while began < end:
            call()
            done += 1
            now = clock()
            if concurrent == 1:
                waits.append(now - began)
            began = now
        counts.append(done)

    _run_threads(work, concurrent)
    return meter.read(sum(counts), waits)


def _threads_on_time(call: Call, clock: pacer.Pacer, case: Case) -> dict[str, float]:
    waits: list[float] = []
    due: queue.SimpleQueue[float] = queue.SimpleQueue()
    meter = Meter(case.server)
    began = clock.start()

    def pace() -> None:
        started = 0
        while started < clock.count:
            for _ in os.read(clock.ticks, 4096):
                due.put(began + started / clock.rate)
                started += 1
        for _ in range(THREADS_OF_OPEN_LOOP):
            due.put(float("inf"))

    def work() -> None:
        last = began + clock.count / clock.rate + PATIENCE
        while (at := due.get()) < float("inf"):
            if time.perf_counter() < last:
                call()
                waits.append(time.perf_counter() - at)

    pacing = threading.Thread(target=pace)
    pacing.start()
    _run_threads(work, THREADS_OF_OPEN_LOOP)
    pacing.join()
    return _with_the_late(meter, waits, clock)


def _run_threads(work: Callable[[], None], count: int) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# ------------------------------------------------------------------ what needs no server
async def presigned(peer: Any, case: Case) -> dict[str, float]:
    """Measure links, made one after the other."""
    opened = peer.open()
    if not peer.threads:
        await opened
    name = "some/key/name.txt"
    calls = 0
    for counted in (False, True):
        meter, calls = Meter(0), 0
        end = time.perf_counter() + (case.seconds if counted else 0.05)
        while time.perf_counter() < end:
            for _ in range(50):
                peer.presign(name) if peer.threads else await peer.presign(name)
            calls += 50
    found = meter.read(calls)
    closed = peer.close()
    if not peer.threads:
        await closed
    return found


async def created(peer: Any) -> dict[str, float]:
    """Measure the first client of a process, its packages being imported."""
    meter = Meter(0)
    opened = peer.open()
    if not peer.threads:
        await opened
    found = meter.read(1)
    closed = peer.close()
    if not peer.threads:
        await closed
    return found


def imported(modules: tuple[str, ...]) -> dict[str, float]:
    """Measure an import by a fresh interpreter, compiled files being there."""
    code = f"import time; t = time.process_time(); import {', '.join(modules)}; print(time.process_time() - t)"
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    fresh = [subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, env=kept) for _ in range(4)]
    spent = [float(done.stdout) for done in fresh]
    return {"calls": 1, "cpu": statistics.median(spent[1:])}


# ------------------------------------------------------------------ one case
def measured(case: Case) -> dict[str, float]:
    """Measure a case."""
    workload = WORKLOADS[case.workload]
    if workload.kind == "import":
        return imported(PEERS[case.peer].modules)
    # Forked first: threads of a client would not survive it.
    clock = pacer.fork(workload.rate, case.seconds * OPEN_LOOP_LASTS) if workload.kind == "open" else None
    cls = load(case.peer)
    peer = cls(
        Target(
            port=case.port,
            authority=case.authority,
            connections=workload.concurrent if workload.kind != "open" else THREADS_OF_OPEN_LOOP,
            held=workload.kind == "idle",
            signed=workload.signed,
        )
    )
    if workload.kind == "presign":
        return _run(presigned(peer, case), case.loop)
    if workload.kind == "create":
        return _run(created(peer), case.loop)
    if cls.threads:
        return in_threads(peer, workload, case, clock)
    return _run(in_loop(peer, workload, case, clock), case.loop)


def _run(work: Any, loop: str) -> dict[str, float]:
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        found: dict[str, float] = runner.run(work)
        return found


def main() -> None:
    """Measure the case of the argument."""
    given: Mapping[str, Any] = json.loads(sys.argv[1])
    print(json.dumps(measured(Case(**given))), flush=True)
    # What a client does at the end of its process is not measured: one in ten of obstore's dies there, by SIGABRT.
    os._exit(0)


def environment() -> dict[str, str]:
    """Return the environment without what clients read there: proxies and the settings of this user's AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nowhere = dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull)
    return kept | nowhere | {"AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def run(case: Case, limit: float = 180.0) -> dict[str, float]:
    """Measure a case in a fresh process.

    Raises:
        RuntimeError: it failed; with the last line that it said.
    """
    try:
        done = subprocess.run(
            [sys.executable, __file__, json.dumps(asdict(case))],
            capture_output=True,
            text=True,
            timeout=limit,
            env=environment(),
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"no end after {limit:.0f} s") from None
    if done.returncode:
        raise RuntimeError((done.stderr.strip() or f"exit {done.returncode}").splitlines()[-1])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
