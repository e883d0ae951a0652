"""Outcomes of calls -> `receipts`, many at a time.

Rule: an outcome is a record first and only then a state. What came together while the one before was written is asked about,
appended and waited for together; after an append of unknown fate the schedule is read to the end first, so that one outcome is
recorded once.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from hub.delivery.receipts import ATTEMPT, STATE
from hub.delivery.sharing import epochs
from hub.delivery.states import FINAL, State
from hub.errors import TryAgain
from hub.ports import Append, Bus, Clock, Store
from hub.records import PARENT, Record, partition_of
from hub.topics import DEADLETTERS, RECEIPTS

if TYPE_CHECKING:
    from hub.stages.brake import Place

MOST: Final = 256
"""Outcomes of one append."""

Taken = Callable[["Place", int], Awaitable[None]]
"""Waits until the schedule holds what lies at an offset."""


@dataclass(slots=True, eq=False)
class Made:
    """One outcome. `place`: of the message in its outbox; `epoch`: under which it was called for, None where one worker has
    everything."""

    place: Place
    epoch: int | None
    receipt: Record
    letter: Record | None
    recorded: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Recording:
    """One per deliverer. `shared`: whether other workers have parts of the schedule."""

    def __init__(self, bus: Bus, store: Store, clock: Clock, taken: Taken, shared: Callable[[], bool]) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock
        self._taken = taken
        self._shared = shared
        self._waiting: list[Made] = []
        self._task: asyncio.Task[None] | None = None

    async def record(self, made: Made) -> bool:
        """On return it is recorded and the schedule knows. False: another worker has the partition, calls under the same
        request id, and records what comes of that."""
        self._waiting.append(made)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await made.recorded

    async def close(self) -> None:
        """Stop. What is not recorded then is called for again after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                try:
                    await self._write(group)
                except asyncio.CancelledError:
                    for made in (*group, *self._waiting):
                        made.recorded.cancel()
                    raise
                except BaseException as error:  # noqa: BLE001 - each of those who wait is told
                    for made in group:
                        if not made.recorded.done():
                            made.recorded.set_exception(copy(error))
        finally:
            self._task = None

    async def _write(self, group: list[Made]) -> None:
        unsure = False
        while group:
            try:
                if unsure:
                    group = await self._unrecorded(group)
                group = await self._still_held(group)
                for place, offset in await self._append(group):
                    await self._taken(place, offset)
            except TryAgain as again:
                unsure = True
                await self._clock.sleep(again.after)
                continue
            for made in group:
                _tell(made, recorded=True)
            return

    async def _append(self, group: list[Made]) -> list[tuple[Place, int]]:
        """Where the last receipt of each partition lies."""
        if not group:
            return []
        receipts = self._by_partition([made.receipt for made in group], RECEIPTS)
        letters = self._by_partition([made.letter for made in group if made.letter is not None], DEADLETTERS)
        offsets = await self._bus.append([*receipts, *letters])
        return [((a.topic, a.partition), base + len(a.records) - 1) for a, base in zip(receipts, offsets, strict=False)]

    def _by_partition(self, records: list[Record], topic: str) -> list[Append]:
        partitions = self._bus.topics()[topic]
        found: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            found[partition_of(record.key, partitions)].append(record)
        return [Append(topic, partition, part) for partition, part in found.items()]

    async def _still_held(self, group: list[Made]) -> list[Made]:
        """Those whose partition nobody else has claimed since."""
        if not self._shared():
            return group
        latest = await epochs(self._store, {made.place for made in group})
        for made in group:
            if latest.get(made.place) != made.epoch:
                _tell(made, recorded=False)
        return [made for made in group if not made.recorded.done()]

    async def _unrecorded(self, group: list[Made]) -> list[Made]:
        """Those whose receipt is not in the log, once the schedule holds all that is."""
        partitions = self._bus.topics()[RECEIPTS]
        for partition in {partition_of(made.receipt.key, partitions) for made in group}:
            place = (RECEIPTS, partition)
            await self._taken(place, await self._bus.end(*place) - 1)
        ids = [made.receipt.headers[PARENT] for made in group]
        rows = {row["id"]: row for row in await self._store.rows("delivery", {"id": ids})}
        recorded = [made for made in group if _knows(rows[made.receipt.headers[PARENT]], made.receipt)]
        letters = [made.letter for made in recorded if made.letter is not None]
        if letters:  # may be missing; whoever reads it twice knows it by its id
            await self._bus.append(self._by_partition(letters, DEADLETTERS))
        for made in recorded:
            _tell(made, recorded=True)
        return [made for made in group if not made.recorded.done()]


def _knows(row: dict[str, object], receipt: Record) -> bool:
    """Whether a row of the schedule holds this outcome, or the end of its message."""
    tried = row["attempts"]
    assert isinstance(tried, int)
    return tried >= int(receipt.headers[ATTEMPT]) and (
        row["state"] == receipt.headers[STATE] or State(str(row["state"])) in FINAL
    )


def _tell(made: Made, *, recorded: bool) -> None:
    if not made.recorded.done():  # who waited may have gone
        made.recorded.set_result(recorded)
