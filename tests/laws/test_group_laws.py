"""Several workers have the same effects as one, whatever is taken from whom in the middle of what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hub.stages.facts import unpack
from hub.topics import RECEIPTS
from tests.simulator.group import Moment, SimGroup
from tests.simulator.hub import SimHub
from tests.simulator.month import Script


async def _month(group: SimGroup, script: Script, names: tuple[str, ...]) -> None:
    """The month, with these workers."""
    hub = group.hub
    await script.do(hub, script.onboarding())
    await group.rebalance(*names)
    await script.do(hub, script.records())
    await group.settle()
    await script.open_run()(hub)
    await group.settle()
    await script.approve()(hub)
    await group.settle()


@pytest.fixture(scope="module")
def alone() -> tuple[Any, ...]:
    """What one embedded worker makes of the month."""

    async def journey() -> tuple[Any, ...]:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.whole()])
        return await _effects(hub)

    return asyncio.run(journey())


async def _effects(hub: SimHub) -> tuple[Any, ...]:
    """All that the outside can tell: canonical values, what was sent, what is paid, how each message stands."""
    [run] = await hub.store.rows("run")
    messages = await hub.store.count("message", by=("kind", "state"))
    deliveries = await hub.store.count("delivery", by=("state",))
    events = await hub.store.count("message_event", by=("state",))
    facts = sorted(kept.record_id for row in await hub.store.rows("fact") for kept in unpack(row))
    return (
        sorted(await _values(hub)),
        sorted(hub.receiver.taken),
        (run["state"], run["totals"], run["counts"]),
        messages,
        deliveries,
        events,
        len(facts),
    )


async def _values(hub: SimHub) -> list[bytes]:
    return list((await hub.canonical_values()).values())


@pytest.mark.parametrize("names", [("a",), ("a", "b"), ("a", "b", "c")])
def test_workers_that_share_the_stages_make_what_one_makes(names: tuple[str, ...], alone: tuple[Any, ...]) -> None:
    """A month, run by one, two and three workers of a group: the same canonical values, deliveries and totals, and
    nobody is called twice."""

    async def journey() -> None:
        group = SimGroup(SimHub(), *names)
        await _month(group, Script(), names)
        assert await _effects(group.hub) == alone
        assert set(group.hub.receiver.calls.values()) == {1}

    asyncio.run(journey())


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("phase", "number"), [("records", 0), ("open", 0), ("approve", 0)])
def test_a_worker_that_was_stopped_inside_a_batch_does_no_harm(
    phase: str, number: int, moment: Moment, alone: tuple[Any, ...]
) -> None:
    """A is stopped before or after one of its appends; B takes all over and finishes; A goes on and publishes what it
    had in hand. No effect is doubled, the totals are those of one worker, and A takes part again."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        group = SimGroup(hub, "a", "b")
        a = group.workers["a"]
        await script.do(hub, [*script.onboarding(), *script.records()])
        await group.rebalance("a")
        later = {"open": script.open_run(), "approve": script.approve()}
        for name in ("records", "open", "approve") if phase != "records" else ():
            if name in later:
                await later.pop(name)(hub)
            if name == phase:
                break
            await group.settle()
        a.log.stop_at = (a.log.appends + number, moment)
        driving = asyncio.create_task(group.settle())
        stopping = asyncio.create_task(a.log.stopped.wait())
        await asyncio.wait({driving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        assert stopping.done(), "the worker made fewer appends"
        await group.rebalance("b")
        await group.settle()
        a.log.going.set()
        await driving  # the rest of what it had in hand
        await group.tell("a")
        for act in later.values():
            await group.settle()
            await act(hub)
        await group.settle()
        await group.rebalance("a", "b")
        await group.settle()
        assert await _effects(hub) == alone

    asyncio.run(journey())


def test_of_two_outcomes_of_one_attempt_one_is_recorded(alone: tuple[Any, ...]) -> None:
    """A deliverer is stopped while the receiver answers; another one takes over and delivers under the same request id;
    the first goes on: its answer is recorded nowhere, and the message has one confirmation."""

    async def journey() -> None:
        hub, script = SimHub(), Script()
        group = SimGroup(hub, "a", "b")
        a, b = group.workers["a"], group.workers["b"]
        await script.do(hub, [*script.onboarding(), *script.records()])
        await group.rebalance("a")
        await group.settle()
        await script.open_run()(hub)
        await group.settle()
        hub.receiver.held["TUKIN-OUT"] = asyncio.Event()
        await script.approve()(hub)
        while not a.core.deliverer.flying():
            await a.round()
        stopped = a.core.deliverer.flying()
        await group.rebalance("b")
        while not b.core.deliverer.flying():
            await b.round()
        hub.receiver.held.pop("TUKIN-OUT").set()
        await asyncio.wait(stopped)
        await group.settle()
        confirmed = [r.headers["ce_requestid"] for r in await hub.records(RECEIPTS)]
        assert sorted(confirmed) == sorted(hub.receiver.taken)
        assert max(hub.receiver.calls.values()) == 2
        assert await _effects(hub) == alone

    asyncio.run(journey())
