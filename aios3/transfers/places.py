"""The two kinds of place that a tree of objects can be in: a folder, and a bucket's keys under a prefix.

Both list their entries in the order of their names' UTF-8 bytes, as S3 does, so that two listings can be merged.
"""

from __future__ import annotations

import asyncio
import os
import re
import stat
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from hashlib import md5
from pathlib import Path

from ..caller import Caller
from ..errors import UnsafeKey
from ..operations.listing import Key
from ..protocol.values import Value
from .results import quoted

# What Windows takes for a device, whatever comes behind the first dot.
_DEVICE = r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\..*)?"
_LONGEST_NAME = 255


class Entry(Value):
    """A file or an object.

    Attributes:
        name: Its path below the folder, or its key behind the prefix; with slashes.
        modified: Seconds since 1970.
        etag: None for files.
    """

    name: str
    size: int
    modified: float
    etag: str | None = None


class Folder(Value):
    """A folder on this machine.

    Args:
        follow_links: Go where symbolic links lead; without that they are left out.
        may_be_missing: An absent folder has no entries.
    """

    path: Path
    follow_links: bool = False
    may_be_missing: bool = False

    async def entries(self) -> AsyncGenerator[Entry, None]:
        """Give the files, one folder's names in memory at a time.

        Raises:
            OSError: a folder cannot be read: what is in it is not taken for absent.
        """
        if self.may_be_missing and not await asyncio.to_thread(self.path.exists):
            return
        waiting: list[Iterator[tuple[str, Entry | None]]] = [iter(await self._look(""))]
        while waiting:
            name, entry = next(waiting[-1], ("", None))
            if entry is not None:
                yield entry
            elif name:
                waiting.append(iter(await self._look(name)))
            else:
                waiting.pop()

    async def _look(self, name: str) -> list[tuple[str, Entry | None]]:
        return await asyncio.to_thread(self._scan, name)

    def _scan(self, prefix: str) -> list[tuple[str, Entry | None]]:
        found: list[tuple[str, Entry | None]] = []
        with os.scandir(self.path / prefix) as items:
            for item in items:
                if item.is_symlink() and not self.follow_links:
                    continue
                name = prefix + item.name
                if item.is_dir():
                    found.append((f"{name}/", None))
                    continue
                state = item.stat()
                if stat.S_ISREG(state.st_mode):
                    found.append((name, Entry(name=name, size=state.st_size, modified=state.st_mtime)))
        # A folder stands where the names in it do: behind "a.txt", since "/" is greater than ".".
        found.sort(key=lambda each: os.fsencode(each[0]))
        return found

    def file(self, name: str) -> Path:
        """Return where a file of this name stands."""
        return self.path / name

    async def prepared(self, name: str) -> Path:
        """Return where to write a file, whose folder is made if need be.

        Raises:
            UnsafeKey: the name leads elsewhere, or through something that is no folder.
        """
        check_name(name)
        return await asyncio.to_thread(self._prepare, name)

    def _prepare(self, name: str) -> Path:
        self.path.mkdir(parents=True, exist_ok=True)
        folder = self.path
        *above, _ = name.split("/")
        for part in above:
            folder = folder / part
            try:
                folder.mkdir()
            except FileExistsError:
                # Not followed: a link may lead out of the folder.
                if not stat.S_ISDIR(folder.lstat().st_mode):
                    raise UnsafeKey(f"{name!r} needs a folder where {str(folder)!r} is none") from None
        target = self.path / name
        if target.is_dir() and not target.is_symlink():
            raise UnsafeKey(f"{name!r} would be a file where {str(target)!r} is a folder")
        return target

    async def remove(self, name: str) -> None:
        """Delete a file."""
        check_name(name)
        await asyncio.to_thread(self.file(name).unlink, missing_ok=True)

    async def digest(self, entry: Entry, part_size: int, parts: int) -> str:
        """Return what the ETag of a file would be, uploaded in one request or in *parts*."""
        return await asyncio.to_thread(_etag, self.file(entry.name), part_size, parts)


class Prefix(Value):
    """The keys of a bucket that begin with a prefix.

    Args:
        keys: Lists them.
    """

    caller: Caller
    bucket: str
    prefix: str
    keys: Callable[[str], AsyncIterator[Key]]

    async def entries(self) -> AsyncGenerator[Entry, None]:
        """Give the objects; a page of the listing is in memory."""
        async for key in self.keys(self.prefix):
            name = key.key[len(self.prefix) :]
            # What a console shows as a folder is an empty object; the prefix itself is no entry below it.
            if name and not (name.endswith("/") and not key.size):
                modified = key.last_modified.timestamp() if key.last_modified else 0.0
                yield Entry(name=name, size=key.size, modified=modified, etag=quoted(key.etag))

    @property
    def shown(self) -> str:
        """What it is called in messages."""
        return f"{self.bucket}/{self.prefix}"

    def overlaps(self, other: Prefix) -> bool:
        """Tell if one is inside the other: keys that are in both have another name in each."""
        mine, its = self.prefix, other.prefix
        nested = mine != its and (mine.startswith(its) or its.startswith(mine))
        return nested and (self.caller.store, self.bucket) == (other.caller.store, other.bucket)

    def key(self, name: str) -> str:
        """Return the key of an entry."""
        return self.prefix + name


Place = Folder | Prefix


def check_name(name: str) -> None:
    """Let a name pass that can be a file below a folder, on any system.

    Raises:
        UnsafeKey: it leads elsewhere, or is no name of a file.
    """
    reason = _fault(name)
    if reason:
        raise UnsafeKey(f"{name!r} is not written: {reason}")


def _fault(name: str) -> str:
    if "\0" in name:
        return "it has a NUL"
    if os.sep == "\\" and ("\\" in name or ":" in name):
        return "it has a backslash or a colon"
    for part in name.split("/"):
        if part in ("", ".", ".."):
            return f"{part!r} is no name of a file or folder"
        if re.fullmatch(_DEVICE, part.rstrip(" ."), re.IGNORECASE):
            return f"{part!r} is the name of a device"
        try:
            if len(part.encode()) > _LONGEST_NAME:
                return f"{part[:20]!r}... is longer than {_LONGEST_NAME} bytes"
        except UnicodeEncodeError:
            return f"{part!r} has a lone surrogate"
    return ""


def check_key(name: str) -> None:
    """Let the name of a file pass that can be a key.

    Raises:
        UnsafeKey: it is not UTF-8.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UnsafeKey(f"{name!r} is not sent: the file's name is not UTF-8") from None


def _etag(path: Path, part_size: int, parts: int) -> str:
    digests = []
    with path.open("rb") as file:
        while True:
            digest, left = md5(usedforsecurity=False), part_size if parts else 1 << 62
            while left and (piece := file.read(min(left, 1 << 20))):
                digest.update(piece)
                left -= len(piece)
            digests.append(digest.digest())
            if left:
                break
    if not parts:
        return f'"{digests[0].hex()}"'
    if digests[-1] == md5(usedforsecurity=False).digest() and len(digests) > 1:
        digests.pop()
    return f'"{md5(b"".join(digests), usedforsecurity=False).hexdigest()}-{len(digests)}"'
