"""control -> receipts: what operators decided on deliveries, as records of the same topic as every other outcome.

Rule: pure. The order holds all that the record needs, so the same order gives the same record under the same source;
its readers drop a repeat. Whether the decision still fits is for those who hold the state: they take it only from a
state that the table of states has it for, at the attempt that the operator saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from hub.control.objects import Settlement
from hub.control.settling import DECISIONS, DELIVERY, settlement_of
from hub.delivery.receipts import ATTEMPT, KEPT, OUTCOME, STATE, TYPE_NAME, letter_id
from hub.delivery.states import DECIDED, TRANSITIONS, Event, State
from hub.errors import BadMessage
from hub.ports import Append, Bus, Store
from hub.records import (
    DERIVED,
    ID,
    PARENT,
    SOURCE,
    SPECVERSION,
    STAGE,
    TIME,
    TYPE,
    Record,
    derived_id,
    partition_of,
)
from hub.stages.effects import Effects, Entry
from hub.topics import CONTROL, RECEIPTS

if TYPE_CHECKING:
    from hub.control.follow import DirectoryFollower

NAME: Final = "settlements"
VERSION: Final = 1

_PREFIX: Final = "delivery."


class Settlements:
    """The stage."""

    name = NAME
    version = VERSION
    batch = 500

    def __init__(self, bus: Bus, follower: DirectoryFollower) -> None:
        self._bus = bus
        self._follower = follower

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == CONTROL]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        made = await settled(self._follower, [entry.offset for entry in entries])
        partitions = self._bus.topics()[RECEIPTS]
        return Effects(
            publishes=[
                Append(RECEIPTS, partition_of(record.key, partitions), [record])
                for record in (_record(one) for one in made if one.delivery is not None)
            ]
        )


async def settled(follower: DirectoryFollower, positions: Sequence[int]) -> list[Settlement]:
    """The decisions that took effect at these positions of the control log."""
    directory = follower.directory
    if directory.position < positions[-1]:
        await follower.catch_up(positions[-1])
    outcomes = [directory.outcome(position) for position in positions]
    return [
        settlement_of(directory.now(), outcome.result)
        for outcome in outcomes
        if outcome.kind in DECISIONS and outcome.accepted and not outcome.repeated
    ]


def _record(order: Settlement) -> Record:
    """The outcome that an operator recorded: no bytes of a receiver belong to it."""
    found = order.delivery
    assert found is not None
    event = Event(order.verdict)
    headers = dict((SPECVERSION,))
    headers |= {
        ID: derived_id(order.letter, NAME, VERSION, 0),
        SOURCE: f"stage/{NAME}",
        STAGE: f"{NAME}/{VERSION}",
        TYPE: TYPE_NAME,
        TIME: str(order.at),
        PARENT: found.message,
        DERIVED: f"{CONTROL}/0/{order.position}/0",
        OUTCOME: str(event),
        STATE: str(DECIDED[event]),
        ATTEMPT: str(found.attempts),
    }
    headers.update((name, found.headers[name]) for name in KEPT if name in found.headers)
    return Record(bytes.fromhex(found.key), headers, b"")


async def find(store: Store, bus: Bus, kind: str, args: Mapping[str, Any]) -> dict[str, Any]:
    """What the hub adds to a change of this kind: for a delivery, how it stands now. Empty for any other change.
    Raises `BadMessage` (AMANA-CHANGE-002, AMANA-CHANGE-003) when there is nothing of that name to decide on."""
    name = args.get("id")
    if kind not in DECISIONS or not isinstance(name, str):
        return {}
    if not kind.startswith(_PREFIX):
        await _find_letter(store, name)
        return {}
    rows = await store.rows("delivery", {"id": name})
    if not rows or not rows[0]["topic"]:
        raise BadMessage("AMANA-CHANGE-002", "delivery")
    row, event = rows[0], Event(kind.removeprefix(_PREFIX))
    if (State(row["state"]), event) not in TRANSITIONS:
        allowed = " or ".join(str(state) for state, known in TRANSITIONS if known is event)
        raise BadMessage("AMANA-CHANGE-003", f"the delivery is {row['state']}; {event} is for one that is {allowed}")
    batches = await bus.read(row["topic"], row["partition"], row["offset"], max_records=1)
    if not batches or batches[0].records[0].headers.get(ID) != name:
        raise BadMessage("AMANA-CHANGE-002", "the message is no longer kept")
    headers = batches[0].records[0].headers
    return {
        DELIVERY: {
            "letter": letter_id(name, row["attempts"]),
            "key": row["key"],
            "attempts": row["attempts"],
            "headers": {header: headers[header] for header in KEPT if header in headers},
        }
    }


async def _find_letter(store: Store, name: str) -> None:
    rows = await store.rows("dead_letter", {"id": name})
    if not rows:
        raise BadMessage("AMANA-CHANGE-002", "dead letter")
    if rows[0]["stage"] == "deliver":
        raise BadMessage("AMANA-CHANGE-003", "the dead letter of a delivery: decide on the delivery")
    if rows[0]["state"] != "open":
        raise BadMessage("AMANA-CHANGE-003", f"the dead letter is {rows[0]['state']}")
