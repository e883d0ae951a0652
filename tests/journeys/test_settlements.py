"""What operators decide on deliveries that do not go on by themselves: retry, confirm, skip, discard."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from hub.control.directory import Outcome
from hub.delivery.deliver import Policy
from hub.delivery.states import FINAL, State
from hub.topics import CONTROL, INBOX, OUTBOX
from tests.simulator.hub import PEOPLE, SimHub
from tests.simulator.memory_log import Disk
from tests.simulator.month import settle
from tests.simulator.outbox import Sent, delivering, put, states
from tests.simulator.receiver import Manner


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


async def decide(hub: SimHub, verdict: str, sent: Sent) -> Outcome:
    """An administrator signs the decision."""
    return await hub.change(hub.signed(f"delivery.{verdict}", {"id": sent.id, "reason": "looked into"}))


async def outcomes(hub: SimHub, sent: Sent) -> list[tuple[str, str]]:
    """(outcome, state) of every receipt of a message, in the order of the log."""
    found = [r.headers for r in await hub.records("receipts") if r.headers["ce_parent"] == sent.id]
    return [(h["ce_outcome"], h["ce_state"]) for h in found]


async def finals(hub: SimHub) -> dict[str, int]:
    """How many final outcomes each request has."""
    found: dict[str, int] = {}
    for record in await hub.records("receipts"):
        if State(record.headers["ce_state"]) in FINAL:
            request = record.headers["ce_requestid"]
            found[request] = found.get(request, 0) + 1
    return found


async def parked_behind(hub: SimHub, manner: Manner) -> tuple[Sent, Sent, Sent]:
    """Three messages of one key, the first of which the receiver treats in this manner."""
    await delivering(hub)
    hub.receiver.manner = lambda _, code: manner if code == "a1" else "accept"
    first, second, third = [await put(hub, f"a{n}", "a") for n in (1, 2, 3)]
    await settle(hub)
    return first, second, third


def test_a_retried_delivery_is_sent_under_the_same_request_and_frees_its_key() -> None:
    """Exhausted, dead, parked behind it; the operator retries; confirmed, and the parked ones follow in order."""

    async def journey() -> None:
        hub = SimHub(policy=Policy(attempts=2))
        sent = await parked_behind(hub, "silent")
        assert list((await states(hub)).values()) == ["dead", "parked", "parked"]
        order: list[str] = []

        def accept(_: int, code: str) -> Manner:
            order.append(code)
            return "accept"

        hub.receiver.manner = accept
        assert (await decide(hub, "retry", sent[0])).accepted
        await settle(hub)
        assert order == ["a1", "a2", "a3"]
        assert await states(hub) == {one.request: "confirmed" for one in sent}
        assert await outcomes(hub, sent[0]) == [
            ("no-answer", "retrying"),
            ("exhausted", "dead"),
            ("retry", "due"),
            ("signed-success", "confirmed"),
        ]
        assert await finals(hub) == {one.request: 1 for one in sent}
        [letter] = await hub.store.rows("dead_letter")
        assert letter["state"] == "retried"
        shown = {(e["state"], e["detail"]) for e in await hub.store.rows("message_event", {"id": sent[0].id})}
        assert {("dead", "AMANA-OUT-003"), ("due", "retry"), ("confirmed", "signed-success")} <= shown

    _run(journey)


def test_a_retry_has_all_attempts_again_and_may_end_in_another_dead_letter() -> None:
    """The receiver is still silent: a second dead letter, which can be decided on by itself."""

    async def journey() -> None:
        hub = SimHub(policy=Policy(attempts=3))
        first, *_ = await parked_behind(hub, "silent")
        assert (await decide(hub, "retry", first)).accepted
        await settle(hub)
        assert hub.receiver.calls == {first.request: 6}
        letters = await hub.store.rows("dead_letter", order=("at",))
        assert [letter["state"] for letter in letters] == ["retried", "open"]
        assert (await decide(hub, "discard", first)).accepted
        await settle(hub)
        letters = await hub.store.rows("dead_letter", order=("at",))
        assert [letter["state"] for letter in letters] == ["retried", "discarded"]

    _run(journey)


@pytest.mark.parametrize("verdict", ["skip", "discard"])
def test_what_is_skipped_or_discarded_is_not_sent_and_frees_its_key(verdict: str) -> None:
    """Those behind it go on, in order; the message itself keeps its end."""

    async def journey() -> None:
        hub = SimHub()
        first, second, third = await parked_behind(hub, "refuse")
        assert (await decide(hub, verdict, first)).accepted
        await settle(hub)
        end = {"skip": "skipped", "discard": "discarded"}[verdict]
        assert await states(hub) == {first.request: end, second.request: "confirmed", third.request: "confirmed"}
        assert hub.receiver.calls[first.request] == 1
        assert await finals(hub) == {one.request: 1 for one in (first, second, third)}
        [letter] = await hub.store.rows("dead_letter")
        [message] = await hub.store.rows("message", {"id": first.id})
        assert (letter["state"], message["state"]) == (end, end)

    _run(journey)


@pytest.mark.parametrize(
    ("verdict", "end"), [("confirm", "confirmed"), ("discard", "discarded"), ("retry", "confirmed")]
)
def test_an_unproven_delivery_waits_for_a_person(verdict: str, end: str) -> None:
    """Asked, the receiver says that it has it, or that it has not; the next one of the key waits until then."""

    async def journey() -> None:
        hub = SimHub()
        first, second, third = await parked_behind(hub, "unsigned")
        assert list((await states(hub)).values()) == ["unproven", "parked", "parked"]
        hub.receiver.manner = lambda _, __: "accept"
        assert (await decide(hub, verdict, first)).accepted
        await settle(hub)
        assert await states(hub) == {first.request: end, second.request: "confirmed", third.request: "confirmed"}
        assert hub.receiver.calls[first.request] == (2 if verdict == "retry" else 1)
        assert await finals(hub) == {one.request: 1 for one in (first, second, third)}

    _run(journey)


def test_two_operators_decide_once() -> None:
    """The second decision on the same failure is refused by the fold, even when both looked at the same moment."""

    async def journey() -> None:
        hub = SimHub()
        first, *_ = await parked_behind(hub, "refuse")
        answers = [await decide(hub, verdict, first) for verdict in ("discard", "retry")]
        await settle(hub)
        assert [(a.accepted, a.code) for a in answers] == [(True, ""), (False, "AMANA-CHANGE-003")]
        assert (await states(hub))[first.request] == "discarded"
        assert hub.receiver.calls[first.request] == 1

    _run(journey)


@pytest.mark.parametrize("verdict", ["retry", "confirm", "skip", "discard"])
def test_a_confirmed_delivery_cannot_be_decided_on(verdict: str) -> None:
    """What has its end keeps it."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        sent = await put(hub, "one", "a")
        await settle(hub)
        assert not (await decide(hub, verdict, sent)).accepted
        await settle(hub)
        assert await states(hub) == {sent.request: "confirmed"}
        assert await outcomes(hub, sent) == [("signed-success", "confirmed")]

    _run(journey)


