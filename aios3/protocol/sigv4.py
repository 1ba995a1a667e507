"""AWS Signature Version 4 in the Authorization header.

In: method, the path and query exactly as they go on the wire, headers by lower-case name, the hash of the body; and a
Signer, which has the credentials and the time. Out: the three texts of the specification (canonical request, string to
sign, authorization), or the headers that a signed request has.

S3's own rules: the path is encoded once and never normalised, and x-amz-content-sha256 is always sent.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from operator import itemgetter
from typing import TYPE_CHECKING

from ..errors import InvalidInput
from .values import NamedTuple, Value

if TYPE_CHECKING:
    from hashlib import _Hash

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY_SHA256 = sha256(b"").hexdigest()
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
# What the token of temporary credentials is called, and that of a directory bucket's session.
TOKEN = "X-Amz-Security-Token"  # noqa: S105  # the parameter's name
SESSION_TOKEN = "X-Amz-S3session-Token"  # noqa: S105  # as above

# HMAC's pads (RFC 2104) as tables, so that one translate() makes a padded key.
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


class Credentials(Value):
    """The keys that sign requests.

    Args:
        access_key: Names the key; it is sent with every request.
        secret_key: Signs; it is never sent, and never shown by repr.
        token: Session token of temporary credentials.
        expires: When temporary credentials end, aware.
    """

    hidden = frozenset({"secret_key", "token"})

    access_key: str
    secret_key: str
    token: str | None = None
    expires: datetime | None = None

    def __init__(
        self, access_key: str, secret_key: str, token: str | None = None, expires: datetime | None = None
    ) -> None:
        super().__init__(access_key=access_key, secret_key=secret_key, token=token, expires=expires)


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str) -> str:
    """Return the canonical request; every one of *headers* is signed.

    Args:
        path, query: As on the wire, the query already in canonical order (see uri.encode_query).
        headers: Lower-case name -> value; runs of white space count as one space.
    """
    lines, names = _canonical_headers(headers)
    return f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload_hash}"


def digest_of(request: str) -> str:
    """Return the SHA-256 of a canonical *request*, in hex."""
    # What has no UTF-8 form is refused as it is written to the wire, by name; an error here would hold all of it.
    return sha256(request.encode("utf-8", "surrogatepass")).hexdigest()


def credential_scope(day: str, region: str, service: str) -> str:
    """Return the scope that a signature is valid for; *day* is YYYYMMDD."""
    return f"{day}/{region}/{service}/aws4_request"


def own_headers(credentials: Credentials, timestamp: str, region: str, token_name: str) -> dict[str, str]:
    """Return the headers that all requests signed by the same keys at the same time have: date, and token.

    Raises:
        InvalidInput: a header cannot carry the keys or the region, or nothing can be signed with the secret key.
    """
    # An empty token is none: AWS_SESSION_TOKEN="" is common, and a header without a value is refused.
    token = credentials.token or ""
    for what, text in (("access key", credentials.access_key), ("session token", token), ("region", region)):
        if not (text.isascii() and text.isprintable()):
            raise InvalidInput(f"the {what} has characters that no header can carry")
    # Asked, not tried: a UnicodeEncodeError carries the secret with it.
    if any("\ud800" <= character <= "\udfff" for character in credentials.secret_key):
        raise InvalidInput("the secret key has a lone surrogate: it has no UTF-8 form")
    return {"x-amz-date": timestamp, token_name.lower(): token} if token else {"x-amz-date": timestamp}


def wire_lines(headers: Mapping[str, str]) -> str:
    """Return *headers* as lines on the wire."""
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


class Signer:
    """Signs with one pair of keys, as of one time, for one region and service; it serves all requests of a second.

    Args:
        timestamp: Now, as YYYYMMDDTHHMMSSZ in UTC.
        token_name: What temporary credentials are sent as; a directory bucket's session has a name of its own.
    Raises:
        InvalidInput: a header cannot carry the keys or the region, or nothing can be signed with the secret key.
    """

    __slots__ = (
        "_end",
        "_head",
        "_inner",
        "_lines",
        "_names",
        "_outer",
        "_own",
        "_start",
        "credentials",
        "region",
        "scope",
        "timestamp",
        "token_name",
    )

    def __init__(
        self, credentials: Credentials, timestamp: str, region: str, service: str = "s3", token_name: str = TOKEN
    ) -> None:
        self._own = own = own_headers(credentials, timestamp, region, token_name)
        scope, inner, outer = _signing_key(credentials.secret_key, timestamp[:8], region, service)
        self.credentials = credentials
        self.timestamp = timestamp
        self.region = region
        self.scope = scope
        self.token_name = token_name
        self._inner = inner
        self._outer = outer
        self._start = f"{ALGORITHM}\n{timestamp}\n{scope}\n"
        self._head = f"{ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders="
        # What is the same in all requests that have no header but their host, which are most.
        self._lines = wire_lines(own)
        lines, names = _canonical_headers(own)
        self._names = f"host;x-amz-content-sha256;{names}"
        self._end = f"{lines}\n{self._names}\n"

    def sign(self, method: str, path: str, query: str, headers: dict[str, str], payload_hash: str) -> dict[str, str]:
        """Return the headers of the signed request: *headers* with payload hash, date, token and authorization.

        Args:
            headers: Lower-case name -> value, with ``host``; all are signed.
            payload_hash: SHA-256 of the body in hex, or UNSIGNED_PAYLOAD.
        """
        lines = self.proof(method, path, query, headers, payload_hash).split("\r\n")
        return headers | dict([line.split(": ", 1) for line in lines[:-1]])

    def proof(self, method: str, path: str, query: str, headers: dict[str, str], payload_hash: str) -> str:
        """Return what ``sign`` adds, as lines on the wire; arguments as of ``sign``."""
        if len(headers) == 1:
            request = (
                f"{method}\n{path}\n{query}\nhost:{headers['host']}\nx-amz-content-sha256:{payload_hash}\n"
                f"{self._end}{payload_hash}"
            )
            value = f"{self._head}{self._names}, Signature={self.signature(self._start + digest_of(request))}"
        else:
            signed = {**headers, "x-amz-content-sha256": payload_hash, **self._own}
            value = self.authorization(method, path, query, signed, payload_hash)
        return f"x-amz-content-sha256: {payload_hash}\r\n{self._lines}authorization: {value}\r\n"

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str], payload_hash: str) -> str:
        """Return the Authorization header's value for exactly these *headers*; arguments as in sign."""
        lines, names = _canonical_headers(headers)
        request = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload_hash}"
        return f"{self._head}{names}, Signature={self.signature(self.string_to_sign(request))}"

    def string_to_sign(self, request: str) -> str:
        """Return the string to sign for a canonical *request*."""
        return self._start + digest_of(request)

    def signature(self, text: str) -> str:
        """Return the signature of a string to sign, in hex."""
        # HMAC from two kept hash states: hashlib's copy() costs a third of hmac.new(), half of hmac.digest().
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.hexdigest()


