"""Trees of objects made like trees of files and the other way round: a plan, carried out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, TypeAlias

from ..errors import UnsafeKey
from ..operations.objects import GetObject
from ..protocol.values import Value
from ..streams import ObjectStream
from .copies import Copy
from .copies import Place as ObjectPlace
from .crew import Crew
from .deletions import BATCH, Deletion
from .downloads import Download
from .pace import Bandwidth
from .places import Folder, Place, Prefix
from .plans import Action, Rules, plan
from .results import Meter, Progress
from .resumption import Resumption
from .uploads import Upload

OnAction: TypeAlias = Callable[[Action], object]


class SyncReport(Value):
    """What was done to make the target like the source; or what would be.

    Attributes:
        uploaded, downloaded, copied, deleted: How many files or objects.
        size: Bytes of what was transferred.
        refused: What cannot be written safely, each an Action with its reason.
    """

    uploaded: int = 0
    downloaded: int = 0
    copied: int = 0
    deleted: int = 0
    size: int = 0
    refused: tuple[Action, ...] = ()


class Sync(Value):
    """How one tree is made like another.

    Args:
        members: What every object that is stored is told.
        on_action: Called with each Action when it is done; of deletions, when they are about to be.
        progress: Bytes of all files together; the total is not known.
    """

    source: Place
    target: Place
    rules: Rules
    members: Mapping[str, Any] = {}
    concurrency: int = 8
    on_action: OnAction | None = None
    progress: Progress | None = None
    bandwidth: Bandwidth | None = None

    def plan(self) -> AsyncGenerator[Action, None]:
        """Give what is to be done."""
        return plan(self.source, self.target, self.rules)

    async def describe(self) -> SyncReport:
        """Tell what is to be done, and do nothing."""
        tally = _Tally(self.on_action)
        async with aclosing(self.plan()) as actions:
            async for action in actions:
                tally.add(action)
        return tally.report()

    async def run(self) -> SyncReport:
        """Do it; the first error ends it, and the next run goes on from there."""
        tally = _Tally(self.on_action)
        meter = Meter(self.progress, None)
        doomed: list[Action] = []
        async with aclosing(self.plan()) as actions, Crew(self.concurrency) as crew:
            async for action in actions:
                if action.kind == "refuse":
                    tally.add(action)
                elif action.kind == "delete":
                    doomed.append(action)
                    if len(doomed) == BATCH:
                        await crew.start(partial(self._delete, doomed, tally))
                        doomed = []
                else:
                    await crew.start(partial(self._transfer, action, tally, meter))
            if doomed:
                await crew.start(partial(self._delete, doomed, tally))
        return tally.report()

    async def _delete(self, actions: list[Action], tally: _Tally) -> None:
        for action in actions:
            tally.add(action)
        if isinstance(self.target, Folder):
            for action in actions:
                await self.target.remove(action.name)
        else:
            target = self.target
            keys = [target.key(action.name) for action in actions]
            await Deletion(target.caller, target.bucket).run(keys, 1, raise_on_error=True)

    async def _transfer(self, action: Action, tally: _Tally, meter: Meter) -> None:
        try:
            await self._move(action, meter)
        except UnsafeKey as error:
            action = Action("refuse", action.name, action.size, str(error))
        tally.add(action)

    async def _move(self, action: Action, meter: Meter) -> None:
        source, target = self.source, self.target
        if isinstance(source, Folder):
            assert isinstance(target, Prefix)
            await self._upload(target, action).run(source.file(action.name))
        elif isinstance(target, Folder):
            download = Download(
                caller=source.caller, bucket=source.bucket, key=source.key(action.name), bandwidth=self.bandwidth
            )
            path = await target.prepared(action.name)
            try:
                await download.run(path)
            except OSError:
                await target.prepared(action.name)  # refuses what has become a folder meanwhile: "a", and then "a/b"
                raise
        elif source.caller is target.caller:
            await Copy(
                caller=target.caller,
                source=ObjectPlace(bucket=source.bucket, key=source.key(action.name)),
                target=ObjectPlace(bucket=target.bucket, key=target.key(action.name)),
                members=self.members,
            ).run()
        else:
            operation = GetObject(bucket=source.bucket, key=source.key(action.name))
            result = await source.caller.call(operation)
            async with ObjectStream(result, Resumption(source.caller, operation, result)) as stream:
                await self._upload(target, action).run(stream)
        meter.add(action.size)

    def _upload(self, target: Prefix, action: Action) -> Upload:
        return Upload(
            caller=target.caller,
            bucket=target.bucket,
            key=target.key(action.name),
            members=self.members,
            part_size=self.rules.part_size,
            bandwidth=self.bandwidth,
        )


class _Tally:
    """Counts actions, and tells of them."""

    def __init__(self, on_action: OnAction | None) -> None:
        self._on_action = on_action
        self._counts: dict[str, int] = {}
        self._size = 0
        self._refused: list[Action] = []

    def add(self, action: Action) -> None:
        if action.kind == "refuse":
            self._refused.append(action)
        else:
            self._counts[action.kind] = self._counts.get(action.kind, 0) + 1
            self._size += 0 if action.kind == "delete" else action.size
        if self._on_action is not None:
            self._on_action(action)

    def report(self) -> SyncReport:
        return SyncReport(
            uploaded=self._counts.get("upload", 0),
            downloaded=self._counts.get("download", 0),
            copied=self._counts.get("copy", 0),
            deleted=self._counts.get("delete", 0),
            size=self._size,
            refused=tuple(self._refused),
        )
