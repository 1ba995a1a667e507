"""SigV4A by AWS's published vectors, and awscrt as oracle: signatures are random, so they are verified, not compared."""

import base64
import importlib
import json
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import InvalidInput
from aios3.protocol import sigv4a
from aios3.protocol.sigv4 import UNSIGNED_PAYLOAD, Credentials, canonical_request
from aios3.protocol.uri import encode_key, encode_query
from tests.properties import many_examples
from tests.protocol.test_presigning import credentials_of, query_of, split_proof
from tests.protocol.test_sigv4 import CASES, DATA, Case, joined, path_of

auth = pytest.importorskip("awscrt.auth")
http = importlib.import_module("awscrt.http")

SUITE = [
    record
    for record in map(json.loads, (DATA / "sigv4_suite.jsonl").read_text("utf-8").splitlines())
    if record["s3_rules"] and record["sts"].startswith(sigv4a.ALGORITHM)
]


def verify(signature: str, text: str, x: int, y: int) -> None:
    """Raise InvalidSignature unless the key with this public point has signed *text*."""
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    key.verify(bytes.fromhex(signature), text.encode(), ec.ECDSA(SHA256()))


def point_of(access_key: str, secret_key: str) -> tuple[int, int]:
    numbers = ec.derive_private_key(sigv4a.private_key(access_key, secret_key), ec.SECP256R1()).public_key()
    public = numbers.public_numbers()
    return public.x, public.y


def published_point(record: dict[str, Any]) -> tuple[int, int]:
    return int(record["public_key"]["X"], 16), int(record["public_key"]["Y"], 16)


# ------------------------------------------------------------------ published vectors
def test_all_published_vectors_are_here() -> None:
    assert sorted(record["form"] for record in SUITE) == ["header"] * 32 + ["query"] * 32


@pytest.mark.parametrize("record", SUITE, ids=[f"{record['form']}/{record['id']}" for record in SUITE])
def test_suite(record: dict[str, Any]) -> None:
    context = record["context"]
    credentials, timestamp = credentials_of(context), context["timestamp"]
    signer = sigv4a.Signer(credentials, timestamp, context["region"], context["service"])
    path, query, headers = path_of(record["target"].partition("?")[0]), query_of(record), joined(record["headers"])
    payload_hash = sha256(base64.b64decode(record["body_b64"])).hexdigest()

    if record["form"] == "query":
        signed = sigv4a.presign(signer, record["method"], path, query, headers, context["expires"], payload_hash)
        query, proof = split_proof(signed)
    else:
        headers |= {"x-amz-date": timestamp, "x-amz-region-set": context["region"]}
        headers |= {"x-amz-security-token": credentials.token} if credentials.token else {}
        headers |= {"x-amz-content-sha256": payload_hash} if context["sign_body"] else {}
        value = signer.authorization(record["method"], path, query, headers, payload_hash)
        head, _, proof = value.partition(", Signature=")
        assert f"Authorization:{head}, Signature=" in record["signed_request"]
    request = canonical_request(record["method"], path, query, headers, payload_hash)
    text = signer.string_to_sign(request)

    assert request == record["creq"]
    assert text == record["sts"]
    assert point_of(credentials.access_key, credentials.secret_key) == published_point(record)
    verify(proof, text, *published_point(record))
    verify(record["signature"], text, *published_point(record))


# ------------------------------------------------------------------ awscrt
def crt_signed(case: Case, region_set: str, query: str, *, in_query: bool) -> Any:
    """Return the request as awscrt signs it."""
    keys = case.credentials
    kind = auth.AwsSignatureType
    config = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4_ASYMMETRIC,
        signature_type=kind.HTTP_REQUEST_QUERY_PARAMS if in_query else kind.HTTP_REQUEST_HEADERS,
        credentials_provider=auth.AwsCredentialsProvider.new_static(keys.access_key, keys.secret_key, keys.token),
        region=region_set,
        service="s3",
        date=case.now,
        use_double_uri_encode=False,
        should_normalize_uri_path=False,
        signed_body_value=UNSIGNED_PAYLOAD,
        signed_body_header_type=auth.AwsSignedBodyHeaderType.NONE
        if in_query
        else auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
        expiration_in_seconds=600 if in_query else None,
    )
    path = f"/{encode_key(case.key)}"
    request = http.HttpRequest(
        case.method,
        f"{path}?{query}" if query else path,
        http.HttpHeaders([("host", case.host), *case.headers.items()]),
    )
    return auth.aws_sign_request(request, config).result(10)


