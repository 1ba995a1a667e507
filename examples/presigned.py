"""Let others read and store objects without keys: a link to download by, one to upload by, and a browser's form::

    python examples/presigned.py BUCKET [ENDPOINT]

The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Without an endpoint it is AWS.
"""

from __future__ import annotations

import asyncio
import sys
import urllib.request

from aios3 import Bucket


def send(url: str, method: str, headers: dict[str, str], body: bytes | None = None) -> bytes:
    """Do what the receiver of a link does; any HTTP client can, and it needs no keys."""
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as response:
        data: bytes = response.read()
    return data


async def main() -> None:
    """Upload by one link, download by another."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    async with Bucket(sys.argv[1], aws_endpoint=sys.argv[2] if len(sys.argv) > 2 else None) as bucket:
        up = await bucket.presign("reports/1.csv", method="PUT", headers={"content-type": "text/csv"}, expires_in=60)
        await asyncio.to_thread(send, up, up.method, dict(up.headers), b"day,count\nmonday,3\n")
        print(
            f"stored {(await bucket.head('reports/1.csv')).size} bytes by a link that ends at {up.expires_at:%H:%M:%S}"
        )

        down = await bucket.presign("reports/1.csv", filename="report für März.csv", expires_in=60)
        print("read:", (await asyncio.to_thread(send, down, down.method, {})).decode().splitlines())

        url, fields = await bucket.presign_post("inbox/${filename}", max_size=1_000_000)
        print(f"a form may post to {url} with the fields {', '.join(fields)} and file")
        await bucket.delete("reports/1.csv")


if __name__ == "__main__":
    asyncio.run(main())
