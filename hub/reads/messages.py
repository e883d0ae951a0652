"""Messages, what came of them, and dead letters, from the index. Rule: metadata only; no body is opened here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from hub.errors import CODES, BadMessage
from hub.ports import Bus, Store
from hub.reads.paging import page, page_rows
from hub.reads.rows import (
    DeadLetterDetail,
    DeadLetterRow,
    EventRow,
    MessageDetail,
    MessageRow,
    Page,
    Trace,
    TraceStep,
    moment,
)
from hub.records import (
    ASSURANCE,
    CODE,
    COMMITMENT,
    CONTROL_POSITION,
    DIGEST,
    ID,
    OCCURRENCE,
    ORIGIN,
    PARENT,
    ROWS,
    SYSTEM,
    Record,
    partition_of,
)
from hub.topics import DEADLETTERS

EVIDENCE = {
    "digest": DIGEST,
    "commitment": COMMITMENT,
    "occurrence": OCCURRENCE,
    "assurance": ASSURANCE,
    "controlPosition": CONTROL_POSITION,
    "rows": ROWS,
}
TRACE_LIMIT = 1000  # children of one message that are looked at
SCAN_LIMIT = 20_000  # dead letters that are searched for those of one message


def message_row(row: Mapping[str, Any]) -> MessageRow:
    return {
        "id": row["id"],
        "requestId": row["request_id"],
        "kind": row["kind"],
        "system": row["system"] or None,
        "institution": row["institution"] or None,
        "code": row["code"] or None,
        "state": row["state"],
        "detail": row["detail"] or None,
        "parent": row["parent"] or None,
        "place": None if not row["topic"] else f"{row['topic']}/{row['partition']}/{row['offset']}",
        "time": moment(row["time"]),
        "updated": moment(row["updated"]),
    }


async def list_messages(store: Store, where: Mapping[str, Any], limit: int, after: str | None) -> Page[MessageRow]:
    """Newest first."""
    rows, cursor = await page_rows(store, "message", where, ("-time", "-id"), limit, after)
    return page([message_row(row) for row in rows], cursor)


async def find_message(store: Store, name: str) -> dict[str, Any]:
    """The row of a message by its id, or by the request id that its sender knows."""
    column = "id" if len(name) == 64 else "request_id"
    rows = await store.rows("message", {column: name}, order=("time", "id"), limit=1)
    if not rows:
        raise BadMessage("AMANA-READ-001", "message")
    return rows[0]


async def show_message(store: Store, bus: Bus, name: str) -> MessageDetail:
    """A message, its states with their times, and what proves it."""
    row = await find_message(store, name)
    events = await store.rows("message_event", {"id": row["id"]}, order=("at", "state"))
    shown: list[EventRow] = [
        {"at": moment(event["at"]), "state": event["state"], "detail": event["detail"] or None} for event in events
    ]
    return {**message_row(row), "events": shown, "evidence": await _evidence(bus, row)}


async def _evidence(bus: Bus, row: Mapping[str, Any]) -> dict[str, str]:
    """The open part of the record that holds the message: digests and commitments."""
    record = await _record(bus, row)
    if record is None:
        return {}
    return {name: record.headers[header] for name, header in EVIDENCE.items() if header in record.headers}


async def _record(bus: Bus, row: Mapping[str, Any]) -> Record | None:
    """The record that a row of the index stands for; None when retention has taken it."""
    if not row["topic"]:
        return None
    batches = await bus.read(row["topic"], row["partition"], row["offset"], max_records=1)
    record = batches[0].records[0] if batches and batches[0].records else None
    return record if record is not None and record.headers.get(ID) == row["id"] else None


async def trace_message(store: Store, bus: Bus, name: str) -> Trace:
    """What came of a message: canonical records, dead letters, and what was sent on."""
    row = await find_message(store, name)
    detail = await show_message(store, bus, row["id"])
    origin = {"origin_topic": row["topic"], "origin_partition": row["partition"], "origin_offset": row["offset"]}
    facts = await store.rows("fact", origin, order=("record_id",), limit=TRACE_LIMIT) if row["topic"] else []
    letters = await _dead_letters_of(store, bus, row)
    children = await store.rows("message", {"parent": row["id"]}, order=("time", "id"), limit=TRACE_LIMIT)
    steps: list[TraceStep] = [
        {"what": f"records.{contract}", "count": count, "states": {}}
        for contract, count in sorted(Counter(fact["contract"] for fact in facts).items())
    ]
    if letters:
        steps.append(_step("dead letters", letters))
    sent = [child for child in children if child["kind"] == "out"]
    if sent:
        steps.append(_step("sent on", sent))
    return {
        "message": detail,
        "steps": steps,
        "records": [
            {"id": fact["record_id"], "contract": fact["contract"], "period": fact["period"]} for fact in facts
        ],
        "deadLetters": [dead_letter_row(letter) for letter in letters],
    }


async def _dead_letters_of(store: Store, bus: Bus, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Dead letters lie in the log under the key of their message and after it: found there, then looked up."""
    message = await _record(bus, row)
    partitions = bus.topics().get(DEADLETTERS, 0)
    if message is None or not partitions:
        return []
    partition = partition_of(message.key, partitions)
    offset = await bus.offset_at(DEADLETTERS, partition, row["time"])
    ids: list[str] = []
    seen = 0
    while seen < SCAN_LIMIT and (batches := await bus.read(DEADLETTERS, partition, offset)):
        for batch in batches:
            ids += [record.headers[ID] for record in batch.records if record.headers.get(PARENT) == row["id"]]
            seen += len(batch.records)
            offset = batch.base + len(batch.records)
    return await store.rows("dead_letter", {"id": ids[:TRACE_LIMIT]}, order=("id",)) if ids else []


def _step(what: str, rows: Sequence[Mapping[str, Any]]) -> TraceStep:
    return {"what": what, "count": len(rows), "states": dict(sorted(Counter(row["state"] for row in rows).items()))}


def dead_letter_row(row: Mapping[str, Any]) -> DeadLetterRow:
    spec = CODES.get(row["code"])
    reason = str(row["group"] or "").split(":", 2)[2:]  # "<stage>:<code>:<reason>"
    return {
        "id": row["id"],
        "stage": row["stage"],
        "code": row["code"],
        "happened": spec.happened if spec else "",
        "remedy": spec.remedy if spec else "",
        "reason": reason[0] if reason else "",
        "row": row["row"],
        "state": row["state"],
        "place": f"{row['topic']}/{row['partition']}/{row['offset']}",
        "at": moment(row["at"]),
    }


async def list_dead_letters(
    store: Store, where: Mapping[str, Any], limit: int, after: str | None
) -> Page[DeadLetterRow]:
    """Newest first."""
    rows, cursor = await page_rows(store, "dead_letter", where, ("-at", "-id"), limit, after)
    return page([dead_letter_row(row) for row in rows], cursor)


async def show_dead_letter(store: Store, bus: Bus, name: str) -> DeadLetterDetail:
    """A dead letter, and the message that it is about."""
    rows = await store.rows("dead_letter", {"id": name}, limit=1)
    if not rows:
        raise BadMessage("AMANA-READ-001", "dead letter")
    record = await _record(bus, rows[0])
    headers = record.headers if record is not None else {}
    return {
        **dead_letter_row(rows[0]),
        "message": headers.get(PARENT),
        "system": headers.get(SYSTEM),
        "origin": headers.get(ORIGIN),
        "messageCode": headers.get(CODE),
    }
