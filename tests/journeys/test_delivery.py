"""What becomes of a message at the receiver: every manner of answer, order, retries, crashes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.delivery.deliver import Policy
from hub.errors import TryAgain
from hub.stages.bodies import open_with
from tests.simulator.hub import Crash, SimHub
from tests.simulator.month import PAYROLL, settle
from tests.simulator.outbox import delivering, put, states
from tests.simulator.receiver import Manner


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def _outcomes(hub: SimHub, request: str) -> list[tuple[str, str]]:
    """(outcome, state) of every receipt of a request, in order of attempts."""
    found = [r.headers for r in await hub.records("receipts") if r.headers["ce_requestid"] == request]
    found.sort(key=lambda h: int(h["ce_attempt"]))
    return [(h["ce_outcome"], h["ce_state"]) for h in found]


def test_a_signed_success_confirms_and_is_kept() -> None:
    """The receipt holds the sealed answer, and it opens to the very bytes that the receiver signed."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        sent = await put(hub, "one", "a")
        await settle(hub)
        assert await states(hub) == {sent.request: "confirmed"}
        [receipt] = await hub.records("receipts")
        secret = (await hub.log.open(["secret-one"]))["secret-one"]
        answer = open_with(secret, "receipt", receipt)
        assert sent.request.encode() in answer
        assert b'"signature"' in answer

    _run(journey)


@pytest.mark.parametrize(
    ("manner", "state", "code"),
    [
        ("refuse", "dead", "AMANA-OUT-001"),
        ("unsigned", "unproven", "AMANA-OUT-002"),
        ("forged", "unproven", "AMANA-OUT-002"),
        ("other-request", "unproven", "AMANA-OUT-002"),
    ],
)
def test_what_is_settled_otherwise_is_not_sent_again(manner: Manner, state: str, code: str) -> None:
    """A signed failure is a dead letter; an answer that proves nothing is unproven; neither is resent by itself."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        hub.receiver.manner = lambda _, __: manner
        sent = await put(hub, "one", "a")
        await settle(hub)
        hub.clock.advance(90 * 86_400_000)
        await settle(hub)
        assert hub.receiver.calls == {sent.request: 1}
        [row] = await hub.store.rows("delivery")
        assert (row["state"], row["last_code"]) == (state, code)
        letters = [(r["parent"], r["code"]) for r in await hub.store.rows("dead_letter")]
        assert letters == ([(sent.id, code)] if state == "dead" else [])

    _run(journey)


def test_an_answer_that_names_no_request_confirms_and_is_marked() -> None:
    """A signed success that came back in the exchange counts, as published connectors answer; the receipt says what it is
    bound by, and one that names the request is bound by its signature."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        hub.receiver.manner = lambda n, _: "nameless" if n == 0 else "accept"
        one, two = await put(hub, "one", "a"), await put(hub, "two", "a")
        await settle(hub)
        assert await states(hub) == {one.request: "confirmed", two.request: "confirmed"}
        bound = {r.headers["ce_requestid"]: r.headers["ce_bound"] for r in await hub.records("receipts")}
        assert bound == {one.request: "exchange", two.request: "signature"}

    _run(journey)


def test_a_receiver_that_speaks_xml_gets_xml_and_answers_in_it() -> None:
    """Its requests are XML envelopes with the same members; its signed answer confirms, and is kept with its form."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub, speaks="xml")
        sent = await put(
            hub, "one", "a", body={"nama": "Ayú & <co>", "pages": [{"n": 1}, {"n": 2}], "data": {"x": True}}
        )
        await settle(hub)
        assert await states(hub) == {sent.request: "confirmed"}
        taken = {"nama": "Ayú & <co>", "pages": [{"n": "1"}, {"n": "2"}], "data": {"x": "true"}}
        assert hub.receiver.taken == {sent.request: taken}
        [receipt] = await hub.records("receipts")
        assert (receipt.headers["ce_form"], receipt.headers["content-type"]) == ("xml", "application/xml")
        secret = (await hub.log.open(["secret-one"]))["secret-one"]
        assert open_with(secret, "receipt", receipt).startswith(b"<esbresponse><data>")

    _run(journey)


def test_what_xml_cannot_hold_is_a_dead_letter() -> None:
    """A body with a name that no element has is never sent to a receiver of XML; it waits with its code."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub, speaks="xml")
        sent = await put(hub, "one", "a", body={"2026-10": 1})
        await settle(hub)
        assert hub.receiver.calls == {}
        assert await states(hub) == {sent.request: "dead"}
        [letter] = await hub.store.rows("dead_letter")
        assert (letter["stage"], letter["code"]) == ("deliver", "AMANA-OUT-005")

    _run(journey)


