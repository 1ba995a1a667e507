"""What is measured: each workload by its name, with what it does and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# How a workload is run (measure.py): calls one after the other in each of several tasks, calls that start at fixed
# times whatever became of those before, one large transfer, links without any traffic, or what a start costs.
Kind = Literal["closed", "open", "once", "presign", "create", "import", "idle"]
# Which port of the fake S3 (fakes3.py).
Way = Literal["plain", "tls", "slow", "sink", "none"]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One row of what is measured.

    Attributes:
        group: What is asked for on the command line, together.
        verb: What a peer must have for it; empty: every peer has it.
        concurrent: Calls at once.
        rate: Calls that start in a second, for an open loop.
        signed: Whether an upload's body is in the signature.
        chosen: Only these peers, unless others are named: where the comparison is about few.
    """

    name: str
    group: str
    kind: Kind
    verb: str = ""
    way: Way = "plain"
    concurrent: int = 1
    rate: int = 0
    signed: bool = True
    chosen: tuple[str, ...] = ()


AT_ONCE = 32
SCALE = (1, 8, 32, 100, 300, 1000)
RATES = (500, 2000, 5000)
HELD = 1000
FEW = ("aios3", "aiohttp", "obstore", "aiobotocore", "minio")
# Measured on uvloop too, unless peers are named.
ON_BOTH_LOOPS = ("aios3", "aiohttp", "obstore", "aiobotocore")
WITH_POOLS = ("aios3", "aiohttp", "obstore", "aiobotocore")


def _scaling(concurrent: int) -> Workload:
    return Workload(
        name=f"scale_c{concurrent}",
        group="scaling",
        kind="closed",
        verb="get",
        concurrent=concurrent,
        chosen=WITH_POOLS,
    )


def _open(rate: int) -> Workload:
    return Workload(name=f"get1k_r{rate}", group="latency", kind="open", verb="get", rate=rate, chosen=FEW)


def _pair(suffix: str, group: str, way: Way) -> tuple[Workload, Workload]:
    """Return a small GET and a small PUT, the usual number at once."""
    get, put = f"get1k_c{AT_ONCE}{suffix}", f"put1k_c{AT_ONCE}{suffix}"
    chosen = () if way == "plain" else FEW
    return (
        Workload(name=get, group=group, kind="closed", verb="get", way=way, concurrent=AT_ONCE, chosen=chosen),
        Workload(name=put, group=group, kind="closed", verb="put", way=way, concurrent=AT_ONCE, chosen=chosen),
    )


WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        *_pair("", "requests", "plain"),
        Workload(name="get1k_c1", group="requests", kind="closed", verb="get"),
        Workload(name="list1", group="requests", kind="closed", verb="list_page"),
        Workload(name="presign", group="requests", kind="presign", verb="presign", way="none"),
        Workload(name="dl1g", group="transfers", kind="once", verb="download"),
        Workload(name="dl1g_par", group="transfers", kind="once", verb="download_parts"),
        Workload(name="up1g", group="transfers", kind="once", verb="upload", way="sink"),
        Workload(name="up1g_unsigned", group="transfers", kind="once", verb="upload", way="sink", signed=False),
        Workload(name="up1g_mp", group="transfers", kind="once", verb="upload_parts", way="sink"),
        Workload(
            name="up1g_mp_unsigned", group="transfers", kind="once", verb="upload_parts", way="sink", signed=False
        ),
        Workload(name="import", group="start", kind="import", way="none"),
        Workload(name="create", group="start", kind="create", verb="open", way="none"),
        Workload(
            name="idle1000", group="start", kind="idle", verb="get", way="sink", concurrent=HELD, chosen=WITH_POOLS
        ),
        *map(_open, RATES),
        *map(_scaling, SCALE),
        *_pair("_tls", "tls", "tls"),
        Workload(name="dl1g_tls", group="tls", kind="once", verb="download", way="tls", chosen=FEW),
        *_pair("_far", "far", "slow"),
        Workload(name="list1_far", group="far", kind="closed", verb="list_page", way="slow", chosen=FEW),
    )
}

GROUPS = tuple(dict.fromkeys(workload.group for workload in WORKLOADS.values()))
