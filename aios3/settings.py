"""A client's arguments, read: checked, and filled in from the environment where they are missing.

Raises InvalidInput for what cannot be right, and names the argument and what it may be.
"""

from __future__ import annotations

import asyncio
import os
import re
from typing import Literal, TypeAlias, cast

import aiohttp

from .credentials import Credentials, Provider
from .errors import InvalidInput
from .protocol.dialects import Dialect, dialect_of, named_dialect
from .protocol.endpoints import ADDRESSINGS, Addressing, region_of
from .protocol.http_codec import Integrity, body_digest
from .protocol.places import Options
from .protocol.retries import DEFAULT_ATTEMPTS, RETRY_MODES, RetryMode, RetryPolicy
from .protocol.uri import parse_endpoint
from .routing import Router
from .version import __version__

PayloadSigning: TypeAlias = Literal["auto", "signed", "unsigned"]
DEFAULT_REGION = "us-east-1"
# For the store to tell, also where it tells by its answers only.
AUTO_REGION = "auto"


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


def router(
    endpoint: str | None,
    region: str | None,
    addressing: Addressing,
    dialect: str | Dialect,
    dualstack: bool,
    fips: bool,
    accelerate: bool,
    use_arn_region: bool,
) -> Router:
    """Return the router for an endpoint and region, either of which the other or the environment may tell.

    Args:
        region: ``auto`` is for the store to tell, as None is.
        dualstack, fips, accelerate: Which of AWS's hosts are meant.
    """
    one_of("addressing", addressing, ADDRESSINGS)
    known = None if endpoint is None else parse_endpoint(endpoint)
    spoken = dialect_of(known) if dialect == "auto" else dialect
    if not isinstance(spoken, Dialect):
        spoken = named_dialect(spoken)
    if region is None or region == AUTO_REGION:
        region = spoken.sign_region or (known and region_of(known)) or _environment_region() or DEFAULT_REGION
    path_style = (spoken.addressing if addressing == "auto" else addressing) == "path"
    options = Options(
        region=region,
        endpoint=known,
        path_style=path_style,
        dualstack=dualstack,
        fips=fips,
        accelerate=accelerate,
        use_arn_region=use_arn_region,
    )
    return Router(options, spoken)


def payload_signing(wanted: PayloadSigning, dialect: Dialect) -> PayloadSigning:
    """Return what is signed of bodies: ``auto`` is as the dialect has it."""
    one_of("payload_signing", wanted, ("auto", "signed", "unsigned"))
    return "signed" if wanted == "auto" and dialect.payload_signing == "hash" else wanted


def integrity(dialect: Dialect) -> Integrity:
    """Return what makes the digest of a body that must have one, where the call names no algorithm."""
    if dialect.delete_integrity == "md5":
        return body_digest
    algorithm = dialect.delete_integrity.upper()
    return lambda body, asked: body_digest(body, asked or algorithm)


def retry_policy(max_attempts: int | None, mode: RetryMode | None) -> RetryPolicy:
    """Return the retry policy that was given, or that the environment names."""
    if max_attempts is None:
        max_attempts = _environment_attempts()
    return RetryPolicy(max_attempts=max_attempts, mode=mode if mode is not None else _environment_mode())


def _environment_attempts() -> int:
    text = os.environ.get("AWS_MAX_ATTEMPTS") or str(DEFAULT_ATTEMPTS)
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise InvalidInput(f"AWS_MAX_ATTEMPTS must be a whole number from 1, not {text!r}")
    return int(text)


def _environment_mode() -> RetryMode:
    named = os.environ.get("AWS_RETRY_MODE") or "standard"
    # What botocore called its first mode; its retries are those of standard.
    if named == "legacy":
        return "standard"
    one_of("AWS_RETRY_MODE", named, RETRY_MODES)
    return cast("RetryMode", named)


def time_limit(seconds: float | None) -> asyncio.Timeout:
    """Return the limit on a whole call, for ``async with``; None is no limit."""
    # NaN compares false with everything, so this refuses it too.
    good = seconds is None or (isinstance(seconds, int | float) and 0 < seconds < float("inf"))
    if not good or isinstance(seconds, bool):
        raise InvalidInput(f"timeout must be a number of seconds above 0, not {seconds!r}")
    return asyncio.timeout(seconds)


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
