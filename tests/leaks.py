"""What a test has left behind: sockets of this process and tasks of the running loop."""

import asyncio
import os
import socket
import time
from contextlib import suppress
from pathlib import Path

# A close in flight, over TLS above all, takes some turns of the loop; nothing that is closing takes longer.
SETTLE_SECONDS = 2.0
POLL_SECONDS = 0.01

_DESCRIPTORS = Path("/proc/self/fd")


def open_sockets() -> frozenset[str]:
    """Return the names of this process's open sockets; none where the system does not tell."""
    names = set()
    with suppress(FileNotFoundError):
        for descriptor in _DESCRIPTORS.iterdir():
            with suppress(OSError):
                name = str(descriptor.readlink())
                if name.startswith("socket:") and (ends := _ends(int(descriptor.name))):
                    names.add(f"{name} {ends}")
    return frozenset(names)


def _ends(descriptor: int) -> str:
    """Describe a socket by its addresses; nothing for half of a socketpair, which is how a loop wakes itself."""
    with socket.socket(fileno=os.dup(descriptor)) as copy:
        near, far = copy.getsockname(), ""
        with suppress(OSError):
            far = copy.getpeername()
    return f"{near} -> {far or 'nobody'}" if near or far else ""


def sockets_left(before: frozenset[str]) -> frozenset[str]:
    """Return the sockets opened since *before* that do not close in the time allowed."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while (left := open_sockets() - before) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return left


def other_tasks() -> set[asyncio.Task[object]]:
    """Return the running loop's unfinished tasks but the current one."""
    return asyncio.all_tasks() - {asyncio.current_task()}


async def settled(sockets: frozenset[str], tasks: set[asyncio.Task[object]]) -> str:
    """Let the loop finish what is closing; describe what is left beyond *sockets* and *tasks*, if anything."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        left = [*sorted(open_sockets() - sockets), *map(repr, other_tasks() - tasks)]
        if not left or time.monotonic() > deadline:
            return ", ".join(left)
        await asyncio.sleep(POLL_SECONDS)
