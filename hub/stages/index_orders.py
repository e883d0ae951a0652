"""What operators ordered, in the index: messages that were erased, dead letters that were decided on.

Rule: an order waits until the index has read whatever lay in the log when the order was seen, so what it names has its row by
then, whichever worker makes it. An order makes no row: it may name what never was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from hub.delivery.settlements import settled
from hub.delivery.sharing import ends_of, has_read
from hub.delivery.states import Event
from hub.errors import TryAgain
from hub.ports import Bus, Store, Write
from hub.stages.effects import Effects, Entry
from hub.stages.index import NAME as INDEX
from hub.stages.index import ORDERS, STATE_OF_LETTER, Index
from hub.stages.index_rows import Change, merge
from hub.topics import CONTROL

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower
    from hub.stages.brake import Place

LOOK_AGAIN: Final = 0.05
"""Seconds."""


class IndexOrders:
    """The stage. `index`: whose sources are waited for."""

    name = ORDERS
    version = 1
    batch = 500

    def __init__(self, bus: Bus, store: Store, follower: DirectoryFollower, index: Index) -> None:
        self._bus = bus
        self._store = store
        self._follower = follower
        self._index = index
        self._ends: tuple[int, dict[Place, int]] | None = None  # noted for the entries that begin there

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == CONTROL]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        verdicts = {o.letter: o.verdict for o in await settled(self._follower, [entry.offset for entry in entries])}
        first, last = entries[0].offset, entries[-1].offset
        orders = [o for o in self._follower.directory.now().erasures() if first <= o.position <= last]
        if not verdicts and not orders:
            return Effects()
        await self._await_index(first)
        changes: dict[str, Change] = {}
        for order in orders:
            for id_ in order.ids:
                changes.setdefault(id_, Change()).events[Event.ERASE] = order.at
        writes = await merge(self._store, changes)
        letters = await self._store.rows("dead_letter", {"id": list(verdicts)}) if verdicts else []
        if letters:
            decided = [row | {"state": STATE_OF_LETTER[verdicts[row["id"]]]} for row in letters]
            writes.append(Write("dead_letter", decided))
        return Effects(writes=writes)

    async def _await_index(self, first: int) -> None:
        """Raises `TryAgain` until the index has read all that there was when the entries from `first` on were seen."""
        if self._ends is None or self._ends[0] != first:
            self._ends = (first, await ends_of(self._bus, self._index.sources(self._bus.topics())))
        if not await has_read(self._store, INDEX, self._ends[1]):
            raise TryAgain("AMANA-STORE-004", after=LOOK_AGAIN)
