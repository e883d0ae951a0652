"""outbox.* and receipts -> the schedule (table `delivery`); confirmations and erasures of what is collected -> receipts.

Rule: the schedule follows from these topics alone; so after a crash nothing is called again that has its outcome
recorded, and a lost schedule can be read again. Where several workers share it, each has all that concerns a key: its
outbox and its receipts (docs/adr/0025-running-on-kafka.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from hub.delivery.collecting import Collecting
from hub.delivery.receipts import ATTEMPT, COLLECT, NEXT_AT, ORDERED, OUTCOME, STATE, SUBSCRIPTION
from hub.delivery.sharing import INTAKE, has_read, outbox_ends
from hub.delivery.states import BLOCKING, BY_OPERATOR, FINAL, TRANSITIONS, Event, State, advance
from hub.errors import TryAgain
from hub.metrics.measures import Measures
from hub.ports import Append, Bus, Store, Write
from hub.records import (
    DERIVED,
    ID,
    PARENT,
    REQUEST,
    RUN,
    SECRET,
    SYSTEM,
    TIME,
    Record,
    Source,
    parse_source,
    partition_of,
)
from hub.stages.deadletters import ERROR
from hub.stages.effects import Effects, Entry
from hub.topics import CONFIRMATIONS, CONTROL, OUTBOX, RECEIPTS

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower

NAME: Final = "deliver"
RUNS: Final = "runs"  # the stage that makes the outboxes

Row = dict[str, Any]


class Intake:
    """The stage. `alone`: whether one worker has all of the schedule; where several share it, runs are looked at after
    each commit (`sharing.Delivered`) and an erasure waits for what others had in hand. `noted`: given the rows that were
    changed, once they are committed."""

    name = NAME
    version = 1
    batch = 500

    def __init__(
        self,
        store: Store,
        bus: Bus,
        follower: DirectoryFollower,
        measures: Measures | None = None,
        *,
        alone: bool = True,
        noted: Callable[[Iterable[Row]], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._noted = noted
        self._measures = measures or Measures()
        self._bus = bus
        self._follower = follower
        self._alone = alone
        self._collecting = Collecting(store, bus, follower)
        self._ends: tuple[int, dict[tuple[str, int], int]] | None = None  # for the erasure ordered there

    def sources(self, topics: Iterable[str]) -> list[str]:
        known = {CONTROL, CONFIRMATIONS, RECEIPTS}
        return [topic for topic in topics if topic in known or topic.startswith(OUTBOX)]

    def joins(self, topic: str) -> bool:
        return topic not in {CONTROL, CONFIRMATIONS}

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        if topic == CONTROL and not self._alone and not await self._others_have_read(entries):
            return Effects(taken=0)
        return await self.decide_together([(topic, partition, entries)])

    async def decide_together(self, parts: Sequence[tuple[str, int, Sequence[Entry]]]) -> Effects:
        """One row for all that a message went through in these entries."""
        made: list[Record] = []  # receipts of messages that are collected
        for topic, partition, entries in parts:
            made += await self._ended(topic, partition, entries)
        for record in made:
            self._measures.inc("amana_delivered_total", record.headers[SYSTEM], record.headers[OUTCOME])
        messages = [(topic, n, entry) for topic, n, entries in parts if topic.startswith(OUTBOX) for entry in entries]
        receipts = made + [entry.record for topic, _, entries in parts if topic == RECEIPTS for entry in entries]
        ids = [e.record.headers[ID] for _, _, e in messages] + [record.headers[PARENT] for record in receipts]
        rows = {row["id"]: row for row in await self._store.rows("delivery", {"id": ids})} if ids else {}
        schedule = _Schedule(self._store, rows)
        for message in messages:
            await schedule.message(*message)
        for record in receipts:
            await schedule.outcome(record)
        writes = schedule.writes()
        if self._alone:
            orders = _orders(schedule.changed.values(), [entry for _, _, entry in messages])
            writes += await self._delivered(orders, schedule)
        changed = list(schedule.changed.values())
        return Effects(publishes=self._appends(made), writes=writes, then=[partial(self._noted, changed)])

    async def _ended(self, topic: str, partition: int, entries: Sequence[Entry]) -> list[Record]:
        """Receipts that come of these entries by themselves: what is collected was confirmed, or erased."""
        if topic == CONTROL:
            return await self._collecting.erased(entries)
        if topic == CONFIRMATIONS:
            return await self._collecting.confirmed(partition, entries)
        if topic == RECEIPTS:
            return []
        if not self._alone and any(entry.record.headers.get(COLLECT) == "1" for entry in entries):
            await self._follower.catch_up()
        return self._collecting.erased_on_arrival(topic, partition, entries)

    async def _others_have_read(self, entries: Sequence[Entry]) -> bool:
        """Whether the schedule holds every message that came before the orders to erase among `entries`: what comes
        later is looked at when it comes."""
        last = entries[-1].offset
        if self._follower.directory.position < last:
            await self._follower.catch_up()
        if not any(entries[0].offset <= o.position <= last for o in self._follower.directory.now().erasures()):
            return True
        if self._ends is None or self._ends[0] != entries[0].offset:
            self._ends = (entries[0].offset, await outbox_ends(self._bus))
        return await has_read(self._store, INTAKE, self._ends[1])

    def _appends(self, made: Sequence[Record]) -> list[Append]:
        partitions = self._bus.topics()[RECEIPTS] if made else 0
        by_partition: dict[int, list[Record]] = {}
        for record in made:
            by_partition.setdefault(partition_of(record.key, partitions), []).append(record)
        return [Append(RECEIPTS, partition, records) for partition, records in by_partition.items()]

    async def _delivered(self, runs: Mapping[str, Source | None], schedule: _Schedule) -> list[Write]:
        """A run is delivered once every message of it is confirmed. `runs`: by code, the approval that the messages
        were made from; None for runs of receipts, which are looked at again with the outbox if they come before it.

        Messages are published before the approval's effects are committed, so the state is waited for; but only
        until the approval has been dealt with, for after that it changes no more.
        """
        writes: list[Write] = []
        for code, approval in sorted(runs.items()):
            handled = approval is not None and await self._handled(approval)  # asked before the state is read
            found = await self._store.rows("run", {"code": code})
            state = found[0]["state"] if found else ""
            if state not in {"approved", "delivered"}:
                if approval is None or handled:
                    continue
                raise TryAgain("AMANA-RUN-001", code, after=0.02)  # published, its state not yet committed
            stored = {row["id"]: row for row in await self._store.rows("delivery", {"run": code})}
            stored |= {id_: row for id_, row in schedule.changed.items() if row["run"] == code}
            if state == "approved" and all(row["state"] == State.CONFIRMED for row in stored.values()):
                last = max(int(row["updated"]) for row in stored.values())
                writes.append(Write("run", [dict(found[0], state="delivered", delivered_at=last)]))
        return writes

    async def _handled(self, order: Source) -> bool:
        where = {"stage": RUNS, "topic": order.topic, "partition": order.partition}
        return any(row["position"] > order.offset for row in await self._store.rows("stage_progress", where))


def _orders(rows: Iterable[Row], messages: Sequence[Entry]) -> dict[str, Source | None]:
    runs: dict[str, Source | None] = {str(row["run"]): None for row in rows if row["run"]}
    for entry in messages:
        h = entry.record.headers
        if h.get(RUN) in runs:
            runs[h[RUN]] = parse_source(h[DERIVED])
    return runs


class _Schedule:
    """Rows as they are while one batch is taken."""

    def __init__(self, store: Store, rows: dict[str, Row]) -> None:
        self._store = store
        self._rows = rows
        self.changed: dict[str, Row] = {}

    def writes(self) -> list[Write]:
        return [Write("delivery", list(self.changed.values()))] if self.changed else []

    async def message(self, topic: str, partition: int, entry: Entry) -> None:
        """A new message to deliver, or the place of one whose outcome was read before."""
        record = entry.record
        old = self._row(record.headers[ID])
        row = dict(old) if old is not None else _row_of(record, record.headers[ID])
        row.update(topic=topic, partition=partition, offset=entry.offset, since=int(record.headers[TIME]))
        if old is None and record.headers.get(COLLECT) == "1":
            row["state"] = str(State.WAITING)
        elif old is None and record.headers.get(ORDERED) == "1" and await self._busy(row):
            row["state"] = str(advance(State.DUE, Event.KEY_BUSY))
        self._put(row)

    async def outcome(self, record: Record) -> None:
        """What came of an attempt. A message that has its end keeps it: a second receipt changes nothing. Nor does a
        second outcome of one attempt, from a worker that had lost the partition."""
        h = record.headers
        old = self._row(h[PARENT])
        if old is not None and State(old["state"]) in FINAL:
            return
        event = Event(h[OUTCOME])
        if old is not None and event not in BY_OPERATOR and int(h[ATTEMPT]) <= old["attempts"]:
            return
        if event in BY_OPERATOR:
            # decided on what this schedule does not hold (any more): the receipts before it were lost
            if old is None or (State(old["state"]), event) not in TRANSITIONS or old["attempts"] != int(h[ATTEMPT]):
                return
            row = dict(old, last_code=old["last_code"] or "")
        else:
            row = _row_of(record, h[PARENT]) if old is None else dict(old, last_code="")
        row.update(
            state=h[STATE],
            attempts=int(h[ATTEMPT]),
            next_at=int(h.get(NEXT_AT, "0")),
            last_code=h.get(ERROR, row["last_code"]),
            updated=int(h[TIME]),
        )
        self._put(row)
        if State(h[STATE]) in FINAL and h.get(ORDERED) == "1":
            await self._release(row)

    async def _busy(self, row: Row) -> bool:
        return any(State(other["state"]) in BLOCKING for other in await self._same_key(row))

    async def _release(self, row: Row) -> None:
        """The next one of the key may go."""
        others = await self._same_key(row)
        if any(State(o["state"]) in BLOCKING and o["state"] != State.PARKED for o in others):
            return
        parked = [o for o in others if o["state"] == State.PARKED]
        if parked:
            first = min(parked, key=lambda o: (o["topic"], o["partition"], o["offset"]))
            self._put(dict(first, state=str(advance(State.PARKED, Event.KEY_FREE)), next_at=0))

    async def _same_key(self, row: Row) -> list[Row]:
        where = {"subscription": row["subscription"], "key": row["key"], "state": [str(s) for s in BLOCKING]}
        known = {o["id"]: o for o in await self._store.rows("delivery", where)}
        lane = (row["subscription"], row["key"])
        known |= {id_: o for id_, o in self.changed.items() if (o["subscription"], o["key"]) == lane}
        known.pop(row["id"], None)
        return list(known.values())

    def _row(self, id_: str) -> Row | None:
        return self.changed.get(id_) or self._rows.get(id_)

    def _put(self, row: Row) -> None:
        self.changed[row["id"]] = row


def _row_of(record: Record, message_id: str) -> Row:
    h = record.headers
    return {
        "id": message_id,
        "subscription": h[SUBSCRIPTION],
        "system": h[SYSTEM],
        "key": record.key.hex(),
        "request_id": h[REQUEST],
        "state": str(State.DUE),
        "attempts": 0,
        "next_at": 0,
        "last_code": "",
        "topic": "",
        "partition": 0,
        "offset": 0,
        "run": h.get(RUN),
        "secret_id": h[SECRET],
        "updated": int(h[TIME]),
        "since": int(h[TIME]),
    }
