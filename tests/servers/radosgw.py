"""Ceph's RADOS gateway: a production server, on a cluster of one monitor and one in-memory OSD."""

import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .certificates import Certificate, make_certificate
from .process import (
    START_SECONDS,
    StartError,
    accepts,
    answers,
    environment,
    find_program,
    free_port,
    home,
    running,
    wait_until,
)
from .records import Keys, Server

INSTALL = "apt-get install -y --no-install-recommends radosgw ceph-mon ceph-osd ceph-common"
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")

FIRST_USER = Keys(access_key="AIOS3TESTACCESSKEY01", secret_key="aios3testsecretkey0123456789abcdefghijkl")
SECOND_USER = Keys(access_key="AIOS3TESTACCESSKEY02", secret_key="aios3secondsecret0123456789abcdefghijkl")

# The least that Ceph 16 needs on one machine. Two lines are worth a word: without tcp_nodelay the gateway answers 22
# requests a second instead of 1,500; the Paxos settings let the monitor settle in a fraction of its usual seconds.
_CONFIGURATION = """\
[global]
fsid = {fsid}
mon_host = {monitors}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
run_dir = {folder}
keyring = {folder}/keyring
admin_socket = {folder}/$name.asok
pid_file = {folder}/$name.pid
log_file = {folder}/$name.log
log_to_stderr = false
err_to_stderr = true
crash_dir = {folder}
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 2000
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_osd_min_up_ratio = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mgr_initial_modules =
[mon]
mon_data = {folder}/mon
mon_initial_members = a
mon_data_avail_warn = 1
mon_data_avail_crit = 1
mon_cluster_log_file = {folder}/cluster.log
mon_allow_pool_delete = true
[osd]
osd_data = {folder}/osd
osd_journal = {folder}/osd/journal
osd_objectstore = memstore
memstore_device_bytes = 4294967296
[client.rgw]
rgw_data = {folder}/rgw
rgw_frontends = beast tcp_nodelay=1 endpoint=127.0.0.1:{port} \
ssl_endpoint=127.0.0.1:{tls_port} ssl_certificate={certificate} ssl_private_key={private_key}
rgw_dns_name = localhost
rgw_crypt_require_ssl = false
rgw_s3_auth_use_sts = true
rgw_s3_auth_order = local, sts
rgw_crypt_s3_kms_backend = testing
rgw_crypt_s3_kms_encryption_keys = testkey-1=YmluCmJvb3N0CmJvb3N0LWJ1aWxkCmNlcGguY29uZgo=
rgw_sts_key = abcdefghijklmnop
rgw_enable_usage_log = false
rgw_lc_debug_interval = 10
rgw_gc_obj_min_wait = 1
rgw_gc_processor_period = 2
rgw_gc_processor_max_time = 2
rgw_thread_pool_size = 128
debug_rgw = 1
"""

