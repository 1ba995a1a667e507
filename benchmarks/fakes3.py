"""A fake S3 on this machine: nginx serves, a sink takes uploads, a proxy delays. It checks no signature.

Everything is on free ports of 127.0.0.1 and in one temporary directory, and is ended by its process id.
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template

import trustme

HERE = Path(__file__).parent
START_SECONDS = 20.0
KEYS_OF_A_PAGE = 1000


class MissingNginx(Exception):
    """nginx is not installed; the message says how to install it."""


@dataclass(frozen=True, kw_only=True)
class FakeS3:
    """Where the fake listens, and the files that belong to it.

    Attributes:
        plain: Port of nginx; the bucket holds ``1k``, ``large`` and a page of 1,000 keys.
        tls: Port of nginx over TLS, with a certificate for localhost by *authority*.
        sink: Port of the sink, where uploads go.
        slow: Port of the delaying proxy before *plain*.
        nginx_pid: Its one process.
        sink_pid: Its process.
        authority: PEM file of the certificate's authority.
        source: The large file: what is uploaded is also what ``large`` is.
        target: Where a download to a file goes.
    """

    plain: int
    tls: int
    sink: int
    slow: int
    nginx_pid: int
    sink_pid: int
    authority: str
    source: str
    target: str


@contextmanager
def fake_s3(size: int, round_trip: float) -> Iterator[FakeS3]:
    """Run the fake while the context lasts.

    Args:
        size: Bytes of the large object.
        round_trip: Seconds that the delaying proxy adds.
    Raises:
        MissingNginx: there is none.
    """
    # A thousand connections at once, here and in all processes that are started from here.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    with ExitStack() as stack:
        folder = stack.enter_context(_folder(2 * size))
        source = _fill(folder, size)
        plain, tls = _free_port(), _free_port()
        nginx = stack.enter_context(_nginx(folder, plain, tls))
        sink, sink_pid = stack.enter_context(program(["sink.py"]))
        slow, _ = stack.enter_context(program(["delay.py", str(plain), str(round_trip / 2)]))
        yield FakeS3(
            plain=plain,
            tls=tls,
            sink=sink,
            slow=slow,
            nginx_pid=nginx,
            sink_pid=sink_pid,
            authority=str(folder / "authority.pem"),
            source=str(source),
            target=str(folder / "target"),
        )


@contextmanager
def program(command: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Run a program of this folder that prints the port it listens on; yield port and process id."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / command[0]), *command[1:]], stdout=subprocess.PIPE, text=True
    )
    with _ended(process):
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid


@contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    with process:
        try:
            yield
        finally:
            process.terminate()


@contextmanager
def _folder(size: int) -> Iterator[Path]:
    """Make a directory, in memory where that has room, so that no disk is measured."""
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1.2 * size
    with tempfile.TemporaryDirectory(prefix="aios3-bench-", dir=memory if roomy else None) as made:
        yield Path(made)


def _fill(folder: Path, size: int) -> Path:
    """Write what nginx serves; return the large file."""
    bucket = folder / "root" / "bucket"
    bucket.mkdir(parents=True)
    (bucket / "1k").write_bytes(os.urandom(1024))
    (folder / "root" / "page.xml").write_text(_page())
    piece = os.urandom(1 << 20)
    with (bucket / "large").open("wb") as file:
        for at in range(0, size, len(piece)):
            # No two pieces alike, so that a part in the wrong place is found out.
            file.write((at.to_bytes(8, "big") + piece[8:])[: size - at])
    return bucket / "large"


def _page() -> str:
    """Return an answer to ListObjectsV2, as a store of tables has it."""
    rows = "".join(
        f"<Contents><Key>data/year=2024/month={i % 12 + 1:02}/part-{i:05}-c000.snappy.parquet</Key>"
        f"<LastModified>2024-{i % 12 + 1:02}-{i % 28 + 1:02}T{i % 24:02}:{i % 60:02}:{i % 60:02}.000Z</LastModified>"
        f"<ETag>&quot;{i * 7919:032x}&quot;</ETag><Size>{1024 + i * 31}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
        for i in range(KEYS_OF_A_PAGE)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>data</Prefix>'
        f"<KeyCount>{KEYS_OF_A_PAGE}</KeyCount><MaxKeys>{KEYS_OF_A_PAGE}</MaxKeys><IsTruncated>false</IsTruncated>"
        f"{rows}</ListBucketResult>"
    )


@contextmanager
def _nginx(folder: Path, plain: int, tls: int) -> Iterator[int]:
    found = shutil.which("nginx", path=os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"]))
    if found is None:
        raise MissingNginx("nginx is not installed: apt-get install nginx")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "tls.pem"))
    template = Template((HERE / "nginx.conf.template").read_text())
    (folder / "nginx.conf").write_text(template.substitute(plain=plain, tls=tls, folder=folder))
    log = folder / "error.log"
    command = [found, "-p", str(folder), "-e", str(log), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, text=True, stderr=subprocess.DEVNULL)
    with _ended(process):
        _wait_for(process, plain, log)
        yield process.pid


def _wait_for(process: subprocess.Popen[str], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nginx did not start: {log.read_text()[-2000:] if log.exists() else process.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
