"""Laws of the `Store` port: groups of rows with their sums, page by page, over a range."""

from __future__ import annotations

from typing import Any

from hub.ports import Write
from tests.laws.store_fixtures import OpenStore, open_store, run

__all__ = ["open_store"]


def test_totals(open_store: OpenStore) -> None:
    """Groups in their order with rows, sum, first and last; filtered like rows; a page goes on behind the one before."""

    async def story() -> list[list[dict[str, Any]]]:
        store = open_store()
        rows = [
            {
                "message": f"m{n}",
                "flag": flag,
                "device": device,
                "system": "S",
                "institution": "I",
                "count": n,
                "time": n,
            }
            for n, device, flag in [(1, "b", "x"), (2, "a", "x"), (3, "b", "x"), (4, "b", "y"), (5, "a", "x")]
        ]
        await store.write([Write("device_flag", rows)])
        how: dict[str, Any] = {"by": ("device", "flag"), "total": "count", "span": "time"}
        return [
            await store.totals("device_flag", **how, limit=2),
            await store.totals("device_flag", **how, limit=2, after={"device": "b", "flag": "x"}),
            await store.totals("device_flag", {"time": range(2, 5), "flag": "x"}, **how, limit=9),
            await store.totals("device_flag", {"time": range(6, 9)}, **how, limit=9),
        ]

    def group(device: str, flag: str, rows: int, count: int, first: int, last: int) -> dict[str, Any]:
        return {"device": device, "flag": flag, "rows": rows, "count": count, "first": first, "last": last}

    assert run(story()) == [
        [group("a", "x", 2, 7, 2, 5), group("b", "x", 2, 4, 1, 3)],
        [group("b", "y", 1, 4, 4, 4)],
        [group("a", "x", 1, 2, 2, 2), group("b", "x", 1, 3, 3, 3)],
        [],
    ]
