"""What a process uses: CPU, memory, sockets, and how busy another one is."""

from __future__ import annotations

import os
import resource
import time
from contextlib import suppress
from pathlib import Path

PERCENTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999}


def used() -> float:
    """Return the CPU seconds of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def memory(field: str) -> float:
    """Return VmRSS or VmHWM of this process in MiB; 0.0 where there is no /proc."""
    with suppress(OSError), Path("/proc/self/status").open() as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))
    return 0.0


def used_by(process: int) -> float:
    """Return the CPU seconds of another process; 0.0 where they cannot be told."""
    with suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


class Meter:
    """Measures from its making to `read`."""

    def __init__(self, server: int) -> None:
        self._server, self._busy = server, used_by(server)
        self._resident = memory("VmRSS")
        self._cpu, self._began = used(), time.perf_counter()

    def read(self, calls: int, waits: list[float] | None = None) -> dict[str, float]:
        """Return what *calls* have cost since then, and how long they took one by one."""
        wall, cpu = time.perf_counter() - self._began, used() - self._cpu
        found = {
            "calls": calls,
            "wall": wall,
            "rate": calls / wall,
            "cpu": cpu / calls,
            "server": (used_by(self._server) - self._busy) / wall,
            "grown": memory("VmHWM") - self._resident,
        }
        if waits:
            cuts = sorted(waits)
            found |= {name: cuts[int(len(cuts) * share)] for name, share in PERCENTILES.items()}
        return found


def sockets() -> int:
    """Return how many sockets this process has open."""
    count = 0
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208  # names only
        with suppress(OSError):
            count += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")  # noqa: PTH115  # nor a path
    return count
