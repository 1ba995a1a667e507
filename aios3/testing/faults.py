"""What can go wrong between a client and a server, as values; and a seeded choice among them.

*after* counts bytes of the response (head and body), or of the request's body for CutUpload.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ..errors import InvalidInput


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Relay *after* bytes of the response, then close; *reset* sends RST instead of FIN."""

    after: int = 0
    reset: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class HalfClose:
    """Relay *after* bytes of the response, then send FIN and nothing more; the connection stays until the client goes."""

    after: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class CutUpload:
    """Relay *after* bytes of the request's body, then close both sides without an answer."""

    after: int = 0
    reset: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LoseAnswer:
    """Let the server do what was asked, and close before a byte of its answer is relayed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stall:
    """Relay *after* bytes of the response, then nothing for *seconds*, then the rest."""

    after: int = 0
    seconds: float = 0.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Trickle:
    """Relay the response *size* bytes at a time, the first *pieces* of them with a turn of the loop between."""

    size: int = 1
    pieces: int = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrupt:
    """Flip a bit of the response's byte number *after*."""

    after: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """Answer in the server's place, which never hears of it.

    Args:
        early: Answer before the request's body is read, and close.
    """

    status: int = 503
    code: str = "SlowDown"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    early: bool = False


Fault: TypeAlias = Cut | HalfClose | CutUpload | LoseAnswer | Stall | Trickle | Corrupt | Answer
Plan: TypeAlias = Callable[[int, str, str], Fault | None]


class RandomFaults:
    """Chooses a fault for about one request in *every*: with the same seed the same for a request's number.

    Args:
        seed: Any number.
        every: Mean number of requests per fault.
        kinds: Which faults, each as likely as its share of the list: ``cut``, ``reset``, ``half_close``, ``cut_upload``,
            ``lose_answer``, ``stall``, ``trickle``, ``corrupt``, ``503``, ``500``, ``early``.
        within: Byte positions are chosen below this.
        stall: Seconds of a Stall at most.
    """

    def __init__(
        self,
        seed: int,
        every: float = 20,
        *,
        kinds: Sequence[str] = ("cut", "reset", "cut_upload", "lose_answer", "stall", "trickle", "503"),
        within: int = 64 * 1024,
        stall: float = 0.2,
    ) -> None:
        unknown = sorted(set(kinds) - set(_KINDS))
        if unknown or not kinds:
            raise InvalidInput(f"kinds must be some of {', '.join(_KINDS)}, not {', '.join(unknown) or 'none'}")
        if not every >= 1:
            raise InvalidInput(f"every must be a number from 1, not {every!r}")
        self._seed = seed
        self._every = every
        self._kinds = tuple(kinds)
        self._within = within
        self._stall = stall

    def __call__(self, number: int, method: str, target: str) -> Fault | None:
        """Return the fault for a request, or None."""
        # A function of seed and number alone: repeatable on purpose, in whatever order requests come.
        dice = random.Random(f"{self._seed}/{number}")  # noqa: S311
        if dice.random() >= 1 / self._every:
            return None
        # As likely between 100 and 1,000 as between 1,000 and 10,000: most answers are a head and little else.
        after = int(self._within ** dice.random()) - 1
        return _KINDS[dice.choice(self._kinds)](after, dice.uniform(0, self._stall))


_KINDS: dict[str, Callable[[int, float], Fault]] = {
    "cut": lambda after, seconds: Cut(after=after),
    "reset": lambda after, seconds: Cut(after=after, reset=True),
    "half_close": lambda after, seconds: HalfClose(after=after),
    "cut_upload": lambda after, seconds: CutUpload(after=after, reset=bool(after % 2)),
    "lose_answer": lambda after, seconds: LoseAnswer(),
    "stall": lambda after, seconds: Stall(after=after, seconds=seconds),
    "trickle": lambda after, seconds: Trickle(size=1 + after % 64),
    "corrupt": lambda after, seconds: Corrupt(after=after),
    "503": lambda after, seconds: Answer(),
    "500": lambda after, seconds: Answer(status=500, code="InternalError"),
    "early": lambda after, seconds: Answer(early=True),
}


__all__ = [
    "Answer",
    "Corrupt",
    "Cut",
    "CutUpload",
    "Fault",
    "HalfClose",
    "LoseAnswer",
    "Plan",
    "RandomFaults",
    "Stall",
    "Trickle",
]
