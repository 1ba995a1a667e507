"""Signature Version 4 by AWS's published vectors, and by botocore as oracle.

The property test tries a few hundred random requests; for more::

    AIOS3_EXAMPLES=10000 pytest tests/protocol/test_sigv4.py
"""

import base64
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.utils import percent_encode
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import InvalidInput
from aios3.protocol import sigv4a
from aios3.protocol.http1 import request_head
from aios3.protocol.messages import Request, address
from aios3.protocol.sigv4 import EMPTY_SHA256, UNSIGNED_PAYLOAD, Credentials, Signer, canonical_request
from aios3.protocol.uri import encode_key, encode_query
from tests.properties import many_examples

ADDRESS = address("http", "h", 80)
DATA = Path(__file__).parent.parent / "data"
SUITE = [
    record
    for record in map(json.loads, (DATA / "sigv4_suite.jsonl").read_text("utf-8").splitlines())
    if record["form"] == "header" and record["s3_rules"] and record["sts"].startswith("AWS4-HMAC-SHA256\n")
]
DOCS = [
    record for record in json.loads((DATA / "s3_doc_vectors.json").read_text("utf-8")) if record["kind"] == "header"
]

Headers = list[tuple[str, str]] | list[list[str]]


def joined(headers: Headers) -> dict[str, str]:
    """Return *headers* as we hold them: lower-case names, repeated ones joined."""
    found: dict[str, str] = {}
    for name, value in headers:
        lower = name.lower()
        # The suite trims before it joins; we never send a name twice, so there is nothing of ours to compare.
        found[lower] = f"{found[lower].strip()},{value.strip()}" if lower in found else value
    return found


def authorization_in(signed_request: str) -> str:
    """Return the header as aws-c-auth's records have it: in the whole request."""
    found = re.search(r"^Authorization:(.*)$", signed_request, re.MULTILINE)
    assert found is not None
    return found[1]


def path_of(raw: str) -> str:
    return "/" if raw == "/" else f"/{encode_key(raw[1:])}"


# ------------------------------------------------------------------ published vectors
def test_all_published_header_vectors_are_here() -> None:
    assert (len(SUITE), len(DOCS)) == (60, 6)
    assert {record["source"] for record in SUITE} == {"botocore", "c-auth-v4"}


@pytest.mark.parametrize("record", SUITE, ids=[f"{record['source']}/{record['id']}" for record in SUITE])
def test_suite(record: dict[str, Any]) -> None:
    context = record["context"]
    raw_path, _, raw_query = record["target"].partition("?")
    pairs = [pair.partition("=") for pair in raw_query.split("&")] if raw_query else []
    query = encode_query([(unquote(name), unquote(value)) for name, _, value in pairs])
    payload_hash = sha256(base64.b64decode(record["body_b64"])).hexdigest()
    headers = {**joined(record["headers"]), "x-amz-date": context["timestamp"]}
    if context["token"] and not context["omit_session_token"]:
        headers["x-amz-security-token"] = context["token"]
    if context["sign_body"]:
        headers["x-amz-content-sha256"] = payload_hash
    credentials = Credentials(context["akid"], context["secret"], context["token"])
    signer = Signer(credentials, context["timestamp"], context["region"], context["service"])

    request = canonical_request(record["method"], path_of(raw_path), query, headers, payload_hash)
    text = signer.string_to_sign(request)
    value = signer.authorization(record["method"], path_of(raw_path), query, headers, payload_hash)

    assert request == record["creq"]
    assert text == record["sts"]
    assert signer.signature(text) == record["signature"]
    assert value == (record.get("authorization") or authorization_in(record["signed_request"]))


@pytest.mark.parametrize("record", DOCS, ids=[record["id"] for record in DOCS])
def test_s3_documentation(record: dict[str, Any]) -> None:
    headers = joined(record["headers"])
    query = encode_query([(name, value) for name, value in record["query"]])
    signer = Signer(Credentials(record["akid"], record["secret"]), record["timestamp"], record["region"])
    given_hash = record["payload_hash"]

    request = canonical_request(record["method"], record["path"], query, headers, given_hash)
    text = signer.string_to_sign(request)
    # sign() adds these two itself.
    bare = {name: value for name, value in headers.items() if name not in ("x-amz-date", "x-amz-content-sha256")}
    signed = signer.sign(record["method"], record["path"], query, bare, given_hash)

    assert request == record["creq"]
    assert text == record["sts"]
    assert signer.signature(text) == record["signature"]
    # The documentation writes the commas without spaces; the suite, and every SDK, with.
    assert signed["authorization"].replace(", ", ",") == record["authorization"]
    assert {name: value for name, value in signed.items() if name != "authorization"} == headers
    body = record["body_b64"]
    assert body is None or sha256(base64.b64decode(body)).hexdigest() == given_hash


