"""Who runs a feed: one process at a time, by a claim with an end that it renews.

Rule: whoever holds a feed wrote its name and the end into the store under the latest epoch; whoever comes later takes it
only when that end has passed, and the epoch fences the earlier one from writing. Two that act at once, because one was
frozen, do no harm: what both admit is admitted once, and one of them can keep no cursor.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from hub.ports import Clock, Progress, Store, Write
from hub.records import Ms

STAGE: Final = "feed"
TABLE: Final = "feed_state"
LEASE_MS: Final = 30_000
RENEW_MS: Final = 10_000
NEVER: Final = Ms(0)


@dataclass(slots=True)
class Held:
    """A feed that this process runs. `cursor` is what the store has; `session` dies with the process."""

    id: str
    epoch: int
    until: Ms
    cursor: dict[str, Any] = field(default_factory=dict)
    session: dict[str, str] = field(default_factory=dict, repr=False)
    due: Ms = NEVER
    failures: int = 0
    taken: int = 0
    refused: int = 0
    code: str = ""  # stable code of what holds it up; empty: nothing
    last: Ms | None = None  # when something was taken last


class Holder:
    """Takes, renews and keeps feeds for `owner`."""

    def __init__(self, store: Store, clock: Clock, owner: str) -> None:
        self._store = store
        self._clock = clock
        self._owner = owner

    async def take(self, feed_id: str) -> Held | None:
        """The feed, if nobody else holds it."""
        now = self._clock.now()
        rows = await self._store.rows(TABLE, {"id": feed_id})
        row = rows[0] if rows else None
        if row is not None and row["owner"] != self._owner and row["until"] > now:
            return None
        epoch, _ = await self._store.claim(STAGE, feed_id, 0, self._owner)
        held = Held(feed_id, epoch, now)
        if row is not None:
            held.cursor, held.due, held.failures = row["cursor"], row["due"], row["failures"]
            held.taken, held.refused, held.code, held.last = row["taken"], row["refused"], row["code"], row["last"]
        await self.keep(held)
        return held

    async def renew(self, held: Held) -> None:
        """Push the end further, when it comes near. Raises `Halt` AMANA-FENCE-001 when another process took it."""
        if held.until - self._clock.now() < LEASE_MS - RENEW_MS:
            await self.keep(held)

    async def keep(self, held: Held) -> None:
        """Store cursor and counts, durable on return, and push the end further. Raises `Halt` AMANA-FENCE-001."""
        held.until = Ms(self._clock.now() + LEASE_MS)
        row = {
            "id": held.id,
            "owner": self._owner,
            "until": held.until,
            "cursor": held.cursor,
            "due": held.due,
            "failures": held.failures,
            "taken": held.taken,
            "refused": held.refused,
            "code": held.code,
            "last": held.last,
        }
        await self._store.commit(STAGE, {(held.id, 0): held.epoch}, {(held.id, 0): Progress(0)}, [Write(TABLE, [row])])
