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
from aios3.protocol.endpoints import resolve
from aios3.protocol.http_codec import decode, decode_error, encode
from aios3.protocol.places import Options

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "smithy_s3.json").read_text())
REQUESTS = {vector["test"]["id"]: vector for vector in VECTORS if vector["kind"] == "request"}
RESPONSES = {vector["test"]["id"]: vector for vector in VECTORS if vector["kind"] == "response"}


def _options(said: Mapping[str, Any], region: str) -> Options:
    return Options(
        region=region,
        path_style=said.get("addressing_style") == "path",
        dualstack=said.get("use_dualstack_endpoint", False),
        accelerate=said.get("use_accelerate_endpoint", False),
    )


def test_all_are_here() -> None:
    assert (len(REQUESTS), len(RESPONSES)) == (11, 2)


@pytest.mark.parametrize("vector", REQUESTS.values(), ids=REQUESTS)
def test_request(vector: dict[str, Any]) -> None:
    test, operation = vector["test"], getattr(operations, vector["target"])
    scoped = test["vendorParams"]["scopedConfig"]
    client = scoped["client"].get("s3", {})
    said = client | scoped.get("operation", {}).get("s3", {})
    where = resolve(test["params"]["Bucket"], _options(said, scoped["client"]["region"])).address

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
