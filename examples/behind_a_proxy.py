"""Reach a bucket through a proxy, and through a connector of one's own::

    python examples/behind_a_proxy.py PROXY ENDPOINT BUCKET

PROXY is such as http://127.0.0.1:3128. AWS_CA_BUNDLE may name a file of certificates to trust. The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; the environment's
HTTP_PROXY, HTTPS_PROXY and NO_PROXY would do as well as ``proxy=``.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import aiohttp

from aios3 import Bucket


async def through_the_proxy(proxy: str, endpoint: str, name: str, ca: str | None) -> None:
    """Let every connection go through the proxy: CONNECT for https, absolute URLs for http."""
    async with Bucket(name, aws_endpoint=endpoint, proxy=proxy, verify=ca or True, **keys()) as bucket:
        await bucket.put("behind/a proxy.txt", "It went through.")
        print("through the proxy:", (await bucket.get("behind/a proxy.txt")).decode())


async def with_a_connector(proxy: str, endpoint: str, name: str, ca: str | None) -> None:
    """Share one aiohttp connector, with its limit and its DNS cache, between S3 and the rest of a program."""
    async with aiohttp.TCPConnector(limit=4, ttl_dns_cache=300) as connector:
        async with Bucket(
            name, aws_endpoint=endpoint, connector=connector, proxy=proxy, verify=ca or True, **keys()
        ) as bucket:
            for key in await bucket.list("behind/"):
                print("listed:", key.key, key.size)
                await bucket.delete(key)
        print("closed the bucket; the connector is closed:", connector.closed)


def keys() -> dict[str, Any]:
    """Return the keys of the environment."""
    return {"aws_key": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret": os.environ["AWS_SECRET_ACCESS_KEY"]}


async def main() -> None:
    """Go both ways."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    proxy, endpoint, name = sys.argv[1:]
    ca = os.environ.get("AWS_CA_BUNDLE")
    await through_the_proxy(proxy, endpoint, name, ca)
    await with_a_connector(proxy, endpoint, name, ca)


if __name__ == "__main__":
    asyncio.run(main())
