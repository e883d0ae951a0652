"""What operators did: changes from the control log as the directory decided them, reads of personal data from `audit`.

Rule: whatever took effect or was opened stands in one of the two; neither shows a secret, an argument or anything that
was read. Newest first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from hub.control.directory import Directory, Outcome
from hub.control.view import View
from hub.ports import Bus
from hub.reads.paging import page, parse_cursor, render_cursor
from hub.reads.rows import AuditRow, ChangeRow, Page, moment
from hub.topics import AUDIT
from signing import jsontext

SHOWN: Final = 100  # ids of one erasure that a row names

_OBJECTS: Final = {
    "institutions": "institution",
    "units": "unit",
    "systems": "system",
    "apis": "api",
    "grants": "grant",
    "subscriptions": "subscription",
    "devices": "device",
    "operators": "operator",
    "runs": "run",
    "hub_keys": "hub key",
    "joins": "join request",
}
"""Tables of the directory whose keys are names. The others are indexes: by serial, by client id, by secret path."""


def list_changes(directory: Directory, limit: int, after: str | None) -> Page[ChangeRow]:
    """Every record of the control log: accepted, refused, repeated."""
    view = directory.now()
    below = directory.position + 1 if after is None else _place(after)
    found = directory.outcomes(below, limit + 1)
    more, found = len(found) > limit, found[:limit]
    return page([change_row(outcome, view) for outcome in found], render_cursor([found[-1].position]) if more else None)


def change_row(outcome: Outcome, view: View) -> ChangeRow:
    return {
        "position": outcome.position,
        "id": outcome.id,
        "at": moment(outcome.at),
        "kind": outcome.kind,
        "operator": _name(view, outcome.operator),
        "keyId": outcome.operator,
        "accepted": outcome.accepted,
        "repeated": outcome.repeated,
        "code": outcome.code or None,
        "detail": outcome.detail or None,
        "touched": list(_touched(outcome, view)),
    }


def _touched(outcome: Outcome, view: View) -> Iterator[str]:
    for table, key in outcome.touched:
        if table in _OBJECTS:
            yield f"{_OBJECTS[table]} {' '.join(key) if isinstance(key, tuple) else key}"
        elif table == "settlements":
            found = view.settlement(key)
            if found is not None:
                yield f"dead letter {key}" if found.delivery is None else f"message {found.delivery.message}"
        elif table == "erasures":
            for order in view.erasures():
                if order.position == key:
                    yield from (f"message {id_}" for id_ in order.ids[:SHOWN])
                    if len(order.ids) > SHOWN:
                        yield f"{len(order.ids) - SHOWN} more messages"


async def list_reads(bus: Bus, view: View, limit: int, after: str | None) -> Page[AuditRow]:
    """Who opened what: the records of `audit`."""
    first = await bus.start(AUDIT, 0)
    end = await bus.end(AUDIT, 0)
    if after is not None:
        end = max(first, min(end, _place(after)))
    start = max(first, end - limit)
    rows: list[AuditRow] = []
    offset = start
    while offset < end:
        batches = await bus.read(AUDIT, 0, offset, max_records=end - offset)
        if not batches:
            break
        for batch in batches:
            numbered = enumerate(batch.records, batch.base)
            rows += [_audit_row(place, jsontext.parse(record.value), view) for place, record in numbered if place < end]
            offset = batch.base + len(batch.records)
    return page(rows[::-1], render_cursor([start]) if start > first else None)


def _audit_row(position: int, value: dict[str, Any], view: View) -> AuditRow:
    return {
        "position": position,
        "at": moment(value["at"]),
        "operator": _name(view, value["operator"]),
        "keyId": value["operator"],
        "what": value["what"],
        "of": value["of"],
        "count": value["count"],
    }


def _place(cursor: str) -> int:
    """The position that a cursor names; one that is no number is at the beginning."""
    (position,) = parse_cursor(cursor, 1)
    return position if isinstance(position, int) else 0


def _name(view: View, key_id: str) -> str | None:
    operator = view.operator(key_id)
    return operator.name if operator else None
