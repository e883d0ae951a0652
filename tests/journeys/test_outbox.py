"""Outboxes that are collected: read by cursor, confirmed once, read again when they are not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import pytest

from hub.delivery.collecting import confirmation
from hub.delivery.receipts import receipt
from hub.ports import Append
from hub.pull.outbox import BYTES
from hub.records import partition_of
from hub.stages.bodies import RECEIVED, open_with
from hub.topics import CONFIRMATIONS
from signing.jsontext import render
from tests.simulator.asking import ask, body_of, code_of, question
from tests.simulator.hub import PEOPLE, Crash, SimHub, open_store
from tests.simulator.month import PAYROLL, Script, preset, settle
from tests.simulator.outbox import put
from tests.simulator.relaying import CODE, FIRST, SECOND, change, message_states, relaying, send, subscribe

OUTBOX: Final = "OUTBOX"


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def _collecting(count: int = 0, **more: Any) -> SimHub:
    """A hub where FIRST collects, with so many messages in its outbox, numbered from 0."""
    hub = SimHub(**more)
    await relaying(hub)
    await subscribe(hub, FIRST, collect=True)
    for n in range(count):
        hub.clock.advance(1)
        await send(hub, render({"n": n}))
    await hub.settle()
    return hub


async def _read(hub: SimHub, system: str = FIRST, **members: Any) -> dict[str, Any]:
    found: dict[str, Any] = await body_of(hub, system, OUTBOX, members)
    return found


def _numbers(page: dict[str, Any]) -> list[int]:
    return [message["esbBody"]["n"] for message in page["messages"]]


def _ids(page: dict[str, Any]) -> list[str]:
    return [message["requestId"] for message in page["messages"]]


async def _receipts(hub: SimHub) -> dict[str, set[tuple[str, str]]]:
    """By request: (id of the receipt, outcome)."""
    found: dict[str, set[tuple[str, str]]] = {}
    for record in await hub.records("receipts"):
        h = record.headers
        found.setdefault(h["ce_requestid"], set()).add((h["ce_id"], h["ce_outcome"]))
    return found


def test_nobody_is_called_and_nothing_parks() -> None:
    """Messages of a collected subscription wait, all of them, in the reader's order."""

    async def journey() -> None:
        hub = await _collecting(3)
        assert hub.receiver.calls == {}
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["waiting"] * 3
        page = await _read(hub)
        assert _numbers(page) == [0, 1, 2]
        assert (page["more"], page["waiting"]) == (False, 3)
        first = page["messages"][0]
        assert (first["code"], first["subscription"]) == (CODE, f"{FIRST}.{CODE}")

    _run(journey)


def test_a_message_is_read_until_it_is_confirmed() -> None:
    """Reading settles nothing; a confirmed message is gone, with one receipt that holds the proof."""

    async def journey() -> None:
        hub = await _collecting(3)
        ids = _ids(await _read(hub))
        assert _ids(await _read(hub)) == ids
        signed = question(OUTBOX, {"confirm": ids[:2]})
        said = (await ask(hub, FIRST, signed))["esbBody"]
        assert (said["confirmed"], said["repeated"], said["unknown"]) == (2, 0, [])
        assert (_ids(said), said["waiting"]) == (ids[2:], 1)
        await hub.settle()
        assert _ids(await _read(hub)) == ids[2:]
        receipts = await _receipts(hub)
        assert {request: [outcome for _, outcome in found] for request, found in receipts.items()} == {
            request: ["collected"] for request in ids[:2]
        }
        [asked] = [r for r in await hub.records("pulls") if r.headers["ce_type"] == "pull" and r.headers["ce_digest"] in
                   {receipt.headers["ce_digest"] for receipt in await hub.records("receipts")}]  # fmt: skip
        secret = (await hub.log.open([asked.headers["ce_id"]]))[asked.headers["ce_id"]]
        assert open_with(secret, RECEIVED, asked) == signed
        assert sorted((await message_states(hub, "out")).values()) == ["confirmed", "confirmed", "waiting"]

    _run(journey)


def test_a_reader_that_speaks_xml_reads_and_confirms_alike() -> None:
    """Numbers and lists of the question come as text; the answer is XML that the hub signed."""

    async def journey() -> None:
        hub = await _collecting(3)

        async def say(body: Any) -> Any:
            data = await ask(hub, FIRST, question(OUTBOX, body, media="xml"), media="xml")
            assert data["success"] is True, data
            return data["esbBody"]

        page = await say({"limit": 2})
        [one, two] = page["messages"]
        assert (one["esbBody"], two["code"], page["more"], page["waiting"]) == ({"n": "0"}, CODE, "true", "3")
        said = await say({"limit": 1, "confirm": [one["requestId"], two["requestId"]], "cursor": page["cursor"]})
        await hub.settle()
        alone = await say({"confirm": [(await _read(hub))["messages"][0]["requestId"]]})
        await hub.settle()
        assert (said["confirmed"], alone["confirmed"]) == ("2", "1")
        assert (await _read(hub))["waiting"] == 0

    _run(journey)


