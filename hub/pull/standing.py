"""Where a pull stands: the fold of its records, as a row of the table `pull`.

Rule: the order of the log decides, and only through the table of states: an answer that comes when another counts already
moves nothing. The stage folds what is read into the table; a gateway that wants to know folds what the table lacks yet,
so it never takes for unknown what was only not read yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from hub.delivery.receipts import OUTCOME
from hub.delivery.states import TRANSITIONS, Event, State
from hub.errors import TryAgain
from hub.ports import Bus, Store
from hub.pull.records import ASKED, CONTENT, NAME, PROVIDER
from hub.records import (
    BOUND,
    CODE,
    DIGEST,
    FORM,
    ID,
    INSTITUTION,
    PARENT,
    REQUEST,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    request_id,
)
from hub.stages.deadletters import ERROR
from hub.topics import PULLS

TABLE: Final = "pull"
FARTHEST: Final = 2_000
"""Records of a partition that a gateway reads beyond the table; behind more it asks to be asked again."""

AT_ONCE: Final = 50
"""Of them, so many in memory at a time, for an answer may be large."""

_LATE: Final = frozenset({Event.LATE_ANSWER, Event.LATE_FAILURE})

Row = dict[str, Any]


def pull_of(record: Record) -> str:
    """Id of the pull that a record is of."""
    h = record.headers
    return h[ID] if h[TYPE] == ASKED else h[PARENT]


def name_of(record: Record) -> str:
    """The id by which the outside knows that pull."""
    h = record.headers
    return h.get(REQUEST) or request_id(h[ID])


def fold(row: Row | None, record: Record, partition: int, offset: int) -> Row | None:
    """The row after one more record of the pull; the same object when the record moves nothing."""
    h = record.headers
    if h[TYPE] == ASKED:
        return row or _first(record, partition, offset)
    if row is None:
        return None  # what was asked is no longer kept
    event = Event(h[OUTCOME])
    target = TRANSITIONS.get((State(row["state"]), event))
    counted = row["late_at"] if event in _LATE else row["ended_at"]
    if counted is not None:
        return row
    at = int(h[TIME])
    if target is None:
        return row if event in _LATE else {**row, "ended_at": at}
    return {
        **row,
        "late_at" if event in _LATE else "ended_at": at,
        "state": str(target),
        "error": h.get(ERROR, ""),
        "bound": h.get(BOUND, ""),
        "answer_offset": offset if record.value and h.get(FORM) else None,
        "answer_digest": h.get(DIGEST, ""),
        "content": h.get(CONTENT, ""),
        "updated": max(row["updated"], at),
    }


def _first(record: Record, partition: int, offset: int) -> Row:
    h = record.headers
    return {
        "id": h[ID],
        "request_id": name_of(record),
        "system": h[SYSTEM],
        "institution": h[INSTITUTION],
        "provider": h[PROVIDER],
        "code": h[CODE],
        "state": str(State.ASKED),
        "error": "",
        "bound": "",
        "partition": partition,
        "offset": offset,
        "answer_offset": None,
        "answer_digest": "",
        "content": "",
        "asked_at": int(h[TIME]),
        "ended_at": None,
        "late_at": None,
        "updated": int(h[TIME]),
    }


async def find(bus: Bus, store: Store, name: str) -> Row | None:
    """How the pull that the outside calls so stands by the end of the log; None: there is none. Raises `TryAgain`
    AMANA-PULL-020 when the table is too far behind to tell."""
    progress = await store.rows("stage_progress", {"stage": NAME, "topic": PULLS})
    read: Mapping[int, int] = {row["partition"]: row["position"] for row in progress}
    rows = await store.rows(TABLE, {"request_id": name}, limit=1)
    row = rows[0] if rows else None
    places = range(bus.topics()[PULLS]) if row is None else (row["partition"],)
    for partition in places:
        row = await _catch_up(bus, name, row, partition, read.get(partition, 0))
    return row


async def _catch_up(bus: Bus, name: str, row: Row | None, partition: int, position: int) -> Row | None:
    end = await bus.end(PULLS, partition)
    position = max(position, await bus.start(PULLS, partition))
    if end - position > FARTHEST:
        raise TryAgain("AMANA-PULL-020", after=2.0)
    while position < end:
        batches = await bus.read(PULLS, partition, position, max_records=AT_ONCE)
        if not batches:
            break
        for batch in batches:
            for offset, record in enumerate(batch.records, batch.base):
                if name_of(record) == name:
                    row = fold(row, record, partition, offset)
        position = batches[-1].base + len(batches[-1].records)
        await asyncio.sleep(0)  # others have their turn between
    return row
