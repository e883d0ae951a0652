"""What is called for next: no question for who has nothing, everybody in turn, nothing forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

import pytest

from hub.delivery import due
from hub.delivery.deliver import Policy
from hub.errors import TryAgain
from hub.records import Ms
from tests.simulator.group import SimGroup
from tests.simulator.hub import SimHub
from tests.simulator.month import PAYROLL, settle
from tests.simulator.outbox import delivering, put, states


def _run(journey: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(journey())


def _watch(hub: SimHub, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Tables that the store is asked about from now on."""
    asked: list[str] = []
    rows, count = hub.store.rows, hub.store.count

    async def seen_rows(table: str, where: Mapping[str, Any] | None = None, **more: Any) -> list[dict[str, Any]]:
        asked.append(table)
        return await rows(table, where, **more)

    async def seen_count(
        table: str, where: Mapping[str, Any] | None = None, *, by: Sequence[str] = ()
    ) -> dict[tuple[Any, ...], int]:
        asked.append(table)
        return await count(table, where, by=by)

    monkeypatch.setattr(hub.store, "rows", seen_rows)
    monkeypatch.setattr(hub.store, "count", seen_count)
    return asked


def test_who_has_nothing_to_send_asks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once all is delivered, looking for what is due costs no question."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        await put(hub, "one", "a")
        await settle(hub)
        core = await hub.running()
        await core.deliverer.step()
        asked = _watch(hub, monkeypatch)
        for _ in range(3):
            assert await core.deliverer.step() == 0
            assert await core.deliverer.next_at() is None
        assert asked == []
        await put(hub, "two", "b")
        await settle(hub)
        assert set((await states(hub)).values()) == {"confirmed"}

    _run(journey)


def test_many_messages_are_read_with_few_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty messages of a receiver that takes one at a time are not forty questions, and each is called for once."""

    async def journey() -> None:
        hub = SimHub(policy=Policy(per_system=1))
        await delivering(hub)
        sent = [await put(hub, f"m{n}", f"k{n}", ordered=False) for n in range(40)]
        core = await hub.running()
        await core.deliverer.catch_up()
        asked = _watch(hub, monkeypatch)
        while await core.deliverer.step():
            await core.deliverer.settled()
        assert hub.receiver.calls == {one.request: 1 for one in sent}
        # each outcome is looked up as it is recorded; what is due, for all of them together
        assert asked.count("delivery") < 40 + 5

    _run(journey)


def test_more_than_is_read_ahead_is_delivered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backlog that is longer than what is read at a time comes to its end, each message once."""
    monkeypatch.setattr(due, "AHEAD", 4)

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        keys = [f"k{n % 6}" if n % 2 == 0 else f"alone{n}" for n in range(23)]
        sent = [await put(hub, f"m{n}", key, ordered=n % 2 == 0) for n, key in enumerate(keys)]
        await settle(hub)
        assert hub.receiver.calls == {one.request: 1 for one in sent}
        assert set((await states(hub)).values()) == {"confirmed"}

    _run(journey)


def test_a_retry_is_made_when_its_time_comes_and_not_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a restart, and after one."""

    async def journey(*, restart: bool) -> None:
        hub = SimHub()
        await delivering(hub)
        hub.receiver.manner = lambda n, _: "silent" if n == 0 else "accept"
        sent = await put(hub, "one", "a")
        core = await hub.running()
        await core.deliverer.step()
        await core.deliverer.settled()
        if restart:
            await hub.crash()
            core = await hub.running()
        assert await core.deliverer.step() == 0
        at = await core.deliverer.next_at()
        assert at is not None
        assert at > hub.clock.now()
        hub.clock.move_to(Ms(at - 1))
        assert await core.deliverer.step() == 0
        hub.clock.move_to(at)
        assert await core.deliverer.step() == 1
        await core.deliverer.settled()
        assert hub.receiver.calls == {sent.request: 2}

    _run(lambda: journey(restart=False))
    _run(lambda: journey(restart=True))


def test_a_call_gives_its_place_free_when_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """While an outcome is still being recorded the next call to that receiver begins."""

    async def journey() -> None:
        hub = SimHub(policy=Policy(per_system=1))
        await delivering(hub)
        for n in range(2):
            await put(hub, f"m{n}", f"k{n}", ordered=False)
        core = await hub.running()
        stored, append = asyncio.Event(), hub.log.append

        async def slow(appends: Any) -> list[int]:
            await stored.wait()
            return await append(appends)

        await core.deliverer.catch_up()
        monkeypatch.setattr(hub.log, "append", slow)
        assert await core.deliverer.step() == 1
        await asyncio.wait_for(core.deliverer.freed.wait(), 5)
        assert await core.deliverer.step() == 1
        stored.set()
        await core.deliverer.settled()
        assert set((await states(hub)).values()) == {"confirmed"}
        assert hub.receiver.calls.total() == 2

    _run(journey)


def test_outcomes_that_come_together_are_recorded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve answers are not twelve writes of the log."""

    async def journey() -> None:
        hub = SimHub(policy=Policy(per_system=12))
        await delivering(hub)
        for n in range(12):
            await put(hub, f"m{n}", f"k{n}", ordered=False)
        core = await hub.running()
        await core.deliverer.catch_up()
        written = hub.log.append
        appends: list[int] = []

        async def counted(given: Any) -> list[int]:
            appends.append(sum(len(one.records) for one in given))
            return await written(given)

        monkeypatch.setattr(hub.log, "append", counted)
        assert await core.deliverer.step() == 12
        await core.deliverer.settled()
        assert sum(appends) == 12
        assert len(appends) < 6
        assert set((await states(hub)).values()) == {"confirmed"}
        assert {row["system"] for row in await hub.store.rows("delivery")} == {PAYROLL}

    _run(journey)


def test_what_a_commit_without_an_answer_brought_is_called_for() -> None:
    """The store took the schedule's rows and did not say so: nobody waits for the next restart."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        core = await hub.running()
        await core.deliverer.step()
        sent = await put(hub, "one", "a")
        hub.store_faults.error = lambda: TryAgain("AMANA-STORE-001", "no answer")
        hub.store_faults.at_point("store", "failed but stored")
        with pytest.raises(TryAgain):
            await core.deliverer.step()
        await settle(hub)
        assert hub.receiver.calls == {sent.request: 1}
        assert await states(hub) == {sent.request: "confirmed"}

    _run(journey)


def test_what_came_while_another_worker_had_the_partitions_is_called_for() -> None:
    """A worker loses its part of the schedule and has it again before it looked: what the other one took in, and did not
    call for, is not forgotten."""

    async def journey() -> None:
        hub = SimHub()
        await delivering(hub)
        group = SimGroup(hub, "a", "b")
        await group.rebalance("a")
        await group.settle()
        sent = await put(hub, "one", "a")
        await group.rebalance("b")
        other = group.workers["b"]
        await other.members["deliver"].take(await other.consumers["deliver"].fetch(500))
        assert await states(hub) == {sent.request: "due"}
        await group.rebalance("a")
        await group.settle()
        assert await states(hub) == {sent.request: "confirmed"}

    _run(journey)
