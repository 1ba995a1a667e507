"""The places where the AWS CLI and the AWS SDKs look for keys, in their order."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Environ, Provider
from .configuration import merged, profile_named, read_files
from .container import Container
from .local import Environment
from .metadata import InstanceMetadata
from .network import Network
from .shared import SharedProfile, is_role


def search(profile: str | None, region: str | None, environ: Environ, network: Network) -> Sequence[Provider]:
    """Return the providers to ask, in order. It reads files; arguments as of DefaultChain.

    Raises:
        CredentialsError: a file makes no sense, or has no profile of this name.
    """
    files = read_files(environ)
    found = profile_named(files, profile, environ)
    settled = merged(environ, found, files)
    shared = SharedProfile(profile=found, files=files, region=region, environ=settled, network=network)
    web = shared.web_identity(use_environment=profile is None)
    providers: list[Provider] = [shared, web] if is_role(found) else [web, shared]
    if profile is None:
        providers.insert(0, Environment(environ=environ))
    return [
        *providers,
        Container(environ=settled, network=network),
        InstanceMetadata(environ=settled, network=network),
    ]
