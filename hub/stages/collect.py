"""records.* -> the table of facts, and which fact about a person is the latest.

Rule: bodies stay sealed as they are; what a run looks for (institution, contract, period, origin) comes from headers. The
latest is what a run would take for it: by admission, then by the sender's order, whatever order it is read in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hub.ports import Store, Write
from hub.records import (
    ASSURANCE,
    DERIVED,
    ID,
    INSTITUTION,
    ORIGIN,
    PERIOD,
    SECRET,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    parse_source,
)
from hub.stages.effects import Effects, Entry
from hub.topics import RECORDS

NAME: Final = "collect"
LATEST: Final = frozenset({"employee"})
"""Contracts of which the latest fact about each subject is asked for."""

COLUMNS: Final = ("contract", "institution", "subject", "record_id", "time", "origin_offset", "origin_n")

Row = Mapping[str, Any]


class Collect:
    """The stage."""

    name = NAME
    version = 1
    batch = 2000

    def __init__(self, store: Store) -> None:
        self._store = store

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic.startswith(RECORDS)]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        facts = [fact_row(entry.record) for entry in entries if ORIGIN in entry.record.headers]
        return Effects(writes=[Write("fact", facts, "add"), *await self._latest(facts)])

    async def _latest(self, facts: Sequence[Row]) -> list[Write]:
        newest: dict[tuple[str, str, str], Row] = {}
        for fact in facts:
            if fact["contract"] in LATEST:
                _keep(newest, fact)
        if not newest:
            return []
        where = {"contract": sorted(LATEST), "subject": sorted({subject for _, _, subject in newest})}
        known = {_name(row): _age(row) for row in await self._store.rows("fact_latest", where)}
        rows = [
            {name: fact[name] for name in COLUMNS}
            for name, fact in newest.items()
            if name not in known or known[name] < _age(fact)
        ]
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


def fact_row(record: Record) -> dict[str, Any]:
    """The row of a canonical record that descends from the inbox."""
    h = record.headers
    topic, partition, offset = h[ORIGIN].rsplit("/", 2)
    return {
        "record_id": h[ID],
        "contract": h[TYPE],
        "institution": h[INSTITUTION],
        "subject": record.key.hex(),
        "period": h.get(PERIOD),
        "origin_topic": topic,
        "origin_partition": int(partition),
        "origin_offset": int(offset),
        "origin_n": parse_source(h[DERIVED]).n,
        "system": h.get(SYSTEM, ""),
        "time": int(h[TIME]),
        "assurance": h[ASSURANCE],
        "secret_id": h[SECRET],
        "body": record.value,
    }
