"""What was measured: rows kept as JSON lines, read again for tables and plots.

The first line says when and on what; each other line is one measurement.
"""

from __future__ import annotations

import json
import math
import os
import platform
import re
import statistics
import subprocess
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


class UnlikeRuns(Exception):
    """Files whose measurements do not belong in one table."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """When and on what; nothing that names a machine or a place on it."""

    when: str
    processor: str
    cores: int
    system: str
    python: str
    size: int
    seconds: float
    round_trip: float
    versions: dict[str, str] = field(default_factory=dict)
    left_out: str = ""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement: of which peer, on which loop, in which round, and what came out (measure.py)."""

    peer: str
    loop: str
    workload: str
    turn: int
    found: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Results:
    """A run and its rows."""

    run: Run
    rows: tuple[Row, ...]

    def medians(self) -> dict[tuple[str, str, str], dict[str, float]]:
        """Return the median of each figure, by workload, peer and loop."""
        figures: dict[tuple[str, str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in self.rows:
            for name, value in row.found.items():
                figures[row.workload, row.peer, row.loop][name].append(value)
        return {
            where: {name: statistics.median(values) for name, values in found.items()}
            for where, found in figures.items()
        }

    def rounds(self) -> tuple[int, int]:
        """Return of how many measurements a median is, at least and at most."""
        counts = Counter((row.workload, row.peer, row.loop) for row in self.rows).values()
        return min(counts, default=0), max(counts, default=0)


def this_run(*, size: int, seconds: float, round_trip: float, versions: dict[str, str], left_out: str) -> Run:
    """Return what can be told of a run that starts now."""
    return Run(
        when=datetime.now(UTC).strftime("%Y-%m-%d"),
        processor=_processor(),
        cores=os.cpu_count() or 0,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        size=size,
        seconds=seconds,
        round_trip=round_trip,
        versions=versions | {"lxml": version("lxml")} | _nginx(),
        left_out=left_out,
    )


def _processor() -> str:
    with suppress(OSError):
        if found := re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            return found[1].strip()
    return platform.processor() or platform.machine()


def _nginx() -> dict[str, str]:
    with suppress(OSError):
        told = subprocess.run(
            ["nginx", "-v"],
            capture_output=True,
            text=True,
            check=False,
            env={"PATH": f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"},
        ).stderr
        if found := re.search(r"nginx/(\S+)", told):
            return {"nginx": found[1]}
    return {}


def write(path: Path, results: Results) -> None:
    """Keep the results."""
    lines: Iterable[dict[str, object]] = (asdict(results.run), *map(asdict, results.rows))
    path.write_text("".join(f"{json.dumps(_rounded(line))}\n" for line in lines))


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) and math.isfinite(value) else value


def read(paths: Iterable[Path]) -> Results:
    """Read results; of several files, rows of one after the other, under the head of the first.

    Raises:
        UnlikeRuns: they were not measured alike.
    """
    heads, rows = [], []
    for path in paths:
        head, *lines = path.read_text().splitlines()
        heads.append(Run(**json.loads(head)))
        rows += [Row(**json.loads(line)) for line in lines]
    if len({(head.size, head.seconds, head.round_trip) for head in heads}) > 1:
        raise UnlikeRuns("the files were measured with other --size, --seconds or --round-trip: show each by itself")
    return Results(run=heads[0], rows=tuple(rows))
