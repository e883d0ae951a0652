"""The crash table of what operators decide: dying at every write between the decision and the last confirmation.

Rule: the operator, who got no answer, sends the same signed bytes again; nothing is decided, sent or confirmed twice.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Literal

import pytest

from hub.delivery.deliver import Policy
from hub.delivery.states import FINAL, State
from hub.records import Ms
from hub.store.sql import Fault, SqlStore
from hub.store.tables import metadata
from tests.simulator.faults import How
from tests.simulator.hub import Crash, SimHub
from tests.simulator.memory_log import Disk
from tests.simulator.month import settle
from tests.simulator.outbox import delivering, put, states
from tests.simulator.receiver import Manner

Where = Literal["log", "store"]
POLICY: Final = Policy(attempts=2)
VERDICTS: Final[dict[str, Manner]] = {"retry": "silent", "skip": "silent", "discard": "silent", "confirm": "unsigned"}
"""What is decided, and how the receiver treated the first message of the key before."""


@dataclass(frozen=True, slots=True)
class Result:
    """All that must not depend on crashes. A record that a crash made a stage repeat counts once."""

    states: dict[str, str]
    taken: list[str]
    finals: dict[str, int]
    letters: list[tuple[str, str]]
    messages: dict[str, str]


async def _result(hub: SimHub) -> Result:
    finals: dict[str, set[str]] = {}
    for record in await hub.records("receipts"):
        h = record.headers
        if State(h["ce_state"]) in FINAL:
            finals.setdefault(h["ce_requestid"], set()).add(h["ce_id"])
    return Result(
        states=await states(hub),
        taken=list(hub.receiver.taken),
        finals={request: len(ids) for request, ids in finals.items()},
        letters=[(row["id"], row["state"]) for row in await hub.store.rows("dead_letter", order=("id",))],
        messages={row["id"]: row["state"] for row in await hub.store.rows("message", {"kind": "out"})},
    )


@dataclass(frozen=True, slots=True)
class Stuck:
    """A key whose first message does not go on, as every row of the table finds it: log, store, time, the decision."""

    disk: Disk
    store: SqlStore
    rows: dict[str, list[dict[str, Any]]]
    now: Ms
    request: bytes

    def hub(self) -> SimHub:
        with self.store._writing.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())
            for table in metadata.sorted_tables:
                if self.rows[table.name]:
                    connection.execute(table.insert(), self.rows[table.name])

        def reuse(fault: Fault) -> SqlStore:
            self.store._fault = fault
            return self.store

        hub = SimHub(partitions=1, disk=deepcopy(self.disk), store=reuse, policy=POLICY)
        hub.clock.move_to(self.now)
        return hub


async def _stuck(verdict: str) -> Stuck:
    hub = SimHub(partitions=1, policy=POLICY)
    await delivering(hub)
    before = VERDICTS[verdict]
    hub.receiver.manner = lambda _, code: before if code == "a1" else "accept"
    first, *_ = [await put(hub, f"a{n}", "a") for n in (1, 2, 3)]
    await settle(hub)
    request = hub.signed(f"delivery.{verdict}", {"id": first.id, "reason": "looked into"})
    rows = {table.name: await hub.store.rows(table.name) for table in metadata.sorted_tables}
    return Stuck(hub.disk, hub.store, rows, hub.clock.now(), request)


async def _decided(stuck: Stuck, where: Where | None, number: int, how: How) -> tuple[SimHub, dict[Where, int]]:
    """The operator decides and all goes on, with at most one crash on the way; and the number of writes."""
    hub = stuck.hub()
    await hub.settle()  # every stage has claimed its partitions, which is no part of the decision
    hub.faults.error = hub.store_faults.error = Crash
    faults = {"log": hub.faults, "store": hub.store_faults}
    start: dict[Where, int] = {"log": len(hub.faults.written), "store": len(hub.store_faults.written)}
    if where is not None:
        faults[where].at_write(number, how)

    async def order() -> None:
        outcome = await hub.change(stuck.request)
        assert outcome.accepted, (outcome.code, outcome.detail)

    for act in (order, hub.settle):
        try:
            await act()
        except Crash:
            await hub.crash()
            await act()
    return hub, {"log": len(hub.faults.written) - start["log"], "store": len(hub.store_faults.written) - start["store"]}


@pytest.mark.parametrize("verdict", list(VERDICTS))
def test_a_crash_at_any_write_after_a_decision_changes_nothing(verdict: str) -> None:
    """Each request has one final outcome, the receiver took what it should in order, every table says the same."""

    async def table() -> None:
        stuck = await _stuck(verdict)
        hub, writes = await _decided(stuck, None, 0, "failed")
        expected = await _result(hub)
        assert set(expected.finals.values()) == {1}
        assert len(expected.finals) == 3
        assert min(writes.values()) >= 5
        for where, count in writes.items():
            for number in range(count):
                for how in ("failed", "failed but stored"):
                    hub, _ = await _decided(stuck, where, number, how)
                    assert await _result(hub) == expected, f"{how} at write {number} of the {where}"

    asyncio.run(table())
