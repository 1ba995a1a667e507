"""What it takes to start: imports, a first client, and the memory of many, ours beside the peers', in one run::

    pip install -e ".[bench]" && python benchmarks/startup.py

Each figure is the median of fresh processes that take turns, and CPU time, so that what else the machine does counts
little. The bytecode is compiled before. Nothing is sent. Memory is read where Linux tells it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from importlib.util import find_spec
from statistics import median
from typing import NamedTuple

ROUNDS = 11
KEYS = "aws_access_key_id='AKIDEXAMPLE', aws_secret_access_key='s' * 40, region_name='us-east-1'"


class Start(NamedTuple):
    """What is started: its imports, those it stands on, an expression that makes a client, and how many are made."""

    imports: str = ""
    client: str = ""
    clients: int = 0
    package: str = "sys"
    below: str = ""


STARTS = {
    "python itself": Start(),
    "aios3": Start(
        "import aios3",
        "aios3.Client(aws_key='AKIDEXAMPLE', aws_secret='s' * 40, aws_region='us-east-1')",
        1000,
        below="import aiohttp, lxml.etree",
    ),
    "obstore": Start(
        "import obstore.store",
        "obstore.store.S3Store('b', access_key_id='AKIDEXAMPLE', secret_access_key='s' * 40, region='us-east-1')",
        100,
        "obstore",
    ),
    "boto3": Start("import boto3", f"boto3.client('s3', {KEYS})", 10, "boto3"),
    "aiobotocore": Start(
        "import asyncio; from aiobotocore.session import get_session; loop = asyncio.new_event_loop()",
        f"loop.run_until_complete(get_session().create_client('s3', {KEYS}).__aenter__())",
        10,
        "aiobotocore",
    ),
}

# Clients are kept, and not closed: the process ends without a word.
PROGRAM = """
import json, os, time
cpu = time.process_time
def mib():
    with open("/proc/self/statm") as pages:
        return int(pages.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024**2
begun = cpu()
{below}
below = cpu()
{imports}
imported, memory = cpu(), mib()
def make():
    return {client}
times, kept = [cpu()], []
for _ in range({clients}):
    kept.append(make())
    times.append(cpu())
first, second = [(after - before) * 1e3 for before, after in zip(times, times[1:3])] or (0, 0)
print(json.dumps([begun * 1e3, (below - begun) * 1e3, (imported - below) * 1e3, memory, first, second, mib() - memory]), flush=True)
os._exit(0)
"""


class Found(NamedTuple):
    """What a process measures: milliseconds of CPU and MiB, of clients all together."""

    python: float
    below: float
    imports: float
    memory: float
    first: float
    second: float
    grown: float


async def started(start: Start) -> Found:
    """Return what one process measures."""
    program = PROGRAM.format(**start._asdict() | {"client": start.client or None})
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    output = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=output, env=environ)
    printed, _ = await child.communicate()
    return Found(*json.loads(printed))


async def medians(starts: dict[str, Start]) -> dict[str, Found]:
    """Measure in turns; the first turn compiles, and does not count."""
    turns = [{name: await started(start) for name, start in starts.items()} for _ in range(1 + ROUNDS)]
    return {name: Found(*map(median, zip(*[turn[name] for turn in turns[1:]], strict=True))) for name in starts}


def main() -> None:
    """Print the table."""
    say = sys.stdout.write
    starts = {name: start for name, start in STARTS.items() if find_spec(start.package)}
    for name in STARTS.keys() - starts.keys():
        say(f"{name} is not installed\n")
    found = asyncio.run(medians(starts))
    say(
        f"{'':15}{'import ms':>10}{'MiB':>7}{'first client ms':>17}{'second':>8}{'clients':>9}{'MiB':>7}{'KiB each':>10}\n"
    )
    for name, (python, below, imports, memory, first, second, grown) in found.items():
        say(f"{name:15}{below + imports if starts[name].imports else python:10.1f}{memory:7.1f}")
        if number := starts[name].clients:
            say(f"{first:17.2f}{second:8.2f}{number:9}{grown:7.1f}{grown * 1024 / number:10.1f}")
        say("\n")
    ours = found["aios3"]
    say(f"aiohttp and lxml {ours.below:.1f} ms, aios3 beyond them {ours.imports:.1f} ms: ")
    say(f"together {1 + ours.imports / ours.below:.3f} x aiohttp and lxml\n")
    if peer := found.get("obstore"):
        say(f"first client: {ours.first / peer.first:.2f} x obstore's\n")


if __name__ == "__main__":
    main()