# ------------------------------------------------------------------ botocore
class Case(NamedTuple):
    """A request before it is encoded or signed."""

    method: str
    host: str
    key: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    unsigned: bool
    credentials: Credentials
    region: str
    now: datetime


ODD = st.sampled_from(
    [" ", "  ", "/", "//", ".", "..", "%", "%2F", "+", "&", "=", "?", "#", "~", "é", "😀", "\n", "\0", "'"]
)
KEYS = st.one_of(
    st.text(min_size=1, max_size=40), st.lists(st.one_of(ODD, st.text(max_size=5)), min_size=1).map("".join)
).filter(bool)
# What request_head lets out: ASCII, with runs of spaces and tabs anywhere.
VALUES = st.one_of(
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    st.lists(st.sampled_from([" ", "  ", "\t", " \t ", "a", "b,c", '"d  e"', ":", ": "]), max_size=8).map("".join),
)
NAMES = st.one_of(
    st.sampled_from(
        ["content-type", "content-md5", "if-match", "range", "cache-control", "x-amz-acl", "x-amz-copy-source"]
    ),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.!~", min_size=1, max_size=12).map("x-amz-meta-{}".format),
)
CREDENTIALS = st.builds(
    Credentials,
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20),
    st.text(min_size=1, max_size=80),
    st.one_of(st.none(), st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)),
)
CASES = st.builds(
    Case,
    method=st.sampled_from(["GET", "PUT", "HEAD", "POST", "DELETE"]),
    host=st.sampled_from(["b.s3.amazonaws.com", "localhost:9000", "[::1]:9000", "127.0.0.1"]),
    key=KEYS,
    query=st.lists(st.tuples(st.one_of(ODD, st.text(max_size=6)), st.one_of(ODD, st.text(max_size=9))), max_size=5),
    headers=st.dictionaries(NAMES, VALUES, max_size=5),
    body=st.binary(max_size=20),
    unsigned=st.booleans(),
    credentials=CREDENTIALS,
    region=st.one_of(
        st.sampled_from(["us-east-1", "auto"]), st.text("abcdefghijklmnopqrstuvwxyz-0123456789", min_size=1)
    ),
    now=st.datetimes(datetime(1970, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC)),
)


class Texts(NamedTuple):
    """What two signers must agree on."""

    canonical_request: str
    string_to_sign: str
    signature: str
    headers: dict[str, str]


def by_botocore(case: Case) -> Texts:
    keys = case.credentials
    signer = botocore.auth.S3SigV4Auth(
        BotocoreCredentials(keys.access_key, keys.secret_key, keys.token), "s3", case.region
    )
    # botocore encodes the query from the pairs, and the key with its own function: nothing of ours is in this.
    request = AWSRequest(
        method=case.method,
        url=f"https://{case.host}/{percent_encode(case.key, safe='/~')}",
        headers={"host": case.host, **case.headers},
        data=case.body,
        params=case.query,  # type: ignore[arg-type]  # the stubs know only mappings; pairs may repeat a name
    )
    request.context["timestamp"] = case.now.strftime("%Y%m%dT%H%M%SZ")
    request.context["client_config"] = Config(s3={"payload_signing_enabled": not case.unsigned})
    signer._modify_request_before_signing(request)  # type: ignore[attr-defined]  # add_auth takes the time from the clock
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    proof = signer.signature(text, request)
    signer._inject_signature_to_request(request, proof)  # type: ignore[attr-defined]  # as above
    return Texts(canonical, text, proof, {name.lower(): value for name, value in request.headers.items()})


def by_us(case: Case) -> Texts:
    signer = Signer(case.credentials, case.now.strftime("%Y%m%dT%H%M%SZ"), case.region)
    payload_hash = UNSIGNED_PAYLOAD if case.unsigned else sha256(case.body).hexdigest()
    path, query = f"/{encode_key(case.key)}", encode_query(case.query)
    signed = signer.sign(case.method, path, query, {"host": case.host, **case.headers}, payload_hash)
    headers = {name: value for name, value in signed.items() if name != "authorization"}
    canonical = canonical_request(case.method, path, query, headers, payload_hash)
    text = signer.string_to_sign(canonical)
    return Texts(canonical, text, signer.signature(text), signed)


