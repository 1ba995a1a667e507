"""Providers one after the other: a chain of any, and the one that AWS documents.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

from ..errors import CredentialsError
from ..protocol.sigv4 import Credentials
from ..protocol.values import Value
from .base import Environ, NotConfigured, Provider, keys_of, label_of
from .local import Environment
from .network import Network

_Search: TypeAlias = Callable[[str | None, str | None, Environ, Network], Sequence[Provider]]

_log = logging.getLogger("aios3")
_NETWORK = Network()


class Chain:
    """Provider: asks several providers, in order, for the first that has keys.

    One that has none because nothing is set up for it raises NotConfigured, and the next one is asked. Any other error
    ends the chain: keys that were meant to be used must not be replaced by somebody else's.

    Args:
        providers: In order of preference.
    """

    label = "chain"

    def __init__(self, *providers: Provider) -> None:
        self._providers = providers

    async def __call__(self) -> Credentials:
        """Return the keys of the first provider that has any.

        Raises:
            NotConfigured: none has; the message says of each why not.
            CredentialsError: one that is set up failed; the message says this, and why those before it gave none.
        """
        tried: list[str] = []
        for provider in self._providers:
            try:
                found = await keys_of(provider)
            except NotConfigured as error:
                tried.append(f"{label_of(provider)}: {error}")
            except CredentialsError as error:
                tried.append(f"{label_of(provider)}: {error}")
                raise CredentialsError(_list("no usable credentials", tried)) from error
            else:
                _log.debug("credentials from %s", label_of(provider))
                return found
        raise NotConfigured(_list("no credentials", tried))


def _list(head: str, tried: list[str]) -> str:
    lines = "".join(f"\n- {why}" for why in tried)
    return (
        f"{head}; tried in this order:{lines}\n"
        "Give aws_key and aws_secret, or credentials=, or use anonymous=True to send unsigned requests"
    )


class DefaultChain(Value):
    """Provider: looks where the AWS CLI and the AWS SDKs look, in their order.

    The environment; the role of the profile; a web identity token; the SSO login, keys or credential_process of the
    profile; the container; the EC2 instance. Files are read in a thread, anew at every fetch.

    Args:
        profile: Name of a profile; then keys in the environment do not count. None is AWS_PROFILE, or ``default``.
        region: Whose token service to ask; None is the environment's or the profile's.
        environ: The environment.
        network: How those are reached who answer over HTTP.
    """

    label: ClassVar[str] = "default chain"
    hidden = frozenset({"environ", "network"})

    profile: str | None = None
    region: str | None = None
    environ: Environ = os.environ
    network: Network = _NETWORK

    def __init__(
        self,
        profile: str | None = None,
        region: str | None = None,
        *,
        environ: Environ = os.environ,
        network: Network = _NETWORK,
    ) -> None:
        super().__init__(profile=profile, region=region, environ=environ, network=network)

    async def __call__(self) -> Credentials:
        """Return the first keys there are.

        Raises:
            CredentialsError: there are none; the message says of each place why not.
        """
        own = Environment(environ=self.environ)
        if self.profile is None and self.environ.get("AWS_ACCESS_KEY_ID"):
            return await Chain(own)()  # no file matters
        return await (await asyncio.to_thread(self._search))()

    def _search(self) -> Chain:
        """Read the files, and load those who can be asked: a third of aios3, of no use to who gives keys."""
        search: _Search = importlib.import_module(".search", __package__).search
        return Chain(*search(self.profile, self.region, self.environ, self.network))


__all__ = ["Chain", "DefaultChain"]