_CAPABILITIES = {
    "mon.": ["mon", "allow *"],
    "client.admin": ["mon", "allow *", "osd", "allow *", "mgr", "allow *"],
    "client.rgw": ["mon", "allow *", "osd", "allow *", "mgr", "allow *"],
    "osd.0": ["mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd"],
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cluster:
    folder: Path
    fsid: str
    monitors: str
    port: int
    tls_port: int
    certificate: Certificate
    programs: dict[str, str]

    @classmethod
    def plan(cls, folder: Path) -> Self:
        programs = {name: find_program(name, install=INSTALL) for name in PROGRAMS}
        first, second = free_port(), free_port()
        return cls(
            folder=folder,
            fsid=str(uuid.uuid4()),
            monitors=f"[v2:127.0.0.1:{first},v1:127.0.0.1:{second}]",
            port=free_port(),
            tls_port=free_port(),
            certificate=make_certificate(folder),
            programs=programs,
        )

    def write_configuration(self) -> None:
        for name in ("mon", "osd", "rgw"):
            (self.folder / name).mkdir()
        text = _CONFIGURATION.format(
            folder=self.folder,
            fsid=self.fsid,
            monitors=self.monitors,
            port=self.port,
            tls_port=self.tls_port,
            certificate=self.certificate.chain,
            private_key=self.certificate.private_key,
        )
        (self.folder / "ceph.conf").write_text(text)

    def command(self, program: str, *arguments: str) -> list[str]:
        return [self.programs[program], "-c", str(self.folder / "ceph.conf"), *arguments]

    def run(self, command: Sequence[str]) -> str:
        """Run one of Ceph's tools to its end and return what it printed."""
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=environment(self.folder),
            timeout=START_SECONDS,
            check=False,
        )
        if done.returncode:
            raise StartError(f"{command!r} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.out"


@contextmanager
def run_radosgw() -> Iterator[Server]:
    """Run a gateway with two users, over http and TLS, on a cluster that lives in memory."""
    with home() as folder, ExitStack() as stack:
        cluster = _Cluster.plan(folder)
        cluster.write_configuration()
        _make_keyring(cluster)
        _start_monitor(cluster, stack)
        _start_osd(cluster, stack)
        _make_users(cluster)
        _start_gateway(cluster, stack)
        yield _record(cluster)


def _make_keyring(cluster: _Cluster) -> None:
    """Write one keyring for every part of the cluster."""
    keyring = str(cluster.folder / "keyring")
    create = ["--create-keyring"]
    for entity, pairs in _CAPABILITIES.items():
        caps = [word for pair in zip(pairs[::2], pairs[1::2], strict=True) for word in ("--cap", *pair)]
        cluster.run([cluster.programs["ceph-authtool"], *create, keyring, "--gen-key", "-n", entity, *caps])
        create = []


def _start_monitor(cluster: _Cluster, stack: ExitStack) -> None:
    monmap, keyring = str(cluster.folder / "monmap"), str(cluster.folder / "keyring")
    make_map = [cluster.programs["monmaptool"], "--create", "--fsid", cluster.fsid]
    cluster.run([*make_map, "--addv", "a", cluster.monitors, monmap])
    cluster.run(cluster.command("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring))
    serve = cluster.command("ceph-mon", "-f", "-i", "a")
    port = int(cluster.monitors.rpartition(":")[2].rstrip("]"))
    stack.enter_context(running(serve, ready=lambda: accepts(port), log=cluster.log("mon")))
    # It accepts connections before it has a quorum of one.
    cluster.run(cluster.command("ceph", "--connect-timeout", "45", "mon", "versions"))


def _start_osd(cluster: _Cluster, stack: ExitStack) -> None:
    identity = str(uuid.uuid4())
    number = cluster.run(cluster.command("ceph", "osd", "new", identity)).strip()
    cluster.run(cluster.command("ceph-osd", "-i", number, "--mkfs", "--osd-uuid", identity))
    serve = cluster.command("ceph-osd", "-f", "-i", number)

    def is_up() -> bool:
        return "1 up" in cluster.run(cluster.command("ceph", "osd", "stat"))

    stack.enter_context(running(serve, ready=is_up, log=cluster.log("osd")))


def _make_users(cluster: _Cluster) -> None:
    for uid, keys in (("main", FIRST_USER), ("alt", SECOND_USER)):
        pair = ["--access-key", keys.access_key, "--secret-key", keys.secret_key]
        _administer(cluster, "user", "create", "--uid", uid, "--display-name", uid, *pair)
    _administer(cluster, "caps", "add", "--uid", "main", "--caps", "roles=*;users=*;buckets=*")


def _administer(cluster: _Cluster, *arguments: str) -> None:
    cluster.run(cluster.command("radosgw-admin", "-n", "client.rgw", *arguments))


def _start_gateway(cluster: _Cluster, stack: ExitStack) -> None:
    serve = cluster.command("radosgw", "-f", "-n", "client.rgw")
    log = cluster.log("rgw")
    stack.enter_context(running(serve, ready=lambda: answers(cluster.port), log=log))
    if not wait_until(lambda: accepts(cluster.tls_port), START_SECONDS):
        raise StartError(f"radosgw serves http but not TLS: see {log}")


def _record(cluster: _Cluster) -> Server:
    return Server(
        name="radosgw",
        endpoint=f"http://127.0.0.1:{cluster.port}",
        tls_endpoint=f"https://127.0.0.1:{cluster.tls_port}",
        ca=cluster.certificate.authority,
        access_key=FIRST_USER.access_key,
        secret_key=FIRST_USER.secret_key,
        second_user=SECOND_USER,
        log=cluster.folder / "client.rgw.log",
    )
