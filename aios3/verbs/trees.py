"""A bucket's verbs for trees: folders and prefixes, made like each other."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeAlias, Unpack

from ..errors import InvalidInput
from ..settings import time_limit
from ..transfers.pace import Bandwidth, bandwidth_of
from ..transfers.places import Folder, Place, Prefix
from ..transfers.plans import Action, Comparison, Rules
from ..transfers.results import Progress
from ..transfers.sizes import PART_SIZE
from ..transfers.trees import Sync, SyncReport
from .listing import Listing
from .options import ObjectOptions, members_of

AnyPlace: TypeAlias = str | os.PathLike[str] | Listing | tuple[Listing, str]


class Trees(Listing):
    """Upload, download and synchronise many objects at once."""

    async def upload_tree(
        self,
        path: str | os.PathLike[str],
        prefix: str = "",
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        follow_links: bool = False,
        concurrency: int = 8,
        progress: Progress | None = None,
        on_action: Callable[[Action], object] | None = None,
        bandwidth: Bandwidth | float | None = None,
        timeout: float | None = None,
        **options: Unpack[ObjectOptions],
    ) -> SyncReport:
        """Upload every file below a folder; the keys are *prefix* and the path below the folder.

        Args: as of sync.
        """
        return await self.sync(
            Path(path), prefix, include=include, exclude=exclude, compare="always", follow_links=follow_links,
            concurrency=concurrency, progress=progress, on_action=on_action, bandwidth=bandwidth, timeout=timeout,
            **options,
        )  # fmt: skip

    async def download_tree(
        self,
        prefix: str,
        path: str | os.PathLike[str],
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        concurrency: int = 8,
        progress: Progress | None = None,
        on_action: Callable[[Action], object] | None = None,
        bandwidth: Bandwidth | float | None = None,
        timeout: float | None = None,
    ) -> SyncReport:
        """Download every object whose key begins with *prefix*; the rest of the key is the path below the folder.

        Keys that would be written elsewhere, such as ``../x``, are refused, and listed in the report.

        Args: as of sync.
        """
        return await self.sync(
            prefix, Path(path), include=include, exclude=exclude, compare="always", concurrency=concurrency,
            progress=progress, on_action=on_action, bandwidth=bandwidth, timeout=timeout,
        )  # fmt: skip

    async def sync(
        self,
        source: AnyPlace,
        target: AnyPlace,
        *,
        delete: bool = False,
        dry_run: bool = False,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        compare: Comparison = "mtime",
        follow_links: bool = False,
        part_size: int = PART_SIZE,
        concurrency: int = 8,
        progress: Progress | None = None,
        on_action: Callable[[Action], object] | None = None,
        bandwidth: Bandwidth | float | None = None,
        timeout: float | None = None,
        **options: Unpack[ObjectOptions],
    ) -> SyncReport:
        """Make *target* like *source*: transfer what is new or different, and delete the rest if asked to.

        Memory is that of two pages of listings and of the transfers under way, however large the trees. An error ends
        it; what was done stays, and the next call goes on from there.

        Args:
            source, target: A ``Path`` is a folder on this machine, a str a prefix of this bucket, ``(bucket, prefix)`` or
                a Bucket a place in another one.
            delete: Delete in *target* what *source* does not have.
            dry_run: Do nothing; print what would be done, or give it to *on_action*.
            include, exclude: Patterns of names, such as ``"*.jpg"``; ``*`` passes slashes. What they leave out is neither
                transferred nor deleted.
            compare: ``"mtime"``: what has another size or is newer in the source; ``"size"``; ``"checksum"``: what has
                another ETag, for which files are read; ``"always"``.
            follow_links: Go where symbolic links lead; without this they are left out.
            on_action: Called with every Action as it is done.
            progress: Called with the bytes done so far; the total is None.
            options: As in upload.
        Raises:
            InvalidInput: both are folders, or one is inside the other.
            OSError: a file or folder cannot be read or written.
        """
        rules = Rules(delete=delete, include=include, exclude=exclude, compare=compare, part_size=part_size)
        sync = Sync(
            source=self._place(source, follow_links, is_source=True),
            target=self._place(target, follow_links=False, is_source=False),
            rules=rules,
            members=members_of(options),
            concurrency=concurrency,
            on_action=on_action or (print if dry_run else None),
            progress=progress,
            bandwidth=bandwidth_of(bandwidth),
        )
        async with time_limit(timeout):
            return await (sync.describe() if dry_run else sync.run())

    def plan_sync(
        self,
        source: AnyPlace,
        target: AnyPlace,
        *,
        delete: bool = False,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        compare: Comparison = "mtime",
        follow_links: bool = False,
        part_size: int = PART_SIZE,
    ) -> AsyncIterator[Action]:
        """Give what ``sync`` would do, an Action at a time: ``async for action in bucket.plan_sync(...)``.

        Args: as of sync.
        """
        return Sync(
            source=self._place(source, follow_links, is_source=True),
            target=self._place(target, follow_links=False, is_source=False),
            rules=Rules(delete=delete, include=include, exclude=exclude, compare=compare, part_size=part_size),
        ).plan()

    def _place(self, place: AnyPlace, follow_links: bool, *, is_source: bool) -> Place:
        if isinstance(place, os.PathLike):
            return Folder(path=Path(place), follow_links=follow_links, may_be_missing=not is_source)
        bucket: Listing = self
        prefix: object = place
        if isinstance(place, Listing):
            bucket, prefix = place, ""
        elif isinstance(place, tuple) and len(place) == 2 and isinstance(place[0], Listing):
            bucket, prefix = place
        if not isinstance(prefix, str):
            raise InvalidInput(f"a place is a Path, a prefix, a Bucket or (bucket, prefix), not {place!r}")
        return Prefix(caller=bucket.client, bucket=bucket.name, prefix=prefix, keys=bucket.keys)
