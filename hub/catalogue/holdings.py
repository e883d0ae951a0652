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
}
