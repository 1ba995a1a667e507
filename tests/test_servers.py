"""The servers and proxies that the other tests stand on: they come up, serve, and go away."""

import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import oracle
from tests.servers import (
    SERVER_NAMES,
    Keys,
    MissingProgram,
    Proxy,
    Server,
    StartError,
    free_port,
    process,
    servers_with,
    wait_until,
)

EVERY_SERVER = pytest.mark.parametrize("server", SERVER_NAMES, indirect=True)
BODY = b"the body of an object"


@EVERY_SERVER
def test_server_gives_back_what_was_put(server: Server, bucket: str) -> None:
    oracle.put(server, bucket, "key", BODY)

    assert oracle.get(server, bucket, "key").body == BODY


@EVERY_SERVER
def test_server_has_no_such_bucket(server: Server, bucket_name: str) -> None:
    answer = oracle.send(server, "GET", oracle.target(bucket_name))

    assert (answer.status, answer.code) == (404, "NoSuchBucket")


@pytest.mark.parametrize("server", servers_with("signatures"), indirect=True)
def test_wrong_secret_is_refused(server: Server, bucket: str) -> None:
    keys = Keys(access_key=server.access_key, secret_key="wrong")

    assert oracle.send(server, "GET", oracle.target(bucket), keys=keys).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("server", servers_with("tls"), indirect=True)
def test_what_is_put_over_http_is_there_over_tls(server: Server, bucket: str) -> None:
    oracle.put(server, bucket, "key", BODY)

    assert oracle.send(server, "GET", oracle.target(bucket, "key"), tls=True).body == BODY


@pytest.mark.parametrize("server", servers_with("second-user"), indirect=True)
def test_second_user_has_buckets_of_its_own(server: Server, bucket_name: str) -> None:
    made = oracle.send(server, "PUT", oracle.target(bucket_name), keys=server.second_user)

    assert made.status == 200
    assert oracle.send(server, "GET", oracle.target(bucket_name)).code == "AccessDenied"


# --- proxies


@pytest.fixture(params=["squid", "tinyproxy", "squid_with_password"])
def http_proxy(request: pytest.FixtureRequest) -> Proxy:
    found: Proxy = request.getfixturevalue(request.param)
    return found


def _authorization(proxy: Proxy) -> dict[str, str]:
    if proxy.user is None:
        return {}
    pair = base64.b64encode(f"{proxy.user}:{proxy.password}".encode()).decode()
    return {"Proxy-Authorization": f"Basic {pair}"}


@contextmanager
def _through(proxy: Proxy) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=oracle.TIMEOUT)) as connection:
        yield connection


def test_http_proxy_passes_an_absolute_target_and_logs_it(http_proxy: Proxy, rclone: Server, bucket_name: str) -> None:
    oracle.put(rclone, oracle.make_bucket(rclone, bucket_name), "key", BODY)
    path = oracle.target(bucket_name, "key")
    headers = oracle.signed_headers(rclone, "GET", path) | _authorization(http_proxy)
    with _through(http_proxy) as connection:
        answer = oracle.exchange(connection, "GET", rclone.endpoint + path, headers=headers)

    assert answer.body == BODY
    assert http_proxy.saw(rclone.endpoint + path)


def test_http_proxy_opens_a_tunnel_and_logs_it(http_proxy: Proxy, rclone: Server) -> None:
    assert rclone.tls_endpoint is not None
    address = urlsplit(rclone.tls_endpoint).netloc
    with _through(http_proxy) as connection:
        connection.set_tunnel(address, headers=_authorization(http_proxy))
        connection.connect()

    assert http_proxy.saw(f"CONNECT {address}")


def test_squid_with_password_answers_407_to_strangers(squid_with_password: Proxy, moto: Server) -> None:
    with _through(squid_with_password) as connection:
        answer = oracle.exchange(connection, "GET", f"{moto.endpoint}/")

    assert answer.status == 407
    assert "basic" in answer.headers["proxy-authenticate"].lower()


def test_socks5_opens_a_connection_and_logs_it(socks5: Proxy, moto: Server) -> None:
    """The greeting without a password and the CONNECT command of RFC 1928."""
    with socket.create_connection(("127.0.0.1", socks5.port), timeout=oracle.TIMEOUT) as connection:
        connection.sendall(b"\x05\x01\x00")
        greeting = connection.recv(2)
        connection.sendall(b"\x05\x01\x00\x01\x7f\x00\x00\x01" + moto.port.to_bytes(2))
        reply = connection.recv(10)

    assert (greeting, reply[:2]) == (b"\x05\x00", b"\x05\x00")
    assert socks5.saw(f"127.0.0.1:{moto.port}")


def test_proxy_has_not_seen_what_did_not_pass(tinyproxy: Proxy) -> None:
    assert not tinyproxy.saw("http://nobody.asked.for.this/", seconds=0)


# --- child processes


def test_missing_program_says_what_to_install() -> None:
    with pytest.raises(MissingProgram, match=r"no-such-program is not installed: apt-get install it"):
        process.find_program("no-such-program", install="apt-get install it")


def test_child_that_dies_early_shows_its_log(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('no luck today'); raise SystemExit(3)"]
    started = process.running(command, ready=lambda: False, log=tmp_path / "log")

    with pytest.raises(StartError, match=r"(?s)ended with 3.*no luck today"), started:
        pass


def test_child_that_is_never_ready_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "START_SECONDS", 0.2)
    started = process.running(["sleep", "60"], ready=lambda: False, log=tmp_path / "log")

    with pytest.raises(StartError, match="not ready after"), started:
        pass


def test_child_that_ignores_the_request_is_killed_with_its_children(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = ["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; wait; sleep 60"]
    with process.running(command, ready=lambda: log.read_text() != "", log=log) as child:
        grandchild = int(log.read_text())

    assert child.returncode == -signal.SIGKILL
    assert wait_until(lambda: _is_gone(grandchild), seconds=5)


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel can do this")
def test_child_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    program = f"""
import os, pathlib
from tests.servers import process
log = pathlib.Path({str(log)!r})
with process.running(["sh", "-c", "echo $$; exec sleep 60"], ready=lambda: log.read_text() != "", log=log):
    os.kill(os.getpid(), 9)
"""
    root = Path(__file__).parents[1]
    subprocess.run([sys.executable, "-c", program], cwd=root, check=False, timeout=oracle.TIMEOUT)

    assert wait_until(lambda: _is_gone(int(log.read_text())), seconds=5)


def _is_gone(pid: int) -> bool:
    """Tell whether a process has ended; one whose new parent has not yet noticed counts as ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_free_ports_differ() -> None:
    assert len({free_port() for _ in range(50)}) == 50
