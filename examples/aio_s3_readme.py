"""The program from the README of aio-s3, written with ``await``: list, get, and read as a stream::

    python examples/aio_s3_readme.py BUCKET [PREFIX] [ENDPOINT] [REGION]

The keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. What is not given as an argument comes from S3_BUCKET,
S3_PREFIX, S3_ENDPOINT and AWS_REGION. Without an endpoint it is AWS.
"""

from __future__ import annotations

import asyncio
import os
import sys

from aios3.bucket import Bucket


def argument(number: int, variable: str) -> str:
    """Return a command-line argument, else an environment variable, else nothing."""
    return sys.argv[number] if len(sys.argv) > number else os.environ.get(variable, "")


async def main() -> None:
    """Read the first object that begins with the prefix, twice."""
    bucket = Bucket(
        argument(1, "S3_BUCKET"),
        aws_region=argument(4, "AWS_REGION") or None,
        aws_endpoint=argument(3, "S3_ENDPOINT") or None,
        aws_key=os.environ["AWS_ACCESS_KEY_ID"],
        aws_secret=os.environ["AWS_SECRET_ACCESS_KEY"],
    )
    # List keys based on prefix
    lst = await bucket.list(argument(2, "S3_PREFIX"))
    response = await bucket.get(lst[0])
    print(len(response))
    stream = await bucket.download(lst[0])
    print("GOT Response", dir(stream))
    while 1:
        chunk = await stream.read(65536)
        print("Received", len(chunk))
        if not chunk:
            break
    await bucket.close()


if __name__ == "__main__":
    asyncio.run(main())