def test_confirming_again_or_what_is_not_there_is_harmless() -> None:
    """A repeat and an unknown id are told apart, and neither makes a second receipt."""

    async def journey() -> None:
        hub = await _collecting(2)
        ids = _ids(await _read(hub))
        await _read(hub, confirm=ids[:1])
        again = await _read(hub, confirm=ids[:1])  # before any stage has seen the first
        assert (again["confirmed"], again["repeated"], _ids(again), again["waiting"]) == (0, 1, ids[1:], 1)
        assert _ids(await _read(hub)) == ids[1:]
        await hub.settle()
        last = await _read(hub, confirm=[ids[0], "0" * 32])
        await hub.settle()
        assert (last["confirmed"], last["repeated"], last["unknown"]) == (0, 1, ["0" * 32])
        assert [len(found) for found in (await _receipts(hub)).values()] == [1]
        assert len(await hub.records("receipts")) == 1

    _run(journey)


def test_only_the_own_outbox_can_be_read_and_confirmed() -> None:
    """Another system's confirmation of these messages is one of unknown ids."""

    async def journey() -> None:
        hub = await _collecting(1)
        await subscribe(hub, SECOND, collect=True)
        ids = _ids(await _read(hub))
        other = await _read(hub, SECOND, confirm=ids)
        await hub.settle()
        assert (other["messages"], other["confirmed"], other["unknown"]) == ([], 0, ids)
        assert _ids(await _read(hub)) == ids

    _run(journey)


def test_a_confirmation_settles_nothing_of_another_system() -> None:
    """Even one that got into the log: the stage looks at whose message it is."""

    async def journey() -> None:
        hub = await _collecting(1)
        ids = _ids(await _read(hub))
        forged = confirmation(SECOND, preset().payroll.code, b"k", "sha256:" + "0" * 64, hub.clock.now(), ids)
        await hub.log.append([Append(CONFIRMATIONS, 0, [forged])])
        await hub.settle()
        assert _ids(await _read(hub)) == ids

    _run(journey)


def test_of_two_ends_the_first_counts() -> None:
    """An outcome that comes after the confirmation changes neither the schedule nor the index."""

    async def journey() -> None:
        hub = await _collecting(1)
        await _read(hub, confirm=_ids(await _read(hub)))
        await hub.settle()
        [row] = await hub.store.rows("delivery")
        [message] = await hub.records(row["topic"])
        late = receipt(message, attempt=2, now=hub.clock.now(), outcome="erase", state="erased")
        await hub.log.append([Append("receipts", partition_of(message.key, hub.partitions), [late])])
        await hub.settle()
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["confirmed"]
        assert list((await message_states(hub, "out")).values()) == ["confirmed"]

    _run(journey)


def test_messages_of_many_keys_are_read_in_the_order_of_their_times() -> None:
    """Partitions are merged by time, and none of them loses its own order."""

    async def journey() -> None:
        hub = await _collecting(partitions=4)
        for n in range(24):
            hub.clock.advance(1)
            await put(hub, f"m{n:02}", f"key-{n % 7}", subscription=f"{FIRST}.{CODE}", system=FIRST, collect=True)
        await hub.settle()
        assert len({row["partition"] for row in await hub.store.rows("delivery")}) > 1
        seen: list[str] = []
        cursor: dict[str, Any] = {}
        while len(seen) < 24:
            page = await _read(hub, limit=5, **cursor)
            seen += [message["code"] for message in page["messages"]]
            cursor = {"cursor": page["cursor"]}
        assert seen == [f"m{n:02}" for n in range(24)]

    _run(journey)


def test_a_cursor_goes_on_and_passes_nothing_over() -> None:
    """Pages by cursor hold every message once, also those that come while it reads, in whichever partition."""

    async def journey() -> None:
        hub = await _collecting(5)
        seen: list[int] = []
        cursor: dict[str, Any] = {}
        for n in range(8):
            page = await _read(hub, limit=1, **cursor)
            seen += _numbers(page)
            cursor = {"cursor": page["cursor"]}
            if n < 3:
                await send(hub, render({"n": 5 + n}))
                await hub.settle()
        assert seen == list(range(8))
        end = await _read(hub, **cursor)
        assert (_numbers(end), end["more"], end["waiting"]) == ([], False, 8)
        assert _numbers(await _read(hub)) == list(range(8))

    _run(journey)


