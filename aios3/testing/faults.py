"""What can go wrong between a client and a server, as values; and a seeded choice among them.

*after* counts bytes of the response (head and body), or of the request's body for CutUpload.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Relay *after* bytes of the response, then close; *reset* sends RST instead of FIN."""

    after: int = 0
    reset: bool = False


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


Fault: TypeAlias = Cut | CutUpload | LoseAnswer | Stall | Trickle | Corrupt | Answer
Plan: TypeAlias = Callable[[int, str, str], Fault | None]


class RandomFaults:
    """Chooses a fault for about one request in *every*; the same seed chooses the same.

    Args:
        seed: Anything random.Random takes as one.
        every: Mean number of requests per fault.
        kinds: Which faults: names of the classes above, each as likely as its share of the list.
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
        self._random = random.Random(seed)  # noqa: S311  # repeatable on purpose
        self._every = every
        self._kinds = tuple(kinds)
        self._within = within
        self._stall = stall

    def __call__(self, number: int, method: str, target: str) -> Fault | None:
        """Return the fault for a request, or None."""
        chance, kind = self._random.random(), self._random.choice(self._kinds)
        # Half of all cuts fall into the first 2 KiB: heads and small bodies are what most requests are.
        after = self._random.randrange(self._random.choice((2048, self._within)))
        seconds = self._random.uniform(0, self._stall)
        if chance >= 1 / self._every:
            return None
        made: dict[str, Fault] = {
            "cut": Cut(after=after),
            "reset": Cut(after=after, reset=True),
            "cut_upload": CutUpload(after=after, reset=bool(after % 2)),
            "lose_answer": LoseAnswer(),
            "stall": Stall(after=after, seconds=seconds),
            "trickle": Trickle(size=1 + after % 64),
            "corrupt": Corrupt(after=after),
            "503": Answer(),
            "500": Answer(status=500, code="InternalError"),
            "early": Answer(early=True),
        }
        return made[kind]
