"""records.* -> the table of facts, and which fact about a person is the latest.

Rule: bodies stay sealed as they are; what a run looks for comes from headers (`hub.stages.facts`). The latest is what a run
would take for it: by admission, then by the sender's order, whatever order it is read in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hub.ports import Store, Write
from hub.records import DERIVED, ID, INSTITUTION, ORIGIN, TIME, TYPE, Record, parse_source
from hub.stages.effects import Effects, Entry
from hub.stages.facts import BY_ID, TABLE, pack
from hub.topics import RECORDS

NAME: Final = "collect"
LATEST: Final = BY_ID
"""Contracts of which the latest fact about each subject is asked for, and then looked up by its id."""

Row = Mapping[str, Any]


class Collect:
    """The stage."""

    name = NAME
    version = 1
    batch = 2000
    apart = True

    def __init__(self, store: Store) -> None:
        self._store = store

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic.startswith(RECORDS)]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        records = [entry.record for entry in entries if ORIGIN in entry.record.headers]
        return Effects(writes=[Write(TABLE, pack(records), "add"), *await self._latest(records)])

    async def _latest(self, records: Sequence[Record]) -> list[Write]:
        newest: dict[tuple[str, str, str], Row] = {}
        for record in records:
            if record.headers[TYPE] in LATEST:
                _keep(newest, _latest_row(record))
        if not newest:
            return []
        where = {"contract": sorted(LATEST), "subject": sorted({subject for _, _, subject in newest})}
        known = {_name(row): _age(row) for row in await self._store.rows("fact_latest", where)}
        rows = [fact for name, fact in newest.items() if name not in known or known[name] < _age(fact)]
        return [Write("fact_latest", rows)] if rows else []


def _keep(newest: dict[tuple[str, str, str], Row], fact: Row) -> None:
    other = newest.get(_name(fact))
    if other is None or _age(other) < _age(fact):
        newest[_name(fact)] = fact


def _name(row: Row) -> tuple[str, str, str]:
    return row["contract"], row["institution"], row["subject"]


def _age(row: Row) -> tuple[int, int, int, str]:
    """As a run orders facts (`hub.runs.selection.Fact.age`)."""
    return row["time"], row["origin_offset"], row["origin_n"], row["record_id"]


def _latest_row(record: Record) -> Row:
    h = record.headers
    source = parse_source(h[DERIVED])
    return {
        "contract": h[TYPE],
        "institution": h[INSTITUTION],
        "subject": record.key.hex(),
        "record_id": h[ID],
        "time": int(h[TIME]),
        "origin_offset": source.offset,
        "origin_n": source.n,
    }
