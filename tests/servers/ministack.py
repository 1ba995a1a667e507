"""ministack: the one that checks x-amz-checksum-* and trailers."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .process import answers, environment, free_port, home, running
from .records import Server


@contextmanager
def run_ministack() -> Iterator[Server]:
    """Run ministack with only what S3 needs."""
    port = free_port()
    with home() as folder:
        log = folder / "ministack.log"
        env = environment(folder) | {
            # It listens on every interface unless told otherwise.
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SERVICES": "s3,iam,sts",
            "LOG_LEVEL": "WARNING",
        }
        command = [sys.executable, "-m", "ministack"]
        with running(command, ready=lambda: answers(port, "/_localstack/health"), log=log, env=env):
            yield Server(
                name="ministack",
                endpoint=f"http://127.0.0.1:{port}",
                access_key="test",
                secret_key="test",
                log=log,
            )
