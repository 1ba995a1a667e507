"""Where keys come from: from wherever the AWS CLI finds them, from a function of your own, from a role::

    python examples/credentials.py ENDPOINT BUCKET [ROLE]

ENDPOINT is such as http://127.0.0.1:9000. There are no keys in this program: set AWS_ACCESS_KEY_ID and
AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or log in with ``aws sso login``, or run it where a role is. ROLE is the ARN of a
role that your keys may take on at ENDPOINT, if there is one.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from aios3 import Bucket, Credentials, CredentialsError
from aios3.credentials import AssumeRole, Cached, Chain, DefaultChain, NotConfigured


async def found_by_themselves(endpoint: str, name: str) -> None:
    """Give no keys: they are found, kept, and renewed before they end."""
    async with Bucket(name, aws_endpoint=endpoint) as bucket:
        await bucket.put("keys.txt", "Nobody typed a key.")
        print("found:", (await bucket.get("keys.txt")).decode())


async def from_a_function(endpoint: str, name: str) -> None:
    """Ask a vault of your own, however many calls want its keys, once until they are about to end."""
    default = DefaultChain()
    asked = 0

    async def vault() -> Credentials:
        nonlocal asked
        asked += 1
        keys = await default()  # here your vault would be asked
        return Credentials(keys.access_key, keys.secret_key, keys.token, datetime.now(UTC) + timedelta(hours=1))

    async with Bucket(name, aws_endpoint=endpoint, credentials=vault) as bucket:
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(bucket.get("keys.txt"))
    print("twenty calls, and the vault was asked", asked, "time")


async def first_of_several(endpoint: str, name: str) -> None:
    """Look in one place after the other; two buckets share what is found."""

    async def vault() -> Credentials:
        raise NotConfigured("this machine has no vault")

    keys = Cached(Chain(vault, DefaultChain()))
    for _ in range(2):
        async with Bucket(name, aws_endpoint=endpoint, credentials=keys) as bucket:
            print("there:", await bucket.exists("keys.txt"))

    try:
        await Chain(vault)()
    except CredentialsError as error:
        print(str(error).splitlines()[1])


async def by_a_role(endpoint: str, name: str, role: str) -> None:
    """Take on a role, with whatever keys are found, for a quarter of an hour at a time."""
    keys = AssumeRole(role_arn=role, source=DefaultChain(), duration_seconds=900, endpoint=endpoint)
    async with Bucket(name, aws_endpoint=endpoint, credentials=keys) as bucket:
        print("by a role:", (await bucket.get("keys.txt")).decode())


async def main() -> None:
    """Show each."""
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    endpoint, name, *role = sys.argv[1:]
    await found_by_themselves(endpoint, name)
    await from_a_function(endpoint, name)
    await first_of_several(endpoint, name)
    if role:
        await by_a_role(endpoint, name, role[0])


if __name__ == "__main__":
    asyncio.run(main())
