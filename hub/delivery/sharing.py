"""How several workers share one schedule: each calls for the partitions that it holds, and for no other.

Rule: who holds a partition, the store decides by its epoch. It is asked again before an outcome is recorded, so who was
stopped for longer than its group waited records nothing; what it sent had the `requestId` that everybody sends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol

from hub.delivery.states import State
from hub.ports import Bus, Store, Write
from hub.topics import OUTBOX

if TYPE_CHECKING:
    from hub.stages.brake import Place

INTAKE: Final = "deliver"
"""The stage that owns the schedule."""


class Share(Protocol):
    """What this worker has of the schedule. The simulator and the cluster's worker each have one."""

    def places(self) -> Mapping[str, Mapping[int, int]]:
        """Partitions, by outbox, that it may call for now: held, and read as far as there are outcomes; each with the epoch
        that it was claimed under."""
        ...

    def epoch(self, place: Place) -> int | None:
        """The epoch under which it holds a partition; None: it does not."""
        ...

    async def taken(self, place: Place, offset: int) -> None:
        """Until the schedule holds what lies at `offset`, or the partition is held no more."""
        ...


async def epochs(store: Store, places: Collection[Place]) -> dict[Place, int]:
    """The latest epoch of each of these partitions of the schedule."""
    topics, partitions = {topic for topic, _ in places}, {partition for _, partition in places}
    where = {"stage": INTAKE, "topic": sorted(topics), "partition": sorted(partitions)}
    return {(r["topic"], r["partition"]): int(r["epoch"]) for r in await store.rows("stage_progress", where)}


class Delivered:
    """Which runs are delivered, where no single worker sees all receipts of one.

    Two workers may each confirm the last message but one without seeing the other's transaction, so it is looked at
    again after each commit: whoever commits last sees everything. Looking twice changes nothing.
    """

    def __init__(self, bus: Bus, store: Store) -> None:
        self._bus = bus
        self._store = store
        self._ends: dict[str, dict[Place, int]] = {}

    async def look(self) -> int:
        """Note the approved runs of which every message is confirmed; returns how many."""
        approved = await self._store.rows("run", {"state": "approved"})
        self._ends = {code: ends for code, ends in self._ends.items() if any(r["code"] == code for r in approved)}
        found = 0
        for run in approved:
            if not await self._read(run["code"]):
                continue
            rows = await self._store.rows("delivery", {"run": run["code"]})
            if rows and all(row["state"] == State.CONFIRMED for row in rows):
                await self._store.write([Write("run", [_delivered(run, rows)])])
                found += 1
        return found

    async def _read(self, code: str) -> bool:
        """Whether the schedule holds all that its approval published: it lay in the outboxes when the run was first
        seen to be approved."""
        ends = self._ends.get(code)
        if ends is None:
            ends = self._ends[code] = await outbox_ends(self._bus)
        return await has_read(self._store, INTAKE, ends)


async def outbox_ends(bus: Bus) -> dict[Place, int]:
    """Where every outbox ends now."""
    return await ends_of(bus, (topic for topic in bus.topics() if topic.startswith(OUTBOX)))


async def ends_of(bus: Bus, topics: Iterable[str]) -> dict[Place, int]:
    """Where every partition of these topics ends now."""
    partitions = bus.topics()
    places = [(topic, partition) for topic in topics for partition in range(partitions[topic])]
    return {place: await bus.end(*place) for place in places}


async def has_read(store: Store, stage: str, ends: Mapping[Place, int]) -> bool:
    """Whether a stage has taken everything below these ends."""
    rows = await store.rows("stage_progress", {"stage": stage})
    positions = {(row["topic"], row["partition"]): row["position"] for row in rows}
    return all(positions.get(place, 0) >= end for place, end in ends.items())


def _delivered(run: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    return dict(run, state="delivered", delivered_at=max(int(row["updated"]) for row in rows))
