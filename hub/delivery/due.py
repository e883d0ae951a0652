"""What is to be called for next.

Rule: the store is asked only about receivers for which something came, or whose time came, and for many messages at once; who
has nothing costs nothing. What was read ahead is let go when this worker's part of the schedule changes, and when it lost a
part and has it again: others may have worked on it meanwhile.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hub.control.follow import DirectoryFollower
from hub.control.objects import System
from hub.delivery.sharing import Share
from hub.delivery.states import CALLABLE, State
from hub.ports import Clock, Store
from hub.records import Ms
from hub.topics import outbox

AHEAD: Final = 128
"""Messages of one receiver that are read ahead."""


class Next(NamedTuple):
    """A message that is to be called for: its place in the outbox, and how often it was tried."""

    id: str
    system: str
    topic: str
    partition: int
    offset: int
    state: State
    attempts: int


@dataclass(slots=True)
class Due:
    """Receivers by what is known of them: `_maybe` may have messages that wait (with a number that rises whenever more may
    have come), `_retries` when the next retry of each is due, `_unsure` those of which that is not known."""

    store: Store
    follower: DirectoryFollower
    clock: Clock
    _ahead: dict[str, deque[Next]] = field(default_factory=dict)
    _maybe: dict[str, int] = field(default_factory=dict)
    _retries: dict[str, int] = field(default_factory=dict)
    _unsure: set[str] = field(default_factory=set)
    _all_read: dict[str, int] = field(default_factory=dict)  # its number when the store had no more than was read
    _last: int = 0  # of the numbers, none of which is given twice
    _active: frozenset[str] = frozenset()
    _position: int = -1
    _held: Mapping[str, Mapping[int, int]] | None = None

    def note(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Rows of the schedule as they were just committed."""
        for row in rows:
            if row["state"] == State.DUE:
                self._may_have_more(row["system"])
            elif row["state"] == State.RETRYING:
                self._retries[row["system"]] = min(row["next_at"], self._retries.get(row["system"], row["next_at"]))

    async def take(
        self, share: Share | None, busy: Container[str], free: Callable[[str], int], room: int
    ) -> list[Next]:
        """At most `room`, the receivers in turn, of each at most as many as are `free` and nothing that is `busy`."""
        await self._look_anew(share)
        now = self.clock.now()
        for system in [system for system, at in self._retries.items() if at <= now]:
            del self._retries[system]
            self._unsure.add(system)
            self._may_have_more(system)
        found: list[Next] = []
        for system in list(self._maybe):
            wanted = min(free(system), room - len(found))
            if wanted <= 0:
                continue
            ahead = self._ahead.get(system) or await self._read(system, busy)
            found += [ahead.popleft() for _ in range(min(wanted, len(ahead)))]
            number = self._maybe.pop(system)
            if ahead or self._all_read.get(system) != number:
                self._maybe[system] = number  # the others first, next time
        return found

    def put_back(self, taken: Iterable[Next]) -> None:
        """What could not be called for after all."""
        for one in reversed(list(taken)):
            self._ahead.setdefault(one.system, deque()).appendleft(one)
            self._may_have_more(one.system)

    async def next_at(self, share: Share | None) -> Ms | None:
        """When the next retry is due, if any waits."""
        await self._look_anew(share)
        for system in list(self._unsure - self._maybe.keys()):
            await self._ask_when(system)
        return Ms(min(self._retries.values())) if self._retries else None

    def _may_have_more(self, system: str) -> None:
        self._last += 1
        self._maybe[system] = self._last

    async def _look_anew(self, share: Share | None) -> None:
        """After a change of who may be called, or of what this worker has."""
        held = None if share is None else share.places()
        view = self.follower.directory.now()
        if view.position != self._position:
            active = frozenset(
                s.id for s in view.all_subscriptions() if not s.paused and not _suspended(view.system(s.system))
            )
        else:
            active = self._active
        if self._position >= 0 and active == self._active and held == self._held:
            self._position = view.position
            return
        where = {"state": [str(s) for s in CALLABLE], "subscription": sorted(active)}
        waiting = await self.store.count("delivery", where, by=("system",)) if active else {}
        self._position, self._active, self._held = view.position, active, held
        self._ahead.clear()
        self._retries.clear()
        for (system,) in sorted(waiting):
            self._may_have_more(system)
            self._unsure.add(system)

    async def _read(self, system: str, busy: Container[str]) -> deque[Next]:
        where = self._where(system)
        number = self._maybe[system]
        rows: list[dict[str, Any]] = []
        if where is not None:
            states = {"state": [str(s) for s in CALLABLE], "next_at": ("<=", self.clock.now())}
            order = ("since", "partition", "offset")
            rows = await self.store.rows("delivery", where | states, order=order, limit=AHEAD)
        ahead = self._ahead[system] = deque(_next(row) for row in rows if row["id"] not in busy)
        if len(rows) < AHEAD:
            if system in self._unsure:
                await self._ask_when(system)
            self._all_read[system] = number
        return ahead

    async def _ask_when(self, system: str) -> None:
        """When the next retry of a receiver is due."""
        self._unsure.discard(system)
        where = self._where(system)
        if where is None:
            return
        where |= {"state": str(State.RETRYING), "next_at": (">", self.clock.now())}
        rows = await self.store.rows("delivery", where, order=("next_at",), limit=1)
        if rows:
            self._retries[system] = min(rows[0]["next_at"], self._retries.get(system, rows[0]["next_at"]))

    def _where(self, system: str) -> dict[str, Any] | None:
        """Rows of a receiver that this worker may call for; None: there are none."""
        topic = outbox(system)
        if not self._active:
            return None
        where: dict[str, Any] = {"topic": topic, "subscription": sorted(self._active)}
        if self._held is not None:
            if not self._held.get(topic):
                return None
            where["partition"] = sorted(self._held[topic])
        return where


def _next(row: Mapping[str, Any]) -> Next:
    return Next(
        row["id"],
        row["system"],
        row["topic"],
        row["partition"],
        row["offset"],
        State(row["state"]),
        int(row["attempts"]),
    )


def _suspended(system: System | None) -> bool:
    return system is None or system.suspended