def test_a_page_is_bounded_by_its_bytes() -> None:
    """Bodies beyond the bound wait for the next page; one that is larger than it comes alone."""

    async def journey() -> None:
        hub = await _collecting()
        large = "x" * (BYTES // 2)
        for n, text in enumerate([large, large, large * 3, "small"]):
            await send(hub, render({"n": n, "text": text}))
        await hub.settle()
        pages: list[list[int]] = []
        cursor: dict[str, Any] = {}
        while True:
            page = await _read(hub, **cursor)
            pages.append(_numbers(page))
            cursor = {"cursor": page["cursor"]}
            if not page["more"]:
                break
        assert pages == [[0], [1], [2], [3]]

    _run(journey)


def test_an_erased_message_is_not_shown_and_waits_no_more() -> None:
    """Whether its erasure is ordered before or after it came to the outbox, it is settled as erased."""

    async def journey() -> None:
        hub = await _collecting()
        sent = [await send(hub, render({"n": n})) for n in range(3)]
        await hub.settle()
        await hub.log.erase([sent[0].id])
        page = await _read(hub)
        assert (_numbers(page), page["erased"]) == ([1, 2], 1)
        await change(hub, "message.erase", {"ids": [sent[0].id, sent[1].id], "reason": "by mistake"})
        await hub.settle()
        page = await _read(hub)
        assert (_numbers(page), page["erased"], page["waiting"]) == ([2], 0, 1)
        assert sorted((await message_states(hub, "out")).values()) == ["erased", "erased", "waiting"]

    _run(journey)


def test_a_message_erased_on_its_way_to_the_outbox_never_waits() -> None:
    """Copied before its secret was destroyed, taken after the order: nothing is left to wait for."""

    async def journey() -> None:
        hub = await _collecting()
        sent = await send(hub, render({"n": 0}))
        core = await hub.running()
        for name in ("relay",):
            [runner] = [runner for runner in core.runners if runner.stage.name == name]
            while await runner.step():
                pass
        await change(hub, "message.erase", {"ids": [sent.id], "reason": "by mistake"})
        await hub.settle()
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["erased"]
        assert (await message_states(hub, "inbox"))[sent.id] == "erased"

    _run(journey)


def test_a_paused_subscription_shows_nothing_until_it_is_resumed() -> None:
    """Pausing holds for readers as for receivers that are called."""

    async def journey() -> None:
        hub = await _collecting(1)
        await change(hub, "subscription.pause", {"id": f"{FIRST}.{CODE}"})
        assert (await _read(hub))["messages"] == []
        await change(hub, "subscription.resume", {"id": f"{FIRST}.{CODE}"})
        assert _numbers(await _read(hub)) == [0]

    _run(journey)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"limit": 0}, "AMANA-OUTBOX-001"),
        ({"limit": 101}, "AMANA-OUTBOX-001"),
        ({"limit": True}, "AMANA-OUTBOX-001"),
        ({"cursor": "x"}, "AMANA-OUTBOX-001"),
        ({"cursor": "1-2-3"}, "AMANA-OUTBOX-001"),
        ({"confirm": ["x"]}, "AMANA-OUTBOX-001"),
        ({"confirm": ["0" * 32] * 1001}, "AMANA-OUTBOX-001"),
        ({"offset": 1}, "AMANA-OUTBOX-001"),
        ([], "AMANA-OUTBOX-001"),
        ({"subscription": "NOBODY"}, "AMANA-OUTBOX-002"),
    ],
)
def test_what_cannot_be_meant_is_refused(body: Any, code: str) -> None:
    """A question that is not well formed gets a signed refusal with its code."""

    async def journey() -> None:
        hub = await _collecting()
        assert await code_of(hub, FIRST, OUTBOX, body) == code

    _run(journey)


def test_a_system_that_collects_nothing_is_told_so() -> None:
    """One that is called has no outbox to read, though there are messages in it."""

    async def journey() -> None:
        hub = await _collecting()
        await subscribe(hub, SECOND)
        assert await code_of(hub, SECOND, OUTBOX, {}) == "AMANA-OUTBOX-002"
        data = await ask(hub, FIRST, question(OUTBOX, {"Payload": {}}), "/esb/nida-request")
        assert data["success"] is False

    _run(journey)


def test_a_lost_store_is_read_again_from_the_log() -> None:
    """What was confirmed stays confirmed, what waits waits, under the same ids and with no second receipt."""

    async def journey() -> None:
        hub = await _collecting(3)
        ids = _ids(await _read(hub))
        await _read(hub, confirm=ids[:1])
        await hub.settle()
        before, receipts = await message_states(hub, "out"), await _receipts(hub)
        await hub.crash()
        hub.store = open_store(hub._store_fault)
        await hub.settle()
        assert await message_states(hub, "out") == before
        assert await _receipts(hub) == receipts
        assert _ids(await _read(hub)) == ids[1:]

    _run(journey)


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
@pytest.mark.parametrize("where", ["log", "store"])
def test_a_crash_at_any_write_of_a_confirmation_leaves_one(how: Any, where: str) -> None:
    """Whatever write dies, the reader who got no answer asks again: each message has one confirmation."""

    async def once(number: int | None) -> tuple[dict[str, set[tuple[str, str]]], dict[str, str], int]:
        hub = await _collecting(2, partitions=1)
        ids = _ids(await _read(hub))
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
        return await _receipts(hub), await message_states(hub, "out"), len(faults.written) - start

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
        page = await _read(hub, "GAJI-DUA")
        assert len(page["messages"]) == len(script.month.world.people)
        await _read(hub, "GAJI-DUA", confirm=_ids(page)[:-1])
        await settle(hub)
        assert (await hub.store.rows("run"))[0]["state"] == "approved"
        await _read(hub, "GAJI-DUA", confirm=_ids(page))
        await settle(hub)
        assert (await hub.store.rows("run"))[0]["state"] == "delivered"

    _run(journey)
