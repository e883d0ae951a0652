"""What a reader confirms of its outbox: once, with proof, across crashes and lost stores."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.delivery.collecting import confirmation
from hub.delivery.receipts import receipt
from hub.ports import Append
from hub.records import partition_of
from hub.stages.bodies import RECEIVED, open_with
from hub.topics import CONFIRMATIONS
from tests.simulator.asking import ask, question
from tests.simulator.collecting import OUTBOX, collecting, ids_of, read, receipts_of
from tests.simulator.hub import PEOPLE, Crash, SimHub, open_store
from tests.simulator.month import PAYROLL, Script, preset, settle
from tests.simulator.relaying import FIRST, SECOND, change, message_states, subscribe


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def test_a_message_is_read_until_it_is_confirmed() -> None:
    """Reading settles nothing; a confirmed message is gone, with one receipt that holds the proof."""

    async def journey() -> None:
        hub = await collecting(3)
        ids = ids_of(await read(hub))
        assert ids_of(await read(hub)) == ids
        signed = question(OUTBOX, {"confirm": ids[:2]})
        said = (await ask(hub, FIRST, signed))["esbBody"]
        assert (said["confirmed"], said["repeated"], said["unknown"]) == (2, 0, [])
        assert (ids_of(said), said["waiting"]) == (ids[2:], 1)
        await hub.settle()
        assert ids_of(await read(hub)) == ids[2:]
        receipts = await receipts_of(hub)
        assert {request: [outcome for _, outcome in found] for request, found in receipts.items()} == {
            request: ["collected"] for request in ids[:2]
        }
        [asked] = [r for r in await hub.records("pulls") if r.headers["ce_type"] == "pull" and r.headers["ce_digest"] in
                   {receipt.headers["ce_digest"] for receipt in await hub.records("receipts")}]  # fmt: skip
        secret = (await hub.log.open([asked.headers["ce_id"]]))[asked.headers["ce_id"]]
        assert open_with(secret, RECEIVED, asked) == signed
        assert sorted((await message_states(hub, "out")).values()) == ["confirmed", "confirmed", "waiting"]

    _run(journey)


def test_confirming_again_or_what_is_not_there_is_harmless() -> None:
    """A repeat and an unknown id are told apart, and neither makes a second receipt."""

    async def journey() -> None:
        hub = await collecting(2)
        ids = ids_of(await read(hub))
        await read(hub, confirm=ids[:1])
        again = await read(hub, confirm=ids[:1])  # before any stage has seen the first
        assert (again["confirmed"], again["repeated"], ids_of(again), again["waiting"]) == (0, 1, ids[1:], 1)
        assert ids_of(await read(hub)) == ids[1:]
        await hub.settle()
        last = await read(hub, confirm=[ids[0], "0" * 32])
        await hub.settle()
        assert (last["confirmed"], last["repeated"], last["unknown"]) == (0, 1, ["0" * 32])
        assert [len(found) for found in (await receipts_of(hub)).values()] == [1]
        assert len(await hub.records("receipts")) == 1

    _run(journey)


def test_only_the_own_outbox_can_be_read_and_confirmed() -> None:
    """Another system's confirmation of these messages is one of unknown ids."""

    async def journey() -> None:
        hub = await collecting(1)
        await subscribe(hub, SECOND, collect=True)
        ids = ids_of(await read(hub))
        other = await read(hub, SECOND, confirm=ids)
        await hub.settle()
        assert (other["messages"], other["confirmed"], other["unknown"]) == ([], 0, ids)
        assert ids_of(await read(hub)) == ids

    _run(journey)


def test_a_confirmation_settles_nothing_of_another_system() -> None:
    """Even one that got into the log: the stage looks at whose message it is."""

    async def journey() -> None:
        hub = await collecting(1)
        ids = ids_of(await read(hub))
        forged = confirmation(SECOND, preset().payroll.code, b"k", "sha256:" + "0" * 64, hub.clock.now(), ids)
        await hub.log.append([Append(CONFIRMATIONS, 0, [forged])])
        await hub.settle()
        assert ids_of(await read(hub)) == ids

    _run(journey)


