"""The index: what became of each message, for `amana message` and the console. Rule: made from topics only, so it can
be dropped and read again; it opens no body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hub.contracts.names import pin_of
from hub.delivery.receipts import COLLECT, OFFSET, OUTCOME, PARTITION, STATE, TOPIC
from hub.delivery.settlements import settled
from hub.delivery.states import BY_OPERATOR, COMING_IN, DECIDED, FINAL, TRANSITIONS, Event, State, advance
from hub.ports import Store, Write
from hub.pull.records import ENDED, PROVIDER
from hub.records import (
    CODE,
    CONTROL_POSITION,
    DATASCHEMA,
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
from hub.stages.relay import takers_of
from hub.topics import CONTROL, DEADLETTERS, INBOX, INBOX_RELAY, OUTBOX, PULLS, RECEIPTS, RECORDS, REFUSALS

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower

NAME: Final = "index"
GROUP: Final = ":"
"""Between stage, code, system and reason (which may hold it) in the group of a dead letter."""

IN, OUT, REFUSED, PULL = "inbox", "out", "refused", "pull"
"""Kinds of a row. `refused`: turned away by the gateway, its bytes kept; the code of the refusal is its detail."""

ERASABLE: Final = frozenset({IN, REFUSED, PULL})
"""Kinds that have a secret of their own."""

_FIRST: Final = {IN: State.ADMITTED, OUT: State.DUE, REFUSED: State.REFUSED, PULL: State.ASKED}

_PULLED: Final = frozenset({State.ASKED, State.DEFERRED, State.FAILED, State.ANSWERED})


class _Outcome(NamedTuple):
    """What delivery or an operator recorded."""

    event: Event
    state: State
    detail: str
    at: int


@dataclass(slots=True)
class _Change:
    """What one batch says about one message."""

    facts: dict[str, Any] = field(default_factory=dict)
    first: State | None = None  # when it is not that of its kind
    events: dict[Event, int] = field(default_factory=dict)  # event -> when
    details: dict[Event, str] = field(default_factory=dict)  # of pulls: event -> stable code, or ""
    outcomes: list[_Outcome] = field(default_factory=list)  # of a message that goes out
    detail: str = ""
    at: int = 0


class Index:
    """The stage."""

    name = NAME
    version = 1
    batch = 2000

    def __init__(self, store: Store, follower: DirectoryFollower) -> None:
        self._store = store
        self._follower = follower

    def sources(self, topics: Iterable[str]) -> list[str]:
        known = {CONTROL, DEADLETTERS, PULLS, RECEIPTS, REFUSALS}
        return [t for t in topics if t in known or t.startswith((INBOX, RECORDS, OUTBOX))]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        return await self.decide_together([(topic, partition, entries)])

    async def decide_together(self, parts: Sequence[tuple[str, int, Sequence[Entry]]]) -> Effects:
        """One row for all that a message went through in these entries."""
        changes: dict[str, _Change] = {}
        letters: list[dict[str, Any]] = []
        for topic, _, entries in parts:
            if topic == CONTROL:  # first: dead letters look at what was decided on them
                await self._erasures(entries, changes)
                letters += await self._decided(entries)
        for topic, partition, entries in parts:
            if topic == DEADLETTERS:
                for entry in entries:
                    letters.append(self._letter(partition, entry))
                    _note(changes, entry.record, Event.DEAD_LETTER, entry.at)
            elif topic != CONTROL:
                await self._messages(topic, partition, entries, changes)
        writes = await self._merge(changes)
        if letters:
            writes.append(Write("dead_letter", letters))
        return Effects(writes=writes)

    async def _messages(
        self, topic: str, partition: int, entries: Sequence[Entry], changes: dict[str, _Change]
    ) -> None:
        if topic.startswith(RECORDS):
            noted = None  # of a message's records the first one of a stretch says it all
            for _, at, record in entries:
                parent = record.headers.get(PARENT)
                if parent != noted or ERROR in record.headers:
                    _note(changes, record, Event.RECORDS, at)
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
                change = changes.setdefault(record.headers[ID], _Change())
                change.facts = _facts(kind, record, topic, partition, entry.offset)
                change.at = int(record.headers[TIME])
                if topic == INBOX_RELAY:
                    await self._passed_on(record, change)
                elif record.headers.get(COLLECT) == "1":
                    change.first = State.WAITING
                if kind == OUT:
                    _note_copy(changes, record)

    def _letter(self, partition: int, entry: Entry) -> dict[str, Any]:
        """The row of a dead letter. A decision on it that this process knows counts already; of one that it does not
        know yet, the record is still to be read here."""
        row = _letter_row(partition, entry)
        order = self._follower.directory.now().settlement(row["id"])
        return row if order is None else row | {"state": _LETTER[order.verdict]}

    async def _passed_on(self, record: Record, change: _Change) -> None:
        """Whether anybody is to get it follows from the directory that it was admitted under, as relay sees it."""
        directory = self._follower.directory
        if directory.position < int(record.headers[CONTROL_POSITION]):
            await self._follower.catch_up()
        if not takers_of(directory, record):
            change.events.setdefault(Event.NOBODY, change.at)

    async def _decided(self, entries: Sequence[Entry]) -> list[dict[str, Any]]:
        """Rows of dead letters that operators decided on."""
        verdicts = {o.letter: o.verdict for o in await settled(self._follower, [entry.offset for entry in entries])}
        rows = await self._store.rows("dead_letter", {"id": list(verdicts)}) if verdicts else []
        return [row | {"state": _LETTER[verdicts[row["id"]]]} for row in rows]

    async def _erasures(self, entries: Sequence[Entry], changes: dict[str, _Change]) -> None:
        first, last = entries[0].offset, entries[-1].offset
        if self._follower.directory.now().position < last:
            await self._follower.catch_up()
        for order in self._follower.directory.now().erasures():
            if first <= order.position <= last:
                for id_ in order.ids:
                    changes.setdefault(id_, _Change()).events[Event.ERASE] = order.at

    async def _erased_before(self, changes: Mapping[str, _Change], known: Mapping[str, Any]) -> None:
        """Of messages that make their row only now: those whose erasure this stage has passed already."""
        orders = self._follower.directory.now().erasures()
        if not orders or known.keys() >= changes.keys():
            return
        place = {"stage": NAME, "topic": CONTROL, "partition": 0}
        passed = next((row["position"] for row in await self._store.rows("stage_progress", place)), 0)
        for order in orders:
            for id_ in order.ids if order.position < passed else ():
                if id_ in changes and id_ not in known:
                    changes[id_].events[Event.ERASE] = order.at

    async def _merge(self, changes: Mapping[str, _Change]) -> list[Write]:
        """Topics are read in no fixed order among each other, so whatever of a message's records comes first makes its
        row. An order to erase it makes none: it may name what never was."""
        if not changes:
            return []
        known = {row["id"]: row for row in await self._store.rows("message", {"id": list(changes)})}
        await self._erased_before(changes, known)
        rows: list[dict[str, Any]] = []
        events: list[dict[str, Any]] = []
        for id_, change in changes.items():
            old = known.get(id_)
            if old is None and not change.facts:
                continue
            row = dict(_EMPTY, id=id_) if old is None else dict(old)
            facts = change.facts if change.facts.get("topic") or old is None else {}
            row.update(facts)
            if old is None:
                row["state"] = str(change.first or _FIRST[row["kind"]])
                row["updated"] = row["time"] = row["time"] or change.at
            if change.facts.get("topic"):
                first = change.first or _FIRST[row["kind"]]
                events.append(_event(id_, row["time"], first, change.facts.get("detail", "")))
            for event, at in change.events.items():
                after = _after(State(row["state"]), event)
                if after is not None and str(after) != row["state"]:
                    row.update(state=str(after), updated=max(row["updated"], at))
                    detail = change.details.get(event, change.detail)
                    events.append(_event(id_, at, after, detail))
                    row["detail"] = detail if event in change.details else detail or row["detail"]
            for outcome in change.outcomes:
                if State(row["state"]) in FINAL:
                    continue  # of two ends the first counts, as it does for delivery
                if outcome.event in BY_OPERATOR and (State(row["state"]), outcome.event) not in TRANSITIONS:
                    continue  # decided on an outcome that was lost since
                row.update(state=str(outcome.state), updated=outcome.at, detail=outcome.detail)
                events.append(_event(id_, outcome.at, outcome.state, outcome.detail))
            rows.append(row)
        return [Write("message", rows), Write("message_event", events, "add")]


_KINDS: Final = {REFUSALS: REFUSED, PULLS: PULL}

_LETTER: Final = {"retry": "retried", "confirm": "confirmed"} | {
    str(event): str(DECIDED[event]) for event in (Event.SKIP, Event.DISCARD)
}
"""State of a dead letter by what was decided on it; `open` before."""

_EMPTY: Final[dict[str, Any]] = {
    "id": "",
    "kind": IN,
    "system": "",
    "institution": "",
    "code": "",
    "state": str(State.ADMITTED),
    "request_id": "",
    "topic": "",
    "partition": 0,
    "offset": 0,
    "time": 0,
    "updated": 0,
    "detail": "",
    "parent": "",
    "contract": "",
    "request_contract": "",
    "provider": "",
}


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


def _note(changes: dict[str, _Change], record: Record, event: Event, at: int) -> None:
    """Something was made of the inbox message that `record` descends from."""
    h = record.headers
    origin, parent = h.get(ORIGIN, ""), h.get(PARENT)
    if parent is None or not origin.startswith(INBOX):
        return
    change = changes.get(parent)
    if change is None:
        change = changes[parent] = _Change()
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


def _note_copy(changes: dict[str, _Change], record: Record) -> None:
    """A copy of a message that is passed on. Of the message it knows only the id: its system is the receiver's."""
    h = record.headers
    if not h.get(ORIGIN, "").startswith(INBOX_RELAY):
        return
    change = changes.setdefault(h[PARENT], _Change())
    if not change.facts:
        change.facts = {"kind": IN, "request_id": request_id(h[PARENT]), "time": int(h[TIME])}
        change.at = int(h[TIME])
    change.events.setdefault(Event.RELAY, int(h[TIME]))


