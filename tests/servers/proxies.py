"""Real proxies on the way to 127.0.0.1, each with a log that tells what passed through it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .process import accepts, find_program, free_port, home, running, wait_until

# Squid refuses to run as root. "nobody" on Debian; it need not exist, as it owns nothing but one folder.
UNPRIVILEGED = 65534
LOG_SECONDS = 10.0

USER = "aios3"
PASSWORD = "letmein"

# Where squid's own defaults would write outside our folder, or look for something to cache, a line here says no.
_SQUID = """\
http_port 127.0.0.1:{port}
pid_filename none
access_log stdio:{folder}/access.log
cache_log {folder}/cache.log
coredump_dir none
netdb_filename none
cache deny all
cache_mem 0
memory_pools off
max_filedescriptors 4096
shutdown_lifetime 0 seconds
visible_hostname squid.test
hosts_file /etc/hosts
{authentication}
acl here dst 127.0.0.0/8
http_access deny !here
http_access allow all
"""

_SQUID_PASSWORD = """\
auth_param basic program /bin/sh {folder}/check-password
auth_param basic realm aios3
acl known proxy_auth REQUIRED
http_access deny !known
"""

# Squid hands over a line per question; a program of our own does not depend on where a helper is installed.
_CHECK_PASSWORD = f"""\
while read -r line; do
  if [ "$line" = "{USER} {PASSWORD}" ]; then echo OK; else echo ERR; fi
done
"""

# No ConnectPort line: CONNECT may go to any port.
_TINYPROXY = """\
Port {port}
Listen 127.0.0.1
Allow 127.0.0.1
LogFile "{folder}/access.log"
LogLevel Connect
Timeout 120
MaxClients 200
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """A proxy that is up, and its log."""

    name: str
    url: str
    access_log: Path
    user: str | None = None
    password: str | None = None

    @property
    def port(self) -> int:
        """Its port on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    @property
    def url_with_password(self) -> str:
        """Its address with user and password in it, as people write it in HTTP_PROXY."""
        return self.url.replace("://", f"://{self.user}:{self.password}@")

    def lines(self) -> tuple[str, ...]:
        """Return what the log says by now."""
        if not self.access_log.exists():
            return ()
        return tuple(self.access_log.read_text(errors="replace").splitlines())

    def saw(self, text: str, *, seconds: float = LOG_SECONDS) -> bool:
        """Tell whether a line with *text* is in the log, or comes within *seconds*.

        Squid writes a tunnel's line when the tunnel closes: close the connection first.
        """
        return wait_until(lambda: any(text in line for line in self.lines()), seconds)


@contextmanager
def run_squid() -> Iterator[Proxy]:
    """Run squid, open to everybody here."""
    with home() as folder, _running_squid(folder, authentication="") as port:
        yield Proxy(name="squid", url=f"http://127.0.0.1:{port}", access_log=folder / "access.log")


@contextmanager
def run_squid_with_password() -> Iterator[Proxy]:
    """Run squid, which answers 407 to whoever does not know the password."""
    with home() as folder:
        (folder / "check-password").write_text(_CHECK_PASSWORD)
        authentication = _SQUID_PASSWORD.format(folder=folder)
        with _running_squid(folder, authentication=authentication) as port:
            yield Proxy(
                name="squid_with_password",
                url=f"http://127.0.0.1:{port}",
                access_log=folder / "access.log",
                user=USER,
                password=PASSWORD,
            )


@contextmanager
def _running_squid(folder: Path, *, authentication: str) -> Iterator[int]:
    program = find_program("squid", install="apt-get install -y --no-install-recommends squid")
    port = free_port()
    configuration = folder / "squid.conf"
    configuration.write_text(_SQUID.format(port=port, folder=folder, authentication=authentication))
    user = _give_away(folder) if os.geteuid() == 0 else None
    command = [program, "-N", "-f", str(configuration)]
    with running(command, ready=lambda: accepts(port), log=folder / "squid.out", user=user):
        yield port


def _give_away(folder: Path) -> int:
    """Let the unprivileged user read and write in *folder*; return its id."""
    for path in (folder, *folder.iterdir()):
        os.chown(path, UNPRIVILEGED, UNPRIVILEGED)
    return UNPRIVILEGED


@contextmanager
def run_tinyproxy() -> Iterator[Proxy]:
    """Run tinyproxy, an http proxy that sends every request to the origin anew."""
    program = find_program("tinyproxy", install="apt-get install -y --no-install-recommends tinyproxy")
    port = free_port()
    with home() as folder:
        configuration = folder / "tinyproxy.conf"
        configuration.write_text(_TINYPROXY.format(port=port, folder=folder))
        with _running_quietly([program, "-d", "-c", str(configuration)], port, folder / "tinyproxy.out"):
            yield Proxy(name="tinyproxy", url=f"http://127.0.0.1:{port}", access_log=folder / "access.log")


@contextmanager
def run_socks5() -> Iterator[Proxy]:
    """Run microsocks, a SOCKS5 server without a password."""
    program = find_program("microsocks", install="apt-get install -y --no-install-recommends microsocks")
    port = free_port()
    with home() as folder:
        log = folder / "access.log"
        with _running_quietly([program, "-i", "127.0.0.1", "-p", str(port)], port, log):
            yield Proxy(name="socks5", url=f"socks5://127.0.0.1:{port}", access_log=log)


@contextmanager
def _running_quietly(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    with running(command, ready=lambda: accepts(port), log=log):
        yield
