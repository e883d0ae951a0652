"""Facts in rows: nothing is lost by lying together, and what is asked for by its id stands alone."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ports import Write
from hub.records import ASSURANCE, DERIVED, ID, INSTITUTION, ORIGIN, PERIOD, SECRET, TIME, TYPE, Record
from hub.stages.facts import BY_ID, MOST, TABLE, count_facts, in_order, pack, unpack
from hub.store.sql import SqlStore


def _record(n: int, message: int = 0, contract: str = "attendance.punch", period: str | None = "2026-10") -> Record:
    headers = {
        ID: f"{contract}-{message}-{n}",
        TYPE: contract,
        TIME: "7",
        INSTITUTION: "KEM",
        ORIGIN: f"inbox.x/0/{message}",
        DERIVED: f"inbox.x/0/{message}/{n}",
        ASSURANCE: "device",
        SECRET: f"secret-{message}",
    }
    if period is not None:
        headers[PERIOD] = period
    return Record(b"key-%d" % n, headers, b"sealed-%d" % n)


records = st.lists(
    st.builds(
        _record,
        st.integers(0, 300),
        st.integers(0, 2),
        st.sampled_from(["attendance.punch", "employee", "leave"]),
        st.sampled_from([None, "2026-10", "2026-11"]),
    ),
    max_size=250,
    unique_by=lambda record: record.headers[ID],
)


@given(records)
def test_every_record_is_in_one_row_that_speaks_for_it(made: list[Record]) -> None:
    """Unpacked, the rows give each record once with its key, body and number; the open columns are its headers."""
    rows = pack(made)
    found = {kept.record_id: (row, kept) for row in rows for kept in unpack(row)}
    assert len(found) == sum(row["count"] for row in rows) == len(made)
    for record in made:
        h = record.headers
        row, kept = found[h[ID]]
        assert (kept.subject, kept.body) == (record.key, record.value)
        origin = f"{row['origin_topic']}/{row['origin_partition']}/{row['origin_offset']}"
        assert (origin, f"{origin}/{kept.n}") == (h[ORIGIN], h[DERIVED])
        assert [row[name] for name in ("contract", "institution", "period", "assurance", "secret_id")] == [
            h[TYPE],
            h[INSTITUTION],
            h.get(PERIOD),
            h[ASSURANCE],
            h[SECRET],
        ]


@given(records)
def test_a_row_has_the_id_of_its_first_and_few_records(made: list[Record]) -> None:
    """So it can be found by that id; one that is asked for by its id shares a row with none."""
    for row in pack(made):
        kept = unpack(row)
        assert row["record_id"] == kept[0].record_id
        assert len(kept) == 1 if row["contract"] in BY_ID else 1 <= len(kept) <= MOST


def test_records_of_a_message_come_back_in_the_order_of_its_rows() -> None:
    """However the log cut them, and whatever order the rows are read in."""
    rows = [*pack([_record(n) for n in (0, 3, 5)]), *pack([_record(n) for n in (1, 2, 4)])]
    for given_rows in (rows, rows[::-1]):
        assert [kept.n for _, kept in in_order(given_rows)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("where", [None, {"period": "2026-10"}])
def test_facts_are_counted_and_not_their_rows(where: dict[str, str] | None) -> None:
    """By contract, with and without a filter; nothing kept is no group."""

    async def go() -> dict[tuple[str, ...], int]:
        store = SqlStore.open("sqlite://")
        made = [_record(n) for n in range(MOST + 1)] + [_record(n, contract="employee", period=None) for n in range(3)]
        await store.write([Write(TABLE, pack(made), "add")])
        found = await count_facts(store, where, by=("contract",))
        await store.close()
        return found

    expected = {("attendance.punch",): MOST + 1} | ({} if where else {("employee",): 3})
    assert asyncio.run(go()) == expected
