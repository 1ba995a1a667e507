"""aios3: S3 for asyncio, over raw HTTP with a signer of its own.

Floors from top to bottom; each imports only what stands below it::

    client        Client: a store and its buckets
    bucket        Bucket: the daily verbs
    caller        Caller: sign, send, decode; the one spine that does I/O
    routing       where a call goes
    credentials   where keys come from
    transport     HTTP/1.1 connections on an aiohttp connector; all that touches sockets
    streams       bodies at the user's end
    operations    what S3 can be asked: declarations
    protocol      how S3 is spoken: pure functions
    errors        everything that is raised
"""

from __future__ import annotations

from . import errors, operations
from .bucket import Bucket
from .client import Client
from .credentials import Credentials, Provider
from .errors import *  # noqa: F403  # errors.__all__ is the list
from .operations.listing import Key
from .streams import ObjectStream
from .version import __version__

__all__ = sorted(
    {"Bucket", "Client", "Credentials", "Key", "ObjectStream", "Provider", "__version__", "errors", "operations"}
    | (set(errors.__all__) - {"error_class"})
)
