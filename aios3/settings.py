"""A client's arguments, read: checked, and filled in from the environment where they are missing.

Raises InvalidInput for what cannot be right, and names the argument and what it may be.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from .credentials import Cached, Credentials, Fixed, Provider, static
from .credentials.configuration import endpoint_url, merged, profile_named, read_files, region_of
from .errors import InvalidInput
from .payloads import Payloads, PayloadSigning
from .protocol.checksums import Algorithm, algorithm_named
from .protocol.checksums import new as new_checksum
from .protocol.dialects import Dialect, dialect_of, named_dialect
from .protocol.endpoints import ADDRESSINGS, Addressing, is_home_of
from .protocol.endpoints import region_of as endpoint_region
from .protocol.http_codec import Integrity, body_digest
from .protocol.places import Options
from .protocol.retries import DEFAULT_ATTEMPTS, RETRY_MODES, RetryMode, RetryPolicy
from .protocol.uri import Endpoint, parse_endpoint
from .routing import Router
from .version import __version__

DEFAULT_REGION = "us-east-1"
# For the store to tell, also where it tells by its answers only.
AUTO_REGION = "auto"
_TEXTS: tuple[str, ...] = ("aws_key", "aws_secret", "aws_token", "aws_region", "aws_endpoint", "profile")
_TEXTS += ("expected_bucket_owner", "request_payer", "user_agent")
_SWITCHES = ("anonymous", "use_ssl", "use_dualstack", "use_fips", "use_accelerate", "use_arn_region")


def arguments_of(names: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client's arguments from all names of its constructor, if they are of the kinds that they can be.

    Of texts no value is shown, since some are secrets.
    """
    given = {name: value for name, value in names.items() if name not in ("self", "__class__")}
    for name in _TEXTS:
        value = given[name]
        if value is not None and not isinstance(value, str):
            raise InvalidInput(f"{name} must be a str, not {type(value).__name__}")
    for name in _SWITCHES:
        if not isinstance(given[name], bool):
            raise InvalidInput(f"{name} must be True or False, not {given[name]!r}")
    hook = given["on_attempt"]
    if hook is not None and not callable(hook):
        raise InvalidInput(f"on_attempt must be a function that takes an Attempt, not {hook!r}")
    return given


def signer(
    key: str | None,
    secret: str | None,
    token: str | None,
    given: Credentials | Provider | None,
    anonymous: bool,
) -> Fixed | Cached | None:
    """Return the keys that the arguments give, or who keeps those of a provider; None where they say nothing."""
    ways = [anonymous, given is not None, any(part is not None for part in (key, secret, token))]
    if sum(ways) > 1:
        raise InvalidInput("give keys (aws_key, aws_secret), credentials or anonymous=True, not two of them")
    if ways[2]:
        if not key or not secret:
            raise InvalidInput("aws_key and aws_secret go together: one of them is missing or empty")
        return Fixed(Credentials(key, secret, token or None))
    if given is None:
        return Fixed(None) if anonymous else None
    if isinstance(given, Credentials):
        return Fixed(given) if given.expires is None else Cached(static(given))
    if not callable(given):
        raise InvalidInput(f"credentials must be Credentials or an async function, not {type(given).__name__}")
    return given if isinstance(given, Cached) else Cached(given)


