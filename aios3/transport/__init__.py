"""The only package that touches sockets: HTTP/1.1 connections on transports that an aiohttp connector opens.

connection.py is one connection and its response bodies, dialer.py asks a connector for a transport, pool.py keeps
connections per origin with limits and timeouts, pools.py has one Pool for each event loop.
"""

from __future__ import annotations

from .options import PoolOptions
from .pool import Pool
from .pools import ConnectorFactory, Pools

__all__ = ["ConnectorFactory", "Pool", "PoolOptions", "Pools"]
