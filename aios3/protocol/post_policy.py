"""POST policies: what a browser's form may upload, signed beforehand.

In: a key, fields, conditions, an end. Out: the policy's JSON, or all the fields of a form that S3 accepts.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from ..errors import InvalidInput
from .sigv4 import ALGORITHM, Signer
from .uri import encode_key
from .values import NamedTuple

# {"acl": "private"}, ["starts-with", "$Content-Type", "image/"] or ["content-length-range", 1, 10].
Condition: TypeAlias = Mapping[str, str] | Sequence[str | int]

# What the form puts in its place: the name of the file that was chosen.
FILENAME = "${filename}"
_MADE_HERE = frozenset({"key", "bucket", "policy", "file", "x-amz-signature", "x-amz-algorithm", "x-amz-credential"})
_MADE_HERE |= {"x-amz-date", "x-amz-security-token"}


class PresignedPost(NamedTuple):
    """Where a form is sent, and the fields it must have before the one named ``file``; unpacks to the two.

    Its repr leaves the fields out, which hold a signature.
    """

    url: str
    fields: dict[str, str]

    def __repr__(self) -> str:
        return f"<PresignedPost {self.url} with {', '.join(self.fields)}>"


def conditions_of(
    bucket: str,
    key: str,
    fields: Mapping[str, str],
    conditions: Iterable[Condition] = (),
    *,
    min_size: int | None = None,
    max_size: int | None = None,
) -> list[Condition]:
    """Return the conditions of a policy: every field as it is given, and what was asked for beside.

    Args:
        key: May end in ``${filename}``: then the form chooses what stands there.
        fields: Fields that the form will have, with these values.
        min_size, max_size: Bytes that the file may have.
    Raises:
        InvalidInput: what no key can be, a field that only the signer knows, a condition of a form that S3 has not, or
            impossible sizes.
    """
    made: list[Condition] = [{"bucket": bucket}, _key_condition(key), *_field_conditions(fields)]
    if not isinstance(conditions, Iterable):
        raise InvalidInput(f"conditions must be an iterable of conditions, not {type(conditions).__name__}")
    made.extend(map(_checked, conditions))
    if min_size is not None or max_size is not None:
        made.append(_size_condition(min_size, max_size))
    return made


def policy(expires_at: datetime, conditions: Sequence[Condition]) -> str:
    """Return the policy document, JSON."""
    end = expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return json.dumps({"expiration": end, "conditions": [*conditions]}, default=dict)


def sign_policy(document: str, signer: Signer) -> tuple[str, str]:
    """Return the document as the form carries it, base64, and its signature."""
    encoded = b64encode(document.encode()).decode()
    return encoded, signer.signature(encoded)


def post_fields(
    key: str, fields: Mapping[str, str], conditions: Sequence[Condition], signer: Signer, expires_at: datetime
) -> dict[str, str]:
    """Return all fields of the form, signed.

    Args:
        conditions: From conditions_of; the signer's own are added.
    """
    credentials = signer.credentials
    proof = {
        "x-amz-algorithm": ALGORITHM,
        "x-amz-credential": f"{credentials.access_key}/{signer.scope}",
        "x-amz-date": signer.timestamp,
    }
    if credentials.token:
        proof["x-amz-security-token"] = credentials.token
    document = policy(expires_at, [*conditions, *({name: value} for name, value in proof.items())])
    encoded, signed = sign_policy(document, signer)
    return {"key": key, **fields, **proof, "policy": encoded, "x-amz-signature": signed}


def _field_conditions(fields: Mapping[str, str]) -> Iterator[Condition]:
    if not isinstance(fields, Mapping):
        raise InvalidInput(f"fields must be a mapping of str to str, not {type(fields).__name__}")
    for name, value in fields.items():
        if not isinstance(name, str) or name.lower() in _MADE_HERE:
            raise InvalidInput(f"the field {name!r} is made here, or no field's name: it cannot be given")
        if not isinstance(value, str):
            raise InvalidInput(f"the field {name!r} must be a str, not {type(value).__name__}")
        yield {name: value}


def _key_condition(key: str) -> Condition:
    # What no key can be is said now, not when somebody uses the form; an object's name stands for any other.
    encode_key(key if key == FILENAME else key.removesuffix(FILENAME))
    if key.endswith(FILENAME):
        return ["starts-with", "$key", key.removesuffix(FILENAME)]
    return {"key": key}


def _size_condition(least: int | None, most: int | None) -> Condition:
    least = 0 if least is None else least
    # 5 GiB is what a form can upload at most.
    most = 5 * 2**30 if most is None else most
    if type(least) is not int or type(most) is not int or not 0 <= least <= most:
        raise InvalidInput(f"min_size {least!r} and max_size {most!r} must be whole numbers of bytes, in this order")
    return ["content-length-range", least, most]


def _checked(condition: Condition) -> Condition:
    """Refuse what S3 would refuse only when somebody uses the form."""
    if isinstance(condition, Mapping):
        if condition and all(isinstance(value, str) for value in condition.values()):
            return dict(condition)
    elif isinstance(condition, Sequence) and not isinstance(condition, str) and len(condition) == 3:
        kind, first, second = condition
        match = kind in ("eq", "starts-with") and str(first).startswith("$") and isinstance(second, str)
        sizes = kind == "content-length-range" and isinstance(first, int) and isinstance(second, int)
        if match or sizes:
            return [*condition]
    raise InvalidInput(
        f"condition {condition!r} is none that a policy can have: "
        '{"name": "value"}, ["eq" or "starts-with", "$name", "value"] or ["content-length-range", least, most]'
    )