def from_files(profile: str | None, environ: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the environment with what a profile adds to it; None where that is nothing. It reads files.

    Raises:
        CredentialsError: a file makes no sense, or has no profile of this name.
    """
    files = read_files(environ)
    found = profile_named(files, profile, environ)
    return merged(environ, found, files) if found.config or found.credentials else None


@contextmanager
def said_of_profile(name: str | None) -> Iterator[None]:
    """Add to what is wrong with a setting that it may be the profile's: it is named as in the environment."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(f"{error} (in the environment, or in the profile {name or 'default'!r})") from None


def router(given: Mapping[str, Any], environ: Mapping[str, str]) -> Router:
    """Return the router for a client's arguments; what they leave open the environment tells, or the store's host."""
    addressing: Addressing = given["addressing"]
    one_of("addressing", addressing, ADDRESSINGS)
    if addressing == "auto":
        addressing = cast("Addressing", environ.get("s3.addressing_style") or "auto")
        one_of("addressing_style of the profile", addressing, ADDRESSINGS)
    endpoint = given["aws_endpoint"]
    if endpoint is None:
        endpoint = endpoint_url("S3", environ)
    known = None if endpoint is None else parse_endpoint(endpoint)
    dialect = dialect_of(known) if given["dialect"] == "auto" else given["dialect"]
    if not isinstance(dialect, Dialect):
        dialect = named_dialect(dialect)
    region = given["aws_region"]
    if not region or region == AUTO_REGION:
        region = dialect.sign_region or (known and endpoint_region(known)) or region_of(environ) or DEFAULT_REGION
    if known is not None and is_home_of(region, known):
        known = None
    # What the environment says for AWS is not for another store; but who wants FIPS must not go without.
    aws_only = environ if known is None else {}
    options = Options(
        region=region,
        endpoint=known,
        path_style=_style(addressing, dialect, known) == "path",
        dualstack=given["use_dualstack"] or _switched_on("AWS_USE_DUALSTACK_ENDPOINT", aws_only),
        fips=given["use_fips"] or _switched_on("AWS_USE_FIPS_ENDPOINT", environ),
        accelerate=given["use_accelerate"] or _switched_on("s3.use_accelerate_endpoint", aws_only),
        use_ssl=given["use_ssl"] or endpoint is not None,
        use_arn_region=given["use_arn_region"] or _switched_on("AWS_S3_USE_ARN_REGION", environ),
        global_endpoint=environ.get("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "").lower() == "legacy",
        multi_region_access_points=not _switched_on("AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS", environ),
        sessions=not _switched_on("AWS_S3_DISABLE_EXPRESS_SESSION_AUTH", environ),
    )
    return Router(options, dialect)


def _style(addressing: Addressing, dialect: Dialect, endpoint: Endpoint | None) -> Addressing:
    """Return how buckets are addressed, as far as their names allow it."""
    if addressing != "auto":
        return addressing
    # Names below localhost resolve on few machines.
    return "path" if endpoint is not None and endpoint.host == "localhost" else dialect.addressing


def _switched_on(variable: str, environ: Mapping[str, str]) -> bool:
    text = (environ.get(variable) or "false").lower()
    return one_of(variable, text, ("true", "false")) == "true"


def payloads(signing: PayloadSigning, checksum: str, dialect: Dialect, environ: Mapping[str, str]) -> Payloads:
    """Return what is done with bodies: ``auto`` is as the dialect has it, unless the environment says otherwise."""
    one_of("payload_signing", signing, ("auto", "signed", "unsigned"))
    if signing == "auto" and dialect.payload_signing == "hash":
        signing = "signed"
    when = _when("AWS_REQUEST_CHECKSUM_CALCULATION", environ)
    always = dialect.request_checksum == "always" if when is None else when
    if checksum in ("auto", "none"):
        wanted = "CRC32" if checksum == "auto" and always and dialect.request_checksum != "never" else None
        return Payloads(signing, dialect, cast("Algorithm | None", wanted))
    if dialect.request_checksum == "never":
        raise InvalidInput(f"checksum={checksum!r}: the store ({dialect.name}) refuses checksums")
    algorithm = algorithm_named(checksum)
    new_checksum(algorithm)
    return Payloads(signing, dialect, algorithm)


def verifies(checksum: str, dialect: Dialect, environ: Mapping[str, str]) -> bool:
    """Tell if reads ask for the checksum that is stored, and are verified by it."""
    when = _when("AWS_RESPONSE_CHECKSUM_VALIDATION", environ)
    if checksum == "auto":
        return dialect.response_checksum if when is None else when
    return checksum != "none"


def _when(variable: str, environ: Mapping[str, str]) -> bool | None:
    """Return what botocore's variable asks for; None where it is not set."""
    text = (environ.get(variable) or "").lower()
    if not text:
        return None
    one_of(variable, text, ("when_supported", "when_required"))
    return text == "when_supported"


def integrity(dialect: Dialect) -> Integrity:
    """Return what makes the digest of a body that must have one, where the call names no algorithm."""
    if dialect.delete_integrity == "md5":
        return body_digest
    algorithm = dialect.delete_integrity.upper()
    return lambda body, asked: body_digest(body, asked or algorithm)


def retry_policy(max_attempts: int | None, mode: RetryMode | None, environ: Mapping[str, str]) -> RetryPolicy:
    """Return the retry policy that was given, or that the environment names."""
    if max_attempts is None:
        max_attempts = _environment_attempts(environ)
    return RetryPolicy(max_attempts=max_attempts, mode=mode if mode is not None else _environment_mode(environ))


def _environment_attempts(environ: Mapping[str, str]) -> int:
    text = environ.get("AWS_MAX_ATTEMPTS")
    if not text:
        return DEFAULT_ATTEMPTS
    if not re.fullmatch("0*[1-9][0-9]{0,8}", text):
        raise InvalidInput(f"AWS_MAX_ATTEMPTS must be a whole number from 1, not {text!r}")
    return int(text)


def _environment_mode(environ: Mapping[str, str]) -> RetryMode:
    named = environ.get("AWS_RETRY_MODE") or "standard"
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


def common_headers(expected_bucket_owner: str | None, request_payer: str | None) -> dict[str, str]:
    """Return the headers that every request of a client carries."""
    given = {"expected_bucket_owner": expected_bucket_owner, "request_payer": request_payer}
    headers = {}
    for name, value in given.items():
        if value is not None and not (value.isascii() and value.isprintable()):
            raise InvalidInput(f"{name} must be printable ASCII, not {value!r}")
        if value is not None:
            headers[f"x-amz-{name.replace('_', '-')}"] = value
    return headers


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
