"""POST policies by AWS's published example, and botocore as oracle."""

import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoreCredentials
from hypothesis import given
from hypothesis import strategies as st

from aios3.errors import InvalidInput
from aios3.protocol.post_policy import PresignedPost, conditions_of, post_fields, sign_policy
from aios3.protocol.sigv4 import Credentials, Signer
from tests.properties import many_examples
from tests.protocol.test_sigv4 import CREDENTIALS, DATA

(DOC,) = [
    record for record in json.loads((DATA / "s3_doc_vectors.json").read_text("utf-8")) if record["kind"] == "post"
]
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TIMESTAMP = "20260102T030405Z"


def test_s3_documentation() -> None:
    keys = Credentials("AKIAIOSFODNN7EXAMPLE", DOC["secret"])
    encoded, proof = sign_policy(DOC["policy"], Signer(keys, DOC["timestamp"], DOC["region"]))

    assert encoded == DOC["policy_b64"] == DOC["string_to_sign"]
    assert proof == DOC["signature"]


NAMES = st.sampled_from(["acl", "Content-Type", "x-amz-meta-a", "success_action_status", "tagging", "Cache-Control"])


@many_examples
@given(
    credentials=CREDENTIALS.filter(lambda keys: keys.token != ""),
    key=st.text(min_size=1, max_size=20),
    fields=st.dictionaries(NAMES, st.text(max_size=20), max_size=4),
)
def test_form_is_botocores(credentials: Credentials, key: str, fields: dict[str, str]) -> None:
    conditions = conditions_of("bucket", key, fields, [["starts-with", "$x-amz-meta-b", ""]], max_size=9)
    expires_at = NOW + timedelta(seconds=60)
    request = AWSRequest(method="POST", url="https://h/bucket")
    request.context["timestamp"] = TIMESTAMP
    keys = BotocoreCredentials(credentials.access_key, credentials.secret_key, credentials.token)

    # Its add_auth takes the time from the clock; its parts can be asked one by one.
    signer = botocore.auth.S3SigV4PostAuth(keys, "s3", "us-east-1")
    ours = post_fields(key, fields, conditions, Signer(credentials, TIMESTAMP, "us-east-1"), expires_at)
    proof = signer.signature(ours["policy"], request)

    assert ours["x-amz-signature"] == proof
    assert ours["x-amz-credential"] == signer.scope(request)
    document = json.loads(b64decode(ours["policy"]))
    assert document["expiration"] == "2026-01-02T03:05:05.000Z"
    assert document["conditions"][: len(conditions)] == conditions
    # Every field of the form must be allowed by the policy.
    allowed = {name for condition in document["conditions"] if isinstance(condition, dict) for name in condition}
    assert set(ours) - {"key", "policy", "x-amz-signature"} == allowed - {"key", "bucket"}


def test_conditions_say_what_was_asked() -> None:
    made = conditions_of(
        "b", "in/${filename}", {"acl": "private"}, [{"tagging": "t"}, ("eq", "$x", "y")], min_size=1, max_size=10
    )

    assert made == [
        {"bucket": "b"},
        ["starts-with", "$key", "in/"],
        {"acl": "private"},
        {"tagging": "t"},
        ["eq", "$x", "y"],
        ["content-length-range", 1, 10],
    ]


BAD: list[tuple[dict[str, Any], str]] = [
    ({"fields": {"X-Amz-Date": "now"}}, "made here"),
    ({"fields": {"policy": "p"}}, "made here"),
    ({"fields": {"acl": 1}}, "must be a str"),
    ({"fields": 5}, "fields must be a mapping of str to str, not int"),
    ({"fields": {5: "x"}}, "the field 5 is made here, or no field's name"),
    ({"conditions": 5}, "conditions must be an iterable of conditions, not int"),
    ({"conditions": [5]}, "condition 5 is none that a policy can have"),
    ({"conditions": ["acl"]}, "none that a policy can have"),
    ({"conditions": [["like", "$acl", "x"]]}, "none that a policy can have"),
    ({"conditions": [["eq", "acl", "x"]]}, "none that a policy can have"),
    ({"conditions": [{}]}, "none that a policy can have"),
    ({"conditions": [["content-length-range", "1", "2"]]}, "none that a policy can have"),
    ({"min_size": 2, "max_size": 1}, "in this order"),
    ({"min_size": -1}, "in this order"),
    ({"max_size": 1.5}, "in this order"),
    ({"key": ""}, "key is empty"),
    ({"key": "k" * 1025}, "is 1025 bytes of UTF-8"),
    ({"key": "\ud800"}, "has a lone surrogate at index 0"),
]


@pytest.mark.parametrize(("changes", "words"), BAD, ids=[str(changes) for changes, _ in BAD])
def test_what_s3_would_refuse_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        conditions_of("b", **{"key": "k", "fields": {}} | changes)


@pytest.mark.parametrize("key", ["${filename}", "k" * 1024 + "${filename}"], ids=len)
def test_place_of_a_files_name_is_no_part_of_the_key(key: str) -> None:
    assert conditions_of("b", key, {})[1] == ["starts-with", "$key", key.removesuffix("${filename}")]


def test_post_unpacks_and_its_repr_shows_no_signature() -> None:
    post = PresignedPost("https://h/b", {"key": "k", "x-amz-signature": "5e6c4e7"})

    url, fields = post

    assert (url, fields["key"]) == ("https://h/b", "k")
    assert repr(post) == "<PresignedPost https://h/b with key, x-amz-signature>"
