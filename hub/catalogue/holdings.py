"""Codes of what the hub passes on as it is, of outboxes that are collected, and of what the hub itself answers for."""

from __future__ import annotations

from typing import Final

from hub.catalogue.entry import Code

CODES: Final[dict[str, Code]] = {
    "AMANA-RELAY-001": Code(
        422,
        "sender",
        "The body holds something that its receivers' clients would print differently and could not verify",
        "integers up to 2^53, no exponents, member names that are no numbers, no rare control characters",
        "Send such a number as text, and rename such a member",
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
