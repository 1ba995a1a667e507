"""Random work through a proxy that injects faults, against a real Ceph RADOS gateway, for as long as asked.

    python tests/soak.py --minutes 5 --seed 1 [--uvloop]

Every byte that is read must equal what was written; afterwards no socket and no task may be left. Prints what was
done and which faults were survived; exits 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if not __package__:  # run as a program, and not as python -m tests.soak
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from aios3 import Bucket, BucketAlreadyOwnedByYou, Client, NoSuchKey
from aios3.testing import FaultProxy, RandomFaults
from tests.loops import LOOPS
from tests.servers import Server, run_radosgw

TASKS = 32
SIZES = (0, 1, 1000, 50_000, 300_000, 2_000_000)
KINDS = ("cut", "cut", "reset", "half_close", "cut_upload", "lose_answer", "stall", "trickle", "503", "500", "early")
# About half of these faults break a connection, and of those half lie within their answer: one cut in 20 requests.
EVERY = 5
# A call through this many faults may take a few retries; one that takes this long hangs.
HANGS = 60.0


class Worker:
    """Works on keys of its own, so that it knows what must be there."""

    def __init__(self, bucket: Bucket, number: int, seed: int, done: Counter[str]) -> None:
        self._bucket = bucket
        self._prefix = f"task-{number:02d}/"
        self._random = random.Random(f"{seed}-{number}")
        self._stored: dict[str, bytes] = {}
        self._done = done

    async def work(self, until: float) -> None:
        verbs = {"put": self.put, "get": self.get, "head": self.head, "list": self.list, "delete": self.delete}
        verbs["download"] = self.download
        while time.monotonic() < until:
            name = self._random.choice(list(verbs))
            async with asyncio.timeout(HANGS):
                await verbs[name]()
            self._done[name] += 1

    def _key(self) -> str:
        return f"{self._prefix}{self._random.randrange(8)}"

    async def put(self) -> None:
        key, data = self._key(), self._random.randbytes(self._random.choice(SIZES))
        await self._bucket.put(key, data)
        self._stored[key] = data

    async def get(self) -> None:
        key = self._key()
        if key in self._stored:
            assert await self._bucket.get(key) == self._stored[key], f"get {key}: other bytes than were put"
        else:
            with contextlib.suppress(NoSuchKey):
                await self._bucket.get(key)
                raise AssertionError(f"get {key}: it was never put, or deleted")

    async def download(self) -> None:
        key = self._key()
        if key not in self._stored:
            return
        async with self._bucket.download(key) as stream:
            read = b"".join([piece async for piece in stream])
        assert read == self._stored[key], f"download {key}: other bytes than were put"

    async def head(self) -> None:
        key = self._key()
        assert await self._bucket.exists(key) == (key in self._stored), f"head {key}"

    async def list(self) -> None:
        found = {key.key: key.size for key in await self._bucket.list(self._prefix)}
        assert found == {key: len(data) for key, data in self._stored.items()}, f"list {self._prefix}"

    async def delete(self) -> None:
        key = self._key()
        await self._bucket.delete(key)
        self._stored.pop(key, None)


def open_sockets() -> int:
    """Count this process's sockets."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += str(entry.readlink()).startswith("socket:")
    return count


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a soak did, met and left."""

    done: Counter[str]
    requests: int
    injected: Counter[str]
    problems: list[BaseException]
    tasks_left: int
    sockets_left: int

    @property
    def failed(self) -> bool:
        """Anything was wrong, or is left."""
        return bool(self.problems or self.tasks_left or self.sockets_left > 0)

    @property
    def cuts(self) -> int:
        """How many connections were broken."""
        return sum(self.injected[kind] for kind in ("Cut", "HalfClose", "CutUpload", "LoseAnswer"))

    def __str__(self) -> str:
        problems = [f"PROBLEM {type(problem).__name__}: {problem}" for problem in self.problems]
        calls = f"calls: {self.done.total()} {dict(sorted(self.done.items()))}"
        requests = f"requests: {self.requests}, a connection broken every {self.requests / max(1, self.cuts):.1f}"
        faults = f"faults survived: {self.injected.total()} {dict(sorted(self.injected.items()))}"
        left = f"problems: {len(problems)}, tasks left: {self.tasks_left}, sockets left: {self.sockets_left}"
        return "\n".join([*problems, calls, requests, faults, left])


async def soak(server: Server, seconds: float, seed: int, **options: Any) -> Report:
    """Run the tasks for so long; options are the client's."""
    sockets, others, done = open_sockets(), len(asyncio.all_tasks()), Counter[str]()
    faults = RandomFaults(seed, every=EVERY, kinds=KINDS, within=300_000, stall=0.5)
    async with FaultProxy(server.endpoint, faults) as proxy:
        keys: dict[str, Any] = {"aws_key": server.access_key, "aws_secret": server.secret_key, "proxy": False}
        limits: dict[str, Any] = {"max_attempts": 10, "read_timeout": 10}
        async with Client(**{**keys, **limits, **options}, aws_endpoint=proxy.url) as client:
            bucket = client.bucket(f"soak-{seed}-{time.time_ns()}")
            # A lost answer makes it the second attempt that is told the bucket is there.
            with contextlib.suppress(BucketAlreadyOwnedByYou):
                await client.create_bucket(bucket.name)
            until = time.monotonic() + seconds
            workers = [Worker(bucket, number, seed, done).work(until) for number in range(TASKS)]
            results = await asyncio.gather(*workers, return_exceptions=True)
    for _ in range(100):  # what is closing by now takes some turns of the loop
        await asyncio.sleep(0)
    return Report(
        done=done,
        requests=proxy.requests,
        injected=proxy.injected,
        problems=[result for result in results if result is not None],
        tasks_left=len(asyncio.all_tasks()) - others,
        sockets_left=open_sockets() - sockets,
    )


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--uvloop", action="store_true")
    arguments = parser.parse_args()
    factory = LOOPS["uvloop" if arguments.uvloop else "asyncio"]
    with run_radosgw() as server, asyncio.Runner(loop_factory=factory) as runner:
        report = runner.run(soak(server, arguments.minutes * 60, arguments.seed))
    print(report)  # noqa: T201  # it is what one runs it for
    return int(report.failed)


if __name__ == "__main__":
    raise SystemExit(main())