def test_what_breaks_its_contract_never_leaves() -> None:
    """Whatever put it into the outbox: a body that breaks the version that its record names is a dead letter, uncalled."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        bad = await put(hub, "one", "a", body={"jumlah": 1}, dataschema="urn:amana:contract:leave:1")
        good = await put(hub, "two", "b", body={"jumlah": 1}, dataschema="any")
        await settle(hub)
        assert list(hub.receiver.taken) == [good.request]
        assert await states(hub) == {bad.request: "dead", good.request: "confirmed"}
        [letter] = await hub.store.rows("dead_letter")
        assert (letter["stage"], letter["code"], letter["parent"]) == ("deliver", "AMANA-OUT-007", bad.id)

    _run(journey)


@pytest.mark.parametrize("manner", ["silent", "busy", "took-then-silent"])
def test_silence_is_answered_with_the_same_request(manner: Manner) -> None:
    """No answer, 5xx: the same requestId again, later each time, until it is confirmed."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        hub.receiver.manner = lambda n, _: manner if n < 3 else "accept"
        sent = await put(hub, "one", "a")
        began = hub.clock.now()
        await settle(hub)
        assert hub.receiver.calls == {sent.request: 4}
        assert list(hub.receiver.taken) == [sent.request]
        assert await _outcomes(hub, sent.request) == [("no-answer", "retrying")] * 3 + [("signed-success", "confirmed")]
        assert 3_500 <= hub.clock.now() - began <= 7_000  # half to whole of 1 s, 2 s and 4 s

    _run(journey)


def test_attempts_end_in_a_dead_letter() -> None:
    """A receiver that never answers gets so many attempts as the policy allows, then it is an operator's matter."""

    async def journey() -> None:
        hub = SimHub(policy=Policy(attempts=3))
        await delivering(hub)
        hub.receiver.manner = lambda _, __: "silent"
        sent = await put(hub, "one", "a")
        await settle(hub)
        assert hub.receiver.calls == {sent.request: 3}
        [row] = await hub.store.rows("delivery")
        assert (row["state"], row["last_code"]) == ("dead", "AMANA-OUT-003")
        [letter] = await hub.store.rows("dead_letter")
        assert (letter["stage"], letter["code"], letter["parent"]) == ("deliver", "AMANA-OUT-003", sent.id)

    _run(journey)


def test_a_failing_key_holds_up_its_own_messages_alone() -> None:
    """Later messages of a failing key are parked, in order; other keys go on."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        hub.receiver.manner = lambda _, code: "refuse" if code == "a1" else "accept"
        first = await put(hub, "a1", "a")
        second, third = await put(hub, "a2", "a"), await put(hub, "a3", "a")
        others = [await put(hub, f"b{n}", f"b{n}") for n in range(3)]
        await settle(hub)
        assert await states(hub) == {
            first.request: "dead",
            second.request: "parked",
            third.request: "parked",
            **{other.request: "confirmed" for other in others},
        }
        assert second.request not in hub.receiver.calls

    _run(journey)


def test_one_key_is_delivered_in_order() -> None:
    """Of an ordered key, the next message goes only after the one before it is confirmed, retries included."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        order: list[str] = []

        def manner(number: int, code: str) -> Manner:
            order.append(code)
            return "silent" if number % 2 == 0 else "accept"

        hub.receiver.manner = manner
        for n in range(4):
            await put(hub, f"m{n}", "a")
        await settle(hub)
        assert order == ["m0", "m0", "m1", "m1", "m2", "m2", "m3", "m3"]

    _run(journey)


