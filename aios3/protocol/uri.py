"""Percent-encoding, once: keys and queries to the exact characters that are signed and sent.

In: a key, query pairs, an endpoint as a user writes it. Out: ASCII that nothing parses again, so dot
segments, double slashes and ``%2F`` inside keys stay what they are.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
(UriEncode: everything but A-Z a-z 0-9 - . _ ~ becomes upper-case %XX; "/" only stays in the key)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import SplitResult, quote, urlsplit

from ..errors import InvalidInput
from .values import NamedTuple

MAX_KEY_BYTES = 1024
DEFAULT_PORTS = {"http": 80, "https": 443}
# Names as resolvers take them: labels of 1-63 characters (more would be a UnicodeError there), or an IP address.
_HOST = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
_IP6 = r"\[[0-9A-Fa-f:.]+\]"
_PLAIN_KEY = re.compile(r"[A-Za-z0-9._~/-]+")
# What has no place in an endpoint, and may be a secret: a password, or a signature in a query.
_REFUSED = (("@", "user or password"), ("?", "query"), ("#", "fragment"))


class Endpoint(NamedTuple):
    """Where a store listens: scheme, host, port, and a path prefix (already encoded, no trailing slash)."""

    scheme: str
    host: str
    port: int
    prefix: str


def encode_key(key: str) -> str:
    """Return *key* as it stands in a request path, without a leading slash.

    Raises:
        InvalidInput: *key* is empty, longer than 1024 bytes of UTF-8, or has a lone surrogate.
    """
    if not key:
        raise InvalidInput("key is empty: S3 stores nothing under an empty key")
    # Most keys are plain, and quote() looks at each of them for a microsecond.
    if len(key) <= MAX_KEY_BYTES and _PLAIN_KEY.fullmatch(key):
        return key
    try:
        # A character is at most 4 bytes of UTF-8, so most keys need no count.
        if len(key) > MAX_KEY_BYTES // 4 and (size := len(key.encode())) > MAX_KEY_BYTES:
            raise InvalidInput(f"key {key[:40]!r}... is {size} bytes of UTF-8, S3 takes at most {MAX_KEY_BYTES}")
        return quote(key, safe="/")
    except UnicodeEncodeError as error:
        raise InvalidInput(f"key {key!r} has a lone surrogate at index {error.start}: it has no UTF-8 form") from error


def encode_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Return the query string, encoded and in canonical order: what is signed is what is sent.

    A subresource such as ``acl`` is the pair ``("acl", "")`` and comes out as ``acl=``.
    """
    try:
        encoded = [(quote(name, safe=""), quote(value, safe="")) for name, value in pairs]
    except UnicodeEncodeError as error:
        raise InvalidInput(f"query value {error.object!r} has a lone surrogate: it has no UTF-8 form") from error
    # Sorted after encoding, as SigV4 wants it: "%" sorts below letters and digits.
    encoded.sort()
    return "&".join([f"{name}={value}" for name, value in encoded])


def parse_endpoint(text: str) -> Endpoint:
    """Read an endpoint: ``host``, ``host:port`` (https is meant) or a URL, whose path is kept as a prefix.

    Raises:
        InvalidInput: it has a query, fragment, user or password, an unknown scheme, or a bad host or port.
    """
    # Before anything else: from here on the text may be shown.
    for mark, name in _REFUSED:
        if mark in text:
            raise InvalidInput(f"the given endpoint has a {name} ({mark!r}): give scheme, host, port and path only")
    parts = _split(text, text if "://" in text else f"https://{text}")
    if parts.scheme not in DEFAULT_PORTS:
        raise InvalidInput(f"endpoint {text!r} has the scheme {parts.scheme!r}: use http or https")
    # A path may be encoded already; what is not, is.
    prefix = quote(parts.path.rstrip("/"), safe="/%")
    return Endpoint(parts.scheme, _host(text, parts.netloc), _port(text, parts), prefix)


def authority(scheme: str, host: str, port: int) -> str:
    """Return the Host header's value: the default port is left out, as every HTTP client does."""
    return host if DEFAULT_PORTS.get(scheme) == port else f"{host}:{port}"


def _split(text: str, url: str) -> SplitResult:
    # urlsplit silently drops tabs and newlines, so they are refused before it can.
    if not url.isprintable() or " " in url:
        raise InvalidInput(f"endpoint {text!r} has white space or control characters")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InvalidInput(f"endpoint {text!r} is not a URL: {error}") from error


def _host(text: str, netloc: str) -> str:
    # The last colon that is not inside an IPv6 address stands before the port.
    host = netloc if netloc.endswith("]") else netloc.rpartition(":")[0] or netloc
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError as error:
            raise InvalidInput(f"endpoint {text!r} has a host that IDNA cannot encode: {error}") from error
    if not _is_name(host) and not re.fullmatch(_IP6, host):
        raise InvalidInput(f"endpoint {text!r} has no usable host")
    return host.lower()


def _is_name(host: str) -> bool:
    # By hand: as a pattern it takes a fifth of the millisecond that a first client may take, to compile.
    labels = host.removesuffix(".").split(".")
    ends = host[:1].isalnum() and labels[-1][-1:].isalnum()
    return ends and _HOST.issuperset(host) and all(0 < len(label) <= 63 for label in labels)


def _port(text: str, parts: SplitResult) -> int:
    # Empty is allowed by RFC 3986, but what has it is "http:/host" or "https://https://host".
    if parts.netloc.endswith(":"):
        raise InvalidInput(f"endpoint {text!r} has a colon without a port behind it")
    try:
        port = parts.port
    except ValueError as error:
        raise InvalidInput(f"endpoint {text!r} has a bad port: {error}") from error
    if port == 0:
        raise InvalidInput(f"endpoint {text!r} has port 0: nothing can listen there")
    return DEFAULT_PORTS[parts.scheme] if port is None else port
