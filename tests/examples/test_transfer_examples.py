"""examples/transfers.py and examples/bucket_settings.py do what they say."""

import pytest

from examples import bucket_settings
from tests import oracle
from tests.examples.test_reliability_examples import output_of
from tests.servers import Server

SAID = {
    "versioning": "Enabled",
    "lifecycle": "old-logs: 30 days",
    "policy": "Allow ['s3:GetObject']",
    "cors": "['GET', 'PUT'] from https://www.example.com",
    "encryption": "AES256",
    "tagging": "team=moon",
    "website": "index.html",
    "notification": "EventBridge",
    "ownership": "BucketOwnerEnforced",
    "public_access": "public policies blocked: True",
}
# What Ceph 16 does not have, or has for a gateway of its own. moto sends no events.
NOT_CEPH = {"encryption", "notification", "ownership", "website"}


async def test_transfers_go_through(radosgw: Server, bucket_name: str) -> None:
    oracle.make_bucket(radosgw, bucket_name)

    lines = await output_of("transfers.py", radosgw, bucket_name)

    assert [line for line in lines if not line.startswith("one object:  ")] == [
        "sent 13800000 bytes in 3 parts",
        "one object: 27600000 bytes",
        "counted 4000000 lines",
        "large objects: ['large/by hand', 'large/moved', 'large/numbers']",
        "would delete a.txt (5 bytes, not in the source)",
        "would upload b/c.txt (18 bytes, another size)",
        "1 uploaded, 1 deleted",
        "files: ['c.txt', 'd.txt']",
        "3 deleted",
    ]


@pytest.mark.parametrize(
    ("server", "names"),
    [("moto", set(SAID) - {"notification"}), ("ministack", set(SAID)), ("radosgw", set(SAID) - NOT_CEPH)],
    indirect=["server"],
)
async def test_settings_are_read_as_they_were_written(server: Server, names: set[str], bucket_name: str) -> None:
    """With "bucket_settings.py" as a person would run it."""
    oracle.make_bucket(server, bucket_name)

    lines = await output_of("bucket_settings.py", server, bucket_name)

    said = dict(line.split(": ", 1) for line in lines)
    assert list(said) == list(bucket_settings.SETTINGS) == list(SAID)
    assert {name: said[name] for name in names} == {name: SAID[name] for name in names}
