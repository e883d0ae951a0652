"""Names of the log's topics, in one place; a name is never spelled anywhere else.

Rule: the number of partitions of a topic is fixed when the topic is made, so `partitions` may not change its mind.
"""

from __future__ import annotations

from typing import Final

CONTROL: Final = "control"
AUDIT: Final = "audit"
RECEIPTS: Final = "receipts"
DEADLETTERS: Final = "deadletters"
PAY_SIGNALS: Final = "signals.pay"

INBOX: Final = "inbox."
RECORDS: Final = "records."
OUTBOX: Final = "outbox."

DEFAULT_PARTITIONS: Final = 4


def inbox(adapter: str) -> str:
    """Messages as they were admitted, per adapter."""
    return INBOX + adapter


def records(contract: str) -> str:
    """Canonical records of one contract."""
    return RECORDS + contract


def outbox(system: str) -> str:
    """What one subscribing system is to get."""
    return OUTBOX + system


def partitions(topic: str, default: int = DEFAULT_PARTITIONS) -> int:
    """Partitions that a topic is made with: one where a single order matters, else the setting."""
    return 1 if topic in {CONTROL, AUDIT} else default
