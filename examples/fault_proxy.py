"""Test your own code against a network that fails: a proxy between it and any S3 server, as bad as you like.

    python examples/fault_proxy.py http://127.0.0.1:9000 my-bucket

Keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. The same seed gives the same faults.
"""

from __future__ import annotations

import asyncio
import sys

from aios3 import Attempt, Bucket
from aios3.testing import Cut, Fault, FaultProxy, RandomFaults


async def random_faults(endpoint: str, name: str) -> None:
    """Put and get through a proxy that spoils about every third request."""
    attempts: list[Attempt] = []
    async with FaultProxy(endpoint, RandomFaults(seed=1, every=3)) as proxy:
        async with Bucket(name, aws_endpoint=proxy.url, proxy=False, on_attempt=attempts.append) as bucket:
            for number in range(20):
                data = bytes([number]) * 100_000
                await bucket.put(f"faults/{number}", data)
                assert await bucket.get(f"faults/{number}") == data
                await bucket.delete(f"faults/{number}")
    print(f"60 calls, {len(attempts)} attempts, faults survived: {dict(sorted(proxy.injected.items()))}")


async def one_fault(endpoint: str, name: str) -> None:
    """Cut the first answer to GET in its middle: the download goes on where it ended."""
    seen: list[str] = []

    def plan(number: int, method: str, target: str) -> Fault | None:
        seen.append(method)
        return Cut(after=50_000) if seen.count("GET") == 1 else None

    async with FaultProxy(endpoint, plan) as proxy, Bucket(name, aws_endpoint=proxy.url, proxy=False) as bucket:
        await bucket.put("faults/one", bytes(100_000))
        async with bucket.download("faults/one") as stream:
            size = len(await stream.read())
        await bucket.delete("faults/one")
    print(f"{size} bytes came in {seen.count('GET')} answers")


async def main() -> None:
    """Run both."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    endpoint, name = sys.argv[1:3]
    await random_faults(endpoint, name)
    await one_fault(endpoint, name)


if __name__ == "__main__":
    asyncio.run(main())
