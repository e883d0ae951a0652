"""When a run was computed is when the log took its record, for every reader of the log alike."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.reads.runs import show_run
from hub.topics import SIGNALS_PAY
from tests.simulator.hub import PEOPLE, SimHub
from tests.simulator.month import PAID, PERIOD, Script, preset, settle


async def _logged_at(hub: SimHub, run: str) -> list[int]:
    """Times of the batches that hold the run's pay.run record."""
    found = []
    for partition in range(hub.log.topics()[SIGNALS_PAY]):
        for batch in await hub.log.read(SIGNALS_PAY, partition, 0, max_records=1_000_000):
            headers = [record.headers for record in batch.records]
            found += [batch.time for h in headers if h["ce_type"] == "pay.run" and h["ce_run"] == run]
    return found


def test_a_run_shows_when_it_was_computed() -> None:
    """The time of the batch in the log, later than its opening, and the same after the store is lost."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), settle, script.open_run()])
        hub.clock.advance(5_000)
        await settle(hub)
        hub.clock.advance(5_000)
        await script.do(hub, [script.approve(), settle])
        [run] = await hub.store.rows("run")
        [logged] = await _logged_at(hub, script.run)
        assert run["state"] == "delivered"
        assert run["opened_at"] + 5_000 == run["computed_at"] == logged == run["approved_at"] - 5_000
        again = SimHub(disk=hub.disk)
        again.clock.advance(86_400_000)
        await settle(again)
        [same] = await again.store.rows("run")
        assert (same["computed_at"], same["state"]) == (logged, "delivered")

    asyncio.run(journey())


def test_a_delivery_that_has_its_end_has_no_next_time() -> None:
    """Only what is tried again later shows when."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.whole()])
        shown = await show_run(hub.store, hub.follower.directory.now(), script.run)
        assert shown["computedAt"] is not None
        assert {(d["state"], d["nextAt"]) for d in shown["deliveries"]} == {("confirmed", None)}
        other, same = SimHub(), Script()
        await same.do(other, [*same.onboarding(), *same.records(), settle, same.open_run(), settle, same.approve()])
        other.receiver.manner = lambda _, __: "silent"
        core = await other.running()
        while not await core.deliverer.next_at():
            for runner in core.runners:
                await runner.step()
            await core.deliverer.step()
            await core.deliverer.settled()
        shown = await show_run(other.store, other.follower.directory.now(), same.run)
        assert {d["state"] for d in shown["deliveries"]} >= {"retrying"}
        assert {d["nextAt"] is None for d in shown["deliveries"] if d["state"] == "retrying"} == {False}

    asyncio.run(journey())


def test_a_bad_order_takes_no_later_order_with_it() -> None:
    """Read again in one batch, an approval of nothing is a dead letter, and the approval behind it is carried out."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records()])
        empty: dict[str, Any] = {"institution": preset().payroll.code, "period": PERIOD, "paid": PAID}
        rules = {"ruleSet": preset().rule_set.id, "ruleVersion": preset().rule_set.version}
        assert (await hub.change(hub.signed("run.open", empty | rules))).accepted
        wrong = {"run": f"{preset().payroll.code}-{PERIOD}-1", "digest": "sha256:" + "0" * 64}
        assert (await hub.change(hub.signed("run.approve", wrong, PEOPLE.checker))).accepted
        await script.do(hub, [settle, script.open_run(), settle, script.approve(), settle])
        again = SimHub(disk=hub.disk)
        await settle(again)
        for one in (hub, again):
            codes = [row["code"] for row in await one.store.rows("dead_letter", {"stage": "runs"})]
            [run] = await one.store.rows("run", {"code": script.run})
            assert (codes, run["state"]) == (["AMANA-CHANGE-004"], "delivered")

    asyncio.run(journey())