@many_examples
@given(case=CASES)
def test_signature_is_botocores(case: Case) -> None:
    """Random methods, keys, queries, headers, tokens, regions and dates; ``AIOS3_EXAMPLES`` says how many."""
    assert by_us(case) == by_botocore(case)


# ------------------------------------------------------------------ sign
KEYS_OF_A_ROLE = Credentials("AKIDEXAMPLE", "hunter2-secret", "hunter2-token", datetime(2030, 1, 1, tzinfo=UTC))


def signed_with(credentials: Credentials, headers: dict[str, str]) -> dict[str, str]:
    return Signer(credentials, "20150830T123600Z", "us-east-1").sign("GET", "/", "", headers, EMPTY_SHA256)


def test_sign_returns_new_headers() -> None:
    headers = {"host": "h"}

    signed = signed_with(KEYS_OF_A_ROLE, headers)

    assert headers == {"host": "h"}
    assert list(signed) == ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token", "authorization"]
    assert signed["x-amz-security-token"] == "hunter2-token"
    assert signed["authorization"].startswith(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, Signature="
    )


@pytest.mark.parametrize("token", [None, ""])
def test_an_empty_token_is_not_sent(token: str | None) -> None:
    assert "x-amz-security-token" not in signed_with(replace(KEYS_OF_A_ROLE, token=token), {"host": "h"})


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\r\nx-evil: 1", "é", "\u2028", "\x7f", "\t", "\ud800"])
@pytest.mark.parametrize("where", ["access key", "session token", "region"])
@pytest.mark.parametrize("signer", [Signer, sigv4a.Signer])
def test_keys_that_no_header_can_carry_are_refused_and_never_shown(
    signer: type[Signer | sigv4a.Signer], where: str, bad: str
) -> None:
    given = dict.fromkeys(("access key", "session token", "region"), "x") | {where: f"hunter2{bad}hunter2"}
    keys = Credentials(given["access key"], "s", given["session token"])

    with pytest.raises(InvalidInput, match=where) as raised:
        signer(keys, "20150830T123600Z", given["region"])

    assert "hunter2" not in str(raised.value)
    assert raised.value.__context__ is None


@many_examples
@given(case=CASES)
def test_what_is_signed_is_what_goes_on_the_wire(case: Case) -> None:
    signer = Signer(case.credentials, case.now.strftime("%Y%m%dT%H%M%SZ"), case.region)
    path, query, headers = f"/{encode_key(case.key)}", encode_query(case.query), {"host": case.host, **case.headers}

    proof = signer.proof(case.method, path, query, headers, EMPTY_SHA256)
    head = request_head(Request(case.method, ADDRESS, path, query, headers, case.body), proof)

    start, *lines = head.decode("ascii").removesuffix("\r\n").split("\r\n")
    length = {"content-length": str(len(case.body))} if case.body or case.method in ("PUT", "POST") else {}
    assert start == f"{case.method} {path}{'?' * bool(query)}{query} HTTP/1.1"
    sent = dict([line.split(": ", 1) for line in lines])
    assert sent == signer.sign(case.method, path, query, headers, EMPTY_SHA256) | length
    assert len(sent) == len(lines)


def test_the_order_of_headers_does_not_matter() -> None:
    one = signed_with(KEYS_OF_A_ROLE, {"host": "h", "a": "1", "b": "2"})
    other = signed_with(KEYS_OF_A_ROLE, {"b": "2", "host": "h", "a": "1"})

    assert one["authorization"] == other["authorization"]


def test_signatures_stay_right_when_what_is_kept_runs_over() -> None:
    """More header names and keys than are remembered."""
    first = signed_with(KEYS_OF_A_ROLE, {"host": "h"})
    for number in range(600):
        signed_with(Credentials("a", f"secret{number}"), {"host": "h", f"x-amz-meta-{number}": "x"})

    late = signed_with(KEYS_OF_A_ROLE, {"x-amz-meta-late": "b", "host": "h"})

    assert signed_with(KEYS_OF_A_ROLE, {"host": "h"}) == first
    assert "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-meta-late;" in late["authorization"]


def test_repr_of_credentials_shows_no_secret() -> None:
    for shown in (repr(KEYS_OF_A_ROLE), str(KEYS_OF_A_ROLE), f"{KEYS_OF_A_ROLE}", repr([KEYS_OF_A_ROLE])):
        assert "AKIDEXAMPLE" in shown
        assert "hunter2" not in shown
