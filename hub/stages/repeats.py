"""A message that was admitted counts at its first place in the log, and nowhere else.

On the cluster engine a message whose gateway never gave a receipt is appended again, marked as a repeat (`ce_after`: where its
partition ended, at the least, before its first attempt). Whether the first attempt lies in the log, or will come late, nobody
knew then; a reader of the log knows.

Rule: the place where a message counts is a function of the log, so it is the same for every stage and after every restart.
A first attempt costs one look into a mapping that is nearly always empty.
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Final

from hub.errors import TryAgain
from hub.ports import Bus, Store, Write
from hub.records import AFTER, ID
from hub.stages.brake import Place
from hub.stages.effects import Entry

TABLE: Final = "repeat"
PASSED_OVER: Final = "passed_over"
"""Places where a message does not count, so that whoever counts the log can leave them out."""

Counted = MutableMapping[str, int]
"""Where messages count whose first place in the log is a repeat's: offset by id. One partition's."""


async def load(store: Store, place: Place) -> dict[str, int]:
    """What any stage found out about this partition. A place that another stage knows already is the same one."""
    topic, partition = place
    rows = await store.rows(TABLE, {"topic": topic, "partition": partition})
    return {row["id"]: row["offset"] for row in rows}


async def first_places(bus: Bus, place: Place, entries: Sequence[Entry], counted: Counted) -> list[Entry]:
    """Those of `entries` that stand at the place where they count. What is found out is put into `counted`, and has to be
    kept (`writes`) with the position behind these entries. Raises what `Bus.read` raises."""
    if not counted and not any(AFTER in entry.record.headers for entry in entries):
        return list(entries)
    kept = []
    for entry in entries:
        headers = entry.record.headers
        name = headers.get(ID, "")
        at = counted.get(name)
        if at is None and AFTER in headers:
            if await _earlier(bus, place, name, int(headers[AFTER]), entry.offset):
                continue
            at = counted[name] = entry.offset
        if at is None or at == entry.offset:
            kept.append(entry)
    return kept


def passed_over(place: Place, read: Sequence[Entry], kept: Sequence[Entry]) -> list[Write]:
    """Places of what was read and not kept, for the commit of the position. Every stage finds the same ones."""
    if len(read) == len(kept):
        return []
    topic, partition = place
    counting = {entry.offset for entry in kept}
    rows = [
        {"topic": topic, "partition": partition, "offset": entry.offset}
        for entry in read
        if entry.offset not in counting
    ]
    return [Write(PASSED_OVER, rows, "add")]


def writes(place: Place, before: Counted, after: Counted) -> list[Write]:
    """What was found out since `before`, for the commit of the position."""
    topic, partition = place
    rows = [
        {"topic": topic, "partition": partition, "id": name, "offset": offset}
        for name, offset in after.items()
        if name not in before
    ]
    return [Write(TABLE, rows, "add")] if rows else []


async def _earlier(bus: Bus, place: Place, name: str, after: int, before: int) -> bool:
    """Whether the message lies in the log between these offsets. Raises `TryAgain` where the log says that it ends before
    `before`, from where something was read: a leader that is new knows for a moment less than the last one told."""
    while after < before:
        batches = await bus.read(*place, after)
        if not batches:
            raise TryAgain("AMANA-BUS-001", "the log ends before what was read from it", after=0.1)
        for batch in batches:
            for offset, record in enumerate(batch.records, batch.base):
                if offset >= before:
                    return False
                if record.headers.get(ID) == name:
                    return True
        after = batches[-1].base + len(batches[-1].records)
    return False