def test_only_an_administrator_decides() -> None:
    """An operator who may only approve runs is refused."""

    async def journey() -> None:
        hub = SimHub()
        first, *_ = await parked_behind(hub, "refuse")
        args = {"id": first.id, "reason": "looked into"}
        outcome = await hub.change(hub.signed("delivery.retry", args, PEOPLE.checker))
        assert (outcome.accepted, outcome.code) == (False, "AMANA-OPER-004")

    _run(journey)


def test_a_lost_store_comes_back_with_every_decision() -> None:
    """Schedule, index and dead letters are read again from the log, and nobody is called for what was decided."""

    async def journey() -> None:
        hub = SimHub()
        first, *_ = await parked_behind(hub, "refuse")
        assert (await decide(hub, "discard", first)).accepted
        await settle(hub)
        again = SimHub(disk=hub.disk)
        again.receiver.manner = lambda _, __: "refuse"
        await settle(again)
        assert again.receiver.calls == {}
        assert await states(again) == await states(hub)
        for table in ("dead_letter", "message"):
            assert await _states_of(again, table) == await _states_of(hub, table)

    _run(journey)


async def _states_of(hub: SimHub, table: str) -> dict[str, str]:
    return {row["id"]: row["state"] for row in await hub.store.rows(table)}


def test_without_the_receipts_a_decision_changes_nothing_that_it_was_not_made_for() -> None:
    """Receipts lost, the message is sent again under its request id; an old order to retry does not disturb that."""

    async def journey() -> None:
        hub = SimHub()
        first, *_ = await parked_behind(hub, "refuse")
        hub.receiver.manner = lambda _, __: "accept"
        assert (await decide(hub, "retry", first)).accepted
        await settle(hub)
        kept = Disk(secrets=dict(hub.disk.secrets))
        for topic, partitions in hub.disk.topics.items():
            if topic == CONTROL or topic.startswith((INBOX, OUTBOX)):
                kept.topics[topic] = partitions
                for n in range(partitions):
                    kept.partitions[topic, n] = hub.disk.partitions[topic, n]
        again = SimHub(disk=kept)
        await settle(again)
        assert set((await states(again)).values()) == {"confirmed"}
        assert await states(again) == await states(hub)
        assert set(again.receiver.calls.values()) == {1}

    _run(journey)


def test_a_dead_letter_of_a_stage_before_delivery_can_be_discarded() -> None:
    """It counts as open no more, and is not decided on twice."""

    async def journey() -> None:
        from tests.simulator.month import Script, preset

        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.records(), script.open_run(), settle])
        args = {"run": script.run, "digest": "sha256:" + "0" * 64}
        assert (await hub.change(hub.signed("run.approve", args, PEOPLE.checker))).accepted
        await settle(hub)
        [letter] = await hub.store.rows("dead_letter", {"stage": "runs"})
        change = {"id": letter["id"], "reason": f"approved anew for {preset().institution.code}"}
        assert (await hub.change(hub.signed("dead-letter.discard", change))).accepted
        again = await hub.change(hub.signed("dead-letter.discard", change))
        await settle(hub)
        [letter] = await hub.store.rows("dead_letter", {"stage": "runs"})
        assert (letter["state"], again.code) == ("discarded", "AMANA-CHANGE-003")

    _run(journey)