def test_of_two_ends_the_first_counts() -> None:
    """An outcome that comes after the confirmation changes neither the schedule nor the index."""

    async def journey() -> None:
        hub = await collecting(1)
        await read(hub, confirm=ids_of(await read(hub)))
        await hub.settle()
        [row] = await hub.store.rows("delivery")
        [message] = await hub.records(row["topic"])
        late = receipt(message, attempt=2, now=hub.clock.now(), outcome="erase", state="erased")
        await hub.log.append([Append("receipts", partition_of(message.key, hub.partitions), [late])])
        await hub.settle()
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["confirmed"]
        assert list((await message_states(hub, "out")).values()) == ["confirmed"]

    _run(journey)


def test_a_lost_store_is_read_again_from_the_log() -> None:
    """What was confirmed stays confirmed, what waits waits, under the same ids and with no second receipt."""

    async def journey() -> None:
        hub = await collecting(3)
        ids = ids_of(await read(hub))
        await read(hub, confirm=ids[:1])
        await hub.settle()
        before, receipts = await message_states(hub, "out"), await receipts_of(hub)
        await hub.crash()
        hub.store = open_store(hub._store_fault)
        await hub.settle()
        assert await message_states(hub, "out") == before
        assert await receipts_of(hub) == receipts
        assert ids_of(await read(hub)) == ids[1:]

    _run(journey)


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
@pytest.mark.parametrize("where", ["log", "store"])
def test_a_crash_at_any_write_of_a_confirmation_leaves_one(how: Any, where: str) -> None:
    """Whatever write dies, the reader who got no answer asks again: each message has one confirmation."""

    async def once(number: int | None) -> tuple[dict[str, set[tuple[str, str]]], dict[str, str], int]:
        hub = await collecting(2, partitions=1)
        ids = ids_of(await read(hub))
        signed = question(OUTBOX, {"confirm": ids})
        faults = hub.faults if where == "log" else hub.store_faults
        faults.error = Crash
        start = len(faults.written)
        if number is not None:
            faults.at_write(number, how)
        for act in (lambda: ask(hub, FIRST, signed), hub.settle):
            try:
                await act()
            except Crash:
                await hub.crash()
                await act()
        return await receipts_of(hub), await message_states(hub, "out"), len(faults.written) - start

    async def journey() -> None:
        receipts, states, writes = await once(None)
        assert [len(found) for found in receipts.values()] == [1, 1]
        assert set(states.values()) == {"confirmed"}
        assert writes >= 3
        for number in range(writes):
            found = await once(number)
            assert list(found[1].values()) == ["confirmed"] * 2, f"{how} at write {number} of the {where}"
            assert [len(one) for one in found[0].values()] == [1, 1], f"{how} at write {number} of the {where}"

    _run(journey)


def test_a_run_is_delivered_once_its_messages_are_confirmed() -> None:
    """Payroll that collects: the run waits for its confirmations, then it is delivered."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        await script.do(hub, script.onboarding())
        await change(hub, "system.add", {
            "institution": preset().payroll.code, "code": "GAJI-DUA", "clientId": "client-dua",
            "secretSha256": "ab" * 32, "publicKey": PEOPLE.receiver.public.pem(),
        })  # fmt: skip
        args = {"system": "GAJI-DUA", "contract": "pay.signal", "collect": True}
        await change(hub, "subscription.add", args)
        await script.do(hub, script.whole())
        [run] = await hub.store.rows("run")
        assert run["state"] == "approved"
        assert {row["system"] for row in await hub.store.rows("delivery", {"state": "confirmed"})} == {PAYROLL}
        page = await read(hub, "GAJI-DUA")
        assert len(page["messages"]) == len(script.month.world.people)
        await read(hub, "GAJI-DUA", confirm=ids_of(page)[:-1])
        await settle(hub)
        assert (await hub.store.rows("run"))[0]["state"] == "approved"
        await read(hub, "GAJI-DUA", confirm=ids_of(page))
        await settle(hub)
        assert (await hub.store.rows("run"))[0]["state"] == "delivered"

    _run(journey)
