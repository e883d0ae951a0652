"""records.* -> the table of facts. Rule: bodies stay sealed as they are; what a run looks for (institution, contract,
period, origin) comes from headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from hub.ports import Write
from hub.records import ASSURANCE, DERIVED, ID, INSTITUTION, ORIGIN, PERIOD, SECRET, TIME, TYPE, Record, parse_source
from hub.stages.effects import Effects, Entry
from hub.topics import RECORDS

NAME: Final = "collect"


class Collect:
    """The stage."""

    name = NAME
    version = 1
    batch = 2000

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic.startswith(RECORDS)]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        return Effects(
            writes=[
                Write("fact", [fact_row(entry.record) for entry in entries if ORIGIN in entry.record.headers], "add")
            ]
        )


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
        "time": int(h[TIME]),
        "assurance": h[ASSURANCE],
        "secret_id": h[SECRET],
        "body": record.value,
    }
