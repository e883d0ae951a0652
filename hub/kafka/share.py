"""What one worker of several has of the schedule of deliveries.

Rule: that is what its member of the intake's group holds, and nothing before every outcome that lay in the receipts is known:
what was recorded already is not called again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from hub.delivery.sharing import INTAKE, Delivered
from hub.topics import OUTBOX, RECEIPTS

if TYPE_CHECKING:
    from hub.kafka.member import Member
    from hub.ports import Bus, Store
    from hub.stages.brake import Place


class Members(Protocol):
    """Where the member of a stage is found."""

    def member(self, stage: str) -> Member | None: ...


class KafkaShare:
    """What this worker has of the schedule of deliveries: what its member of the intake's group holds."""

    def __init__(self, members: Members, bus: Bus, store: Store) -> None:
        self._members = members
        self._bus = bus
        self._delivered = Delivered(bus, store)
        self._ends: dict[
            tuple[Place, int], int
        ] = {}  # by place and epoch: where the receipts ended when it was claimed

    def places(self) -> Mapping[str, Mapping[int, int]]:
        found: dict[str, dict[int, int]] = {}
        for (topic, partition), epoch in self._held().items():
            if topic.startswith(OUTBOX):
                found.setdefault(topic, {})[partition] = epoch
        return found

    def epoch(self, place: Place) -> int | None:
        member = self._members.member(INTAKE)
        return None if member is None or not member.holds(place) else member.runner.held().get(place)

    async def taken(self, place: Place, offset: int) -> None:
        member = self._members.member(INTAKE)
        if member is not None:
            await member.taken(place, offset)

    async def look(self) -> None:
        """After something moved: note where the receipts of new claims end, and which runs are delivered. Raises
        `TryAgain`."""
        member = self._members.member(INTAKE)
        if member is None or not member.claimed:
            return
        held = {(place, epoch) for place, epoch in member.runner.held().items() if place[0] == RECEIPTS}
        self._ends = {key: end for key, end in self._ends.items() if key in held}
        for key in held - self._ends.keys():
            self._ends[key] = await self._bus.end(*key[0])
        await self._delivered.look()

    def _held(self) -> Mapping[Place, int]:
        """What may be called for: nothing before every outcome that lay in the receipts is known."""
        member = self._members.member(INTAKE)
        if member is None or not member.claimed:
            return {}
        held = member.runner.held()
        for place, epoch in held.items():
            end = self._ends.get((place, epoch))
            if place[0] == RECEIPTS and (end is None or member.runner.position(place) < end):
                return {}
        return {place: epoch for place, epoch in held.items() if member.holds(place)}
