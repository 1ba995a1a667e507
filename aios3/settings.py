"""A client's arguments, read: checked, and filled in from the environment where they are missing.

Raises InvalidInput for what cannot be right, and names the argument and what it may be.
"""

from __future__ import annotations

import os
from typing import cast

import aiohttp

from .credentials import Credentials, Provider
from .errors import InvalidInput
from .protocol.endpoints import ADDRESSINGS, Addressing, aws_endpoint, region_of
from .protocol.retries import DEFAULT_ATTEMPTS, RetryMode, RetryPolicy
from .protocol.uri import Endpoint, parse_endpoint
from .routing import Router
from .version import __version__

DEFAULT_REGION = "us-east-1"


def signer(
    key: str | None,
    secret: str | None,
    token: str | None,
    given: Credentials | Provider | None,
    anonymous: bool,
) -> tuple[Credentials | None, Provider | None]:
    """Return fixed credentials, or who to ask for them, or neither for the environment's."""
    ways = [anonymous, given is not None, any(part is not None for part in (key, secret, token))]
    if sum(ways) > 1:
        raise InvalidInput("give keys (aws_key, aws_secret), credentials or anonymous=True, not two of them")
    if ways[2]:
        if not key or not secret:
            raise InvalidInput("aws_key and aws_secret go together: one of them is missing or empty")
        return Credentials(key, secret, token or None), None
    if given is None or isinstance(given, Credentials):
        return given, None
    if not callable(given):
        raise InvalidInput(f"credentials must be Credentials or an async function, not {type(given).__name__}")
    return None, given


def router(endpoint: str | None, region: str | None, addressing: Addressing) -> Router:
    """Return the router for an endpoint and region, either of which the other or the environment may tell."""
    one_of("addressing", addressing, ADDRESSINGS)
    known: Endpoint | None = None if endpoint is None else parse_endpoint(endpoint)
    region = region or (known and region_of(known)) or _environment_region() or DEFAULT_REGION
    return Router(known or aws_endpoint(region), region, addressing)


def retry_policy(max_attempts: int | None, mode: RetryMode | None) -> RetryPolicy:
    """Return the retry policy that was given, or that the environment names."""
    if max_attempts is None:
        text = os.environ.get("AWS_MAX_ATTEMPTS", "")
        if text and not (text.isascii() and text.isdecimal()):
            raise InvalidInput(f"AWS_MAX_ATTEMPTS must be a whole number from 1, not {text!r}")
        max_attempts = int(text) if text else DEFAULT_ATTEMPTS
    # "legacy" is what botocore called its first mode; its retries are those of standard.
    named = os.environ.get("AWS_RETRY_MODE", "").replace("legacy", "standard") or "standard"
    return RetryPolicy(max_attempts=max_attempts, mode=mode or cast("RetryMode", named))


def _environment_region() -> str | None:
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def common_headers(expected_bucket_owner: str | None, request_payer: str | None) -> dict[str, str]:
    """Return the headers that every request of a client carries."""
    headers = {"x-amz-expected-bucket-owner": expected_bucket_owner, "x-amz-request-payer": request_payer}
    return {name: value for name, value in headers.items() if value is not None}


def one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """Return *value* if it is allowed."""
    if value not in allowed:
        raise InvalidInput(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def user_agent(prefix: str | None) -> str:
    """Return the User-Agent header's value."""
    product = f"aios3/{__version__}"
    if prefix is None:
        return product
    if not prefix.isascii() or not prefix.isprintable():
        raise InvalidInput("user_agent must be printable ASCII")
    return f"{prefix} {product}"


def plain_connector() -> aiohttp.BaseConnector:
    """Return the connector of a client that was given none."""
    # The pool limits; the connector only opens.
    return aiohttp.TCPConnector(limit=0)
