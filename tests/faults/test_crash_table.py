"""The crash table: the month again and again, each time dying at another write, either before or after it was stored.

Rule: what died is a process; what is stored stays. Whoever sent something and got no answer sends the same bytes again.
"""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from hub.stages.facts import count_facts
from hub.store.sql import Fault, SqlStore
from hub.store.tables import metadata
from tests.simulator.faults import Faults, How
from tests.simulator.hub import Crash, SimHub
from tests.simulator.memory_log import Disk
from tests.simulator.month import Act, Script

Where = Literal["log", "store"]

SHARES = 6
"""The table is cut into so many tests, so that several workers can go through it."""


@dataclass(frozen=True, slots=True)
class Result:
    """All that must not depend on crashes."""

    values: dict[str, bytes]
    outgoing: dict[str, bytes]
    taken: dict[str, Any]
    confirmed: dict[str, int]
    run: dict[str, Any]
    signals: list[str]
    facts: int
    messages: dict[tuple[Any, ...], int]
    dead_letters: list[tuple[str, str]]


async def _result(hub: SimHub) -> Result:
    """What a reader of the log and of the store finds in the end."""
    [run] = await hub.store.rows("run")
    confirmed: dict[str, int] = {}
    for record in await hub.records("receipts"):
        if record.headers["ce_state"] == "confirmed":
            request = record.headers["ce_requestid"]
            confirmed[request] = confirmed.get(request, 0) + 1
    return Result(
        values=await hub.canonical_values(),
        outgoing=await hub.outgoing(),
        taken=dict(hub.receiver.taken),
        confirmed=confirmed,
        run={name: run[name] for name in ("code", "state", "digest", "counts", "totals")},
        signals=[row["signal_id"] for row in await hub.store.rows("run_signal", order=("signal_id",))],
        facts=(await count_facts(hub.store))[()],
        messages=await hub.store.count("message", by=("id", "state")),
        dead_letters=[(row["id"], row["code"]) for row in await hub.store.rows("dead_letter", order=("id",))],
    )


@dataclass(frozen=True, slots=True)
class Stage:
    """Where every month begins: the onboarded log, and one store that is emptied each time."""

    script: Script
    disk: Disk
    store: SqlStore

    def hub(self) -> SimHub:
        with self.store._writing.begin() as connection:
            for table in reversed(metadata.sorted_tables):
                connection.execute(table.delete())

        def reuse(fault: Fault) -> SqlStore:
            self.store._fault = fault
            return self.store

        return SimHub(partitions=1, disk=deepcopy(self.disk), store=reuse)


async def _stage() -> Stage:
    hub, script = SimHub(partitions=1), Script()
    await script.do(hub, script.onboarding())
    return Stage(script, hub.disk, hub.store)


async def _month(where: Where | None, number: int, how: How, stage: Stage) -> tuple[SimHub, int]:
    """The month with at most one crash; returns the hub and how many writes there were to die at."""
    hub, script = stage.hub(), stage.script
    hub.receiver.manner = lambda n, _: "took-then-silent" if n == 0 else "accept"  # so that there is a retry
    hub.faults.error = hub.store_faults.error = Crash
    faults: Faults | None = {"log": hub.faults, "store": hub.store_faults, None: None}[where]
    before = len(hub.faults.written), len(hub.store_faults.written)
    if faults is not None:
        faults.at_write(number, how)
    for act in script.whole():
        await _again(hub, act)
    counted = len(hub.faults.written) - before[0], len(hub.store_faults.written) - before[1]
    return hub, counted[0 if where != "store" else 1]


async def _again(hub: SimHub, act: Act) -> None:
    """Do it; after a crash start the hub anew and do it again."""
    try:
        await act(hub)
    except Crash:
        await hub.crash()
        await act(hub)


@pytest.fixture(scope="module")
def undisturbed() -> tuple[Stage, Result, dict[Where, int]]:
    """The month without a crash, and how many writes it takes."""

    async def run() -> tuple[Stage, Result, dict[Where, int]]:
        stage = await _stage()
        hub, in_log = await _month(None, 0, "failed", stage)
        result = await _result(hub)
        _, in_store = await _month("store", 10**9, "failed", stage)
        return stage, result, {"log": in_log, "store": in_store}

    return asyncio.run(run())


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
@pytest.mark.parametrize("where", ["log", "store"])
@pytest.mark.parametrize("share", range(SHARES))
def test_a_crash_at_any_write_changes_nothing(
    undisturbed: tuple[Stage, Result, dict[Where, int]], where: Where, how: How, share: int
) -> None:
    """Whatever write a process dies at: no signal is missing or doubled, each request has one confirmation."""
    stage, expected, writes = undisturbed

    async def table() -> None:
        for number in range(share, writes[where], SHARES):
            hub, _ = await _month(where, number, how, stage)
            assert await _result(hub) == expected, f"{how} at write {number} of the {where}"

    asyncio.run(table())


def test_the_undisturbed_month_confirms_each_request_once(
    undisturbed: tuple[Stage, Result, dict[Where, int]],
) -> None:
    """What the table compares with is a whole month, not an empty one."""
    _, result, writes = undisturbed
    assert result.run["state"] == "delivered"
    assert set(result.confirmed.values()) == {1}
    assert set(result.confirmed) == set(result.outgoing) == set(result.taken)
    assert writes["log"] > 20
    assert writes["store"] > 50