# awscrt trims and squeezes white space by rules of its own; and takes no odd characters in keys and queries as they are.
PLAIN = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#&="), min_size=1, max_size=9)
PLAIN_CASES = CASES.map(
    lambda case: case._replace(
        headers={name: "v" + "".join(value.split()) for name, value in case.headers.items()},
        credentials=Credentials(
            case.credentials.access_key, case.credentials.secret_key.replace("\0", "_"), case.credentials.token or None
        ),
        now=case.now.replace(microsecond=0),
    )
).filter(lambda case: case.credentials.secret_key.isascii() and case.now.year < 2100)


@many_examples
@given(case=PLAIN_CASES, region_set=st.sampled_from(["*", "us-east-1", "us-*", "eu-west-1,eu-west-2"]))
def test_headers_that_awscrt_signs_are_those_we_sign(case: Case, region_set: str) -> None:
    """Its signature over its own texts must hold for ours."""
    signer = sigv4a.Signer(case.credentials, case.now.strftime("%Y%m%dT%H%M%SZ"), region_set)
    path, query = f"/{encode_key(case.key)}", encode_query(case.query)

    theirs = crt_signed(case, region_set, query, in_query=False)
    ours = signer.sign(case.method, path, query, {"host": case.host, **case.headers}, UNSIGNED_PAYLOAD)

    found = {name.lower(): value for name, value in theirs.headers}
    head, _, proof = found.pop("authorization").partition(", Signature=")
    our_head, _, our_proof = ours.pop("authorization").partition(", Signature=")
    assert found == ours
    assert head == our_head
    request = canonical_request(case.method, path, query, ours, UNSIGNED_PAYLOAD)
    text = signer.string_to_sign(request)
    point = point_of(case.credentials.access_key, case.credentials.secret_key)
    verify(proof, text, *point)
    verify(our_proof, text, *point)


@many_examples
@given(case=PLAIN_CASES, region_set=st.sampled_from(["*", "us-east-1", "us-*"]))
def test_url_that_awscrt_signs_is_the_one_we_sign(case: Case, region_set: str) -> None:
    signer = sigv4a.Signer(case.credentials, case.now.strftime("%Y%m%dT%H%M%SZ"), region_set)
    path, query = f"/{encode_key(case.key)}", encode_query(case.query)
    headers = {"host": case.host, **case.headers}

    theirs = crt_signed(case, region_set, query, in_query=True)
    signed = sigv4a.presign(signer, case.method, path, query, headers, 600)

    unsigned, our_proof = split_proof(signed)
    found = parse_qsl(urlsplit(theirs.path).query, keep_blank_values=True)
    (proof,) = [value for name, value in found if name == "X-Amz-Signature"]
    others = [pair for pair in found if pair[0] != "X-Amz-Signature"]
    assert sorted(others) == sorted(parse_qsl(unsigned, keep_blank_values=True))
    request = canonical_request(case.method, path, unsigned, headers, UNSIGNED_PAYLOAD)
    text = signer.string_to_sign(request)
    point = point_of(case.credentials.access_key, case.credentials.secret_key)
    verify(proof, text, *point)
    verify(our_proof, text, *point)


# ------------------------------------------------------------------ ours
def test_another_text_is_not_what_was_signed() -> None:
    proof = sigv4a.Signer(Credentials("AKID", "secret"), "20260102T030405Z", "*").signature("text")

    verify(proof, "text", *point_of("AKID", "secret"))
    with pytest.raises(InvalidSignature):
        verify(proof, "other text", *point_of("AKID", "secret"))
    with pytest.raises(InvalidSignature):
        verify(proof, "text", *point_of("AKID", "other secret"))


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str, *arguments: Any) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(sigv4a, "import_module", refuse)

    with pytest.raises(InvalidInput, match=r"aio-s3\[crt\]"):
        sigv4a.Signer(Credentials("AKID", "a secret of no other test"), "20260102T030405Z", "*").signature("text")
