"""What is passed on as it is: who gets it, in which order, and what erasing it takes along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.gateway.admission import Refusal
from hub.ports import Duplicate
from signing.jsontext import render
from tests.simulator.hub import Crash, SimHub, open_store, push_envelope
from tests.simulator.month import Script, preset, settle
from tests.simulator.receiver import Manner
from tests.simulator.relaying import CODE, FIRST, SECOND, SENDER, change, message_states, relaying, send, subscribe


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def _letter(n: int) -> bytes:
    return render({"nomor": n, "perihal": "Undangan rapat, 09:00 – aula"})


def test_every_subscriber_gets_the_body_as_it_is() -> None:
    """One push, two subscribers: each gets the same body under an id of its own, and confirms it."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        for system in (FIRST, SECOND):
            await subscribe(hub, system)
        sent = await send(hub, _letter(1))
        await hub.settle()
        assert list(hub.receiver.taken.values()) == [{"nomor": 1, "perihal": "Undangan rapat, 09:00 – aula"}] * 2
        assert (await message_states(hub, "inbox"))[sent.id] == "relayed"
        copies = await hub.store.rows("message", {"parent": sent.id})
        assert {(row["system"], row["code"], row["state"]) for row in copies} == {
            (FIRST, CODE, "confirmed"),
            (SECOND, CODE, "confirmed"),
        }

    _run(journey)


def test_only_subscriptions_of_the_senders_institution_get_it() -> None:
    """A subscription that asks for another institution's messages gets none of this one's."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        await subscribe(hub, FIRST, institution=preset().payroll.code)
        await subscribe(hub, SECOND, institution=preset().institution.code)
        await send(hub, _letter(1))
        await hub.settle()
        assert [row["system"] for row in await hub.store.rows("delivery")] == [SECOND]

    _run(journey)


def test_with_no_subscriber_it_stays_and_says_so() -> None:
    """Nobody subscribed when it was admitted: its state says so, and who subscribes later does not get it."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        early = await send(hub, _letter(1))
        await subscribe(hub, FIRST)  # before the stage has read the message
        late = await send(hub, _letter(2))
        await hub.settle()
        states = await message_states(hub, "inbox")
        assert (states[early.id], states[late.id]) == ("no-subscriber", "relayed")
        assert [body["nomor"] for body in hub.receiver.taken.values()] == [2]

    _run(journey)


def test_an_ordered_subscription_keeps_the_senders_order() -> None:
    """While the first message fails, the later ones of the same sender wait; the other subscriber has them all."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        await subscribe(hub, FIRST)
        await subscribe(hub, SECOND, ordered=False)
        bodies: list[int] = []

        def manner(number: int, _: str) -> Manner:
            bodies.append(number)
            return "refuse" if number == 0 else "accept"

        hub.receiver.manner = manner
        for n in range(3):
            await send(hub, _letter(n))
        await hub.settle()
        states = {
            system: sorted(row["state"] for row in await hub.store.rows("delivery", {"system": system}))
            for system in (FIRST, SECOND)
        }
        assert states in (
            {FIRST: ["dead", "parked", "parked"], SECOND: ["confirmed"] * 3},
            {FIRST: ["confirmed"] * 3, SECOND: ["confirmed", "confirmed", "dead"]},
        )

    _run(journey)


def test_suspended_and_paused_subscribers_get_it_later() -> None:
    """Their outboxes fill; nothing is called before they are back."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        paused = await subscribe(hub, FIRST)
        await subscribe(hub, SECOND)
        await change(hub, "subscription.pause", {"id": paused})
        await change(hub, "system.suspend", {"system": SECOND})
        await send(hub, _letter(1))
        await hub.settle()
        assert hub.receiver.calls == {}
        await change(hub, "subscription.resume", {"id": paused})
        await change(hub, "system.resume", {"system": SECOND})
        await hub.settle()
        assert len(hub.receiver.taken) == 2

    _run(journey)


