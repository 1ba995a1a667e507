"""AWS Signature Version 4 in the query: a URL that carries its own permission.

In: what a request to sign has, and how long it may be sent. Out: the query, signature last, whose text is exactly
what is to be sent. Nothing here looks at a clock.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Self
from urllib.parse import quote

from ..errors import InvalidInput
from .sigv4 import (
    ALGORITHM,
    UNSIGNED_PAYLOAD,
    Credentials,
    canonical_request,
    credential_scope,
    signature,
    string_to_sign,
)

# Seven days: the longest that S3 accepts.
MAX_EXPIRES = 7 * 24 * 3600
TOKEN = "X-Amz-Security-Token"  # noqa: S105  # the parameter's name
SESSION_TOKEN = "X-Amz-S3session-Token"  # noqa: S105  # as above, for directory buckets
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class PresignedURL(str):
    """A URL that whoever has it can send, until it expires. A str; its repr leaves the signature out."""

    __slots__ = ("_about",)
    _about: tuple[str, Mapping[str, str], str, int, datetime | None]

    def __new__(
        cls,
        url: str,
        method: str,
        headers: Mapping[str, str] = NO_HEADERS,
        *,
        timestamp: str,
        expires_in: int,
        limit: datetime | None = None,
    ) -> Self:
        """Make one; it ends *expires_in* seconds after *timestamp*, and not after *limit*."""
        made = super().__new__(cls, url)
        made._about = method, headers, timestamp, expires_in, limit
        return made

    @property
    def method(self) -> str:
        """The method it is signed for."""
        return self._about[0]

    @property
    def headers(self) -> Mapping[str, str]:
        """What must be sent with it, exactly so, beside Host; names in lower case."""
        return self._about[1]

    @property
    def expires_at(self) -> datetime:
        """When it stops working, aware: with the keys that signed it, if they end sooner."""
        _, _, timestamp, seconds, limit = self._about
        end = read_timestamp(timestamp) + timedelta(seconds=seconds)
        return end if limit is None else min(end, limit)

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        method, headers, timestamp, expires_in, limit = self._about
        given = (str(self), method, dict(headers))
        return given, {"timestamp": timestamp, "expires_in": expires_in, "limit": limit}

    def __getstate__(self) -> None:
        """Nothing beside what it is made from."""

    def __repr__(self) -> str:
        return f"<PresignedURL {self.method} {self.partition('?')[0]} until {self.expires_at:%Y-%m-%dT%H:%M:%SZ}>"


def read_timestamp(timestamp: str) -> datetime:
    """Return the time that SigV4 writes as YYYYMMDDTHHMMSSZ."""
    return datetime.strptime(timestamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def check_expires(expires_in: int) -> int:
    """Return *expires_in* if S3 takes it: 1 second to 7 days.

    Raises:
        InvalidInput: it is no whole number, or out of that range.
    """
    if type(expires_in) is int and 0 < expires_in <= MAX_EXPIRES:
        return expires_in
    raise InvalidInput(f"expires_in must be 1 to {MAX_EXPIRES} (7 days) whole seconds, not {expires_in!r}")


def presign(
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    payload_hash: str = UNSIGNED_PAYLOAD,
    *,
    credentials: Credentials,
    timestamp: str,
    expires_in: int,
    region: str,
    service: str = "s3",
    token_name: str = TOKEN,
) -> str:
    """Return the query of the presigned URL: *query* and the signature's own parameters.

    Args:
        path, query: As on the wire, the query already in canonical order (see uri.encode_query).
        headers: Lower-case name -> value, with ``host``; all are signed, and must be sent so.
        payload_hash: S3 wants UNSIGNED_PAYLOAD: who signs does not know the body.
        timestamp: Now, as YYYYMMDDTHHMMSSZ in UTC.
        expires_in: Seconds from then.
    """
    day = timestamp[:8]
    names = "host" if len(headers) == 1 else ";".join(sorted(headers))
    # By place: by name it would cost a third more, and this is called for every link of a page.
    first, last, scope = _around(credentials.access_key, credentials.token, day, region, service, names, token_name)
    full = f"{first}{timestamp}&X-Amz-Expires={expires_in}{last}"
    if query:
        full = with_parameters(query, full)
    if names == "host":  # as nearly always: the canonical request written out
        request = f"{method}\n{path}\n{full}\nhost:{headers['host']}\n\nhost\n{payload_hash}"
    else:
        request = canonical_request(method, path, full, headers, payload_hash)
    proof = signature(string_to_sign(timestamp, scope, request), credentials.secret_key, day, region, service)
    return f"{full}&X-Amz-Signature={proof}"


def with_parameters(query: str, ours: str) -> str:
    """Return both queries as one in canonical order; each is in that order by itself."""
    if not query:
        return ours
    pairs = [pair.partition("=") for pair in (*query.split("&"), *ours.split("&"))]
    pairs.sort()
    return "&".join([f"{name}={value}" for name, _, value in pairs])


@lru_cache(maxsize=64)
def _around(
    access_key: str, token: str | None, day: str, region: str, service: str, names: str, token_name: str
) -> tuple[str, str, str]:
    """Return the parameters before and after time and expiry, which alone change from URL to URL; and the scope."""
    scope = credential_scope(day, region, service)
    proof = f"&{token_name}={quote(token, safe='')}" if token else ""
    credential = quote(f"{access_key}/{scope}", safe="")
    first = f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date="
    return first, f"{proof}&X-Amz-SignedHeaders={quote(names, safe='')}", scope
