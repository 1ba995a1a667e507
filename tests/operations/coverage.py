"""Which server proves which operation: written down here, held by test_live, shown by this command.

Run ``python -m tests.operations.coverage``: it starts the servers, runs every scenario, and writes the table.
"""

import asyncio
import sys
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType

from aios3.errors import S3Error
from tests.operations.model import OPERATIONS
from tests.operations.scenarios import SCENARIOS, World
from tests.servers import Server, run_ministack, run_moto, run_radosgw
from tests.stores import client_of

SERVERS: Mapping[str, Callable[[], AbstractContextManager[Server]]] = MappingProxyType(
    {"moto": run_moto, "ministack": run_ministack, "radosgw": run_radosgw}
)

_UNKNOWN = "the subresource is not known: another operation answers"
_REFUSED = "501, 405 or 400"
_IGNORED = "the header is ignored"
_ONE_KIND = "there are no directory buckets: all are listed"
_NOWHERE = dict.fromkeys(
    (
        "abac",
        "analytics",
        "annotation_table",
        "intelligent_tiering",
        "metadata_table",
        "metadata_tables",
        "metrics",
        "object_encryption",
        "object_lambda",
        "rename",
        "session",
        "torrent",
    ),
    "no server that runs here has it",
) | {"directory_buckets": _ONE_KIND}

# What a server does not pass, and what happens instead.
_LACKS: Mapping[str, Mapping[str, str]] = {
    "moto": _NOWHERE
    | {
        "annotations": _UNKNOWN,
        "checksums": _IGNORED,
        "customer_key": _IGNORED,
        "notification": "EventBridge is forgotten",
        "request_payment": _UNKNOWN,
        "retention": "GetObjectRetention is answered with the object",
    },
    "ministack": _NOWHERE
    | {
        "bucket_acl": "buckets are made with BucketOwnerEnforced: AccessControlListNotSupported",
        "inventory": _UNKNOWN,
        "object_acl": "buckets are made with BucketOwnerEnforced: AccessControlListNotSupported",
        "policy_status": _UNKNOWN,
        "request_payment": _UNKNOWN,
        "select": _REFUSED,
    },
    "radosgw": _NOWHERE
    | {
        "accelerate": _REFUSED,
        "annotations": _UNKNOWN,
        "attributes": "GetObjectAttributes is answered with the object",
        "checksums": "Ceph 16 ignores the header",
        "encryption": _REFUSED,
        "inventory": _REFUSED,
        "logging": _REFUSED,
        "notification": "topics only: MalformedXML",
        "ownership": _REFUSED,
        "replication": _REFUSED,
        "restore": "there is no storage class GLACIER",
        "website": "not switched on here: 405",
    },
}

# What must not even be tried.
DEADLY: Mapping[str, Mapping[str, str]] = {"radosgw": {"select": "Ceph 16 crashes"}}


def lacks(server: str) -> frozenset[str]:
    """Return the scenarios that the server of this name does not pass."""
    return frozenset(_LACKS[server]) | frozenset(DEADLY.get(server, ()))


def tried() -> list[tuple[str, str]]:
    """Return pairs of a server and a scenario that can be tried there."""
    return [(server, name) for server in SERVERS for name in SCENARIOS if name not in DEADLY.get(server, ())]


def proved(passed: Mapping[str, set[str]]) -> dict[str, list[str]]:
    """Return, for each operation, the servers that prove it, from the scenarios that each has passed."""
    return {
        operation: [
            server for server, names in passed.items() if any(operation in SCENARIOS[name].proves for name in names)
        ]
        for operation in OPERATIONS
    }


async def passes(world: World, name: str) -> bool:
    """Tell if a scenario passes."""
    try:
        await SCENARIOS[name].run(world)
    except (S3Error, AssertionError):
        return False
    return world.called >= set(SCENARIOS[name].proves)


async def _passed(server: Server) -> set[str]:
    found = set()
    async with client_of(server) as client:
        for name in [scenario for at, scenario in tried() if at == server.name]:
            bucket = f"aios3-{uuid.uuid4().hex[:20]}"
            await client.create_bucket(bucket)
            if await passes(World(client, server, bucket), name):
                found.add(name)
    return found


def table(by_operation: Mapping[str, list[str]]) -> str:
    """Write who proves what as a table of reStructuredText."""
    rule = " ".join(["=" * 50, *["=" * 9 for _ in SERVERS]])
    rows = [
        " ".join([operation.ljust(50), *[("yes" if server in found else "\\").ljust(9) for server in SERVERS]]).rstrip()
        for operation, found in by_operation.items()
    ]
    none = [operation for operation, found in by_operation.items() if not found]
    title = " ".join(["operation".ljust(50), *[server.ljust(9) for server in SERVERS]]).rstrip()
    return "\n".join(
        [
            *(rule, title, rule, *rows, rule, ""),
            f"{len(by_operation) - len(none)} of {len(by_operation)} operations are proved by a server.",
            f"No server here could prove: {', '.join(none)}.",
            "",
        ]
    )


def main() -> None:
    """Start the servers one after the other, and write the table."""
    passed = {}
    for name, run in SERVERS.items():
        with run() as server:
            passed[name] = asyncio.run(_passed(server))
    sys.stdout.write(table(proved(passed)))


if __name__ == "__main__":
    main()
