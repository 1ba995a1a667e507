"""PostgreSQL: a cluster of its own, in a folder that is thrown away."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .process import environment, find_program, free_port, home, running
from .proxies import UNPRIVILEGED

INSTALL = "apt-get install -y --no-install-recommends postgresql"


@contextmanager
def run_postgresql() -> Iterator[str]:
    """Run a cluster for the length of a with-statement; give its address, as SQLAlchemy wants it.

    It does not run as root, so that root runs it as somebody who owns nothing else.
    """
    programs = {name: find_program(name, install=INSTALL) for name in ("initdb", "postgres", "pg_isready")}
    user = UNPRIVILEGED if os.geteuid() == 0 else None
    with home() as folder:
        if user is not None:
            os.chown(folder, user, user)
        _make_cluster(programs["initdb"], folder, user)
        port = free_port()
        command = [programs["postgres"], "-D", str(folder / "data"), "-p", str(port), "-k", str(folder)]
        ready = [programs["pg_isready"], "-q", "-h", "127.0.0.1", "-p", str(port)]
        with running(
            [*command, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"],
            ready=lambda: subprocess.run(ready, check=False, env=environment(folder)).returncode == 0,
            log=folder / "postgresql.log",
            user=user,
        ):
            yield f"postgresql+asyncpg://aios3@127.0.0.1:{port}/postgres"


def _make_cluster(initdb: str, folder: Path, user: int | None) -> None:
    subprocess.run(
        [initdb, "-D", str(folder / "data"), "-U", "aios3", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment(folder),
        user=user,
        group=user,
        extra_groups=None if user is None else [],
    )


__all__ = ["run_postgresql"]
