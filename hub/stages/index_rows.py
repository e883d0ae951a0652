"""Rows of the index: what of several records about one message becomes of its row. Rule: records come in no fixed order, and
several workers write one row, so a row is made from what was read and put in its place only if it is still that."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from hub.control.objects import Erasure
from hub.delivery.states import BY_OPERATOR, COMING_IN, FINAL, TRANSITIONS, Event, State, advance
from hub.ports import Store, Write

IN, OUT, REFUSED, PULL = "inbox", "out", "refused", "pull"
"""Kinds of a row. `refused`: turned away by the gateway, its bytes kept; the code of the refusal is its detail."""

ERASABLE: Final = frozenset({IN, REFUSED, PULL})
"""Kinds that have a secret of their own."""

_FIRST: Final = {IN: State.ADMITTED, OUT: State.DUE, REFUSED: State.REFUSED, PULL: State.ASKED}

_PULLED: Final = frozenset({State.ASKED, State.DEFERRED, State.FAILED, State.ANSWERED})


class Outcome(NamedTuple):
    """What delivery or an operator recorded."""

    event: Event
    state: State
    detail: str
    at: int


@dataclass(slots=True)
class Change:
    """What one batch says about one message."""

    facts: dict[str, Any] = field(default_factory=dict)
    first: State | None = None  # when it is not that of its kind
    events: dict[Event, int] = field(default_factory=dict)  # event -> when
    details: dict[Event, str] = field(default_factory=dict)  # of pulls: event -> stable code, or ""
    outcomes: list[Outcome] = field(default_factory=list)  # of a message that goes out
    detail: str = ""
    at: int = 0


async def merge(store: Store, changes: Mapping[str, Change], orders: Iterable[Erasure] = ()) -> list[Write]:
    """Rows and events after `changes`, by id. Whatever of a message's records comes first makes its row. `orders`: erasures that
    are known; those that name a message which makes its row only now count at once."""
    if not changes:
        return []
    known = {row["id"]: row for row in await store.rows("message", {"id": list(changes)})}
    for order in orders if known.keys() < changes.keys() else ():
        for id_ in order.ids:
            if id_ in changes and id_ not in known:
                changes[id_].events[Event.ERASE] = order.at
    rows: list[dict[str, Any]] = []
    events: list[dict[str, Any]] = []
    for id_, change in changes.items():
        old = known.get(id_)
        if old is not None or change.facts:
            rows.append(_row(id_, old, change, events))
    return [Write("message", rows, "swap"), Write("message_event", events, "add")]


def _row(id_: str, old: Mapping[str, Any] | None, change: Change, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The row after `change`; what the message went through by it is added to `events`."""
    row = dict(_EMPTY, id=id_) if old is None else dict(old)
    row["version"] += 1
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
    return row


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
    "version": 0,
}


_PULL_EVENTS: Final = frozenset({Event.ANSWER, Event.FAIL, Event.DEFER, Event.LATE_ANSWER, Event.LATE_FAILURE})


def _after(state: State, event: Event) -> State | None:
    """The state of a message that came in; None where the event moves nothing: what goes out has its own outcomes, and
    of several ends of a pull the first one counts."""
    if state in _PULLED or event in _PULL_EVENTS:
        return TRANSITIONS.get((state, event))
    return advance(state, event) if state in COMING_IN else None


def _event(id_: str, at: int, state: State, detail: str) -> dict[str, Any]:
    return {"id": id_, "at": at, "state": str(state), "detail": detail}
