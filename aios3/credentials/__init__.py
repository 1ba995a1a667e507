"""Where keys come from: a provider is ``async def () -> Credentials``.

base.py says what a provider is; local.py, shared.py, sts.py, sso.py, container.py and metadata.py have AWS's; chain.py
puts them in order; cache.py keeps what they give. profiles.py reads the shared files, configuration.py what is set in
them and in the environment, and network.py is how providers ask over HTTP.
"""

from __future__ import annotations

from ..protocol.sigv4 import Credentials
from .base import NotConfigured, Provider, static
from .cache import Cached, Fixed
from .chain import Chain, DefaultChain
from .container import Container
from .local import Environment, Process, environment
from .metadata import InstanceMetadata
from .network import Network
from .sso import IdentityCenter
from .sts import AssumeRole, WebIdentity

__all__ = [
    "AssumeRole",
    "Cached",
    "Chain",
    "Container",
    "Credentials",
    "DefaultChain",
    "Environment",
    "Fixed",
    "IdentityCenter",
    "InstanceMetadata",
    "Network",
    "NotConfigured",
    "Process",
    "Provider",
    "WebIdentity",
    "environment",
    "static",
]
