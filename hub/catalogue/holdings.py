"""Codes of what the hub passes on as it is, of outboxes that are collected, and of what the hub itself answers for."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-RELAY-001": Code(
        422,
        "sender",
        "The body holds something that its receivers' clients would print differently and could not verify",
        "integers up to 2^53, fractions from 0.001 up to 10000000, no rare control characters",
        "Send such a number as text, as the detail says",
    ),
    "AMANA-HOLD-001": Code(
        422,
        "sender",
        "The question for a page is not well formed",
        "pager with page and pageSize (1 to 500), and snapshot from page 2 on",
        "Correct the member named in the detail",
    ),
    "AMANA-HOLD-002": Code(
        410,
        "sender",
        "There is no such snapshot any more",
        "a snapshot that this system got under this code within a day, and no more than eight of them",
        "Begin again: ask for page 1 without a snapshot",
    ),
    "AMANA-HOLD-003": Code(
        404, "sender", "The snapshot has no such page", "a page up to the last", "Follow nextPage until it is null"
    ),
    "AMANA-HOLD-004": Code(
        404,
        "operator",
        "There is no such approved run that this code may show",
        "an approved run of the code's institution",
        "Check run, period and institution; ask the operator whether the run is approved",
    ),
    "AMANA-OUTBOX-001": Code(
        422,
        "sender",
        "The question to the outbox is not well formed",
        "cursor, confirm, limit and subscription, each if it is needed",
        "Correct the member named in the detail; without a cursor reading begins anew",
    ),
    "AMANA-OUTBOX-002": Code(
        404,
        "operator",
        "This system has no such subscription to collect",
        "a subscription of this system that was added with --collect",
        "Ask the hub's operator for one, or leave the member subscription out",
    ),
}
