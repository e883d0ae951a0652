"""What operators see of pulls, and what an erasure takes along: table, index, deliveries, reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hub.contracts.using import count_uses, find_users
from hub.reads.messages import list_messages, show_message, trace_message
from tests.simulator.collecting import read
from tests.simulator.contracting import register
from tests.simulator.hub import SimHub
from tests.simulator.month import PAYROLL, preset
from tests.simulator.pulls import CODE, PROVIDER, SimProvider, ask, asking, send_late


def run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def test_a_pull_is_shown_with_whom_it_asked_and_how_it_ended() -> None:
    """Kind, state, code of a failure, provider, how the answer is bound, and the times."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub)
        manners = {0: "answer", 1: "refuse", 2: "defer"}
        provider = SimProvider(lambda n: manners.get(n, "silent"))  # type: ignore[arg-type, return-value]
        names = [(await ask(hub, provider, {"n": n}))["requestId"] for n in range(4)]
        await hub.settle()
        listed = (await list_messages(hub.store, {"kind": "pull"}, 10, None))["items"]
        assert {row["requestId"]: (row["system"], row["code"], row["state"], row["detail"]) for row in listed} == {
            names[0]: (PAYROLL, CODE, "answered", None),
            names[1]: (PAYROLL, CODE, "failed", "AMANA-PULL-008"),
            names[2]: (PAYROLL, CODE, "deferred", "AMANA-PULL-010"),
            names[3]: (PAYROLL, CODE, "failed", "AMANA-PULL-002"),
        }
        shown = await show_message(hub.store, hub.log, names[1])
        assert shown["pull"] is not None
        assert (shown["pull"]["provider"], shown["pull"]["code"]) == (PROVIDER, "AMANA-PULL-008")
        assert shown["pull"]["bound"] == "signature"
        assert [event["state"] for event in shown["events"]] == ["asked", "failed"]
        assert shown["pull"]["askedAt"] is not None
        assert shown["pull"]["endedAt"] is not None

    run(journey)


def test_a_late_answer_is_delivered_and_traced() -> None:
    """Who subscribed to `pull.answer` gets it once, with the requestId of the pull; the trace says so."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub)
        provider = SimProvider(lambda _: "silent")
        name = await _asked(hub, provider)
        await hub.settle()
        await send_late(hub, provider, name, {"grade": 9})
        await hub.settle()
        [taken] = hub.receiver.taken.values()
        assert taken == {"requestId": name, "apiCode": CODE, "success": True, "esbBody": {"grade": 9}}
        traced = await trace_message(hub.store, hub.log, name)
        assert (traced["message"]["state"], traced["message"]["detail"]) == ("answered", None)
        assert [(step["what"], step["states"]) for step in traced["steps"]] == [("sent on", {"confirmed": 1})]

    run(journey)


def test_a_late_answer_waits_for_who_collects() -> None:
    """A caller that nobody can call subscribes to `pull.answer` with `--collect` and reads the answer in its outbox."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub, subscribed=False)
        collects = {"system": PAYROLL, "contract": "pull.answer", "collect": True}
        assert (await hub.change(hub.signed("subscription.add", collects))).accepted
        provider = SimProvider(lambda _: "defer")
        name = await _asked(hub, provider)
        await send_late(hub, provider, name, {"grade": 9})
        await hub.settle()
        assert hub.receiver.calls == {}
        [message] = (await read(hub, PAYROLL))["messages"]
        assert message["esbBody"] == {"requestId": name, "apiCode": CODE, "success": True, "esbBody": {"grade": 9}}

    run(journey)


def test_nobody_who_did_not_subscribe_is_sent_anything() -> None:
    """Without a subscription the answer waits to be asked for."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub, subscribed=False)
        provider = SimProvider(lambda _: "defer")
        name = await _asked(hub, provider)
        await send_late(hub, provider, name, {"grade": 9})
        await hub.settle()
        assert hub.receiver.taken == {}
        assert (await ask(hub, provider, requestId=name))["esbBody"] == {"grade": 9}

    run(journey)


def test_an_erasure_takes_question_answers_and_copies_along() -> None:
    """One order on the pull: its state is erased, the answer opens no more, and what waited to be delivered is not."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub)
        provider = SimProvider(lambda _: "defer")
        name = await _asked(hub, provider)
        await hub.settle()
        assert (await hub.change(hub.signed("subscription.pause", {"id": f"{PAYROLL}.pull.answer"}))).accepted
        await send_late(hub, provider, name, {"grade": 9})
        await hub.settle()
        [pull] = await hub.store.rows("pull")
        erase = hub.signed("message.erase", {"ids": [pull["id"]], "reason": "asked to"})
        assert (await hub.change(erase)).accepted
        await hub.settle()
        assert (await hub.change(hub.signed("subscription.resume", {"id": f"{PAYROLL}.pull.answer"}))).accepted
        await hub.settle()
        assert (await show_message(hub.store, hub.log, name))["state"] == "erased"
        assert await hub.log.open([pull["id"]]) == {}
        assert hub.receiver.taken == {}
        assert [row["state"] for row in await hub.store.rows("delivery")] == ["erased"]

    run(journey)


async def _asked(hub: SimHub, provider: SimProvider) -> str:
    await ask(hub, provider, {"employeeId": "X1"})
    [name] = provider.seen
    return name


def test_a_pull_counts_under_its_question_and_its_answer() -> None:
    """For who asked and for who answers; once where both contracts are one."""

    async def journey() -> None:
        hub = SimHub()
        await asking(hub)
        for subject in ("tanya", "jawab"):
            await register(hub.registry, hub.clock.now(), {"type": "object"}, subject=subject)
        asked, answered = "subject:tanya:1", "subject:jawab:1"
        for code, contract in (("TWO", answered), ("ONE", asked)):
            api = {"direction": "pull", "provider": PROVIDER, "contract": contract, "requestContract": asked}
            assert (await hub.change(hub.signed("api.add", {"code": code} | api))).accepted
            assert (await hub.change(hub.signed("grant.add", {"system": PAYROLL, "code": code}))).accepted
        provider = SimProvider()
        for code in ("TWO", "TWO", "ONE"):
            await ask(hub, provider, {"n": 1}, apiCode=code)
        await hub.settle()
        view = hub.follower.directory.now()
        uses = await count_uses(hub.store, view, [asked, answered], 0)
        assert {(use.contract, use.system, use.role): use.messages for use in uses} == {
            (answered, PAYROLL, "asked"): 2,
            (answered, PROVIDER, "answered"): 2,
            (asked, PAYROLL, "asked"): 3,
            (asked, PROVIDER, "answered"): 3,
        }
        assert {use.institution for use in uses} == {preset().payroll.code}
        for contract in (asked, answered):
            assert await find_users(hub.store, view, contract, hub.clock.now()) == [PAYROLL, PROVIDER]

    run(journey)
