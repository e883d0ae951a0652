"""The index: what became of each message, for `amana message` and the console. Rule: made from topics only, so it can
be dropped and read again; it opens no body. Several workers share it, each with partitions of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.contracts.names import pin_of
from hub.delivery.receipts import COLLECT, OFFSET, OUTCOME, PARTITION, STATE, TOPIC
from hub.delivery.states import DECIDED, Event, State
from hub.ports import Store, Write
from hub.pull.records import ENDED, PROVIDER
from hub.records import (
    CODE,
    CONTROL_POSITION,
    DATASCHEMA,
    FLAGS,
    ID,
    INSTITUTION,
    ORIGIN,
    PARENT,
    REQUEST,
    REQUEST_SCHEMA,
    STAGE,
    SYSTEM,
    TIME,
    TYPE,
    Record,
    request_id,
)
from hub.stages.deadletters import ERROR, REASON, ROW
from hub.stages.effects import Effects, Entry
from hub.stages.flags import TABLE as DEVICE_FLAG
from hub.stages.flags import flag_rows
from hub.stages.index_rows import IN, OUT, PULL, REFUSED, Change, Outcome, merge
from hub.stages.relay import takers_of
from hub.topics import CONTROL, DEADLETTERS, INBOX, INBOX_RELAY, OUTBOX, PULLS, RECEIPTS, RECORDS, REFUSALS

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import Erasure

NAME: Final = "index"
ORDERS: Final = "index-orders"
"""The stage that carries out in the index what operators ordered."""

GROUP: Final = ":"
"""Between stage, code, system and reason (which may hold it) in the group of a dead letter."""


class Index:
    """The stage."""

    name = NAME
    version = 1
    batch = 2000

    def __init__(self, store: Store, follower: DirectoryFollower) -> None:
        self._store = store
        self._follower = follower

    def sources(self, topics: Iterable[str]) -> list[str]:
        known = {DEADLETTERS, PULLS, RECEIPTS, REFUSALS}
        return [t for t in topics if t in known or t.startswith((INBOX, RECORDS, OUTBOX))]

    def joins(self, topic: str) -> bool:  # noqa: ARG002 (port)
        return True

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        return await self.decide_together([(topic, partition, entries)])

    async def decide_together(self, parts: Sequence[tuple[str, int, Sequence[Entry]]]) -> Effects:
        """One row for all that a message went through in these entries."""
        changes: dict[str, Change] = {}
        letters: list[dict[str, Any]] = []
        flags: list[dict[str, Any]] = []
        for topic, partition, entries in parts:
            if topic == DEADLETTERS:
                for entry in entries:
                    letters.append(self._letter(partition, entry))
                    _note(changes, entry.record, Event.DEAD_LETTER, entry.at)
            else:
                await self._messages(topic, partition, entries, changes, flags)
        writes = await merge(self._store, changes, await self._passed_orders())
        if letters:
            writes.append(Write("dead_letter", letters))
        if flags:
            writes.append(Write(DEVICE_FLAG, flags, "add"))
        return Effects(writes=writes)

    async def _messages(
        self,
        topic: str,
        partition: int,
        entries: Sequence[Entry],
        changes: dict[str, Change],
        flags: list[dict[str, Any]],
    ) -> None:
        if topic.startswith(RECORDS):
            noted = None  # of a message's records the first one of a stretch says it all
            for _, at, record in entries:
                parent = record.headers.get(PARENT)
                if parent != noted or ERROR in record.headers:
                    _note(changes, record, Event.RECORDS, at)
                    if FLAGS in record.headers:
                        flags += flag_rows(record)
                noted = parent
            return
        for entry in entries:
            record = entry.record
            if topic == RECEIPTS:
                _outcome(changes, entry)
            elif topic == PULLS and record.headers[TYPE] == ENDED:
                _pulled(changes, record, entry.at)
            else:
                kind = _KINDS.get(topic) or (IN if topic.startswith(INBOX) else OUT)
                change = changes.setdefault(record.headers[ID], Change())
                change.facts = _facts(kind, record, topic, partition, entry.offset)
                change.at = int(record.headers[TIME])
                if topic == INBOX_RELAY:
                    await self._passed_on(record, change)
                elif record.headers.get(COLLECT) == "1":
                    change.first = State.WAITING
                if kind == OUT:
                    _note_copy(changes, record)

    def _letter(self, partition: int, entry: Entry) -> dict[str, Any]:
        """The row of a dead letter. A decision on it that this process knows counts already; one that it does not know yet
        waits until this row is there (`hub.stages.index_orders`)."""
        row = _letter_row(partition, entry)
        order = self._follower.directory.now().settlement(row["id"])
        return row if order is None else row | {"state": STATE_OF_LETTER[order.verdict]}

    async def _passed_on(self, record: Record, change: Change) -> None:
        """Whether anybody is to get it follows from the directory that it was admitted under, as relay sees it."""
        directory = self._follower.directory
        if directory.position < int(record.headers[CONTROL_POSITION]):
            await self._follower.catch_up()
        if not takers_of(directory, record):
            change.events.setdefault(Event.NOBODY, change.at)

    async def _passed_orders(self) -> list[Erasure]:
        """Erasures that the index has dealt with, as far as there were rows."""
        orders = self._follower.directory.now().erasures()
        if not orders:
            return []
        place = {"stage": ORDERS, "topic": CONTROL, "partition": 0}
        passed = next((row["position"] for row in await self._store.rows("stage_progress", place)), 0)
        return [order for order in orders if order.position < passed]


_KINDS: Final = {REFUSALS: REFUSED, PULLS: PULL}

STATE_OF_LETTER: Final = {"retry": "retried", "confirm": "confirmed"} | {
    str(event): str(DECIDED[event]) for event in (Event.SKIP, Event.DISCARD)
}
"""State of a dead letter by what was decided on it; `open` before."""


def _facts(kind: str, record: Record, topic: str, partition: int, offset: int) -> dict[str, Any]:
    h = record.headers
    return {
        "kind": kind,
        "system": h[SYSTEM],
        "institution": h[INSTITUTION],
        "code": h.get(CODE, ""),
        "request_id": h.get(REQUEST) or request_id(h[ID]),
        "topic": topic,
        "partition": partition,
        "offset": offset,
        "time": int(h[TIME]),
        "parent": h.get(PARENT, ""),
        "contract": pin_of(h.get(DATASCHEMA, "")),
        "request_contract": pin_of(h.get(REQUEST_SCHEMA, "")),
        "provider": h.get(PROVIDER, ""),
    } | ({"detail": h["ce_reason"]} if kind == REFUSED else {})


def _note(changes: dict[str, Change], record: Record, event: Event, at: int) -> None:
    """Something was made of the inbox message that `record` descends from."""
    h = record.headers
    origin, parent = h.get(ORIGIN, ""), h.get(PARENT)
    if parent is None or not origin.startswith(INBOX):
        return
    change = changes.get(parent)
    if change is None:
        change = changes[parent] = Change()
        # the message itself may not have been read yet: the row stands on what its descendant says
        change.facts = {
            "kind": IN,
            "system": h.get(SYSTEM, ""),
            "institution": h.get(INSTITUTION, ""),
            "code": h.get(CODE, ""),
            "request_id": request_id(parent),
            "time": int(h[TIME]),
        }
        change.at = at
    change.events.setdefault(event, at)
    if ERROR in h and not change.detail:
        change.detail = h[ERROR]


def _note_copy(changes: dict[str, Change], record: Record) -> None:
    """A copy of a message that is passed on. Of the message it knows only the id: its system is the receiver's."""
    h = record.headers
    if not h.get(ORIGIN, "").startswith(INBOX_RELAY):
        return
    change = changes.setdefault(h[PARENT], Change())
    if not change.facts:
        change.facts = {"kind": IN, "request_id": request_id(h[PARENT]), "time": int(h[TIME])}
        change.at = int(h[TIME])
    change.events.setdefault(Event.RELAY, int(h[TIME]))


