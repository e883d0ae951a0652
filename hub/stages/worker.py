"""The worker role: every stage and delivery in one event loop, woken by the log's bell, or fed by a group of workers.

Rule: a stage that halts stops alone, says so and lets the others go on; nothing here waits by polling, and long work
gives the loop away between batches, so that deliveries are never starved.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from hub.errors import Halt, TryAgain
from hub.feeds.admitting import Ground
from hub.feeds.feeds import LOOK, Feeds
from hub.garbage import look_rarely
from hub.logs import logger
from hub.pull import records as pull_records
from hub.stages import collect, index
from hub.stages.brake import FAILING, HALTED
from hub.stages.core import Core, CorePorts, build
from hub.stages.runner import Runner

if TYPE_CHECKING:
    from hub.settings import Settings
    from hub.stages.effects import Stage

LONGEST_WAIT: Final = 30.0
"""Seconds without a bell after which a loop looks by itself."""

GATHER: Final[Mapping[str, float]] = {index.NAME: 0.05, pull_records.NAME: 0.05}
"""Seconds that stages which only show what happened let things come together, so that a steady stream of single records
costs a commit now and then and not one each."""

GATHER_SHARED: Final[Mapping[str, float]] = {index.NAME: 0.2, pull_records.NAME: 0.2, collect.NAME: 0.25}
"""The same where workers share the stages: there each look costs by the number of partitions of the stage, most of which have
nothing new."""

KAFKA: Final = "kafka://"

LOOK_AGAIN_MS: Final = 1_000
"""After so long the part of the schedule is looked at though nothing in it moved."""

OnHalt = Callable[[Mapping[str, str]], None]

CALLS_FINISH: Final = 3.0
"""Seconds that calls under way get when a worker of several ends; what is then unanswered, another one sends again."""


class Feed(Protocol):
    """Where several workers share the stages: hands each what is its part."""

    async def run(self, runner: Runner, after: Callable[[], None]) -> None:
        """Feed a stage until cancelled; `after` whenever it took something, or has another part. Raises what ends the
        stage."""
        ...

    async def renew(self) -> None:
        """There may be new topics."""
        ...

    async def look(self) -> None:
        """Before the schedule is looked at: note what its new part began with. Raises `TryAgain`."""
        ...

    async def close(self) -> None: ...


class Worker:
    """Runs a core until told to stop. `on_halt` is called with all stages that have halted, by code; `on_brake`
    with the partitions and systems that the dead-letter brake holds, by code. `feed`: who hands out what is read, where
    this worker is not the only one; `fetching`: folders and polls."""

    def __init__(
        self,
        core: Core,
        on_halt: OnHalt,
        on_brake: OnHalt = lambda _: None,
        feed: Feed | None = None,
        fetching: Feeds | None = None,
    ) -> None:
        self._core = core
        self._feed = feed
        self._fetching = fetching
        self.started = False
        self._moved = asyncio.Event()  # the schedule, as it is fed
        self._on_halt = on_halt
        self._on_brake = on_brake
        self._braked: dict[str, str] = {}
        self._halted: dict[str, str] = {}
        self._changed = asyncio.Event()
        self._stirred = asyncio.Event()

    @property
    def halted(self) -> Mapping[str, str]:
        return self._halted

    @property
    def braked(self) -> Mapping[str, str]:
        return self._braked

    def measure(self) -> None:
        """What is only to be looked at."""
        measures = self._core.ports.measures
        measures.set("amana_ready", int(not self._halted))
        measures.replace("amana_halted", dict.fromkeys(self._halted.items(), 1))
        for what in ("partition", "system"):
            held = sum(name.partition(" ")[0] == what for name in self._braked)
            measures.set("amana_braked", held, what)
        self._core.deliverer.measure()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`. Raises what ends the directory's follower: without configuration nothing may go on."""
        core = self._core
        follower = core.ports.follower
        await follower.catch_up()
        await core.ensure_topics()
        follower.on_change(lambda _: self._changed.set())
        self._on_halt({})
        self._on_brake({})
        self.started = True
        if self._feed is None:
            tasks = [asyncio.create_task(self._guarded(r.stage.name, self._stage, r)) for r in core.runners]
        else:
            runners = (*core.runners, core.deliverer.intake)
            tasks = [asyncio.create_task(self._guarded(r.stage.name, self._fed, self._feed, r)) for r in runners]
        delivering = asyncio.create_task(self._guarded("deliver", self._deliver))
        tasks.append(delivering)
        if self._fetching is not None:
            tasks.append(asyncio.create_task(self._guarded("feeds", self._watch, self._fetching)))
        tasks.append(asyncio.create_task(self._topics()))
        following = asyncio.create_task(follower.follow())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({following, stopping, tasks[-1]}, return_when=asyncio.FIRST_COMPLETED)
            for ended in (following, tasks[-1]):
                if ended.done():
                    ended.result()
        finally:
            if self._feed is not None:
                delivering.cancel()
                await self._settle_calls()
            for task in (following, stopping, *tasks):
                task.cancel()
            await asyncio.gather(following, stopping, *tasks, return_exceptions=True)
            await core.deliverer.close()
            if self._feed is not None:
                await self._feed.close()

    async def _settle_calls(self) -> None:
        """Calls that are under way come back and are recorded while their partitions are still held."""
        flying = self._core.deliverer.flying()
        if flying:
            await asyncio.wait(flying, timeout=CALLS_FINISH)

    async def _guarded(self, name: str, loop: Callable[..., Awaitable[None]], *args: object) -> None:
        try:
            await loop(*args)
        except Halt as halt:
            logger().error("stage.halted", stage=name, code=halt.code, detail=halt.detail)
            self._halted[name] = halt.code
        except Exception as error:  # noqa: BLE001 -- a defect in one stage must not take delivery down with it
            logger().error("stage.failed", stage=name, exc_info=error)
            self._halted[name] = "AMANA-HUB-001"
        else:
            return
        self._on_halt(dict(self._halted))

    async def _fed(self, feed: Feed, runner: Runner) -> None:
        def after() -> None:
            self._tell_braked()
            if runner is self._core.deliverer.intake:
                self._moved.set()

        await feed.run(runner, after)

    async def _stage(self, runner: Runner) -> None:
        clock = self._core.ports.clock
        while True:
            stirred = self._stirred
            try:
                passed = await runner.step()
            except TryAgain as again:
                await clock.sleep(again.after)
                continue
            self._tell_braked()
            if not passed:
                await self._new(runner, stirred)
            if pause := pause_after(runner.stage, passed):
                await clock.sleep(pause)

    def _tell_braked(self) -> None:
        braked: dict[str, str] = {}
        fed = () if self._feed is None else (self._core.deliverer.intake,)
        for runner in (*self._core.runners, *fed):
            for topic, partition in runner.brake.halted:
                braked[f"partition {runner.stage.name} {topic}/{partition}"] = HALTED
            braked |= {f"system {system}": FAILING for system in runner.brake.failing}
        if braked != self._braked:
            self._braked = braked
            self._on_brake(braked)

    async def _watch(self, feeds: Feeds) -> None:
        clock = self._core.ports.clock
        while True:
            await feeds.step()
            await clock.sleep(LOOK)

    async def _deliver(self) -> None:
        deliverer = self._core.deliverer
        clock = self._core.ports.clock
        looked = 0
        while True:
            stirred = self._stirred
            moved = self._moved.is_set() or clock.now() - looked >= LOOK_AGAIN_MS
            self._moved.clear()
            deliverer.freed.clear()
            try:
                if self._feed is not None and moved:
                    await self._feed.look()
                    looked = clock.now()
                started = await deliverer.step()
                due = await deliverer.next_at()
            except TryAgain as again:
                await clock.sleep(again.after)
                continue
            if started:
                await asyncio.sleep(0)
                continue
            wait = LONGEST_WAIT if due is None else min(LONGEST_WAIT, max(0.01, (due - clock.now()) / 1000))
            await self._new(deliverer.intake, stirred, wait, deliverer.freed)

    async def _new(
        self,
        runner: Runner,
        stirred: asyncio.Event,
        timeout: float = LONGEST_WAIT,
        freed: asyncio.Event | None = None,
    ) -> None:
        """Until there is something to read, the directory changed since `stirred` was taken, or `freed` is set. Taken before
        the step, so that a change during it is not missed."""
        bell: asyncio.Task[object]
        if self._feed is None:
            bell = asyncio.create_task(self._core.ports.bus.wait(runner.seen(), timeout))
        else:
            bell = asyncio.create_task(self._moved.wait())
        events = [event for event in (stirred, freed) if event is not None]
        tasks = [bell, *(asyncio.create_task(event.wait()) for event in events)]
        try:
            await asyncio.wait(tasks, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _topics(self) -> None:
        """New systems get their outbox; every loop looks again after a change of the directory."""
        clock = self._core.ports.clock
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._core.ensure_topics()
            except TryAgain as again:
                await clock.sleep(again.after)
                self._changed.set()
                continue
            if self._feed is not None:
                await self._feed.renew()
            stirred, self._stirred = self._stirred, asyncio.Event()
            stirred.set()


def pause_after(stage: Stage, passed: int, gather: Mapping[str, float] = GATHER) -> float:
    """Seconds that a stage leaves for things to come together, once it took `passed` records. Behind a whole batch there is
    more already."""
    return gather.get(stage.name, 0.0) if passed < stage.batch else 0.0


def state_of(worker: Worker, stop: asyncio.Event) -> str:
    """ "ready", or why not."""
    if stop.is_set():
        return "draining"
    if not worker.started:
        return "starting"
    halted = "; ".join(f"stage {stage} halted: {code}" for stage, code in sorted(worker.halted.items()))
    return halted or "ready"


def open_feed(settings: Settings, core: Core) -> Feed | None:
    """Who feeds the stages, where the log is one that several workers share."""
    if not settings.bus.startswith(KAFKA):
        return None
    from hub.kafka.connection import connection_of
    from hub.kafka.running import KafkaFeed

    return KafkaFeed(
        core, connection_of(settings), session=settings.kafka_session, pause=partial(pause_after, gather=GATHER_SHARED)
    )


async def run(
    settings: Settings,
    stop: asyncio.Event,
    *,
    guarded: bool = False,
    opened_ports: Callable[[], None] = lambda: None,
    sockets: Sequence[socket.socket] = (),
) -> None:
    """The worker process: open the ports, run until `stop`, close them. `guarded`: an adapter that does not come back
    may end the process. `opened_ports` is called once the thread that writes the log is there. `sockets`: where the worker
    says how it is, if nobody else does."""
    from adapters.kit.registry import find
    from hub.control.follow import DirectoryFollower
    from hub.delivery.caller import make_caller
    from hub.delivery.deliver import Policy
    from hub.delivery.filing import Filing
    from hub.delivery.publishing import Publishing
    from hub.metrics.process import watch_process
    from hub.metrics.sharing import share
    from hub.registry.follow import RegistryFollower
    from hub.serve.ports import open_ports
    from hub.serve.worker_port import answering
    from hub.signers import Signers
    from hub.stages.halted import write_braked, write_halted
    from hub.stages.hand import Hand

    caller = make_caller(settings)
    opened = await open_ports(settings, "worker")
    opened_ports()
    hand = Hand(settings.data, settings.message_seconds if guarded else 0)
    try:
        registry = RegistryFollower(opened.bus, opened.vault)
        ports = CorePorts(
            bus=opened.bus,
            vault=opened.vault,
            store=opened.store,
            clock=opened.clock,
            caller=caller,
            keys=opened.keys,
            follower=DirectoryFollower(opened.bus, opened.vault),
            adapters=find(),
            random=random.SystemRandom().random,
            owner=f"{socket.gethostname()}:{os.getpid()}",
            partitions=settings.partitions,
            draft_rules=settings.unsafe_allow_draft_rules,
            hand=hand,
            signers=Signers(settings.keys),
            filing=Filing(settings.folders_out or settings.data / "outgoing"),
            publishing=Publishing(opened.bus, registry, settings.partitions)
            if settings.bus.startswith(KAFKA)
            else None,
            registry=registry,
            policy=Policy(attempts=settings.delivery_attempts, timeout=settings.delivery_timeout),
            measures=opened.measures,
        )
        core = build(ports)
        worker = Worker(
            core,
            lambda halted: write_halted(settings.data, halted),
            lambda braked: write_braked(settings.data, braked),
            fetching=Feeds(
                folders=settings.folders or settings.data / "folders",
                credentials=settings.credentials or settings.data / "credentials",
                admissions=opened.admissions,
                store=ports.store,
                caller=caller,
                clock=ports.clock,
                follower=ports.follower,
                adapters=ports.adapters,
                ground=Ground(opened.keys.hmac, lambda topic: opened.bus.topics()[topic], registry.registry),
                owner=ports.owner,
                registry=registry,
            ),
            feed=open_feed(settings, core),
        )
        watch_process(opened.measures, opened.clock)
        opened.measures.probe(worker.measure)
        state = partial(state_of, worker, stop)
        look_rarely()
        async with share(opened.measures, settings.data), answering(settings, sockets, opened.measures, state):
            await worker.run(stop)
    finally:
        await caller.close()
        await opened.close()
        hand.close()
