"""A function of os that moves bytes between descriptors, counted."""

import os
from typing import Any

import pytest


class Counted:
    """Stands for a function of os, which it calls, and knows how many bytes that has moved.

    Args:
        name: Of the function; it gives how many bytes it moved.
        only: Where given, only calls count that have an argument of this name.
    """

    def __init__(self, patch: pytest.MonkeyPatch, name: str, only: str = "") -> None:
        self.moved = 0
        self._only = only
        self._really = getattr(os, name)
        patch.setattr(os, name, self)

    def __call__(self, *arguments: Any, **named: Any) -> int:
        done: int = self._really(*arguments, **named)
        self.moved += done if not self._only or self._only in named else 0
        return done
