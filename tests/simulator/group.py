"""Several workers of one simulated hub, in groups as Kafka has them, without Kafka.

Rule: what a worker is on the cluster is here the very same: members, assignment, share of the schedule. In memory are the log,
the group's proposals (`rebalance`) and fetching. A worker can be stopped inside a write, as by SIGSTOP: it learns nothing of
what happens meanwhile, and goes on where it was.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from aiokafka import TopicPartition

from hub.control.follow import DirectoryFollower
from hub.errors import TryAgain
from hub.kafka.assigning import share_out
from hub.kafka.member import Member
from hub.kafka.share import KafkaShare
from hub.ports import Append
from hub.records import Batch
from hub.stages.core import Core, CorePorts, build
from hub.stages.runner import Runner
from tests.simulator.hub import HUB_KEYS, SimHub
from tests.simulator.memory_log import MemoryLog

Moment = Literal["before", "after"]

RECLAIM: Final = 60.0  # seconds: the group always says in time who has what


class StoppingLog(MemoryLog):
    """A log that stops its worker at one of its appends."""

    appends = 0
    stop_at: tuple[int, Moment] | None = None

    def prepare(self) -> None:
        self.stopped = asyncio.Event()
        self.going = asyncio.Event()

    async def append(self, appends: Sequence[Append]) -> list[int]:
        number, self.appends = self.appends, self.appends + 1
        await self._stop(number, "before")
        offsets = await super().append(appends)
        await self._stop(number, "after")
        return offsets

    async def _stop(self, number: int, moment: Moment) -> None:
        if self.stop_at == (number, moment):
            self.stopped.set()
            await self.going.wait()


@dataclass(slots=True)
class SimConsumer:
    """Positions and pauses of one member."""

    log: MemoryLog
    positions: dict[TopicPartition, int] = field(default_factory=dict)
    paused: set[TopicPartition] = field(default_factory=set)
    committed: dict[TopicPartition, int] = field(default_factory=dict)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.positions[partition] = offset

    def pause(self, *partitions: TopicPartition) -> None:
        self.paused.update(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        self.paused.difference_update(partitions)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.committed.update(offsets)

    async def fetch(self, most: int) -> dict[TopicPartition, list[Batch]]:
        found: dict[TopicPartition, list[Batch]] = {}
        for partition, position in self.positions.items():
            if partition not in self.paused and (
                batches := await self.log.read(partition.topic, partition.partition, position, max_records=most)
            ):
                found[partition] = batches
                self.positions[partition] = batches[-1].base + len(batches[-1].records)
        return found


class SimWorker:
    """One worker: its own view of the log, its own directory, its members."""

    def __init__(self, hub: SimHub, name: str) -> None:
        self.name = name
        self.log = StoppingLog(HUB_KEYS.wrapper, hub.clock, disk=hub.disk)
        self.log.prepare()
        follower = DirectoryFollower(self.log, self.log)
        ports = CorePorts(
            bus=self.log,
            vault=self.log,
            store=hub.store,
            clock=hub.clock,
            caller=hub.receiver,
            keys=HUB_KEYS,
            follower=follower,
            adapters=hub.adapters,
            random=random.Random(1).random,
            owner=name,
            partitions=hub.partitions,
            policy=hub.policy,
        )
        self.core: Core = build(ports)
        self.share = KafkaShare(self, self.log, hub.store)
        self.core.deliverer.share = self.share
        self.members: dict[str, Member] = {}
        self.consumers: dict[str, SimConsumer] = {}
        for runner in (*self.core.runners, self.core.deliverer.intake):
            self._join(runner)

    def _join(self, runner: Runner) -> None:
        stage = runner.stage.name
        self.members[stage] = Member(runner, "", reclaim=RECLAIM)
        self.consumers[stage] = SimConsumer(self.log)
        self.members[stage].consumer = self.consumers[stage]

    def member(self, stage: str) -> Member | None:
        return self.members.get(stage)

    async def round(self) -> int:
        """One look of every stage and of delivery; returns how much moved. Raises what ended a stage."""
        await self.core.ports.follower.catch_up()
        await self.core.ensure_topics()
        moved = 0
        for stage, member in self.members.items():
            found = await self.consumers[stage].fetch(member.runner.stage.batch)
            before = {place: member.runner.position(place) for place in member.runner.held()}
            await member.take(found)
            if member.ended.done():
                member.ended.result()
            held = member.runner.held()
            moved += sum(member.runner.position(place) - before.get(place, 0) for place in held)
        try:
            await self.share.look()
            moved += await self.core.deliverer.step()
        except TryAgain:
            moved += 1
        await asyncio.sleep(0)
        return moved

    async def take_over(self, stage: str, partitions: Sequence[TopicPartition]) -> None:
        """What Kafka calls when the group was balanced anew."""
        member, consumer = self.members[stage], self.consumers[stage]
        await member.on_partitions_revoked(list(consumer.positions) or [TopicPartition("", 0)])
        consumer.positions = dict.fromkeys(partitions, 0)
        consumer.paused.clear()
        await member.on_partitions_assigned(partitions)
        await member.settled()


class SimGroup:
    """The workers of one hub. `hub` is the outside: it admits, signs and looks."""

    def __init__(self, hub: SimHub, *names: str) -> None:
        self.hub = hub
        self.workers = {name: SimWorker(hub, name) for name in names}
        self.present: tuple[str, ...] = ()

    async def rebalance(self, *names: str) -> None:
        """These share the work from now on. Who is not named is told nothing: it is stopped, or dead."""
        self.present = names
        topics = self.hub.log.topics()
        for stage, member in self.workers[names[0]].members.items():
            numbers = {topic: topics[topic] for topic in member.runner.stage.sources(topics)}
            for name, places in share_out(stage, numbers, names).items():
                await self.workers[name].take_over(stage, [TopicPartition(*place) for place in places])

    async def tell(self, name: str) -> None:
        """A worker that went on learns by its next sign of life that it has nothing any more."""
        for stage in self.workers[name].members:
            await self.workers[name].take_over(stage, [])

    async def settle(self, patience: int = 400) -> None:
        """Until nobody who is present moves anything, new topics included."""
        quiet = 0
        for _ in range(patience):
            if set(self.hub.log.topics()) - self._known():
                await self.rebalance(*self.present)
            moved = 0
            for name in self.present:
                moved += await self.workers[name].round()
            waiting = any(m.waits for name in self.present for m in self.workers[name].members.values())
            flying = [task for name in self.present for task in self.workers[name].core.deliverer.flying()]
            if flying:
                await asyncio.wait(flying, timeout=0.01)
            quiet = 0 if moved or flying or waiting else quiet + 1
            if quiet > 1:
                return
            await asyncio.sleep(0.01 if waiting else 0)
        raise AssertionError("the group does not come to rest")

    def _known(self) -> set[str]:
        worker = self.workers[self.present[0]]
        read = {partition.topic for consumer in worker.consumers.values() for partition in consumer.positions}
        for name in self.present[1:]:
            read |= {p.topic for consumer in self.workers[name].consumers.values() for p in consumer.positions}
        unread = {"audit", "refusals"}
        return read | unread
