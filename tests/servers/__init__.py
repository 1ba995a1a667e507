"""Real S3 servers and proxies that the tests start by themselves.

capabilities says what each server cannot do, once and as data; one module for each server starts it; records and
proxies hold what a test knows about a running one; process starts and ends children.
"""

from .capabilities import (
    CAPABILITIES,
    ODD_KEYS,
    SERVER_NAMES,
    lacks_of,
    loses_keys_of,
    odd_keys_with,
    servers_with,
)
from .ministack import run_ministack
from .moto import run_moto
from .postgresql import run_postgresql
from .process import MissingProgram, StartError, free_port, wait_until
from .proxies import Proxy, run_socks5, run_squid, run_squid_with_password, run_tinyproxy
from .radosgw import run_radosgw
from .rclone import run_rclone
from .records import Keys, Server

__all__ = [
    "CAPABILITIES",
    "ODD_KEYS",
    "SERVER_NAMES",
    "Keys",
    "MissingProgram",
    "Proxy",
    "Server",
    "StartError",
    "free_port",
    "lacks_of",
    "loses_keys_of",
    "odd_keys_with",
    "run_ministack",
    "run_moto",
    "run_postgresql",
    "run_radosgw",
    "run_rclone",
    "run_socks5",
    "run_squid",
    "run_squid_with_password",
    "run_tinyproxy",
    "servers_with",
    "wait_until",
]
