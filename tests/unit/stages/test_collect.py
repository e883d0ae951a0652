"""Collect: which fact about a person is the latest does not depend on the order in which they are read."""

from __future__ import annotations

import asyncio
from itertools import permutations

from hub.records import ASSURANCE, DERIVED, ID, INSTITUTION, ORIGIN, SECRET, TIME, TYPE, Record
from hub.stages.collect import Collect
from hub.stages.effects import Entry
from hub.store.sql import SqlStore


def _employee(id_: str, time: int, offset: int, n: int = 0, institution: str = "KEM") -> Record:
    headers = {
        ID: id_,
        TYPE: "employee",
        TIME: str(time),
        INSTITUTION: institution,
        ORIGIN: f"inbox.x/0/{offset}",
        DERIVED: f"inbox.x/0/{offset}/{n}",
        ASSURANCE: "signed",
        SECRET: "s",
    }
    return Record(b"person", headers, b"sealed")


def test_the_latest_is_the_same_in_every_order() -> None:
    """By admission, then by offset, then by row; one batch or several, whichever comes first."""

    async def latest(records: list[Record], batch: int) -> str:
        store = SqlStore.open("sqlite://")
        stage = Collect(store)
        for start in range(0, len(records), batch):
            entries = [Entry(n, 0, record) for n, record in enumerate(records[start : start + batch], start)]
            effects = await stage.decide("records.employee", 0, entries)
            await store.write(effects.writes)
        [row] = await store.rows("fact_latest")
        await store.close()
        return str(row["record_id"])

    facts = [_employee("a", 2, 5), _employee("b", 1, 9), _employee("c", 2, 5, 1), _employee("d", 2, 4, 7)]
    for order in permutations(facts):
        for batch in (1, 2, 4):
            assert asyncio.run(latest(list(order), batch)) == "c"


def test_one_person_at_two_institutions_has_two_latest_records() -> None:
    """An institution answers for its own record of a person."""

    async def go() -> set[tuple[str, str]]:
        store = SqlStore.open("sqlite://")
        records = [_employee("a", 1, 1), _employee("b", 2, 2, institution="DIN")]
        effects = await Collect(store).decide("records.employee", 0, [Entry(0, 0, one) for one in records])
        await store.write(effects.writes)
        rows = await store.rows("fact_latest")
        await store.close()
        return {(row["institution"], row["record_id"]) for row in rows}

    assert asyncio.run(go()) == {("KEM", "a"), ("DIN", "b")}
