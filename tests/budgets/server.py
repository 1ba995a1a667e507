"""A server of canned answers, in a process of its own so that none of its work is counted: prints its port, and serves.

::

    python -m tests.budgets.server
"""

import asyncio

from aios3.testing import Asked, Peer, steps

SMALL = 1024
LARGE = 16 << 20
KEYS = 1000

_FIELDS = (
    'ETag: "098f6bcd4621d373cade4e832627b4f6"',
    "Last-Modified: Wed, 12 Oct 2022 17:50:00 GMT",
    "x-amz-id-2: Wy1SgkVYCz9zbkqz7v3F2r0pFfJdJwQnJt3sB8Qq1V0x8WQZ0a1m3c9Qw2T5m8bX7dC6hUeG1fI=",
    "x-amz-request-id: 4442587FB7D0A2F9",
    "Content-Type: application/octet-stream",
)


def page() -> bytes:
    """Return a full page of ListObjectsV2."""
    rows = "".join(
        f"<Contents><Key>data/part-{number:05}.parquet</Key><LastModified>2024-05-06T07:08:09.000Z</LastModified>"
        f"<ETag>&quot;{number:032x}&quot;</ETag><Size>{number}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for number in range(KEYS)
    )
    return (
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix></Prefix>'
        f"<KeyCount>{KEYS}</KeyCount><MaxKeys>{KEYS}</MaxKeys><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>"
    ).encode()


ANSWERS = {
    b"small": steps.response(bytes(SMALL), headers=_FIELDS),
    b"large": steps.response(bytes(LARGE), headers=_FIELDS),
    b"page": steps.response(page(), headers=("Content-Type: application/xml",)),
    b"empty": steps.response(headers=_FIELDS[:4]),
}


def answer(asked: Asked) -> bytes:
    """Return what S3 would say."""
    if b"list-type=2" in asked.target:
        return ANSWERS[b"page"]
    if asked.method == b"GET":
        return ANSWERS[asked.target.rpartition(b"/")[2]]
    return ANSWERS[b"empty"]


async def main() -> None:
    """Serve until the end of the process."""
    async with Peer(steps.serving(answer)) as peer:
        print(peer.port, flush=True)  # noqa: T201  # for who started it
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
