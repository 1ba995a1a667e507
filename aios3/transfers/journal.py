"""What an interrupted download leaves beside its file: which object it was, and which parts have arrived.

A line of JSON that says what is downloaded, then a line for each part that is on disk. A last line that a crash has cut is
not read.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import IO

from ..protocol.checksums import RangesVerification, algorithm_named, can_compute
from ..protocol.values import Value


class Plan(Value):
    """An object to download, in parts.

    Attributes:
        asked_version: The version that was asked for; None for the current one.
        algorithm, checksum: The CRC of the whole, where the store has one.
        done: Where the parts begin that have arrived.
    """

    bucket: str
    key: str
    version_id: str | None
    asked_version: str | None
    etag: str | None
    size: int
    part_size: int
    algorithm: str | None = None
    checksum: str | None = None
    done: frozenset[int] = frozenset()

    @property
    def guard(self) -> str | None:
        """The ETag that keeps the parts of two objects apart; a weak one matches nothing (RFC 9110 13.1.1)."""
        return None if self.etag is None or self.etag.startswith("W/") else self.etag

    def end(self, start: int) -> int:
        """Return where the part ends that begins at *start*."""
        return min(start + self.part_size, self.size)

    def verification(self) -> RangesVerification | None:
        """Return what the whole is to be held against, if there is anything."""
        if self.algorithm is None or self.checksum is None:
            return None
        algorithm = algorithm_named(self.algorithm)
        return RangesVerification(algorithm, self.checksum) if can_compute(algorithm) else None

    def fits(self, bucket: str, key: str, version_id: str | None) -> bool:
        """Tell if this is what somebody wants to download now, and can be gone on with."""
        return self.guard is not None and (self.bucket, self.key, self.asked_version) == (bucket, key, version_id)


class Journal:
    """The file beside the download. Its lines are few and short: they are written where they occur."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def read(self) -> Plan | None:
        """Return what an earlier download has left; None if there is nothing that can be used."""
        try:
            text = self._path.read_text()
            first, *lines = text.split("\n")[:-1]
            plan = json.loads(first)
            done = frozenset(int(line) for line in lines)
            found = Plan(**plan, done=done)
            whole = set(range(0, found.size, found.part_size))
            found.verification()
        except (OSError, ValueError, TypeError):
            return None
        if not done <= whole:
            return None
        self._file = self._path.open("a")
        # What is left of a line would make another part of the next one's number.
        self._file.truncate(text.rfind("\n") + 1)
        return found

    def begin(self, plan: Plan) -> None:
        """Write of a new download."""
        self.close()
        self._file = self._path.open("w")
        self._write(json.dumps({name: value for name, value in vars(plan).items() if name != "done"}))

    def done(self, start: int) -> None:
        """Write that the part that begins at *start* is on disk."""
        self._write(str(start))

    def _write(self, line: str) -> None:
        assert self._file is not None
        self._file.write(f"{line}\n")
        self._file.flush()

    def exists(self) -> bool:
        """Tell if there is anything to go on from."""
        return self._path.exists()

    def forget(self) -> None:
        """What was written is of no use."""
        self.close(remove=True)

    def close(self, *, remove: bool = False) -> None:
        """Close the file, and take it away if it is no longer needed."""
        if self._file is not None:
            self._file.close()
            self._file = None
        if remove:
            with suppress(FileNotFoundError):
                self._path.unlink()