def test_an_unordered_subscription_parks_nothing() -> None:
    """Without the order, a dead message holds up nobody."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        hub.receiver.manner = lambda _, code: "refuse" if code == "m0" else "accept"
        sent = [await put(hub, f"m{n}", "a", ordered=False) for n in range(3)]
        await settle(hub)
        assert list((await states(hub)).values()).count("confirmed") == 2
        assert (await states(hub))[sent[0].request] == "dead"

    _run(journey)


def test_a_paused_subscription_waits_and_goes_on() -> None:
    """Its outbox fills while it is paused; nothing is called until it is resumed."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        id_ = f"{PAYROLL}.TUKIN-OUT"
        assert (await hub.change(hub.signed("subscription.pause", {"id": id_}))).accepted
        sent = await put(hub, "one", "a")
        await settle(hub)
        assert (await states(hub), dict(hub.receiver.calls)) == ({sent.request: "due"}, {})
        assert (await hub.change(hub.signed("subscription.resume", {"id": id_}))).accepted
        await settle(hub)
        assert await states(hub) == {sent.request: "confirmed"}

    _run(journey)


def test_a_suspended_receiver_is_not_called() -> None:
    """Suspension of the system stops what goes out to it."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        assert (await hub.change(hub.signed("system.suspend", {"system": PAYROLL}))).accepted
        await put(hub, "one", "a")
        await settle(hub)
        assert hub.receiver.calls == {}

    _run(journey)


def test_an_erased_message_is_not_sent() -> None:
    """What was erased before its delivery ends there."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        sent = await put(hub, "one", "a")
        await hub.log.erase(["secret-one"])
        await settle(hub)
        assert (await states(hub), dict(hub.receiver.calls)) == ({sent.request: "erased"}, {})

    _run(journey)


def test_death_between_the_answer_and_its_receipt_sends_the_same_request_again() -> None:
    """The receiver sees one requestId twice, and the log holds one confirmation."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        sent = await put(hub, "one", "a")
        hub.faults.error = Crash
        hub.faults.at_point("bus.append", "failed")
        with pytest.raises(Crash):
            await settle(hub)
        await hub.crash()
        await settle(hub)
        assert hub.receiver.calls == {sent.request: 2}
        assert await _outcomes(hub, sent.request) == [("signed-success", "confirmed")]

    _run(journey)


def test_death_after_the_receipt_is_stored_calls_nobody_again() -> None:
    """The receipt in the log is the truth, though nobody came to note it in the schedule."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        sent = await put(hub, "one", "a")
        hub.faults.error = Crash
        hub.faults.at_point("bus.append", "failed but stored")
        with pytest.raises(Crash):
            await settle(hub)
        await hub.crash()
        await settle(hub)
        assert hub.receiver.calls == {sent.request: 1}
        assert await _outcomes(hub, sent.request) == [("signed-success", "confirmed")]

    _run(journey)


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
def test_a_receipt_of_unknown_fate_is_looked_for_before_it_is_written_again(how: Any) -> None:
    """A log that answers TryAgain may have stored it: there is one receipt all the same."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        sent = await put(hub, "one", "a")
        hub.faults.error = lambda: TryAgain("AMANA-BUS-001", after=1.0)
        hub.faults.at_point("bus.append", how)
        settling = asyncio.create_task(settle(hub))
        while not hub.clock.sleepers and not settling.done():  # noqa: ASYNC110 -- turns of the loop, no time passes
            await asyncio.sleep(0)
        hub.clock.advance(1_000)
        await settling
        assert hub.receiver.calls == {sent.request: 1}
        assert await _outcomes(hub, sent.request) == [("signed-success", "confirmed")]

    _run(journey)


def test_a_slow_answer_holds_up_no_other_key() -> None:
    """While calls for some keys hang, a message of another key is delivered."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        core = await hub.running()
        release = asyncio.Event()
        hub.receiver.held = {f"slow{n}": release for n in range(3)}
        slow = [await put(hub, f"slow{n}", f"s{n}") for n in range(3)]
        await core.deliverer.step()
        fast = await put(hub, "fast", "f")
        await core.deliverer.step()
        for _ in range(100):
            await asyncio.sleep(0)
        found = await states(hub)
        assert found[fast.request] == "confirmed"
        assert {found[s.request] for s in slow} == {"due"}
        release.set()
        await core.deliverer.settled()
        assert set((await states(hub)).values()) == {"confirmed"}

    _run(journey)
