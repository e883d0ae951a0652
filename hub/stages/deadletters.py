"""Dead letters: what a stage could not take. Rule: a dead letter points at the record it is about and says why by
code; it copies no body, so erasing the message leaves nothing behind here."""

from __future__ import annotations

from typing import Final

from hub.errors import BadMessage
from hub.records import (
    CODE,
    DERIVED,
    ID,
    INSTITUTION,
    ORIGIN,
    PARENT,
    REQUEST,
    RUN,
    SECRET,
    SET_ASIDE,
    SOURCE,
    SPECVERSION,
    STAGE,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    derived_id,
)

TYPE_NAME: Final = "deadletter"

ERROR: Final = "ce_errorcode"  # the stable code
REASON: Final = "ce_reason"  # slug of the adapter, or the detail of the error: no personal data
ROW: Final = "ce_row"  # row of the message, or "" when it is the whole message

_KEPT: Final = (TIME, SYSTEM, INSTITUTION, CODE, SECRET, RUN, REQUEST)


def check_aside(record: Record) -> None:
    """Raises `BadMessage` AMANA-RULE-002 for a message that the gateway took to be set aside."""
    if SET_ASIDE in record.headers:
        raise BadMessage("AMANA-RULE-002", record.headers[SET_ASIDE])


def dead_letter(
    stage: str,
    version: int,
    topic: str,
    partition: int,
    offset: int,
    record: Record,
    *,
    code: str,
    reason: str = "",
    row: int | None = None,
    n: int = 0,
) -> Record:
    """The `n`-th thing that `stage` makes of `record` is this dead letter."""
    parent = record.headers[ID]
    headers = dict((SPECVERSION,))
    headers |= {
        ID: derived_id(parent, stage, version, n),
        SOURCE: f"stage/{stage}",
        TYPE: TYPE_NAME,
        STAGE: f"{stage}/{version}",
        PARENT: parent,
        ORIGIN: record.headers.get(ORIGIN, f"{topic}/{partition}/{offset}"),
        DERIVED: f"{topic}/{partition}/{offset}/{n}",
        ERROR: code,
        REASON: reason[:200],
        ROW: "" if row is None else str(row),
    }
    headers.update((name, record.headers[name]) for name in _KEPT if name in record.headers)
    return Record(record.key, headers, b"")
