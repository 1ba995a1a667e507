"""Dialects: which host speaks which, and what a record of one's own may say."""

import copy
import inspect
import pickle
import re
from dataclasses import FrozenInstanceError, fields, replace
from pathlib import Path
from typing import Any

import pytest

from aios3.errors import InvalidInput
from aios3.protocol.dialects import AWS, DIALECTS, GENERIC, Dialect, dialect_of, named_dialect
from aios3.protocol.uri import parse_endpoint

# The switches that every store may set, whether one does or not.
SWITCHES = {
    *("addressing", "list_version", "list_url_encode", "request_checksum", "response_checksum", "delete_integrity"),
    *("bulk_delete", "payload_signing", "chunked_framing", "etag_md5", "equal_parts", "min_part", "max_parts"),
    *("multipart_copy", "sign_region", "post_policy", "tagging_header", "uploads_url_encode"),
}


def test_every_switch_is_a_documented_field() -> None:
    names = {field.name for field in fields(Dialect)}

    assert names == SWITCHES | {"name", "hosts"}
    # Python 3.13 takes the indentation out by itself.
    assert all(f"\n    {name}: " in (inspect.getdoc(Dialect) or "") for name in names)


def test_every_switch_is_tested_on_the_wire() -> None:
    tests = Path(__file__).parents[1]
    text = "".join((tests / name).read_text() for name in ("test_dialects.py", "transfers/test_dialects.py"))

    assert {switch for switch in SWITCHES if not re.search(rf"def test_{switch}(?:_\w+)?\(", text)} == set()


@pytest.mark.parametrize(
    ("host", "name", "region"),
    [
        ("s3.eu-west-1.amazonaws.com", "aws", None),
        ("s3.cn-north-1.amazonaws.com.cn", "aws", None),
        ("bucket.vpce-1a2b-3c4d.s3.us-west-2.vpce.amazonaws.com", "aws", None),
        ("account.r2.cloudflarestorage.com", "r2", "auto"),
        ("account.eu.r2.cloudflarestorage.com", "r2", "auto"),
        ("s3.us-west-004.backblazeb2.com", "b2", "us-west-004"),
        ("storage.googleapis.com", "gcs", "auto"),
        ("s3.eu-central-1.wasabisys.com", "wasabi", "eu-central-1"),
        ("s3.wasabisys.com", "wasabi", None),
        ("s3.gra.io.cloud.ovh.net", "ovh", "gra"),
        ("fsn1.your-objectstorage.com", "hetzner", "fsn1"),
        ("tenant.compat.objectstorage.eu-frankfurt-1.oraclecloud.com", "oracle", "eu-frankfurt-1"),
        ("s3.pub1.infomaniak.cloud", "infomaniak", None),
        ("gateway.storjshare.io", "storj", None),
        ("gateway.eu1.storjshare.io", "storj", None),
        ("oss-cn-hangzhou.aliyuncs.com", "oss", "cn-hangzhou"),
        ("s3.oss-cn-hangzhou.aliyuncs.com", "oss", "cn-hangzhou"),
        ("nyc3.digitaloceanspaces.com", "digitalocean", "nyc3"),
        ("s3.cn-east-1.qiniucs.com", "qiniu", "cn-east-1"),
        ("obs.cn-north-4.myhuaweicloud.com", "huawei", "cn-north-4"),
        ("cos.ap-guangzhou.myqcloud.com", "tencent", "ap-guangzhou"),
        ("nos-eastchina1.126.net", "netease", None),
        ("s3.fr-par.scw.cloud", "scaleway", "fr-par"),
        ("fly.storage.tigris.dev", "tigris", "auto"),
        ("play.min.io", "minio", None),
        ("localhost", "generic", None),
        ("127.0.0.1", "generic", None),
        ("s3.example.com", "generic", None),
        # Like one, and none
        ("s3.a.b.backblazeb2.com", "generic", None),
        ("s3..backblazeb2.com", "generic", None),
        ("evilr2.cloudflarestorage.com", "generic", None),
        ("account.r2.cloudflarestorage.com.evil.example", "generic", None),
        ("storage.googleapis.com.evil.example", "generic", None),
        ("a.b.digitaloceanspaces.com", "generic", None),
    ],
)
def test_a_store_is_known_by_its_host(host: str, name: str, region: str | None) -> None:
    try:
        endpoint = parse_endpoint(host)
    except InvalidInput:
        return  # it cannot even be given
    found = dialect_of(endpoint)

    assert (found.name, found.sign_region) == (name, region)
    assert replace(found, sign_region=DIALECTS[name].sign_region) == DIALECTS[name]


def test_no_endpoint_is_aws() -> None:
    assert dialect_of(None) is AWS


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_has_its_name(name: str) -> None:
    assert named_dialect(name).name == name


@pytest.mark.parametrize("name", ["AWS", "", "s3", None, 5, ["aws"]])
def test_a_dialect_that_is_none_is_refused_with_those_that_are(name: Any) -> None:
    with pytest.raises(InvalidInput, match=r"dialect must be 'auto', a Dialect, or one of aws, b2, .*, not"):
        named_dialect(name)


# What BEHAVIOURS of the stores come down to: the switches in which each is not like any other store.
PECULIAR: dict[str, dict[str, Any]] = {
    "b2": {"request_checksum": "never"},
    "digitalocean": {"list_url_encode": False},
    "garage": {"sign_region": "garage"},
    "gcs": {"sign_region": "auto", "multipart_copy": False},
    "huawei": {"list_version": 1, "list_url_encode": False},
    "ministack": {"chunked_framing": True},
    "netease": {"list_version": 1},
    "oss": {"addressing": "virtual", "etag_md5": False},
    "qiniu": {"list_url_encode": False},
    "r2": {"sign_region": "auto", "etag_md5": False, "equal_parts": True, "post_policy": False},
    "rclone": {"etag_md5": False},
    "scaleway": {"max_parts": 1000},
    "tencent": {"list_version": 1},
    "tigris": {"sign_region": "auto"},
    "aws": {
        "addressing": "virtual",
        "payload_signing": "streaming",
        "chunked_framing": True,
        "request_checksum": "always",
        "response_checksum": True,
        "delete_integrity": "crc32",
        "tagging_header": True,
        "uploads_url_encode": True,
    },
}


@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_peculiar_to_a_store(name: str) -> None:
    dialect = DIALECTS[name]

    assert dialect == replace(GENERIC, name=name, hosts=dialect.hosts, **PECULIAR.get(name, {}))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"addressing": "host"}, r"Dialect: addressing must be one of \('virtual', 'path'\), not 'host'"),
        ({"list_version": 3}, "list_version"),
        ({"delete_integrity": "sha1"}, "delete_integrity"),
        ({"payload_signing": True}, "payload_signing"),
        ({"request_checksum": False}, "request_checksum"),
        ({"min_part": 0}, "min_part must be at least 1"),
        ({"max_parts": -1}, "max_parts must be at least 1"),
    ],
)
def test_a_record_of_ones_own_is_checked(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Dialect(**values)
    with pytest.raises(InvalidInput, match=message):
        replace(AWS, **values)


def test_a_record_is_a_value() -> None:
    with pytest.raises(FrozenInstanceError):
        AWS.name = "mine"  # type: ignore[misc]  # that is the point
    assert pickle.loads(pickle.dumps(AWS)) == copy.deepcopy(AWS) == AWS
    assert len({AWS, GENERIC, replace(AWS)}) == 2
