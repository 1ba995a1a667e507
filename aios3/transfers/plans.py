"""What is to be done to make one tree like another: a merge of two sorted listings, one step at a time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from fnmatch import fnmatchcase
from typing import Literal, TypeAlias

from ..errors import InvalidInput, UnsafeKey
from ..protocol.values import CheckedValue, Value
from .places import Entry, Folder, Place, Prefix, check_key, check_name
from .sizes import PART_SIZE

Kind: TypeAlias = Literal["upload", "download", "copy", "delete", "refuse"]
Comparison: TypeAlias = Literal["mtime", "size", "checksum", "always"]
COMPARISONS = ("mtime", "size", "checksum", "always")


class Action(Value):
    """One step of a plan.

    Attributes:
        kind: ``upload``, ``download``, ``copy``, ``delete`` (in the target), or ``refuse``: it cannot be done safely.
        name: The path below the folder, the key behind the prefix.
        size: Bytes.
        reason: Such as ``new`` or ``another size``.
    """

    kind: Kind
    name: str
    size: int
    reason: str

    def __init__(self, kind: Kind, name: str, size: int, reason: str) -> None:
        super().__init__(kind=kind, name=name, size=size, reason=reason)

    def __str__(self) -> str:
        return f"{self.kind} {self.name} ({self.size} bytes, {self.reason})"


class Rules(CheckedValue):
    """How two trees are compared.

    Args:
        delete: What the source does not have is deleted in the target.
        include, exclude: Patterns of names, as in a shell, but ``*`` passes slashes; what they leave out is left alone.
        compare: ``mtime``: transfer what has another size or is newer in the source. ``size``: another size.
            ``checksum``: another ETag, for which files are read. ``always``: everything.
        part_size: Of uploads, which an ETag depends on.
    """

    delete: bool = False
    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    compare: Comparison = "mtime"
    part_size: int = PART_SIZE

    def __post_init__(self) -> None:
        if self.compare not in COMPARISONS:
            raise InvalidInput(f"compare must be one of {', '.join(COMPARISONS)}, not {self.compare!r}")
        for name in ("include", "exclude"):
            if isinstance(getattr(self, name), str):
                raise InvalidInput(f"{name} is a sequence of patterns, not one str")

    def chooses(self, name: str) -> bool:
        """Tell if a name is one of those that this is about."""
        wanted = not self.include or any(fnmatchcase(name, pattern) for pattern in self.include)
        return wanted and not any(fnmatchcase(name, pattern) for pattern in self.exclude)


async def plan(source: Place, target: Place, rules: Rules) -> AsyncGenerator[Action, None]:
    """Give what is to be done, in the order of the names; two pages of listings are in memory."""
    kind = _kind(source, target)
    async with aclosing(_chosen(source, rules)) as ours, aclosing(_chosen(target, rules)) as theirs:
        mine, other = await anext(ours, None), await anext(theirs, None)
        while mine or other:
            if other is None or (mine is not None and _place(mine) < _place(other)):
                assert mine is not None
                yield _checked(Action(kind, mine.name, mine.size, "new"), source, target)
                mine = await anext(ours, None)
            elif mine is None or _place(other) < _place(mine):
                if rules.delete:
                    yield _checked(Action("delete", other.name, other.size, "not in the source"), source, target)
                other = await anext(theirs, None)
            else:
                if reason := await _difference(source, mine, target, other, rules):
                    yield _checked(Action(kind, mine.name, mine.size, reason), source, target)
                mine, other = await anext(ours, None), await anext(theirs, None)


def _kind(source: Place, target: Place) -> Kind:
    if isinstance(source, Prefix):
        if not isinstance(target, Prefix):
            return "download"
        # Copies would be copied on, or the source be taken for what the target has too much.
        if source.overlaps(target):
            raise InvalidInput(f"{source.shown!r} and {target.shown!r} overlap: neither may be inside the other")
        return "copy"
    if isinstance(target, Prefix):
        return "upload"
    raise InvalidInput("source and target are both folders: one of them must be in a bucket")


async def _chosen(place: Place, rules: Rules) -> AsyncGenerator[Entry, None]:
    async with aclosing(place.entries()) as entries:
        async for entry in entries:
            if rules.chooses(entry.name):
                yield entry


def _place(entry: Entry) -> bytes:
    """Return what S3 sorts by; file names that are not UTF-8 as the bytes they are."""
    return entry.name.encode("utf-8", "surrogateescape")


def _checked(action: Action, source: Place, target: Place) -> Action:
    try:
        if isinstance(target, Folder):
            check_name(action.name)
        elif isinstance(source, Folder) and action.kind == "upload":
            check_key(action.name)
    except UnsafeKey as error:
        return Action("refuse", action.name, action.size, str(error))
    return action


async def _difference(source: Place, mine: Entry, target: Place, other: Entry, rules: Rules) -> str:
    """Return why a name that both have must be transferred; "" if it need not be."""
    if rules.compare == "always":
        return "asked for"
    if mine.size != other.size:
        return "another size"
    if rules.compare == "mtime" and mine.modified > other.modified:
        return "newer in the source"
    if rules.compare == "checksum" and not await _same_etag(source, mine, target, other, rules.part_size):
        return "another checksum"
    return ""


async def _same_etag(source: Place, mine: Entry, target: Place, other: Entry, part_size: int) -> bool:
    known = mine.etag or other.etag or ""
    parts = int(known.strip('"').rpartition("-")[2]) if "-" in known else 0
    etags = [
        await place.digest(entry, part_size, parts) if isinstance(place, Folder) else entry.etag
        for place, entry in ((source, mine), (target, other))
    ]
    return etags[0] is not None and etags[0] == etags[1]
