"""Where keys come from: a provider is ``async def () -> Credentials``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from ..protocol.sigv4 import Credentials
from .local import environment

Provider: TypeAlias = Callable[[], Awaitable[Credentials]]

__all__ = ["Credentials", "Provider", "environment"]
