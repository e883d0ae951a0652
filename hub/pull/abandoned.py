"""Pulls whose process died while it waited: their end is recorded, so that none stays `asked` for ever.

Rule: only long after every deadline, and only by what the log says by its end. Several gateways may find the same pull;
the outcome has the same id from each, and counts once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hub.delivery.states import State
from hub.ports import Append
from hub.pull.afterwards import read_record
from hub.pull.exchange import failure
from hub.pull.records import EXCHANGE, outcome_record, read_asked
from hub.pull.standing import TABLE, find
from hub.records import ID
from hub.topics import PULLS

if TYPE_CHECKING:
    from hub.pull.engine import PullPorts

AFTER: Final = 15 * 60_000
"""Milliseconds after which nobody waits any more: longer than any deadline, and than an outcome is tried to be stored."""

AT_ONCE: Final = 100


async def end_abandoned(ports: PullPorts) -> int:
    """Record the end of pulls that nobody waits for; returns of how many. Raises `TryAgain`."""
    now = ports.clock.now()
    where = {"state": str(State.ASKED), "asked_at": ("<", now - AFTER)}
    appends = []
    for row in await ports.store.rows(TABLE, where, order=("asked_at",), limit=AT_ONCE):
        latest = await find(ports.bus, ports.store, row["request_id"])
        record = await read_record(ports.bus, row["partition"], row["offset"])
        if latest is None or latest["ended_at"] is not None or record is None or record.headers[ID] != row["id"]:
            continue
        ended = outcome_record(
            read_asked(record, row["partition"]),
            failure("AMANA-PULL-021"),
            number=EXCHANGE,
            now=now,
            position=ports.view.position,
        )
        appends.append(Append(PULLS, row["partition"], [ended]))
    if appends:
        await ports.bus.append(appends)
    return len(appends)
