"""Where keys come from: a provider is ``async def () -> Credentials``.

base.py says what a provider is; local.py, shared.py, sts.py, sso.py, container.py and metadata.py have AWS's, and are
loaded when one of them is asked for; chain.py and search.py put them in order; cache.py keeps what they give. profiles.py reads the shared files, configuration.py what is set in
them and in the environment, and network.py is how providers ask over HTTP.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..protocol.sigv4 import Credentials
from .base import NotConfigured, Provider, static
from .cache import Cached, Fixed
from .chain import Chain, DefaultChain
from .local import Environment, Process, environment
from .network import Network

if TYPE_CHECKING:
    from .container import Container
    from .metadata import InstanceMetadata
    from .sso import IdentityCenter
    from .sts import AssumeRole, WebIdentity

_MODULE_OF = {
    "AssumeRole": "sts",
    "Container": "container",
    "IdentityCenter": "sso",
    "InstanceMetadata": "metadata",
    "WebIdentity": "sts",
}

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


if not TYPE_CHECKING:  # or every misspelt name would pass for one

    def __getattr__(name: str) -> Any:
        if name not in _MODULE_OF:
            raise AttributeError(f"aios3.credentials has no {name!r}")
        value = globals()[name] = getattr(import_module(f".{_MODULE_OF[name]}", __name__), name)
        return value
