"""Work with a store that is not AWS, and see where requests would go that are::

    python examples/other_stores.py ENDPOINT BUCKET

The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from typing import Any

from aios3 import Bucket, Client, InvalidInput

REPORTS = "arn:aws:s3:eu-west-1:123456789012:accesspoint/reports"


async def show_addresses() -> None:
    """Sign for buckets of several kinds, without sending anything, and show the hosts."""
    await show("photos", aws_region="eu-west-1")
    await show("photos", aws_region="eu-west-1", use_dualstack=True)
    await show("photos", aws_region="us-gov-west-1", use_fips=True)
    await show("photos", aws_region="eu-west-1", use_accelerate=True)
    await show(REPORTS, aws_region="eu-west-1")
    await show("photos", aws_endpoint="https://account.r2.cloudflarestorage.com")
    await show("photos", aws_endpoint="https://oss-cn-hangzhou.aliyuncs.com")
    try:
        await show(REPORTS, aws_region="us-east-1")
    except InvalidInput as error:
        print("refused:", error)


async def show(name: str, **options: Any) -> None:
    """Show where an object of this bucket is read from, and in which dialect."""
    async with Client(**options) as client:
        url = await client.bucket(name).presign("cat.jpg")
        print(f"{client.dialect.name}: {url.partition('?')[0]}")


async def work(endpoint: str, name: str) -> None:
    """Use a store that is known by its host, or else told by name; and one that needs something else still."""
    async with Bucket(name, aws_endpoint=endpoint, dialect="ceph") as bucket:
        await bucket.put("other/store.txt", "It is here.")
        own = replace(bucket.client.dialect, name="like it, but old", list_version=1, list_url_encode=False)
    async with Bucket(name, aws_endpoint=endpoint, dialect=own) as bucket:
        for key in await bucket.list("other/"):
            print(f"listed by version {own.list_version}:", key.key, key.size)
            await bucket.delete(key)


async def main() -> None:
    """Show, then work."""
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    await show_addresses()
    await work(*sys.argv[1:])


if __name__ == "__main__":
    asyncio.run(main())
