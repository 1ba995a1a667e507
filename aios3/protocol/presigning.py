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
from .sigv4 import ALGORITHM, UNSIGNED_PAYLOAD, Signer, canonical_request

# Seven days: the longest that S3 accepts.
MAX_EXPIRES = 7 * 24 * 3600
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
    signer: Signer,
    method: str,
    path: str,
    query: str,
    headers: Mapping[str, str],
    expires_in: int,
    payload_hash: str = UNSIGNED_PAYLOAD,
) -> str:
    """Return the query of the presigned URL: *query* and the signature's own parameters.

    Args:
        path, query: As on the wire, the query already in canonical order (see uri.encode_query).
        headers: Lower-case name -> value, with ``host``; all are signed, and must be sent so.
        expires_in: Seconds from the signer's time.
        payload_hash: S3 wants UNSIGNED_PAYLOAD: who signs does not know the body.
    """
    names = "host" if len(headers) == 1 else ";".join(sorted(headers))
    keys = signer.credentials
    # By place: by name it would cost a third more, and this is called for every link of a page.
    first, last = _around(keys.access_key, keys.token, signer.scope, names, signer.token_name)
    full = f"{first}{signer.timestamp}&X-Amz-Expires={expires_in}{last}"
    if query:
        full = with_parameters(query, full)
    if names == "host":  # as nearly always: the canonical request written out
        request = f"{method}\n{path}\n{full}\nhost:{headers['host']}\n\nhost\n{payload_hash}"
    else:
        request = canonical_request(method, path, full, headers, payload_hash)
    return f"{full}&X-Amz-Signature={signer.signature(signer.string_to_sign(request))}"


def with_parameters(query: str, ours: str) -> str:
    """Return both queries as one in canonical order; each is in that order by itself."""
    if not query:
        return ours
    pairs = [pair.partition("=") for pair in (*query.split("&"), *ours.split("&"))]
    pairs.sort()
    return "&".join([f"{name}={value}" for name, _, value in pairs])


@lru_cache(maxsize=64)
def _around(access_key: str, token: str | None, scope: str, names: str, token_name: str) -> tuple[str, str]:
    """Return the parameters before and after time and expiry, which alone change from URL to URL."""
    proof = f"&{token_name}={quote(token, safe='')}" if token else ""
    credential = quote(f"{access_key}/{scope}", safe="")
    first = f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date="
    return first, f"{proof}&X-Amz-SignedHeaders={quote(names, safe='')}"
