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
    DeadLetterGroup,
    DeadLetterRow,
    EventRow,
    MessageDetail,
    MessageRow,
    Page,
    PullRow,
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
    ROWS,
    SYSTEM,
    Record,
)
from hub.stages.facts import TABLE, Kept, count_facts, in_order
from hub.stages.index import GROUP
from hub.stages.index_rows import PULL

EVIDENCE = {
    "digest": DIGEST,
    "commitment": COMMITMENT,
    "occurrence": OCCURRENCE,
    "assurance": ASSURANCE,
    "controlPosition": CONTROL_POSITION,
    "rows": ROWS,
}
SHORTEST = 6  # hex digits that name a message when nobody else's begins so
REQUEST_ID = 32
TRACE_LIMIT = 1000  # children of one message that are looked at
TRACE_ROWS = 50  # rows of facts in one question


def message_row(row: Mapping[str, Any]) -> MessageRow:
    return {
        "id": row["id"],
        "requestId": row["request_id"],
        "kind": row["kind"],
        "system": row["system"] or None,
        "institution": row["institution"] or None,
        "code": row["code"] or None,
        "state": row["state"],
        "contract": row["contract"] or None,
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
    """The row of a message by its id, by the request id that its sender knows, or by the beginning of either."""
    row = await _begins_with(store, "message", "request_id" if len(name) <= REQUEST_ID else "id", name)
    if row is None:
        raise BadMessage("AMANA-READ-001", "message")
    return row


async def _begins_with(store: Store, table: str, column: str, beginning: str) -> dict[str, Any] | None:
    """The one row whose hex column begins so. Several: the name is refused, for it names none of them."""
    if len(beginning) < SHORTEST or not set(beginning) <= set("0123456789abcdef"):
        return None
    rows = await store.rows(table, {column: (">=", beginning)}, order=(column,), limit=2)
    found = [row for row in rows if row[column].startswith(beginning)]
    if len(found) == 2 and found[0][column] != found[1][column]:
        raise BadMessage("AMANA-READ-001", "several begin so: name more of it")
    return found[0] if found else None


async def show_message(store: Store, bus: Bus, name: str) -> MessageDetail:
    """A message, its states with their times, and what proves it."""
    row = await find_message(store, name)
    events = await store.rows("message_event", {"id": row["id"]}, order=("at", "state"))
    shown: list[EventRow] = [
        {"at": moment(event["at"]), "state": event["state"], "detail": event["detail"] or None} for event in events
    ]
    evidence = await _evidence(bus, row)
    return {**message_row(row), "events": shown, "evidence": evidence, "pull": await _pull(store, row)}


async def _pull(store: Store, row: Mapping[str, Any]) -> PullRow | None:
    """Whom a pull asked, and how that ended; None for every other message."""
    rows = await store.rows("pull", {"id": row["id"]}) if row["kind"] == PULL else []
    if not rows:
        return None
    found = rows[0]
    return {
        "provider": found["provider"],
        "code": found["error"] or None,
        "bound": found["bound"] or None,
        "askedAt": moment(found["asked_at"]),
        "endedAt": moment(found["ended_at"]),
        "lateAt": moment(found["late_at"]),
        "answerDigest": found["answer_digest"] or None,
    }


async def _evidence(bus: Bus, row: Mapping[str, Any]) -> dict[str, str]:
    """The open part of the record that holds the message: digests and commitments."""
    record = await find_record(bus, row)
    if record is None:
        return {}
    return {name: record.headers[header] for name, header in EVIDENCE.items() if header in record.headers}


async def find_record(bus: Bus, row: Mapping[str, Any]) -> Record | None:
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
    counts, facts = await _facts(store, origin) if row["topic"] else ({}, [])
    letters = await store.rows("dead_letter", {"parent": row["id"]}, order=("id",), limit=TRACE_LIMIT)
    children = await store.rows("message", {"parent": row["id"]}, order=("time", "id"), limit=TRACE_LIMIT)
    steps: list[TraceStep] = [
        {"what": f"records.{contract}", "count": count, "states": {}} for contract, count in sorted(counts.items())
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
            {"id": kept.record_id, "contract": fact["contract"], "period": fact["period"]} for fact, kept in facts
        ],
        "deadLetters": [dead_letter_row(letter) for letter in letters],
    }


async def _facts(
    store: Store, origin: Mapping[str, Any]
) -> tuple[dict[str, int], list[tuple[Mapping[str, Any], Kept]]]:
    """How many canonical records a message gave, by contract, and the first of them with their rows."""
    counts = {
        str(contract): count for (contract,), count in (await count_facts(store, origin, by=("contract",))).items()
    }
    found: list[tuple[Mapping[str, Any], Kept]] = []
    after: dict[str, Any] | None = None
    while len(found) < TRACE_LIMIT:
        rows = await store.rows(TABLE, origin, order=("record_id",), limit=TRACE_ROWS, after=after)
        found += in_order(rows)
        if len(rows) < TRACE_ROWS:
            break
        after = {"record_id": rows[-1]["record_id"]}
    return counts, found[:TRACE_LIMIT]


def _step(what: str, rows: Sequence[Mapping[str, Any]]) -> TraceStep:
    return {"what": what, "count": len(rows), "states": dict(sorted(Counter(row["state"] for row in rows).items()))}


def dead_letter_row(row: Mapping[str, Any]) -> DeadLetterRow:
    spec = CODES.get(row["code"])
    return {
        "id": row["id"],
        "stage": row["stage"],
        "code": row["code"],
        "happened": spec.happened if spec else "",
        "remedy": spec.remedy if spec else "",
        "reason": row["detail"] or "",
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


async def group_dead_letters(store: Store, state: str) -> Page[DeadLetterGroup]:
    """Dead letters in that state by stage, code, system and reason, the largest group first."""
    found = await store.count("dead_letter", {"state": state}, by=("group",))
    groups: list[DeadLetterGroup] = []
    for (text,), count in sorted(found.items(), key=lambda item: (-item[1], item[0])):
        stage, code, system, reason = text.split(GROUP, 3)
        spec = CODES.get(code)
        groups.append(
            {
                "stage": stage,
                "code": code,
                "system": system or None,
                "reason": reason,
                "count": count,
                "happened": spec.happened if spec else "",
                "remedy": spec.remedy if spec else "",
            }
        )
    return page(groups, None)


async def show_dead_letter(store: Store, bus: Bus, name: str) -> DeadLetterDetail:
    """A dead letter, and the message that it is about."""
    row = await _begins_with(store, "dead_letter", "id", name)
    if row is None:
        raise BadMessage("AMANA-READ-001", "dead letter")
    record = await find_record(bus, row)
    headers = record.headers if record is not None else {}
    return {
        **dead_letter_row(row),
        "message": row["parent"] or None,
        "system": headers.get(SYSTEM),
        "origin": headers.get(ORIGIN),
        "messageCode": headers.get(CODE),
    }
