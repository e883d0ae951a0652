"""Outboxes that nobody is called for: their reader asks under the code OUTBOX, and confirms what it took.

A confirmation is a record of the topic `confirmations`, durable before the gateway says that it was taken; the stage
that owns the schedule makes the one receipt of it. So gateways hold no state, and two of them cannot confirm one message
twice.

Rule: the digest of the signed request is the proof that the receipt holds. What is not waiting is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.delivery.receipts import COLLECT, receipt
from hub.delivery.states import Event, State, advance
from hub.ports import Bus, Store
from hub.records import (
    CODE,
    CONTENT_TYPE,
    DERIVED,
    DIGEST,
    ID,
    INSTITUTION,
    SECRET,
    SOURCE,
    SPECVERSION,
    SYSTEM,
    TIME,
    TYPE,
    Batch,
    Ms,
    Record,
    derived_id,
)
from hub.topics import CONFIRMATIONS, CONTROL
from signing.jsontext import parse, render

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import Erasure
    from hub.stages.effects import Entry

NAME: Final = "collect"
VERSION: Final = 1
CODE_NAME: Final = "OUTBOX"
TYPE_NAME: Final = "confirmation"

AT_ONCE: Final = 10_000
"""Request ids in one question to the store."""

CONFIRMATION: Final = "ce_confirmation"  # of a receipt: id of the confirmation that it was made of

Row = Mapping[str, Any]


def confirmation(system: str, institution: str, key: bytes, digest: str, now: Ms, requests: Sequence[str]) -> Record:
    """The record of what a system confirmed. `digest`: of the received bytes that it signed; the same bytes again are
    the same confirmation."""
    headers = dict((SPECVERSION,))
    headers |= {
        ID: derived_id(digest, NAME, VERSION, 0),
        SOURCE: f"system/{system}",
        TYPE: TYPE_NAME,
        CONTENT_TYPE: "application/json",
        TIME: str(now),
        SYSTEM: system,
        INSTITUTION: institution,
        CODE: CODE_NAME,
        DIGEST: digest,
    }
    return Record(key, headers, render(list(requests)))


@dataclass(slots=True)
class Messages:
    """Records of an outbox by their place in the schedule. Neighbours lie in one batch, which is read once."""

    bus: Bus
    _last: dict[tuple[str, int], Batch] = field(default_factory=dict)

    async def find(self, row: Row) -> Record | None:
        """The message of a row; None when retention has taken it."""
        place, offset = (row["topic"], row["partition"]), row["offset"]
        batch = self._last.get(place)
        if batch is None or not batch.base <= offset < batch.base + len(batch.records):
            batches = await self.bus.read(*place, offset, max_records=1)
            if not batches:
                return None
            batch = self._last[place] = batches[0]
        at = offset - batch.base
        record = batch.records[at] if 0 <= at < len(batch.records) else None
        return record if record is not None and record.headers[ID] == row["id"] else None


class Collecting:
    """What the owner of the schedule asks when messages of collected outboxes move."""

    def __init__(self, store: Store, bus: Bus, follower: DirectoryFollower) -> None:
        self._store = store
        self._bus = bus
        self._follower = follower
        self._orders: tuple[Erasure, ...] = ()
        self._erased: dict[str, Ms] = {}

    async def confirmed(self, partition: int, entries: Sequence[Entry]) -> list[Record]:
        """The receipts that these confirmations make. A message that was confirmed before has its receipt."""
        names = [(entry, parse(entry.record.value)) for entry in entries]
        rows = await self._waiting(sorted({name for _, found in names for name in found}))
        messages = Messages(self._bus)
        made: list[Record] = []
        for entry, found in names:
            h = entry.record.headers
            for n, name in enumerate(found):
                row = rows.pop((h[SYSTEM], name), None)
                message = None if row is None else await messages.find(row)
                if row is None or message is None:
                    continue
                proof = {CONFIRMATION: h[ID], DERIVED: f"{CONFIRMATIONS}/{partition}/{entry.offset}/{n}"}
                made.append(_end(message, row["attempts"], Event.COLLECTED, Ms(int(h[TIME])), h[DIGEST], proof))
        return made

    async def _waiting(self, names: Sequence[str]) -> dict[tuple[str, str], Row]:
        """By system and request id."""
        rows: dict[tuple[str, str], Row] = {}
        for start in range(0, len(names), AT_ONCE):
            where = {"request_id": list(names[start : start + AT_ONCE]), "state": str(State.WAITING)}
            rows |= {(row["system"], row["request_id"]): row for row in await self._store.rows("delivery", where)}
        return rows

    async def erased(self, entries: Sequence[Entry]) -> list[Record]:
        """The receipts of waiting messages whose erasure was ordered at these positions of the control log: nobody
        will be called for them, so nobody else would find out."""
        first, last = entries[0].offset, entries[-1].offset
        if self._follower.directory.position < last:
            await self._follower.catch_up()
        messages = Messages(self._bus)
        made: list[Record] = []
        for order in self._follower.directory.now().erasures():
            if not first <= order.position <= last:
                continue
            where = {"state": str(State.WAITING), "secret_id": list(order.ids)}
            rows = await self._store.rows("delivery", where, order=("topic", "partition", "offset"))
            for n, row in enumerate(rows):
                message = await messages.find(row)
                if message is not None:
                    source = {DERIVED: f"{CONTROL}/0/{order.position}/{n}"}
                    made.append(_end(message, row["attempts"], Event.ERASE, order.at, "", source))
        return made

    def erased_on_arrival(self, topic: str, partition: int, entries: Iterable[Entry]) -> list[Record]:
        """The same for messages that come to their outbox after the order."""
        made: list[Record] = []
        for entry in entries:
            h = entry.record.headers
            at = self._erased_at(h[SECRET]) if h.get(COLLECT) == "1" else None
            if at is not None:
                source = {DERIVED: f"{topic}/{partition}/{entry.offset}/0"}
                made.append(_end(entry.record, 0, Event.ERASE, at, "", source))
        return made

    def _erased_at(self, secret_id: str) -> Ms | None:
        orders = self._follower.directory.now().erasures()
        if len(orders) != len(self._orders):
            self._orders = orders
            self._erased = {id_: order.at for order in orders for id_ in order.ids}
        return self._erased.get(secret_id)


def _end(message: Record, attempts: int, event: Event, now: Ms, digest: str, extra: Mapping[str, str]) -> Record:
    return receipt(
        message,
        attempt=attempts + 1,
        now=now,
        outcome=str(event),
        state=str(advance(State.WAITING, event)),
        error="AMANA-ERASED-001" if event is Event.ERASE else "",
        digest=digest,
        extra=extra,
    )