def _pulled(changes: dict[str, Change], record: Record, at: int) -> None:
    """How a pull ended, or what came later. It stands behind the pull in the same partition."""
    h = record.headers
    change = changes.setdefault(h[PARENT], Change())
    event = Event(h[OUTCOME])
    change.events.setdefault(event, at)
    change.details.setdefault(event, h.get(ERROR, ""))


def _outcome(changes: dict[str, Change], entry: Entry) -> None:
    h = entry.record.headers
    change = changes.setdefault(h[PARENT], Change())
    change.facts = change.facts or {
        "kind": OUT,
        "system": h[SYSTEM],
        "institution": h[INSTITUTION],
        "code": h.get(CODE, ""),
        "request_id": h[REQUEST],
        "time": int(h[TIME]),
    }
    place = f" {h[TOPIC]}/{h[PARTITION]}/{h[OFFSET]}" if TOPIC in h else ""
    detail = h.get(ERROR, "") or h[OUTCOME] + place
    change.outcomes.append(Outcome(Event(h[OUTCOME]), State(h[STATE]), detail, int(h[TIME])))
    change.at = int(h[TIME])


def _letter_row(partition: int, entry: Entry) -> dict[str, Any]:
    h = entry.record.headers
    stage = h[STAGE].partition("/")[0]
    return {
        "id": h[ID],
        "stage": stage,
        "topic": DEADLETTERS,
        "partition": partition,
        "offset": entry.offset,
        "row": int(h[ROW]) if h.get(ROW) else None,
        "code": h[ERROR],
        "state": "open",
        "at": entry.at,
        "group": GROUP.join((stage, h[ERROR], h.get(SYSTEM, ""), h.get(REASON, ""))),
        "detail": h.get(REASON, ""),
        "parent": h.get(PARENT, ""),
    }
