"""Who writes to which topics and who reads them.

Rule: who reads is asked of the stages themselves; who writes stands here, and a test holds it to what the stages of a whole
month have written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from hub.control.projection import DirectoryTables
from hub.delivery.intake import Intake
from hub.delivery.settlements import Settlements
from hub.pull.stage import Pulls
from hub.runs.stage import RunStage
from hub.stages.announce import Announce
from hub.stages.collect import Collect
from hub.stages.erase import Erase
from hub.stages.index import Index
from hub.stages.index_orders import IndexOrders
from hub.stages.outward import Outward
from hub.stages.relay import Relay
from hub.stages.translate import Translate
from hub.topics import (
    AUDIT,
    CONFIRMATIONS,
    CONTROL,
    DEADLETTERS,
    INBOX,
    OUTBOX,
    PULLS,
    RECEIPTS,
    RECORDS,
    REFUSALS,
    REGISTRY,
    SIGNALS_HR,
    SIGNALS_PAY,
    SUBSCRIBER,
)

GATEWAY: Final = "gateway"


class _Reads(Protocol):
    name: str

    def sources(self, topics: Iterable[str]) -> list[str]: ...


_STAGES: Final[tuple[type[_Reads], ...]] = (
    Translate,
    Relay,
    Collect,
    RunStage,
    Announce,
    Outward,
    Erase,
    Pulls,
    Index,
    IndexOrders,
    DirectoryTables,
    Settlements,
    Intake,
)

WRITES: Final[Mapping[str, tuple[str, ...]]] = {
    GATEWAY: (INBOX, CONTROL, AUDIT, REGISTRY, REFUSALS, PULLS, CONFIRMATIONS),
    "translate": (RECORDS, DEADLETTERS),
    "relay": (OUTBOX, DEADLETTERS),
    "announce": (OUTBOX,),
    "runs": (SIGNALS_PAY, SIGNALS_HR, RECORDS, OUTBOX, DEADLETTERS),
    "outward": (OUTBOX, DEADLETTERS),
    "pulls": (OUTBOX, DEADLETTERS),
    "settlements": (RECEIPTS, DEADLETTERS),
    "deliver": (RECEIPTS, DEADLETTERS, SUBSCRIBER),
}
"""Topics, or beginnings of their names that end with a dot."""


def readers(topics: Iterable[str]) -> dict[str, list[str]]:
    """Topics that each stage reads, by its name."""
    known = sorted(topics)
    # which topics a stage reads follows from their names alone, so no port of a stage is needed
    return {stage.name: sorted(stage.__new__(stage).sources(known)) for stage in _STAGES}


def writers(topics: Iterable[str]) -> dict[str, list[str]]:
    """Topics that each part writes, by its name."""
    known = sorted(topics)
    return {name: [topic for topic in known if may_write(name, topic)] for name in WRITES}


def may_write(name: str, topic: str) -> bool:
    return any(topic == one or (one.endswith(".") and topic.startswith(one)) for one in WRITES.get(name, ()))