_PULL_EVENTS: Final = frozenset({Event.ANSWER, Event.FAIL, Event.DEFER, Event.LATE_ANSWER, Event.LATE_FAILURE})


def _after(state: State, event: Event) -> State | None:
    """The state of a message that came in; None where the event moves nothing: what goes out has its own outcomes, and
    of several ends of a pull the first one counts."""
    if state in _PULLED or event in _PULL_EVENTS:
        return TRANSITIONS.get((state, event))
    return advance(state, event) if state in COMING_IN else None


def _pulled(changes: dict[str, _Change], record: Record, at: int) -> None:
    """How a pull ended, or what came later. It stands behind the pull in the same partition."""
    h = record.headers
    change = changes.setdefault(h[PARENT], _Change())
    event = Event(h[OUTCOME])
    change.events.setdefault(event, at)
    change.details.setdefault(event, h.get(ERROR, ""))


def _outcome(changes: dict[str, _Change], entry: Entry) -> None:
    h = entry.record.headers
    change = changes.setdefault(h[PARENT], _Change())
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
    change.outcomes.append(_Outcome(Event(h[OUTCOME]), State(h[STATE]), detail, int(h[TIME])))
    change.at = int(h[TIME])


def _event(id_: str, at: int, state: State, detail: str) -> dict[str, Any]:
    return {"id": id_, "at": at, "state": str(state), "detail": detail}


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
