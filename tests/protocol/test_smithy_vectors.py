"""Smithy's protocol tests for S3: addresses, keys in paths, unwrapped results and errors.

tests/data/smithy_s3.json holds them as https://github.com/smithy-lang/smithy publishes them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aios3 import operations
from aios3.errors import NoSuchBucket
from aios3.protocol.endpoints import Addressing, bucket_address
from aios3.protocol.http_codec import decode, decode_error, encode
from aios3.protocol.uri import Endpoint

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "smithy_s3.json").read_text())
REQUESTS = {vector["test"]["id"]: vector for vector in VECTORS if vector["kind"] == "request"}
RESPONSES = {vector["test"]["id"]: vector for vector in VECTORS if vector["kind"] == "response"}


def _endpoint(options: Mapping[str, Any], region: str) -> Endpoint:
    """Return AWS's endpoint for a client's options: accelerated buckets have one of no region."""
    accelerated = options.get("use_accelerate_endpoint")
    parts = ["s3-accelerate" if accelerated else "s3"]
    parts += ["dualstack"] if options.get("use_dualstack_endpoint") else []
    parts += [] if accelerated else [region]
    return Endpoint("https", ".".join([*parts, "amazonaws.com"]), 443, "")


def test_all_are_here() -> None:
    assert (len(REQUESTS), len(RESPONSES)) == (11, 2)


@pytest.mark.parametrize("vector", REQUESTS.values(), ids=REQUESTS)
def test_request(vector: dict[str, Any]) -> None:
    test, operation = vector["test"], getattr(operations, vector["target"])
    scoped = test["vendorParams"]["scopedConfig"]
    client = scoped["client"].get("s3", {})
    options = client | scoped.get("operation", {}).get("s3", {})
    addressing: Addressing = options.get("addressing_style", "auto")
    bucket = test["params"]["Bucket"]
    where = bucket_address(_endpoint(options, scoped["client"]["region"]), bucket, addressing)

    made = encode(operation(**{name.lower(): value for name, value in test["params"].items()}), where)

    assert (made.method, made.path, made.headers["host"]) == (test["method"], test["uri"], test["resolvedHost"])
    assert [pair.removesuffix("=") for pair in made.query.split("&") if pair] == test.get("queryParams", [])
    assert made.body == test.get("body", "").encode()


def test_location_is_not_wrapped() -> None:
    test = RESPONSES["GetBucketLocationUnwrappedOutput"]["test"]

    result = decode(operations.GetBucketLocation(bucket="b"), test["code"], {}, test["body"].encode())

    assert result.location_constraint == test["params"]["LocationConstraint"]


def test_error_is_not_wrapped() -> None:
    test = RESPONSES["S3OperationNoErrorWrappingResponse"]["test"]

    error = decode_error(operations.ListObjectsV2(bucket="b"), test["code"], test["headers"], test["body"].encode())

    assert type(error) is NoSuchBucket
    assert error.status == 400
