"""What is signed without being sent: URLs and forms that others send.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from .credentials import Cached, Credentials, Fixed
from .errors import InvalidInput
from .protocol import sigv4
from .protocol.http_codec import encode
from .protocol.places import Auth
from .protocol.post_policy import Condition, PresignedPost, conditions_of, post_fields
from .protocol.presigning import NO_HEADERS, PresignedURL, check_expires, read_timestamp, with_parameters
from .protocol.shapes import Operation, class_of
from .protocol.uri import encode_query
from .routing import Route, Router
from .signing import Signers, signed_query

# Headers that say who asks or pays, and not what: S3 reads them from the query too, so that the URL alone will do.
_HOISTED = ("x-amz-expected-bucket-owner", "x-amz-request-payer")
# What the signature itself puts there, or the connection.
_NOT_GIVEN = frozenset({"host", "authorization", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"})
_FIELD_NAME = r"[-!#$%&'*+.^_`|~0-9a-z]+"


class Presigner:
    """A client's part that signs for others; it waits for credentials at most, and never for the store."""

    _router: Router
    _headers: dict[str, str]
    _keys: Fixed | Cached
    _signers: Signers
    _ready: bool

    async def _prepare(self) -> None:
        raise NotImplementedError

    def _keys_for(self, operation: Operation[Any], auth: Auth) -> Fixed | Cached:
        raise NotImplementedError

    async def presign(
        self,
        operation: Operation[Any],
        *,
        expires_in: int = 3600,
        headers: Mapping[str, str] | None = None,
        public_endpoint: str | None = None,
    ) -> PresignedURL:
        """Return a URL that whoever has it can send as *operation*, with any body where it has one.

        Args:
            expires_in: Seconds that it can be used; 7 days at most. It ends with the keys that sign it.
            headers: What must be sent with it beside; where the operation has headers, these too must be sent. All of
                them are in the URL's ``headers``.
            public_endpoint: Sign for this address of the same store, as others reach it.
        Raises:
            InvalidInput: the operation cannot be sent as it is, or the client is anonymous.
            CredentialsError: there are no keys to sign with.
        """
        check_expires(expires_in)
        if not self._ready:
            await self._prepare()
        address, auth = self._route(operation, public_endpoint)
        credentials = self._keys.current
        if credentials is None or credentials.expires is not None or auth.scheme != "sigv4":
            credentials = await self._lasting(self._keys_for(operation, auth), expires_in)
        method, _, path, query, fields, _ = encode(operation, address)
        if len(fields) > 1 or self._headers:
            query, fields = _hoisted(query, {**self._headers, **fields})
        if headers:
            fields |= _checked(headers)
        signer = self._signers.at(auth, credentials, self._router.timestamp())
        signed = signed_query(signer, method, path, query, fields, expires_in)
        return PresignedURL(
            f"{address.scheme}://{address.authority}{path}?{signed}",
            method,
            NO_HEADERS if len(fields) == 1 else {name: value for name, value in fields.items() if name != "host"},
            timestamp=signer.timestamp,
            expires_in=expires_in,
            limit=credentials.expires,
        )

    async def url(self, operation: Operation[Any]) -> str:
        """Return where *operation* goes, unsigned: a link to what is public.

        Raises:
            InvalidInput: the operation cannot be sent as it is.
        """
        if not self._ready:
            await self._prepare()
        address = self._router.route(operation).address
        _, _, path, query, _, _ = encode(operation, address)
        return f"{address.scheme}://{address.authority}{path}" + (query and f"?{query}")

    async def presign_post(
        self,
        operation: Operation[Any],
        *,
        expires_in: int = 3600,
        fields: Mapping[str, str] | None = None,
        conditions: Iterable[Condition] = (),
        min_size: int | None = None,
        max_size: int | None = None,
        public_endpoint: str | None = None,
    ) -> PresignedPost:
        """Return where a form is sent that stores what *operation*, a PutObject, names, and its fields.

        Arguments as of Bucket.presign_post; errors as of presign.
        """
        check_expires(expires_in)
        kind = class_of(operation)
        if not {"bucket", "key"} <= operation.__dict__.keys():
            raise InvalidInput(f"a form stores an object: give a PutObject, not a {kind.__name__}")
        bucket, key = operation.__dict__["bucket"], operation.__dict__["key"]
        given = {} if fields is None else fields
        made = conditions_of(bucket, key, given, conditions, min_size=min_size, max_size=max_size)
        if not self._ready:
            await self._prepare()
        if not self._router.dialect.post_policy:
            raise InvalidInput(f"the store ({self._router.dialect.name}) takes no forms: presign a PUT instead")
        address, auth = self._route(operation, public_endpoint)
        if auth.scheme != "sigv4":
            raise InvalidInput(
                f"{bucket} takes no uploads by forms: they are signed by sigv4 only, it wants {auth.scheme}"
            )
        credentials = await self._lasting(self._keys, expires_in)
        timestamp = self._router.timestamp()
        end = PresignedURL("", "POST", timestamp=timestamp, expires_in=expires_in, limit=credentials.expires).expires_at
        signed = post_fields(key, given, made, sigv4.Signer(credentials, timestamp, auth.region), end)
        return PresignedPost(f"{address.scheme}://{address.authority}{address.base_path or '/'}", signed)

    def _route(self, operation: Operation[Any], public_endpoint: str | None) -> Route:
        if public_endpoint is None:
            return self._router.route(operation)
        if not isinstance(public_endpoint, str):
            raise InvalidInput(f"public_endpoint must be a str, not {type(public_endpoint).__name__}")
        return self._router.route_by(operation, public_endpoint)

    async def _lasting(self, keys: Fixed | Cached, expires_in: int) -> Credentials:
        """Return keys to sign with; warn when they end before what they sign."""
        if self._keys.current is None and isinstance(self._keys, Fixed):
            raise InvalidInput("an anonymous client has no keys: it cannot presign")
        end = read_timestamp(self._router.timestamp()) + timedelta(seconds=expires_in)
        credentials = await keys.lasting(end.timestamp())
        if credentials.expires is not None and credentials.expires < end:
            warnings.warn(
                f"presigned for {expires_in} seconds, but the keys that sign it end at {credentials.expires}: it too",
                stacklevel=4,
            )
        return credentials


def _hoisted(query: str, fields: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Return query and headers, with those in the query that can be there."""
    found = [(name, fields.pop(name)) for name in _HOISTED if name in fields]
    return with_parameters(query, encode_query(found)) if found else query, fields


def _checked(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers with names in lower case; a message never shows a value, which may be a secret."""
    if not isinstance(headers, Mapping):
        raise InvalidInput(f"headers must be a mapping of str to str, not {type(headers).__name__}")
    checked = {}
    for name, value in headers.items():
        lower = name.lower() if isinstance(name, str) else ""
        if lower in _NOT_GIVEN or not re.fullmatch(_FIELD_NAME, lower):
            raise InvalidInput(f"the header {name!r} cannot be given: it is made here, or no header's name")
        if not isinstance(value, str) or not value.isascii() or any(mark in value for mark in "\r\n\0"):
            raise InvalidInput(f"the header {name!r} must be text of ASCII without CR, LF or NUL")
        checked[lower] = value
    return checked


__all__ = ["Presigner"]
