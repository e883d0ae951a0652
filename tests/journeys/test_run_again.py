"""A run in the log is what it was: a store made anew, an erasure since, records that keep coming change nothing."""

from __future__ import annotations

import asyncio
from typing import Any

from hub.errors import TryAgain
from hub.stages.runner import Runner
from hub.topics import SIGNALS_PAY
from signing.jsontext import render
from tests.simulator.hub import SimHub, push_envelope
from tests.simulator.memory_log import Partition
from tests.simulator.month import PERIOD, Script, preset, settle


async def _paid_and_erased() -> tuple[SimHub, Script]:
    """A delivered month of which one device upload was erased afterwards."""
    hub, script = SimHub(), Script()
    await script.do(hub, [*script.onboarding(), *script.whole()])
    upload = (await hub.store.rows("message", {"code": "ADMS-ATT"}))[0]
    order = hub.signed("message.erase", {"ids": [upload["id"]], "reason": "asked for"})
    assert (await hub.change(order)).accepted
    await settle(hub)
    assert await hub.log.open([upload["id"]]) == {}
    return hub, script


async def _runs(hub: SimHub) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    signals = await hub.store.rows("run_signal", order=("signal_id",))
    opened = [{k: row[k] for k in ("signal_id", "status", "reasons", "subject")} for row in signals]
    return await hub.store.rows("run"), opened


def test_a_paid_run_survives_an_erasure_and_a_new_store() -> None:
    """The signals are read from the log, where they are sealed under the run's own secret; nobody is called again."""

    async def go() -> None:
        hub, _ = await _paid_and_erased()
        again = SimHub(disk=hub.disk)
        await settle(again)
        assert await _runs(again) == await _runs(hub)
        assert (await again.store.rows("run"))[0]["state"] == "delivered"
        assert (await again.store.count("dead_letter", {"stage": "runs"})).get((), 0) == 0
        assert again.receiver.calls == {}
        assert await again.canonical_values() == await hub.canonical_values()

    asyncio.run(go())


def test_delivery_does_not_wait_for_an_approval_that_was_refused() -> None:
    """With the signals lost as well, the run is computed without what was erased and its approval fits no more: a dead
    letter, after which the schedule goes on with what the outbox holds."""

    async def go() -> None:
        hub, _ = await _paid_and_erased()
        for partition in range(hub.disk.topics[SIGNALS_PAY]):
            hub.disk.partitions[SIGNALS_PAY, partition] = Partition()
        again = SimHub(disk=hub.disk)
        await settle(again)
        codes = [row["code"] for row in await again.store.rows("dead_letter", {"stage": "runs"})]
        assert codes == ["AMANA-CHANGE-004"]
        assert await again.store.count("delivery", by=("state",)) == {("confirmed",): len(hub.receiver.taken)}
        assert again.receiver.calls == {}

    asyncio.run(go())


def test_a_run_is_computed_while_records_keep_coming() -> None:
    """It waits for the records that were there when translate passed its cut-off, not for whatever comes later."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), settle, script.open_run()])
        runners = {runner.stage.name: runner for runner in (await hub.running()).runners}
        for n in range(20):
            await runners["collect"].step()
            await _push(hub, n)
            await runners["translate"].step()
            if await _stepped(runners["runs"]):
                break
        [run] = await hub.store.rows("run")
        assert run["state"] == "computed"
        assert n < 3

    asyncio.run(go())


async def _stepped(runner: Runner) -> bool:
    try:
        return bool(await runner.step())
    except TryAgain:
        return False


async def _push(hub: SimHub, n: int) -> None:
    """A message that no run of the month looks at, always another one."""
    row: dict[str, Any] = {"institution": preset().institution.code, "unit": "LAIN", "period": PERIOD}
    row |= {"zone": "Asia/Jakarta", "workingDays": [f"{PERIOD}-{n + 1:02d}"], "ceremonies": []}
    await hub.push("KEMCONTOH-DATA", push_envelope("JSON-CAL", render({"records": [row]})))


def test_of_two_rows_of_one_message_the_later_counts() -> None:
    """A leave that is granted and cancelled in one message is cancelled, whatever the ids of its records are."""

    async def go() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records()])
        person = script.month.world.people[0].employee_id
        leave = {
            "leaveId": "CUTI-X",
            "employeeId": person,
            "institution": preset().institution.code,
            "kind": "long",  # would halve the pay of the month
            "from": f"{PERIOD}-01",
            "to": f"{PERIOD[:4]}-12-31",
            "cancelled": False,
        }
        for n in range(12):  # ids are hashes: that all come out right is no chance
            rows = [leave | {"leaveId": f"CUTI-X{n}"}, leave | {"leaveId": f"CUTI-X{n}", "cancelled": True}]
            sender = next(e.system for e in preset().exchanges if e.code == "JSON-LEAVE")
            await hub.push(sender, push_envelope("JSON-LEAVE", render({"records": rows})))
        await settle(hub)
        await script.do(hub, [script.open_run()])
        await settle(hub)
        (run,) = await hub.store.rows("run")
        undisturbed, same = SimHub(), Script()
        await same.do(undisturbed, [*same.onboarding(), *same.records(), same.open_run()])
        await settle(undisturbed)
        (plain,) = await undisturbed.store.rows("run")
        assert run["totals"] == plain["totals"]

    asyncio.run(go())
