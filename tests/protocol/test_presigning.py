"""Presigned URLs by AWS's published vectors, and by botocore as oracle."""

import base64
import copy
import json
import pickle
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.utils import percent_encode
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import InvalidInput
from aios3.protocol.presigning import MAX_EXPIRES, PresignedURL, check_expires, presign
from aios3.protocol.sigv4 import SESSION_TOKEN, UNSIGNED_PAYLOAD, Credentials, Signer, canonical_request
from aios3.protocol.uri import encode_key, encode_query
from tests.properties import many_examples
from tests.protocol.test_sigv4 import CASES, DATA, Case, joined, path_of

SUITE = [
    record
    for record in map(json.loads, (DATA / "sigv4_suite.jsonl").read_text("utf-8").splitlines())
    if record["form"] == "query" and record["s3_rules"] and record["sts"].startswith("AWS4-HMAC-SHA256\n")
]
(DOC,) = [
    record for record in json.loads((DATA / "s3_doc_vectors.json").read_text("utf-8")) if record["kind"] == "query"
]


def query_of(record: dict[str, Any]) -> str:
    """Return the query of the suite's raw request, as we encode it."""
    raw = record["target"].partition("?")[2]
    pairs = [pair.partition("=") for pair in raw.split("&")] if raw else []
    return encode_query([(unquote(name), unquote(value)) for name, _, value in pairs])


def credentials_of(context: dict[str, Any]) -> Credentials:
    token = None if context["omit_session_token"] else context["token"]
    return Credentials(context["akid"], context["secret"], token)


def split_proof(query: str) -> tuple[str, str]:
    """Return a signed query without its signature, and that."""
    rest, _, proof = query.partition("&X-Amz-Signature=")
    return rest, proof


# ------------------------------------------------------------------ published vectors
def test_all_published_query_vectors_are_here() -> None:
    assert len(SUITE) == 32


@pytest.mark.parametrize("record", SUITE, ids=[record["id"] for record in SUITE])
def test_suite(record: dict[str, Any]) -> None:
    context = record["context"]
    method, path, headers = record["method"], path_of(record["target"].partition("?")[0]), joined(record["headers"])
    payload_hash = sha256(base64.b64decode(record["body_b64"])).hexdigest()
    signer = Signer(credentials_of(context), context["timestamp"], context["region"], context["service"])

    query, proof = split_proof(
        presign(signer, method, path, query_of(record), headers, context["expires"], payload_hash)
    )
    request = canonical_request(method, path, query, headers, payload_hash)

    assert request == record["creq"]
    assert signer.string_to_sign(request) == record["sts"]
    assert proof == record["signature"]
    signed = record["signed_request"].partition("\n")[0].removesuffix(" HTTP/1.1").partition("?")[2]
    # Where the token is not signed, it is put behind the signature: S3 wants it signed, so we never do that.
    unsigned = {"X-Amz-Security-Token"} if context["omit_session_token"] else set()
    wanted = [pair for pair in parse_qsl(signed, keep_blank_values=True) if pair[0] not in unsigned]
    assert sorted(parse_qsl(f"{query}&X-Amz-Signature={proof}", keep_blank_values=True)) == sorted(wanted)


def test_s3_documentation() -> None:
    signer = Signer(Credentials(DOC["akid"], DOC["secret"]), DOC["timestamp"], DOC["region"])

    query = presign(signer, DOC["method"], DOC["path"], "", {"host": DOC["host"]}, DOC["expires"])

    assert f"https://{DOC['host']}{DOC['path']}?{query}" == DOC["url"]


# ------------------------------------------------------------------ botocore
class Texts(NamedTuple):
    """What two signers must agree on."""

    canonical_request: str
    string_to_sign: str
    parameters: list[tuple[str, str]]


def by_botocore(case: Case, expires: int) -> Texts:
    keys = case.credentials
    signer = botocore.auth.S3SigV4QueryAuth(
        BotocoreCredentials(keys.access_key, keys.secret_key, keys.token), "s3", case.region, expires
    )
    query = "&".join(f"{percent_encode(name)}={percent_encode(value)}" for name, value in case.query)
    request = AWSRequest(
        method=case.method,
        url=f"https://{case.host}/{percent_encode(case.key, safe='/~')}?{query}",
        headers={"host": case.host, **case.headers},
    )
    request.context["timestamp"] = case.now.strftime("%Y%m%dT%H%M%SZ")
    signer._modify_request_before_signing(request)  # type: ignore[attr-defined]  # add_auth takes the time from the clock
    canonical = signer.canonical_request(request)
    text = signer.string_to_sign(request, canonical)
    signer._inject_signature_to_request(request, signer.signature(text, request))  # type: ignore[attr-defined]  # as above
    return Texts(canonical, text, sorted(parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)))


