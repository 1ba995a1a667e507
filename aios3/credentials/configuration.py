"""What the environment and the shared files say: which files, which profile, and settings by the environment's names.

A profile's settings are given the names that the same settings have in the environment, so that whoever reads them
looks in one place; what the environment says wins. Those of a profile that have no such name stand under ``s3.name``.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import CredentialsError
from ..protocol.partitions import is_label, partition_of
from .base import Environ, folder_of
from .profiles import Files, Profile, parse

_MAX_FILE = 4 * 1024 * 1024
_NAMES = {
    "ca_bundle": "AWS_CA_BUNDLE",
    "ec2_metadata_service_endpoint": "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "ec2_metadata_service_endpoint_mode": "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "ignore_configured_endpoint_urls": "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "max_attempts": "AWS_MAX_ATTEMPTS",
    "metadata_service_num_attempts": "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
    "metadata_service_timeout": "AWS_METADATA_SERVICE_TIMEOUT",
    "region": "AWS_REGION",
    "request_checksum_calculation": "AWS_REQUEST_CHECKSUM_CALCULATION",
    "response_checksum_validation": "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "retry_mode": "AWS_RETRY_MODE",
    "s3_disable_express_session_auth": "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
    "s3_disable_multiregion_access_points": "AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS",
    "s3_use_arn_region": "AWS_S3_USE_ARN_REGION",
    "use_dualstack_endpoint": "AWS_USE_DUALSTACK_ENDPOINT",
    "use_fips_endpoint": "AWS_USE_FIPS_ENDPOINT",
}
# Settings below `s3 =` that are the same as one above, and so have its name.
_INNER_NAMES = {"use_arn_region": "AWS_S3_USE_ARN_REGION"}
_SERVICES = {"s3": "S3", "sso": "SSO", "sso_oidc": "SSO_OIDC", "sts": "STS"}


# ------------------------------------------------------------------ the files
def read_files(environ: Environ) -> Files:
    """Return the shared files, as far as they are there. It reads them: call it in a thread.

    Raises:
        CredentialsError: one cannot be read, or has a line that makes no sense.
    """
    config, credentials = (
        os.path.expanduser(environ.get(name) or folder_of(environ, file))  # noqa: PTH111  # shown as it is used
        for name, file in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
    )
    return Files(
        config_path=config,
        credentials_path=credentials,
        config=parse(_text(config), config),
        credentials=parse(_text(credentials), credentials),
    )


def _text(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(_MAX_FILE).decode()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise CredentialsError(f"{path}, line {line}: it is not UTF-8") from None
    except (OSError, ValueError) as error:
        raise CredentialsError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def profile_named(files: Files, name: str | None, environ: Environ) -> Profile:
    """Return the profile of this name, or the environment's, or the default one, which need not be there.

    Raises:
        CredentialsError: a profile was named that neither file has.
    """
    wanted = name or environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
    found = files.profile(wanted or "default")
    if found is None and wanted:
        there = ", ".join(files.names()) or "none"
        raise CredentialsError(
            f"there is no profile {wanted!r} in {files.config_path} or {files.credentials_path}; there: {there}"
        )
    return found or Profile(name="default", config={}, credentials={})


# ------------------------------------------------------------------ settings
def merged(environ: Environ, profile: Profile, files: Files) -> dict[str, str]:
    """Return the environment with what the profile adds to it.

    Raises:
        CredentialsError: the profile names services that the config file does not have.
    """
    added = {variable: value for name, variable in _NAMES.items() if (value := profile.get(name))}
    for name, value in profile.inner("s3").items():
        added.setdefault(_INNER_NAMES.get(name, f"s3.{name}"), value)
    given = {name: value for name, value in environ.items() if value}
    if "AWS_REGION" not in given and (region := given.get("AWS_DEFAULT_REGION")):
        given["AWS_REGION"] = region
    return added | _endpoints(profile, files, given) | given


def _endpoints(profile: Profile, files: Files, environ: Environ) -> dict[str, str]:
    """Return the profile's endpoints; one for all services in the environment wins over each of them."""
    if "AWS_ENDPOINT_URL" in environ:
        return {}
    added = {"AWS_ENDPOINT_URL": url} if (url := profile.get("endpoint_url")) else {}
    if name := profile.get("services"):
        services = files.services(name)
        if services is None:
            raise CredentialsError(
                f"profile {profile.name!r} names the services {name!r}: {files.config_path} has none"
            )
        for service, suffix in _SERVICES.items():
            inner = services.get(service)
            if isinstance(inner, dict) and (url := inner.get("endpoint_url")):
                added[f"AWS_ENDPOINT_URL_{suffix}"] = url
    return added


def endpoint_url(service: str, environ: Environ) -> str | None:
    """Return the endpoint that is configured for a service (S3, STS, SSO, SSO_OIDC), if any."""
    if environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true":
        return None
    return environ.get(f"AWS_ENDPOINT_URL_{service}") or environ.get("AWS_ENDPOINT_URL") or None


def region_of(environ: Mapping[str, str]) -> str | None:
    """Return the environment's region, if it has one."""
    return environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None


def service_host(service: str, region: str | None) -> str:
    """Return the host of an AWS service in a region; without one, the host that serves all.

    Raises:
        CredentialsError: it is no region's name.
    """
    if region is None:
        return f"{service}.amazonaws.com"
    if not is_label(region):
        raise CredentialsError(f"{region!r} is not a region's name, such as eu-west-1")
    return f"{service}.{region}.{partition_of(region).domain}"


__all__ = ["endpoint_url", "merged", "profile_named", "read_files", "region_of", "service_host"]
