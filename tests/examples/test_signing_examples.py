"""The examples of what is signed for others, run against a server."""

from tests.examples.test_examples import keys_of, output_of
from tests.servers import Server
from tests.stores import on


@on("presigned")
async def test_presigned(server: Server, bucket: str) -> None:
    out = await output_of("presigned.py", bucket, server.endpoint, environment=keys_of(server))

    assert "stored 19 bytes by a link that ends at " in out
    assert "read: ['day,count', 'monday,3']" in out
    assert f"a form may post to {server.endpoint}/{bucket} with the fields key, x-amz-algorithm, " in out


@on("checksums", "sse-c")
async def test_checked_and_encrypted(server: Server, bucket: str) -> None:
    out = await output_of("checked_and_encrypted.py", bucket, server.endpoint, environment=keys_of(server))

    assert "stored, checked by SHA-256: " in out
    assert "read b'for your eyes only', verified by SHA256" in out
    assert "without the key: " in out
