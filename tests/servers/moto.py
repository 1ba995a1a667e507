"""moto: AWS's features in Python, without a look at signatures."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .process import answers, environment, free_port, home, running
from .records import Server


@contextmanager
def run_moto() -> Iterator[Server]:
    """Run moto in its plain mode, which lets every key and secret pass."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    with home() as folder:
        log = folder / "moto.log"
        env = environment(folder) | {"MOTO_S3_CUSTOM_ENDPOINTS": endpoint}
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        with running(command, ready=lambda: answers(port, "/moto-api/"), log=log, env=env):
            yield Server(name="moto", endpoint=endpoint, access_key="test", secret_key="testsecret", log=log)
