"""The one table of message states. Rule: a state changes only by `advance`; the diagram in the documentation is
printed from this table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a message is. The first group is of messages that came in, the second of those that go out, the third of
    pulls."""

    ADMITTED = "admitted"
    TRANSLATED = "translated"
    PARTLY = "partly-translated"
    RELAYED = "relayed"
    NO_SUBSCRIBER = "no-subscriber"
    REFUSED = "refused"
    ERASED = "erased"

    DUE = "due"
    WAITING = "waiting"
    PARKED = "parked"
    RETRYING = "retrying"
    CONFIRMED = "confirmed"
    UNPROVEN = "unproven"
    DEAD = "dead"
    SKIPPED = "skipped"
    DISCARDED = "discarded"

    ASKED = "asked"
    ANSWERED = "answered"
    DEFERRED = "deferred"
    FAILED = "failed"


class Event(StrEnum):
    """What moves a message on."""

    RECORDS = "records"  # translate made records of it
    RELAY = "relay"  # relay put a copy of it in an outbox
    NOBODY = "nobody"  # it came to be relayed when nobody subscribed to its code
    DEAD_LETTER = "dead-letter"  # translate or relay refused it, or a row of it
    ERASE = "erase"

    SIGNED_SUCCESS = "signed-success"
    SIGNED_FAILURE = "signed-failure"
    UNSIGNED_ANSWER = "unsigned-answer"
    FILED = "filed"  # the hub put it as a file into the receiver's folder
    WRITTEN = "written"  # the hub wrote it to the topic that the receiver reads
    NO_SCHEMA = "no-schema"  # the registry has no schema by which readers of that topic could read it
    COLLECTED = "collected"  # the receiver read it in its outbox and said so, signed
    NO_ANSWER = "no-answer"
    EXHAUSTED = "exhausted"
    FORBIDDEN = "forbidden"
    UNWRITABLE = "unwritable"  # the body cannot be said in the receiver's format
    UNSEALABLE = "unsealable"  # the receiver wants bodies encrypted and has no key for it
    NAME_TAKEN = "name-taken"  # another file of that name lies in the receiver's folder
    BREACH = "breach"  # the body breaks the contract that its record names
    KEY_BUSY = "key-busy"  # an earlier message of the same key of an ordered subscription has not got through
    KEY_FREE = "key-free"
    RETRY = "retry"  # by an operator
    CONFIRM = "confirm"
    SKIP = "skip"
    DISCARD = "discard"

    ANSWER = "answer"  # in the exchange itself
    FAIL = "fail"
    DEFER = "defer"
    LATE_ANSWER = "late-answer"  # which may overtake the end of the exchange
    LATE_FAILURE = "late-failure"


_S, _E = State, Event

TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    (_S.ADMITTED, _E.RECORDS): _S.TRANSLATED,
    (_S.ADMITTED, _E.DEAD_LETTER): _S.REFUSED,
    (_S.ADMITTED, _E.ERASE): _S.ERASED,
    (_S.TRANSLATED, _E.RECORDS): _S.TRANSLATED,
    (_S.TRANSLATED, _E.DEAD_LETTER): _S.PARTLY,
    (_S.TRANSLATED, _E.ERASE): _S.ERASED,
    (_S.REFUSED, _E.RECORDS): _S.PARTLY,
    (_S.REFUSED, _E.DEAD_LETTER): _S.REFUSED,
    (_S.REFUSED, _E.ERASE): _S.ERASED,
    (_S.PARTLY, _E.RECORDS): _S.PARTLY,
    (_S.PARTLY, _E.DEAD_LETTER): _S.PARTLY,
    (_S.PARTLY, _E.ERASE): _S.ERASED,
    (_S.ADMITTED, _E.RELAY): _S.RELAYED,
    (_S.ADMITTED, _E.NOBODY): _S.NO_SUBSCRIBER,
    (_S.RELAYED, _E.RELAY): _S.RELAYED,
    (_S.RELAYED, _E.DEAD_LETTER): _S.RELAYED,
    (_S.RELAYED, _E.ERASE): _S.ERASED,
    (_S.REFUSED, _E.RELAY): _S.RELAYED,
    (_S.NO_SUBSCRIBER, _E.NOBODY): _S.NO_SUBSCRIBER,
    (_S.NO_SUBSCRIBER, _E.ERASE): _S.ERASED,
    (_S.ERASED, _E.RELAY): _S.ERASED,
    (_S.ERASED, _E.NOBODY): _S.ERASED,
    (_S.ERASED, _E.RECORDS): _S.ERASED,
    (_S.ERASED, _E.DEAD_LETTER): _S.ERASED,
    (_S.ERASED, _E.ERASE): _S.ERASED,
    (_S.DUE, _E.SIGNED_SUCCESS): _S.CONFIRMED,
    (_S.DUE, _E.FILED): _S.CONFIRMED,
    (_S.DUE, _E.WRITTEN): _S.CONFIRMED,
    (_S.DUE, _E.NO_SCHEMA): _S.DEAD,
    (_S.DUE, _E.NAME_TAKEN): _S.DEAD,
    (_S.DUE, _E.SIGNED_FAILURE): _S.DEAD,
    (_S.DUE, _E.UNSIGNED_ANSWER): _S.UNPROVEN,
    (_S.DUE, _E.NO_ANSWER): _S.RETRYING,
    (_S.DUE, _E.EXHAUSTED): _S.DEAD,
    (_S.DUE, _E.FORBIDDEN): _S.DEAD,
    (_S.DUE, _E.UNWRITABLE): _S.DEAD,
    (_S.DUE, _E.UNSEALABLE): _S.DEAD,
    (_S.DUE, _E.BREACH): _S.DEAD,
    (_S.DUE, _E.KEY_BUSY): _S.PARKED,
    (_S.RETRYING, _E.SIGNED_SUCCESS): _S.CONFIRMED,
    (_S.RETRYING, _E.FILED): _S.CONFIRMED,
    (_S.RETRYING, _E.WRITTEN): _S.CONFIRMED,
    (_S.RETRYING, _E.NO_SCHEMA): _S.DEAD,
    (_S.RETRYING, _E.NAME_TAKEN): _S.DEAD,
    (_S.RETRYING, _E.SIGNED_FAILURE): _S.DEAD,
    (_S.RETRYING, _E.UNSIGNED_ANSWER): _S.UNPROVEN,
    (_S.RETRYING, _E.NO_ANSWER): _S.RETRYING,
    (_S.RETRYING, _E.EXHAUSTED): _S.DEAD,
    (_S.RETRYING, _E.FORBIDDEN): _S.DEAD,
    (_S.RETRYING, _E.UNWRITABLE): _S.DEAD,
    (_S.RETRYING, _E.UNSEALABLE): _S.DEAD,
    (_S.RETRYING, _E.BREACH): _S.DEAD,
    (_S.PARKED, _E.KEY_FREE): _S.DUE,
    (_S.WAITING, _E.COLLECTED): _S.CONFIRMED,
    (_S.WAITING, _E.ERASE): _S.ERASED,
    (_S.DUE, _E.ERASE): _S.ERASED,
    (_S.RETRYING, _E.ERASE): _S.ERASED,
    (_S.UNPROVEN, _E.RETRY): _S.DUE,
    (_S.UNPROVEN, _E.CONFIRM): _S.CONFIRMED,
    (_S.UNPROVEN, _E.DISCARD): _S.DISCARDED,
    (_S.DEAD, _E.RETRY): _S.DUE,
    (_S.DEAD, _E.SKIP): _S.SKIPPED,
    (_S.DEAD, _E.DISCARD): _S.DISCARDED,
    (_S.ASKED, _E.ANSWER): _S.ANSWERED,
    (_S.ASKED, _E.DEFER): _S.DEFERRED,
    (_S.ASKED, _E.FAIL): _S.FAILED,
    (_S.ASKED, _E.LATE_ANSWER): _S.ANSWERED,
    (_S.ASKED, _E.LATE_FAILURE): _S.FAILED,
    (_S.ASKED, _E.ERASE): _S.ERASED,
    (_S.DEFERRED, _E.LATE_ANSWER): _S.ANSWERED,
    (_S.DEFERRED, _E.LATE_FAILURE): _S.FAILED,
    (_S.DEFERRED, _E.ERASE): _S.ERASED,
    (_S.FAILED, _E.LATE_ANSWER): _S.ANSWERED,
    (_S.FAILED, _E.LATE_FAILURE): _S.FAILED,
    (_S.FAILED, _E.ERASE): _S.ERASED,
    (_S.ANSWERED, _E.ERASE): _S.ERASED,
}

BY_OPERATOR: Final = frozenset({Event.RETRY, Event.CONFIRM, Event.SKIP, Event.DISCARD})
"""Events that an operator signs; all others come of what the hub and the receivers do."""
DECIDED: Final = {event: target for (_, event), target in TRANSITIONS.items() if event in BY_OPERATOR}
"""The state that each of them leads to, wherever it comes from."""
STARTS: Final = (State.ADMITTED, State.DUE, State.WAITING, State.ASKED)
COMING_IN: Final = frozenset(
    {
        State.ADMITTED,
        State.TRANSLATED,
        State.PARTLY,
        State.RELAYED,
        State.NO_SUBSCRIBER,
        State.REFUSED,
        State.ERASED,
    }
)
"""States of messages that came in."""
BLOCKING: Final = frozenset({State.DUE, State.RETRYING, State.UNPROVEN, State.DEAD, State.PARKED})
"""A later message of the same key of an ordered subscription is parked behind one that is in these states."""
CALLABLE: Final = frozenset({State.DUE, State.RETRYING})
"""Delivery calls for messages in these states, once their time has come."""
FINAL: Final = frozenset(
    state
    for state in State
    if all(source is not state or target is state for (source, _), target in TRANSITIONS.items())
)


class ImpossibleTransition(ValueError):
    """The table has no such step: a defect of the hub, never of a message."""


def advance(state: State, event: Event) -> State:
    """The state after `event`."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ImpossibleTransition(f"{event} in state {state}") from None


def mermaid() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2"]
    lines += [f"    [*] --> {_node(state)}" for state in STARTS]
    steps: dict[tuple[State, State], list[str]] = {}
    for (source, event), target in TRANSITIONS.items():
        if source is not target:
            steps.setdefault((source, target), []).append(event.value)
    lines += [f"    {_node(a)} --> {_node(b)}: {', '.join(events)}" for (a, b), events in steps.items()]
    lines += [f"    {_node(state)} --> [*]" for state in State if state in FINAL]
    return "\n".join(lines) + "\n"


def _node(state: State) -> str:
    return state.value.replace("-", "_")