def test_a_repeat_is_no_second_message() -> None:
    """The same body again within the window gets the first receipt, and its subscribers nothing."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        await subscribe(hub, FIRST)
        await send(hub, _letter(1))
        again = await hub.push(SENDER, push_envelope(CODE, _letter(1)))
        await hub.settle()
        assert isinstance(again, Duplicate)
        assert len(hub.receiver.taken) == 1

    _run(journey)


def test_a_lost_store_gives_the_same_ids_again() -> None:
    """Replayed from the log, the copies have the ids that they had, and nobody is called again."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        await subscribe(hub, FIRST)
        await subscribe(hub, SECOND)
        for n in range(3):
            await send(hub, _letter(n))
        await hub.settle()
        before, calls = await message_states(hub, "out"), dict(hub.receiver.calls)
        await hub.crash()
        hub.store = open_store(hub._store_fault)
        await hub.settle()
        assert await message_states(hub, "out") == before
        assert hub.receiver.calls == calls
        assert len(before) == 6

    _run(journey)


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
@pytest.mark.parametrize("where", ["log", "store"])
def test_a_crash_at_any_write_of_the_stages_changes_nothing(how: Any, where: str) -> None:
    """Whatever write the process dies at, each subscriber gets each message once."""

    async def once(number: int | None) -> tuple[dict[str, Any], dict[str, str], int]:
        hub = SimHub(partitions=1)
        await relaying(hub)
        await subscribe(hub, FIRST)
        await subscribe(hub, SECOND)
        await hub.settle()
        sent = await send(hub, _letter(1))
        faults = hub.faults if where == "log" else hub.store_faults
        faults.error = Crash
        start = len(faults.written)
        if number is not None:
            faults.at_write(number, how)
        try:
            await hub.settle()
        except Crash:
            await hub.crash()
            await hub.settle()
        states = await message_states(hub, "out")
        assert (await message_states(hub, "inbox"))[sent.id] == "relayed"
        return dict(hub.receiver.taken), states, len(faults.written) - start

    async def journey() -> None:
        taken, states, writes = await once(None)
        assert set(states.values()) == {"confirmed"}
        assert writes >= 2  # what was relayed, and what came of the calls
        for number in range(writes):
            assert (await once(number))[:2] == (taken, states), f"{how} at write {number} of the {where}"

    _run(journey)


def test_erasing_the_message_erases_its_copies() -> None:
    """What waits for a subscriber when its message is erased can be opened by nobody, and is not sent."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        paused = await subscribe(hub, FIRST)
        await change(hub, "subscription.pause", {"id": paused})
        sent = await send(hub, _letter(1))
        await hub.settle()
        await change(hub, "message.erase", {"ids": [sent.id], "reason": "sent by mistake"})
        await hub.settle()
        await change(hub, "subscription.resume", {"id": paused})
        await hub.settle()
        assert hub.receiver.calls == {}
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["erased"]
        assert (await message_states(hub, "inbox"))[sent.id] == "erased"

    _run(journey)


@pytest.mark.parametrize(
    ("api", "body", "code"),
    [
        ({}, {"jumlah": 2**60}, "AMANA-RELAY-001"),
        ({"contract": "calendar"}, {"jumlah": 1}, "AMANA-CONTRACT-001"),
        ({"contract": "wire:generic_json.calendar"}, {"jumlah": 1}, "AMANA-CONTRACT-001"),
        ({"contract": "never-heard-of"}, {"jumlah": 1}, "AMANA-CODE-001"),
        ({"sealed": "recipient"}, {"jumlah": 1}, "AMANA-SEAL-003"),
        (
            {"sealed": "recipient"},
            {"ephemeralKey": "a", "iv": "b", "encryptedData": "c", "more": "d"},
            "AMANA-SEAL-003",
        ),
    ],
)
def test_what_cannot_be_passed_on_is_refused_at_once(api: dict[str, Any], body: Any, code: str) -> None:
    """The sender hears of it, with a code; nothing is admitted."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub, **api)
        await subscribe(hub, FIRST)
        found = await hub.push(SENDER, push_envelope(CODE, render(body)))
        assert isinstance(found, Refusal)
        assert found.code == code
        assert await hub.records("inbox.relay") == []

    _run(journey)


def test_a_sealed_body_is_passed_on_unread() -> None:
    """Encrypted for its recipient, under a code with a contract that the hub cannot check: it arrives as it was."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub, sealed="recipient", contract="calendar")
        await subscribe(hub, FIRST)
        body = {"ephemeralKey": "QQ==", "iv": "Qg==", "encryptedData": "Qw=="}
        await send(hub, render(body))
        await hub.settle()
        assert list(hub.receiver.taken.values()) == [body]

    _run(journey)


def test_a_run_does_not_wait_for_what_is_passed_on() -> None:
    """The cut-off of a run lies in every inbox; that of relays holds up nothing, and a run asks no adapter for them."""

    async def journey() -> None:
        hub = SimHub()
        await relaying(hub)
        await subscribe(hub, FIRST)
        script = Script()
        await script.do(hub, script.records())
        await send(hub, _letter(1))
        await script.do(hub, [settle, script.open_run(), settle, script.approve(), settle])
        [run] = await hub.store.rows("run")
        assert run["state"] == "delivered"
        assert [row["stage"] for row in await hub.store.rows("dead_letter")] == ["translate"]  # of the month itself

    _run(journey)
