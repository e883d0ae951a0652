"""Frozen lists of records, so that numbered pages mean the same from the first to the last.

Rule: a snapshot holds ids alone, never a body; it belongs to one system and code, lives a day, and never changes. A
system has few of them: a new one takes the place of its oldest.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hub.errors import BadMessage
from hub.ports import Store, Write
from hub.records import Ms

DAY: Final = 86_400_000
KEPT: Final = 8
"""Snapshots of one system."""

PART: Final = 500
"""Ids in one row."""

TIDIED: Final = 50
"""Snapshots of anybody that are past their day, dropped when a new one is made."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`run`: what it is about, for signals. `made_at` in ms since 1970."""

    id: str
    system: str
    code: str
    run: str | None
    total: int
    made_at: Ms

    def pages(self, size: int) -> int:
        """Number of pages; an empty list has one."""
        return max(1, -(-self.total // size))


class Snapshots:
    """Those of every gateway of the hub."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def make(self, system: str, code: str, ids: Sequence[str], now: Ms, run: str | None = None) -> Snapshot:
        """Freeze this list; durable on return."""
        made = Snapshot(secrets.token_hex(16), system, code, run, len(ids), now)
        parts = [
            {"snapshot": made.id, "n": n, "records": list(ids[start : start + PART])}
            for n, start in enumerate(range(0, len(ids), PART))
        ]
        row = {"id": made.id, "system": system, "code": code, "run": run, "total": made.total, "made_at": now}
        old = await self._old(system, now)
        await self._store.write([*_drops(old), Write("snapshot_part", parts), Write("snapshot", [row])])
        return made

    async def find(self, id_: str, system: str, code: str, now: Ms) -> Snapshot:
        """The snapshot of that id, if it is this system's under this code. Raises `BadMessage` AMANA-HOLD-002."""
        rows = await self._store.rows("snapshot", {"id": id_, "system": system, "code": code})
        if not rows or rows[0]["made_at"] <= now - DAY:
            raise BadMessage("AMANA-HOLD-002")
        return Snapshot(**rows[0])

    async def page(self, snapshot: Snapshot, page: int, size: int) -> list[str]:
        """Ids of a page, from 1 on. Raises `BadMessage` AMANA-HOLD-003."""
        if page > snapshot.pages(size):
            raise BadMessage("AMANA-HOLD-003", f"the last page is {snapshot.pages(size)}")
        first = (page - 1) * size
        numbers = range(first // PART, (first + size - 1) // PART + 1)
        where = {"snapshot": snapshot.id, "n": list(numbers)}
        rows = await self._store.rows("snapshot_part", where, order=("n",))
        ids = [id_ for row in rows for id_ in row["records"]]
        start = first - numbers[0] * PART
        return ids[start : start + size]

    async def _old(self, system: str, now: Ms) -> list[dict[str, Any]]:
        own = await self._store.rows("snapshot", {"system": system}, order=("-made_at", "id"))
        late = await self._store.rows("snapshot", {"made_at": ("<=", now - DAY)}, order=("made_at",), limit=TIDIED)
        return list({row["id"]: row for row in [*own[KEPT - 1 :], *late]}.values())


def _drops(rows: Sequence[Mapping[str, Any]]) -> list[Write]:
    parts = [{"snapshot": row["id"], "n": n} for row in rows for n in range(-(-row["total"] // PART))]
    found = (Write("snapshot", [{"id": row["id"]} for row in rows], "drop"), Write("snapshot_part", parts, "drop"))
    return [write for write in found if write.rows]
