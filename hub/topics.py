"""Names of the topics of the log and how many partitions each has.

Rule: a topic is named here or nowhere. The number of partitions is fixed for the life of a topic; `control`,
`audit` and `registry` have one, because their order is one order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

DEFAULT_PARTITIONS: Final = 4

CONTROL: Final = "control"
AUDIT: Final = "audit"
RECEIPTS: Final = "receipts"
DEADLETTERS: Final = "deadletters"
REFUSALS: Final = "refusals"
SIGNALS_PAY: Final = "signals.pay"
SIGNALS_HR: Final = "signals.hr"
PULLS: Final = "pulls"
CONFIRMATIONS: Final = "confirmations"
INBOX_RELAY: Final = "inbox.relay"
REGISTRY: Final = "registry"

INBOX: Final = "inbox."
RECORDS: Final = "records."
OUTBOX: Final = "outbox."
SUBSCRIBER: Final = "subscriber."

_SINGLE: Final = frozenset({CONTROL, AUDIT, REGISTRY})
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}")  # what every engine takes as part of a topic's name


def inbox(adapter: str) -> str:
    """Topic of the messages admitted for an adapter, by its id."""
    return INBOX + _part(adapter)


def records(contract: str) -> str:
    """Topic of the canonical records of a contract."""
    return RECORDS + _part(contract)


def outbox(system: str) -> str:
    """Topic of what waits for a system, by its code."""
    return OUTBOX + _part(system)


def subscriber(system: str) -> str:
    """Topic that a system reads itself, by its code: what is in it is not sealed."""
    return SUBSCRIBER + _part(system)


def partitions_of(topic: str, partitions: int = DEFAULT_PARTITIONS) -> int:
    """Number of partitions that a new topic gets when the setting says `partitions`."""
    return 1 if topic in _SINGLE else partitions


def layout(
    *,
    adapters: Iterable[str] = (),
    contracts: Iterable[str] = (),
    systems: Iterable[str] = (),
    readers: Iterable[str] = (),
    partitions: int = DEFAULT_PARTITIONS,
) -> dict[str, int]:
    """Every topic that a hub with these adapters, contracts and systems has, for `Bus.ensure`. `readers`: the systems
    that read a topic of their own."""
    names = [CONTROL, AUDIT, RECEIPTS, DEADLETTERS, REFUSALS, SIGNALS_PAY, SIGNALS_HR, PULLS, CONFIRMATIONS]
    names += [INBOX_RELAY, REGISTRY]
    names += [inbox(adapter) for adapter in adapters]
    names += [records(contract) for contract in contracts]
    names += [outbox(system) for system in systems]
    names += [subscriber(system) for system in readers]
    return {name: partitions_of(name, partitions) for name in names}


def _part(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("a topic's name takes letters, digits, dot, underscore and hyphen")
    return name
