"""How long a request waited before it could be sent, for whoever wants to know.

A context variable and not an argument: the request that finds a free connection, as most do, never looks at it.
"""

from __future__ import annotations

from contextvars import ContextVar


class Waits:
    """What one request waited for.

    Attributes:
        queued: Seconds in line, since all connections were in use.
        connecting: Seconds for DNS, TCP, TLS and a proxy's CONNECT; None where a kept connection was used.
    """

    __slots__ = ("connecting", "queued")

    def __init__(self) -> None:
        self.queued = 0.0
        self.connecting: float | None = None


# Set by who wants to know what its next request waits for.
current_waits: ContextVar[Waits | None] = ContextVar("aios3_current_waits", default=None)
