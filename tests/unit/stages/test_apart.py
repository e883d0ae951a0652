"""Small batches of several partitions, where each is decided by itself: one commit, and nobody held up by another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import TopicPartition

from hub.errors import TryAgain
from hub.kafka.member import Member
from hub.ports import Append, Write
from hub.records import ID, Batch, Record
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import Moment
from hub.topics import DEADLETTERS
from tests.simulator.group import SimConsumer
from tests.simulator.hub import open_store
from tests.unit.stages.test_runner import Bench, Stub


@dataclass
class StubApart(Stub):
    """A stage whose partitions have nothing to do with each other."""

    apart: bool = True


def _batch(count: int) -> list[Batch]:
    return [Batch(0, 0, [Record(b"k", {ID: str(n)}, b"") for n in range(count)])]


def _noted(entries: Sequence[Entry]) -> Effects:
    names = [entry.record.headers[ID] for entry in entries]
    rows = [{"id": name, "at": 1, "state": "taken", "detail": ""} for name in names]
    return Effects(
        publishes=[Append("out", 0, [Record(b"k", {ID: f"of-{name}"}, b"") for name in names])],
        writes=[Write("message_event", rows, "add")],
    )


@dataclass
class Fed:
    """A member of three partitions, of which each holds one record."""

    bench: Bench
    stage: StubApart
    member: Member

    async def hand(self) -> None:
        """What a consumer fetches from the first offset of each."""
        found = {
            TopicPartition("in", n): await self.bench.log.read("in", n, self.member.runner.position(("in", n)))
            for n in range(3)
            if ("in", n) in self.member.runner.held()
        }
        await self.member.take({partition: batches for partition, batches in found.items() if batches})
        if self.member.ended.done():
            self.member.ended.result()

    def positions(self) -> dict[int, int]:
        return {partition: self.member.runner.position(("in", partition)) for _, partition in self.member.runner.held()}


async def _fed(bench: Bench, does: Any) -> Fed:
    await bench.log.ensure({"in": 3, "out": 1, DEADLETTERS: 1})
    await bench.log.append([Append("in", n, [Record(b"k", {ID: f"m{n}"}, b"")]) for n in range(3)])
    stage = StubApart(does)
    member = Member(Runner(stage, bench.log, bench.store, "owner"), "", reclaim=60.0)
    consumer = SimConsumer(bench.log)
    member.consumer = consumer
    partitions = [TopicPartition("in", n) for n in range(3)]
    await member.on_partitions_assigned(partitions)
    await member.settled()
    return Fed(bench, stage, member)


def test_small_batches_of_several_partitions_are_one_commit() -> None:
    """Each partition is decided by itself, in turn; what they publish and write is stored at once."""

    async def go() -> None:
        commits: list[Moment] = []
        bench = Bench(store=open_store(commits.append))
        fed = await _fed(bench, _noted)
        commits.clear()
        await fed.hand()
        assert fed.stage.seen == [["m0"], ["m1"], ["m2"]]
        assert commits.count("after") == 1
        assert fed.positions() == {0: 1, 1: 1, 2: 1}
        assert await bench.ids("out") == ["of-m0", "of-m1", "of-m2"]
        assert len(await bench.store.rows("message_event")) == 3

    asyncio.run(go())


def test_what_fills_a_batch_is_a_commit_of_its_own() -> None:
    """Partitions join as long as all of them hold no more than one batch of the stage; others wait for what is published."""
    bench = Bench()
    apart, stub = StubApart(_noted), Stub(_noted)
    found = {("in", n): _batch(size) for n, size in enumerate((60, 40, 1, 100, 30, 69))}
    groups = Runner(apart, bench.log, bench.store, "owner").groups(found)
    assert [[partition for _, partition in group] for group in groups] == [[0, 1], [2], [3], [4, 5]]
    alone = Runner(stub, bench.log, bench.store, "owner").groups(found)
    assert alone == [[place] for place in found]


def test_a_partition_that_was_lost_takes_no_other_with_it() -> None:
    """Somebody else claimed one of those that are taken together: the others are taken all the same, that one is let go."""

    async def go() -> None:
        bench = Bench()
        fed = await _fed(bench, _noted)
        await bench.store.claim("stub", "in", 1, "other")
        await fed.hand()
        assert fed.positions() == {0: 1, 2: 1}
        assert sorted(row["id"] for row in await bench.store.rows("message_event")) == ["m0", "m2"]
        await fed.member.let_go()

    asyncio.run(go())


def test_a_partition_that_has_to_wait_holds_up_no_other() -> None:
    """What one partition waits for is not there yet: the others go on, and it is asked for again after its time."""
    missing = [True]

    def does(entries: Sequence[Entry]) -> Effects:
        if missing and entries[0].record.headers[ID] == "m1":
            raise TryAgain("AMANA-RUN-001", after=60.0)
        return _noted(entries)

    async def go() -> None:
        fed = await _fed(Bench(), does)
        await fed.hand()
        assert (fed.positions(), fed.member.waits) == ({0: 1, 1: 0, 2: 1}, True)
        missing.clear()
        [timer] = fed.member._timers.values()
        timer.cancel()
        fed.member._go_on(("in", 1))
        await fed.hand()
        assert fed.positions() == {0: 1, 1: 1, 2: 1}

    asyncio.run(go())