def by_us(case: Case, expires: int) -> Texts:
    signer = Signer(case.credentials, case.now.strftime("%Y%m%dT%H%M%SZ"), case.region)
    path, headers = f"/{encode_key(case.key)}", {"host": case.host, **case.headers}
    signed = presign(signer, case.method, path, encode_query(case.query), headers, expires)
    canonical = canonical_request(case.method, path, split_proof(signed)[0], headers, UNSIGNED_PAYLOAD)
    text = signer.string_to_sign(canonical)
    return Texts(canonical, text, sorted(parse_qsl(signed, keep_blank_values=True)))


# botocore reads the query back from the URL into a dict, and drops Content-Type.
PRESIGNABLE = CASES.map(
    lambda case: case._replace(
        query=list(dict(case.query).items()),
        headers={name: value for name, value in case.headers.items() if name != "content-type"},
    )
).filter(lambda case: case.credentials.token != "")


@many_examples
@given(case=PRESIGNABLE, expires=st.integers(1, MAX_EXPIRES))
def test_presigned_query_is_botocores(case: Case, expires: int) -> None:
    assert by_us(case, expires) == by_botocore(case, expires)


@given(expires=st.integers(1, MAX_EXPIRES))
def test_session_of_a_directory_bucket_is_botocores(expires: int) -> None:
    keys = BotocoreCredentials("AKID", "secret", "to/ken=")
    request = AWSRequest(method="GET", url="https://b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com/k")
    request.context["timestamp"] = "20260102T030405Z"
    make: Any = botocore.auth.S3ExpressQueryAuth  # typed, but not what is asked of it here
    signer = make(keys, "s3express", "us-west-2", identity_cache=None, expires=expires)
    signer._modify_request_before_signing(request)
    proof = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)

    ours = Signer(Credentials("AKID", "secret", "to/ken="), "20260102T030405Z", "us-west-2", "s3express", SESSION_TOKEN)
    host = "b--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com"
    query = presign(ours, "GET", "/k", "", {"host": host}, expires)

    assert split_proof(query)[1] == proof
    assert "&X-Amz-S3session-Token=to%2Fken%3D&" in query


# ------------------------------------------------------------------ the value
def url_with(**changes: Any) -> PresignedURL:
    given: dict[str, Any] = {"timestamp": "20260102T030405Z", "expires_in": 60}
    return PresignedURL("https://h/k?X-Amz-Signature=5e6c4e7", "PUT", {"content-type": "a/b"}, **given | changes)


def test_url_is_a_str_that_knows_its_end() -> None:
    url = url_with()

    assert url == "https://h/k?X-Amz-Signature=5e6c4e7"
    assert (url.method, url.headers) == ("PUT", {"content-type": "a/b"})
    assert url.expires_at == datetime(2026, 1, 2, 3, 5, 5, tzinfo=UTC)


def test_url_ends_with_the_keys_that_signed_it() -> None:
    keys_end = datetime(2026, 1, 2, 3, 4, 30, tzinfo=UTC)

    assert url_with(limit=keys_end).expires_at == keys_end
    assert url_with(expires_in=10, limit=keys_end).expires_at < keys_end


def test_repr_shows_no_signature() -> None:
    shown = repr([url_with()])

    assert shown == "[<PresignedURL PUT https://h/k until 2026-01-02T03:05:05Z>]"


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda url: pickle.loads(pickle.dumps(url))])
def test_url_can_be_copied_and_pickled(again: Any) -> None:
    url = url_with(limit=datetime(2030, 1, 1, tzinfo=UTC))

    other = again(url)

    assert (other, other.method, other.headers, other.expires_at) == (url, url.method, url.headers, url.expires_at)


@pytest.mark.parametrize("expires_in", [0, -1, MAX_EXPIRES + 1, True, 3600.0, "60", None])
def test_expiry_out_of_range_is_refused(expires_in: Any) -> None:
    with pytest.raises(InvalidInput, match="expires_in must be 1 to 604800"):
        check_expires(expires_in)
