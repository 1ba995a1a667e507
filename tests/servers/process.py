"""Child processes: started in a session of their own, awaited with a limit, ended by their id.

Everything here is synchronous, so that a server outlives any one event loop and does not touch the one under test.
"""

import http.client
import os
import random
import shutil
import signal
import socket
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# Generous: a busy machine with two cores takes ten times as long as a quiet one, and no test waits for it in vain.
START_SECONDS = 60.0
# Nothing that these servers hold is worth a clean end; Ceph's takes longer than its start.
STOP_SECONDS = 1.0
POLL_SECONDS = 0.02

# Below the ports that Linux and macOS give to outgoing connections, so that none of those takes one in the meantime.
_PORTS = range(20000, 32000)
_ports_given: set[int] = set()


class MissingProgram(Exception):
    """A program that a server needs is not installed; the message says what to install."""


class StartError(Exception):
    """A server died early or did not become ready; the message ends with its log."""


def find_program(name: str, *, install: str) -> str:
    """Find a program beside the interpreter, on PATH, or where Debian keeps daemons.

    Raises:
        MissingProgram: it is in none of them; *install* is the command that brings it.
    """
    folders = [sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"]
    folders += map(str, Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which(name, path=os.pathsep.join(folders))
    if found is None:
        raise MissingProgram(f"{name} is not installed: {install}")
    return found


def free_port() -> int:
    """Pick a port of 127.0.0.1 on which nothing listens and which was not given out before."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _ports_given:
                _ports_given.add(port)
                return port


def accepts(port: int) -> bool:
    """Tell whether something accepts TCP connections at *port* of 127.0.0.1."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def answers(port: int, path: str = "/") -> bool:
    """Tell whether something answers plain HTTP at *port* of 127.0.0.1, whatever it says."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll *condition* until it holds or *seconds* are over; tell whether it held."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def log_tail(log: Path, lines: int = 15) -> str:
    """Return the last *lines* of a log, or nothing where there is none."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


@contextmanager
def home() -> Iterator[Path]:
    """Make a directory for one server and take it away afterwards.

    Directly below the system's own: pytest's directories are too long a path for Ceph's Unix sockets.
    """
    folder = tempfile.mkdtemp(prefix="aios3-")
    try:
        yield Path(folder)
    finally:
        # A daemon that was killed may still be leaving files behind.
        shutil.rmtree(folder, ignore_errors=True)


def environment(folder: Path) -> dict[str, str]:
    """Return a child's whole environment: no proxy, AWS key or Python path of the caller's reaches a server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LC_ALL": "C.UTF-8"}


@contextmanager
def running(
    command: Sequence[str],
    *,
    ready: Callable[[], bool],
    log: Path,
    env: Mapping[str, str] | None = None,
    user: int | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server for the length of a with-statement, entered as soon as *ready* holds.

    Args:
        command: The program and its arguments; it must stay in the foreground.
        ready: Asked again and again until it says True.
        log: Where the output goes, and what a failure quotes.
        env: The whole environment; by default that of `environment`, with the log's folder as home.
        user: Run as this user id, in no group of the caller's; only root may ask for it.
    Raises:
        StartError: it ended, or was not ready in time.
    """
    process = _start(command, log, environment(log.parent) if env is None else env, user)
    try:
        _wait_until_ready(process, ready, log)
        yield process
    finally:
        _stop(process)


def _start(command: Sequence[str], log: Path, env: Mapping[str, str], user: int | None) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches pytest alone, which then ends its servers in order.
    with log.open("ab") as output:
        return subprocess.Popen(
            [*_dying_with_us(), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=env,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            start_new_session=True,
        )


def _dying_with_us() -> list[str]:
    """Return a prefix that lets the kernel kill the child if pytest itself is killed; Linux only."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], log: Path) -> None:
    settled = wait_until(lambda: process.poll() is not None or ready(), START_SECONDS)
    if process.returncode is not None:
        raise StartError(f"{process.args!r} ended with {process.returncode}:\n{log_tail(log)}")
    if not settled:
        raise StartError(f"{process.args!r} not ready after {START_SECONDS} s:\n{log_tail(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started: ask, wait, insist."""
    _signal_group(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    _signal_group(process.pid, signal.SIGKILL)
    process.wait()


def _signal_group(leader: int, number: signal.Signals) -> None:
    # It leads a session, so its id is also that of the group in which its own children are.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