def _canonical_headers(headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the header lines of the canonical request, and the list of their names."""
    given = tuple(headers)
    template, values, names = _FORMS.get(given) or _form_of(given)
    lines = template % values(headers)
    # One look at all lines: hardly any value has white space at all, let alone some that must be squeezed.
    if " " in lines or "\t" in lines:
        lines = template % values({name: " ".join(value.split()) for name, value in headers.items()})
    return lines, names


class _Form(NamedTuple):
    """Header lines without their values, in order; *names* is what SignedHeaders says."""

    template: str
    values: Callable[[Mapping[str, str]], object]
    names: str


def _form_of(given: tuple[str, ...]) -> _Form:
    names = sorted(given)
    template = "".join([f"{name.replace('%', '%%')}:%s\n" for name in names])
    form = _Form(template, itemgetter(*names), ";".join(names))
    if len(_FORMS) < _MAX_FORMS:
        _FORMS[given] = form
    return form


# Header names repeat from request to request: their form is found once. Bounded, since metadata names are the user's.
_FORMS: dict[tuple[str, ...], _Form] = {}
_MAX_FORMS = 256


@lru_cache(maxsize=64)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> tuple[str, _Hash, _Hash]:
    """Derive the day's signing key; return its scope, and the two hash states that HMAC with it starts from."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    block = key.ljust(64, b"\0")
    scope = credential_scope(day, region, service)
    return scope, sha256(block.translate(_INNER)), sha256(block.translate(_OUTER))
