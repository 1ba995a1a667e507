"""Store an object that is checked on its way and encrypted with a key of your own, and read it verified::

    python examples/checked_and_encrypted.py BUCKET [ENDPOINT]

The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without an endpoint it is AWS. Over plain http the customer's
key goes to this machine only.
"""

from __future__ import annotations

import asyncio
import secrets
import sys

from aios3 import Bucket, S3Error


async def main() -> None:
    """Show what the store checks, and what it gives to whom."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    key = secrets.token_bytes(32)
    endpoint = sys.argv[2] if len(sys.argv) > 2 else None
    async with Bucket(sys.argv[1], aws_endpoint=endpoint, checksum="SHA256") as bucket:
        stored = await bucket.put("secret.txt", "for your eyes only", customer_key=key)
        print("stored and checked by SHA-256:", stored.etag)
        async with bucket.download("secret.txt", customer_key=key) as stream:
            print(f"read {await stream.read()!r}, verified by {stream.verified}")
        try:
            await bucket.get("secret.txt")
        except S3Error as error:
            print("without the key:", type(error).__name__)
        await bucket.delete("secret.txt")


if __name__ == "__main__":
    asyncio.run(main())
