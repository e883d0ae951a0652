"""The crash table of pulls: dying at every write between a question and the delivery of its late answer.

Rule: who got no answer asks anew; the provider sends its late answer for every request that it saw, until it has a
receipt. In the end every pull has one end, every request that was seen has its answer, delivered under one id.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from hub.errors import TryAgain
from hub.pull.abandoned import AFTER
from hub.records import Ms
from hub.store.sql import Fault, SqlStore
from hub.store.tables import metadata
from tests.simulator.faults import How
from tests.simulator.hub import Crash, SimHub
from tests.simulator.memory_log import Disk
from tests.simulator.pulls import SimProvider, ask, asking, engine_of, send_late

Where = Literal["log", "store"]
EMPLOYEE = {"employeeId": "X1"}


@dataclass(frozen=True, slots=True)
class Onboarded:
    """Log and store as every row of the table finds them."""

    disk: Disk
    store: SqlStore
    rows: dict[str, list[dict[str, Any]]]
    now: Ms

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

        hub = SimHub(partitions=1, disk=deepcopy(self.disk), store=reuse)
        hub.clock.move_to(self.now)
        return hub


@dataclass(slots=True)
class Journey:
    """A caller that asks until it is told that the answer follows, and a provider that answers later."""

    hub: SimHub
    provider: SimProvider = field(default_factory=lambda: SimProvider(lambda _: "defer"))
    name: str = ""
    answer: dict[str, Any] = field(default_factory=dict)

    async def ask(self) -> None:
        self.name = (await ask(self.hub, self.provider, EMPLOYEE))["requestId"]

    async def late(self) -> None:
        for name in list(self.provider.seen):
            receipt = await send_late(self.hub, self.provider, name, {"of": name})
            assert receipt["success"] is True, receipt

    async def settle(self) -> None:
        await self.hub.settle()

    async def ask_again(self) -> None:
        self.answer = await ask(self.hub, self.provider, requestId=self.name)

    async def sweep(self) -> None:
        self.hub.clock.advance(AFTER + 60_000)
        await engine_of(self.hub, self.provider).tend()
        await self.hub.settle()


async def _onboarded() -> Onboarded:
    hub = SimHub(partitions=1)
    await asking(hub)
    await hub.settle()
    rows = {table.name: await hub.store.rows(table.name) for table in metadata.sorted_tables}
    return Onboarded(hub.disk, hub.store, rows, hub.clock.now())


async def _pulled(base: Onboarded, where: Where | None, number: int, how: How) -> tuple[Journey, dict[Where, int]]:
    """The journey with at most one crash, and the number of writes."""
    hub = base.hub()
    await hub.settle()
    hub.faults.error = hub.store_faults.error = Crash
    faults = {"log": hub.faults, "store": hub.store_faults}
    start = {name: len(one.written) for name, one in faults.items()}
    if where is not None:
        faults[where].at_write(number, how)
    journey = Journey(hub)
    for act in (journey.ask, journey.late, journey.settle, journey.ask_again, journey.sweep):
        try:
            await act()
        except Crash:
            await hub.crash()
            await act()
    return journey, {
        "log": len(hub.faults.written) - start["log"],
        "store": len(hub.store_faults.written) - start["store"],
    }


async def _check(journey: Journey, what: str) -> None:
    hub = journey.hub
    rows = {row["request_id"]: row for row in await hub.store.rows("pull")}
    asked = [r.headers["ce_id"][:32] for r in await hub.records("pulls") if "ce_parent" not in r.headers]
    assert sorted(rows) == sorted(asked), what
    for name, row in rows.items():
        expected = "answered" if name in journey.provider.seen else "failed"
        assert row["state"] == expected, (what, row)
        assert row["error"] == ("" if expected == "answered" else "AMANA-PULL-021"), what
    assert journey.answer["esbBody"] == {"of": journey.name}, what
    indexed = {row["request_id"]: row["state"] for row in await hub.store.rows("message", {"kind": "pull"})}
    assert indexed == {name: row["state"] for name, row in rows.items()}, what
    delivered = Counter(body["requestId"] for body in hub.receiver.taken.values())
    assert delivered == Counter(journey.provider.seen.keys()), what
    states = {row["state"] for row in await hub.store.rows("delivery")}
    assert states == {"confirmed"}, what


@pytest.mark.parametrize("where", ["log", "store"])
def test_a_crash_at_any_write_leaves_every_pull_with_one_end(where: Where) -> None:
    """Whatever write a process dies at, table, index, deliveries and what the caller is told agree."""

    async def table() -> None:
        base = await _onboarded()
        journey, writes = await _pulled(base, None, 0, "failed")
        await _check(journey, "undisturbed")
        assert len(journey.provider.seen) == 1
        assert min(writes.values()) >= 5
        for number in range(writes[where]):
            for how in ("failed", "failed but stored"):
                journey, _ = await _pulled(base, where, number, how)
                await _check(journey, f"{how} at write {number} of the {where}")

    asyncio.run(table())


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
def test_an_outcome_that_the_log_does_not_take_is_stored_later(how: How) -> None:
    """The caller is told to try again, and never given an answer that is not recorded; the outcome is stored without
    it, and counts once."""

    async def journey() -> None:
        hub, provider = SimHub(), SimProvider()
        await asking(hub)
        hub.faults.at_point("bus.append", how)
        engine = engine_of(hub, provider)
        asked = asyncio.create_task(_ask_with(hub, engine))
        with pytest.raises(TryAgain):
            await asked
        await engine.close()
        await hub.settle()
        [row] = await hub.store.rows("pull")
        assert row["state"] == "answered"
        [name] = provider.seen
        assert (await ask(hub, provider, requestId=name))["esbBody"] == {"of": EMPLOYEE}

    asyncio.run(journey())


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
def test_a_question_that_the_log_does_not_take_reaches_nobody(how: How) -> None:
    """Not known to be durable means not forwarded: the caller tries again."""

    async def journey() -> None:
        hub, provider = SimHub(), SimProvider()
        await asking(hub)
        hub.faults.at_point("admissions.admit", how)
        with pytest.raises(TryAgain):
            await ask(hub, provider, EMPLOYEE)
        assert provider.calls == 0
        assert (await ask(hub, provider, EMPLOYEE))["esbBody"] == {"of": EMPLOYEE}

    asyncio.run(journey())


async def _ask_with(hub: SimHub, engine: Any) -> Any:
    from tests.simulator.month import PAYROLL
    from tests.simulator.pulls import CODE, post, said

    return said(await post(hub, engine, "/esb/request", {"apiCode": CODE, "esbBody": EMPLOYEE}, PAYROLL))
