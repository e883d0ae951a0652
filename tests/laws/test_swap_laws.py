"""Laws of the `Store` port: rows that several workers write are put only in the place of what was read."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.errors import Conflict
from hub.ports import Write
from hub.store.sql import SqlStore
from tests.laws.store_fixtures import OpenStore, open_store, run
from tests.laws.test_store_laws import event, message

__all__ = ["open_store"]


def test_swap_replaces_only_what_was_read(open_store: OpenStore) -> None:
    """A row of the next version takes the place of what was read; one that was read before somebody else's write fails the
    whole call, whether the row was there when it was read or not."""

    async def story() -> tuple[list[Any], list[str]]:
        store = open_store()
        conflicts = []
        await store.write([Write("message", [message(1), message(2)], "swap")])
        await store.write([Write("message", [message(2, version=2, state="erased"), message(3)], "swap")])
        for late in (message(1), message(1, version=3), message(2, version=2), message(3)):
            with pytest.raises(Conflict) as caught:
                await store.write(
                    [Write("message_event", [event(9)]), Write("message", [message(0), late, message(5)], "swap")]
                )
            conflicts.append(caught.value.code)
        left = [(row["id"], row["state"], row["version"]) for row in await store.rows("message", order=("id",))]
        assert await store.rows("message_event") == []
        return left, conflicts

    assert run(story()) == (
        [("m001", "admitted", 1), ("m002", "erased", 2), ("m003", "admitted", 1)],
        ["AMANA-STORE-003"] * 4,
    )


def test_swaps_of_several_writers_lose_nothing(open_store: OpenStore) -> None:
    """Two writers on two connections read rows, add to them, swap, and read again after each conflict: every addition is in
    the rows at the end."""
    names = [f"m{n:03d}" for n in range(5)]

    async def add(store: SqlStore, times: int) -> int:
        conflicts = 0
        for _ in range(times):
            while True:
                rows = {row["id"]: row for row in await store.rows("message", {"id": names})}
                await asyncio.sleep(0)
                changed = [
                    dict(rows[name], offset=rows[name]["offset"] + 1, version=rows[name]["version"] + 1)
                    if name in rows
                    else message(n, id=name, offset=1, version=1)
                    for n, name in enumerate(names)
                ]
                try:
                    await store.write([Write("message", changed, "swap")])
                except Conflict:
                    conflicts += 1
                else:
                    break
        return conflicts

    async def story() -> tuple[list[Any], bool]:
        first, second = open_store(), open_store()
        one_database = first._writing.url.database is not None
        conflicts = await asyncio.gather(add(first, 20), add(second if one_database else first, 20))
        rows = await first.rows("message", order=("id",))
        return [(row["id"], row["offset"], row["version"]) for row in rows], sum(conflicts) > 0

    rows, conflicted = run(story())
    assert rows == [(name, 40, 40) for name in names]
    assert conflicted
