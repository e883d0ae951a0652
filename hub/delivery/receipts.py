"""Records of the topic `receipts`: what came of each call outside. Rule: every attempt that was answered, refused or
given up is one record with the sealed bytes of the answer, and it alone is the truth; the schedule follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from hub.records import (
    CODE,
    CONTENT_TYPE,
    DATASCHEMA,
    DIGEST,
    ID,
    INSTITUTION,
    PARENT,
    REQUEST,
    RUN,
    SECRET,
    SOURCE,
    SPECVERSION,
    STAGE,
    SYSTEM,
    TIME,
    TYPE,
    Ms,
    Record,
    RecordId,
    derived_id,
)
from hub.stages.deadletters import ERROR

if TYPE_CHECKING:
    from hub.control.objects import Subscription

TYPE_NAME: Final = "receipt"
PURPOSE: Final = "receipt"
"""Answers are sealed by `BodyKey(secret of the outgoing message, PURPOSE)`."""

NAME: Final = "deliver"
VERSION: Final = 1

OUTCOME: Final = "ce_outcome"  # an `Event` of the table of states
STATE: Final = "ce_state"  # the state that the message is in after it
ATTEMPT: Final = "ce_attempt"  # 1, 2, ...
NEXT_AT: Final = "ce_nextat"  # ms since 1970: when the next attempt is due, jitter included
STATUS: Final = "ce_httpstatus"  # of the answer, or ""
SUBSCRIPTION: Final = "ce_subscription"
ORDERED: Final = "ce_ordered"  # "1": later messages of the same key wait for this one
TOPIC: Final = "ce_topic"  # where it was written for its reader, and below it where in the topic
PARTITION: Final = "ce_partition"
OFFSET: Final = "ce_offset"
COLLECT: Final = "ce_collect"  # "1": the receiver is not called, it reads its outbox
NUMBER: Final = "ce_sequence"  # of the message among those of its key and subscription

KEPT: Final = (SYSTEM, INSTITUTION, CODE, RUN, REQUEST, SECRET, SUBSCRIPTION, ORDERED, DATASCHEMA)


def subscription_headers(subscription: Subscription) -> Mapping[str, str]:
    """What delivery has to know of the subscription that a message goes out under."""
    return {
        SUBSCRIPTION: subscription.id,
        ORDERED: "1" if subscription.ordered and not subscription.collect else "0",
        **({COLLECT: "1"} if subscription.collect else {}),
    }


def receipt_id(message_id: str, attempt: int) -> RecordId:
    """Id of the receipt of one attempt, known before the call: a repeat after a crash finds it, or makes it."""
    return derived_id(message_id, NAME, VERSION, attempt)


def letter_id(message_id: str, attempt: int) -> RecordId:
    """Id of the dead letter that this attempt ended in, or would have: what an operator decides on."""
    return derived_id(receipt_id(message_id, attempt), NAME, VERSION, 0)


def receipt(
    message: Record,
    *,
    attempt: int,
    now: Ms,
    outcome: str,
    state: str,
    error: str = "",
    next_at: Ms | None = None,
    status: int | None = None,
    digest: str = "",
    sealed: bytes = b"",
    extra: Mapping[str, str] | None = None,
) -> Record:
    """The record of one outcome."""
    h = message.headers
    headers = dict((SPECVERSION,))
    headers |= {
        ID: receipt_id(h[ID], attempt),
        SOURCE: f"stage/{NAME}",
        STAGE: f"{NAME}/{VERSION}",
        TYPE: TYPE_NAME,
        CONTENT_TYPE: "application/json",
        TIME: str(now),
        PARENT: h[ID],
        OUTCOME: outcome,
        STATE: state,
        ATTEMPT: str(attempt),
        STATUS: "" if status is None else str(status),
        DIGEST: digest,
    }
    if error:
        headers[ERROR] = error
    if next_at is not None:
        headers[NEXT_AT] = str(next_at)
    headers.update((name, h[name]) for name in KEPT if name in h)
    headers.update(extra or {})
    return Record(message.key, headers, sealed)
