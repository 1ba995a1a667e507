"""Keys that a profile of the shared files leads to: its own, a program's, a login's, or those of a role.

A role's keys come from another profile (source_profile), which may be a role itself, or from this machine
(credential_source).

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from ..errors import CredentialsError
from ..protocol.sigv4 import Credentials
from .base import Environ, NotConfigured, Provider, static
from .container import Container
from .local import Environment, Process
from .metadata import InstanceMetadata
from .network import Network
from .profiles import Files, Profile, Section
from .sso import IdentityCenter
from .sts import AssumeRole, WebIdentity

_KEY, _SECRET, _TOKEN = "aws_access_key_id", "aws_secret_access_key", "aws_session_token"


def is_role(profile: Profile) -> bool:
    """Tell if a profile takes on a role with other keys."""
    return profile.get("role_arn") is not None and profile.get("web_identity_token_file") is None


@dataclass(frozen=True, kw_only=True)
class SharedProfile:
    """Provider: the keys that a profile of the shared files leads to.

    Args:
        profile: Of *files*.
        environ: With the settings of the profile that the client uses (see configuration.merged).
        behind: Names of the profiles that led here, to notice when they lead in a circle.
    """

    profile: Profile
    files: Files = field(repr=False)
    region: str | None = None
    environ: Environ = field(repr=False)
    network: Network = field(repr=False)
    behind: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What it is called in messages."""
        return f"profile {self.profile.name!r}"

    async def __call__(self) -> Credentials:
        """Return the keys.

        Raises:
            NotConfigured: the profile leads to none.
            CredentialsError: what it says cannot be done.
        """
        # A source with keys of its own lends these, whatever role it may take on besides.
        if is_role(self.profile) and not (self.behind and self._has_keys(self.profile)):
            return await self._role()()
        return await self._without_role()()

    def _without_role(self) -> Provider:
        """Return what gives keys without another profile."""
        profile = self.profile
        if self.behind and profile.get("web_identity_token_file"):
            return self.web_identity(use_environment=False)
        if sso := self._sso():
            return sso
        if own := self._own_keys(profile.credentials, self.files.credentials_path):
            return own
        if command := profile.get("credential_process"):
            return Process(command)
        return self._own_keys(profile.config, self.files.config_path) or self._nothing

    async def _nothing(self) -> Credentials:
        where = f"{self.files.config_path} or {self.files.credentials_path}"
        there = self.files.profile(self.profile.name) is not None
        raise NotConfigured(f"it has no keys, role, login or program in {where}" if there else f"it is not in {where}")

    def _own_keys(self, section: Section, path: str) -> Provider | None:
        key, secret, token = (section.get(name) or None for name in (_KEY, _SECRET, _TOKEN))
        if key is None:
            return None
        if not isinstance(key, str) or not isinstance(secret, str) or not isinstance(token, str | None):
            raise CredentialsError(f"{path}: profile {self.profile.name!r} has {_KEY} and no {_SECRET}")
        return static(Credentials(key, secret, token))

    # -------------------------------------------------------------- roles
    def _role(self) -> Provider:
        profile = self.profile
        if profile.get("mfa_serial"):
            raise self._wrong("asks for a code of an MFA device (mfa_serial), which nobody is here to type: use")
        return AssumeRole(
            role_arn=profile.get("role_arn") or "",
            source=self._source(),
            duration_seconds=self._duration(),
            external_id=profile.get("external_id"),
            session_name=profile.get("role_session_name"),
            region=self.region,
            environ=self.environ,
            network=self.network,
        )

    def _source(self) -> Provider:
        named, kind = self.profile.get("source_profile"), self.profile.get("credential_source")
        if named and kind:
            raise self._wrong("has both source_profile and credential_source: a role has one of them")
        if kind:
            return self._machine(kind)
        if not named:
            raise self._wrong("has a role_arn, and neither source_profile nor credential_source")
        other = self.files.profile(named)
        if other is None:
            raise self._wrong(f"has the source_profile {named!r}, which is in neither file")
        behind = (*self.behind, self.profile.name)
        if named in behind and not (named == self.profile.name and self._has_keys(other)):
            raise self._wrong(f"leads in a circle: {' -> '.join((*behind, named))}")
        return replace(self, profile=other, behind=behind)

    @staticmethod
    def _has_keys(profile: Profile) -> bool:
        return profile.get(_KEY) is not None

    def _machine(self, kind: str) -> Provider:
        sources: dict[str, Callable[[], Provider]] = {
            "environment": lambda: Environment(environ=self.environ),
            "ecscontainer": lambda: Container(environ=self.environ, network=self.network),
            "ec2instancemetadata": lambda: InstanceMetadata(environ=self.environ, network=self.network),
        }
        if kind.lower() not in sources:
            raise self._wrong(
                f"has the credential_source {kind!r}: it must be Environment, EcsContainer or Ec2InstanceMetadata"
            )
        return sources[kind.lower()]()

    def _duration(self) -> int | None:
        text = self.profile.get("duration_seconds")
        if text is not None and not re.fullmatch("[0-9]{1,9}", text):
            raise self._wrong(f"has the duration_seconds {text!r}: it must be a whole number")
        return None if text is None else int(text)

    def web_identity(self, *, use_environment: bool) -> Provider:
        """Return the provider for the token file that the environment or the profile names."""
        environ = self.environ if use_environment else {}
        path = environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") or self.profile.get("web_identity_token_file")
        role = environ.get("AWS_ROLE_ARN") or self.profile.get("role_arn")
        if not path or not role:
            return _NoWebIdentity(path)
        return WebIdentity(
            role_arn=role,
            token_file=path,
            session_name=environ.get("AWS_ROLE_SESSION_NAME") or self.profile.get("role_session_name"),
            duration_seconds=None if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") else self._duration(),
            region=self.region,
            environ=self.environ,
            network=self.network,
        )

    # -------------------------------------------------------------- logins
    def _sso(self) -> IdentityCenter | None:
        profile = self.profile
        if not profile.get("sso_account_id") and not profile.get("sso_role_name"):
            return None
        session = profile.get("sso_session")
        section: Section | None = profile.config
        if session and (section := self.files.sso_session(session)) is None:
            raise self._wrong(f"has the sso_session {session!r}, and there is no section [sso-session {session}]")
        values = {
            "sso_start_url": (section or {}).get("sso_start_url"),
            "sso_region": (section or {}).get("sso_region"),
            "sso_account_id": profile.get("sso_account_id"),
            "sso_role_name": profile.get("sso_role_name"),
        }
        missing = [name for name, value in values.items() if not isinstance(value, str) or not value]
        if missing:
            raise self._wrong(f"is for SSO, and {', '.join(missing)} is missing")
        url, region, account, role = map(str, values.values())
        return IdentityCenter(
            start_url=url,
            region=region,
            account_id=account,
            role_name=role,
            session=session,
            environ=self.environ,
            network=self.network,
        )

    def _wrong(self, what: str) -> CredentialsError:
        return CredentialsError(f"profile {self.profile.name!r} {what}")


@dataclass(frozen=True)
class _NoWebIdentity:
    """Stands for a web identity that is not there, or only by half."""

    label: ClassVar[str] = "web identity"
    token_file: str | None

    async def __call__(self) -> Credentials:
        if self.token_file:
            raise CredentialsError("there is a token file, and neither AWS_ROLE_ARN nor role_arn")
        raise NotConfigured("AWS_WEB_IDENTITY_TOKEN_FILE is not set, nor web_identity_token_file")


__all__ = ["SharedProfile", "is_role"]
