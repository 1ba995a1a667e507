"""What each path may cost, in counts that no machine changes: a guard against what creeps in, and no timed test.

A path that has become cheaper lowers its line in `BUDGETS`; one that must cost more raises it, and its commit says why.
"""

import asyncio
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aios3 import Bucket
from tests.budgets.counting import counted, kept, peak
from tests.budgets.server import KEYS, LARGE

ROOT = Path(__file__).parents[2]
BODY = b"x" * 1024
LARGE_BODY = bytes(LARGE)


class Budget(NamedTuple):
    """Limits for one call of a path.

    Attributes:
        calls: Functions called, Python's and C's, the event loop's too.
        system: Times that the system is asked: to wait, to read, to write.
        peak: Bytes of memory that are held at the same time, in whatever objects.
        kept: Blocks of memory that stay.
    """

    calls: int
    system: int
    peak: int
    kept: float = 0.1


# ------------------------------------------------------------------ the table
# What each object takes beyond what it takes with the GIL: each key is itself, its name, its ETag and its time.
HEAD = sys.getsizeof(object()) - 2 * struct.calcsize("P")
# As on Python 3.11, and a few to spare; later versions count some calls less.
BUDGETS = {
    "get 1 KiB": Budget(calls=162, system=4, peak=8_000),
    "put 1 KiB": Budget(calls=175, system=4, peak=7_000),
    "head": Budget(calls=157, system=4, peak=6_500),
    "delete": Budget(calls=159, system=4, peak=6_500),
    # It comes in as many pieces as the system makes of it.
    "list 1,000 keys": Budget(calls=2_450, system=12, peak=1_300_000 + KEYS * 4 * HEAD),
    "presign": Budget(calls=45, system=0, peak=4_000),
}
# For each of the calls that stand in line for the one connection there is, the first too.
IN_LINE = 222
# Bytes held at the same time for each byte of a body of 16 MiB, above those that the caller has: 1.0 is the body itself,
# and each copy of it adds as much.
BYTES = {"get": 1.05, "put": 0.05, "stream": 0.05}

Act = Callable[[Bucket], Awaitable[object]]

CALLS: dict[str, Act] = {
    "get 1 KiB": lambda bucket: bucket.get("small"),
    "put 1 KiB": lambda bucket: bucket.put("small", BODY),
    "head": lambda bucket: bucket.head("small"),
    "delete": lambda bucket: bucket.delete("small"),
    "list 1,000 keys": lambda bucket: bucket.list(max_keys=KEYS),
    "presign": lambda bucket: bucket.presign("small"),
}


async def streamed(bucket: Bucket) -> int:
    """Read an object by the chunk."""
    async with bucket.download("large") as stream:
        return sum([len(chunk) async for chunk in stream])


BODIES: dict[str, Act] = {
    "get": lambda bucket: bucket.get("large"),
    "put": lambda bucket: bucket.put("large", LARGE_BODY),
    "stream": streamed,
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where the canned server listens."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.budgets.server"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


def bucket_at(port: int, **options: Any) -> Bucket:
    """Return a bucket that signs."""
    endpoint = f"http://127.0.0.1:{port}"
    return Bucket(
        "bucket", aws_key="key", aws_secret="secret", aws_region="us-east-1", aws_endpoint=endpoint, **options
    )


@pytest.fixture
async def bucket(port: int) -> AsyncIterator[Bucket]:
    """A bucket with default options."""
    async with bucket_at(port) as opened:
        yield opened


@pytest.mark.parametrize("path", BUDGETS)
async def test_a_call_stays_within_its_budget(path: str, bucket: Bucket) -> None:
    budget = BUDGETS[path]

    found = await counted(lambda: CALLS[path](bucket))

    told = f"for {path}; what one calls, and how often:\n{found.told()}"
    assert found.calls <= budget.calls, f"{found.calls} calls, {budget.calls} are allowed {told}"
    assert found.system <= budget.system, f"{found.system} system calls, {budget.system} are allowed {told}"


async def test_a_call_that_stands_in_line_costs_hardly_more(port: int) -> None:
    async with bucket_at(port, max_connections=1) as bucket:
        found = await counted(lambda: asyncio.gather(*[bucket.get("small") for _ in range(20)]))

    each = found.calls / 20
    assert each <= IN_LINE, f"{each} calls, {IN_LINE} are allowed; what 20 call, and how often:\n{found.told()}"


@pytest.mark.parametrize("path", BUDGETS)
async def test_a_call_leaves_nothing_behind(path: str, bucket: Bucket) -> None:
    found = await kept(lambda: CALLS[path](bucket), 20 if path.startswith("list") else 200)

    assert found <= BUDGETS[path].kept, f"{found:.2f} blocks of memory stay for each {path}"


@pytest.mark.parametrize("path", BUDGETS)
async def test_a_call_holds_no_more_memory_than_it_may(path: str, bucket: Bucket) -> None:
    found = await peak(lambda: CALLS[path](bucket))

    assert found <= BUDGETS[path].peak, (
        f"{found:,} bytes are held at once for {path}, {BUDGETS[path].peak:,} are allowed"
    )


@pytest.mark.parametrize("path", BYTES)
async def test_bodies_are_not_copied(path: str, bucket: Bucket) -> None:
    found = await peak(lambda: BODIES[path](bucket)) / LARGE

    assert found <= BYTES[path], f"{found:.2f} bytes are held for each byte of a {path}, {BYTES[path]} are allowed"


async def test_what_grew_is_named() -> None:
    async def call() -> None:
        for _ in range(700):
            "%".upper()

    found = await counted(call)

    assert found.functions["str.upper"] == 700
    assert found.told(1).split() == ["700", "str.upper"]
