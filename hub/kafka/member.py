"""One stage's membership in its group: what Kafka proposes, the store decides.

Rule: a partition is read from where the store says, under an epoch that was raised for it; what came under another one is
left lying. Nothing here waits while Kafka waits for a sign of life, and no wait is longer than `PATIENCE` where Kafka wants
partitions back: what is then still in hand is fenced.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError

from hub.errors import Halt, TryAgain
from hub.logs import logger
from hub.records import Batch
from hub.stages.brake import Place
from hub.stages.runner import Runner

FENCED: Final = "AMANA-FENCE-001"
PATIENCE: Final = 5.0
"""Seconds that a batch in hand gets to its end when its partition is wanted back."""

LAG_EVERY: Final = 2.0
"""Seconds between two notes of the positions to Kafka. They are for displays of lag; nobody reads them here."""

AGAIN: Final = 0.02
"""Seconds before a stage that wants the rest of a batch again is asked."""


class Consumer(Protocol):
    """What a member needs of aiokafka's consumer."""

    def seek(self, partition: TopicPartition, offset: int) -> None: ...

    def pause(self, *partitions: TopicPartition) -> None: ...

    def resume(self, *partitions: TopicPartition) -> None: ...

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None: ...


class Member(ConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """`prefix`: before the hub's names of topics. `reclaim`: seconds after which a partition that was claimed by another,
    and that Kafka still says is ours, is claimed again: longer than Kafka takes to say otherwise. `after` is called when
    something was taken, or the partitions changed."""

    def __init__(
        self, runner: Runner, prefix: str, *, reclaim: float, after: Callable[[], None] = lambda: None
    ) -> None:
        self.runner = runner
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.consumer: Consumer | None = None
        self._prefix = prefix
        self._reclaim = reclaim
        self._after = after
        self._leaving = True
        self._busy = asyncio.Lock()
        self._assigned: frozenset[Place] = frozenset()
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: dict[Place, asyncio.TimerHandle] = {}
        self._waiting: list[tuple[Place, int, asyncio.Future[None]]] = []
        self._noted: dict[Place, int] = {}
        self._note_at = 0.0
        self.claimed = False  # all that was assigned

    def holds(self, place: Place) -> bool:
        """Kafka says that it is ours, and it was claimed."""
        return place in self._assigned and place in self.runner.held()

    @property
    def waits(self) -> bool:
        """Whether a partition is to be read again a moment later."""
        return bool(self._timers)

    # what Kafka proposes

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Finish what is in hand, or abandon it, and let go."""
        if not revoked:
            return
        await self.let_go()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Claim them, all before the first is read."""
        self._assigned = frozenset(self._place(one) for one in assigned)
        self._leaving = False
        self._each("pause", *assigned)
        self._start(self._claim(self._assigned))

    async def let_go(self) -> None:
        """No batch begins from now on; on return nothing is held."""
        self._leaving = True
        self.claimed = False
        held, self._assigned = dict(self.runner.held()), frozenset()
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self._busy:
                await self._note(now=True)
        for task in list(self._tasks):
            task.cancel()
        self.runner.release(*held)
        self._tell()

    async def _claim(self, places: frozenset[Place]) -> None:
        async with self._busy:
            for place in sorted(places):
                while self._assigned == places:
                    try:
                        # not to be cut off: a claim that is carried out late would take it from its next owner
                        await asyncio.shield(self.runner.claim(place))
                        break
                    except TryAgain as again:
                        await asyncio.sleep(again.after)
            if self._assigned != places:
                return
            self.claimed = True
            for place in places - self.runner.brake.halted:
                self._go_on(place)
        self._tell()

    # what is read

    async def take(self, records: Mapping[TopicPartition, Sequence[Batch]]) -> None:
        """Take what was fetched, by the groups of the runner. Never raises: what ends the stage ends `ended`."""
        async with self._busy:
            found = {self._place(one): batches for one, batches in records.items()}
            for group in self.runner.groups(found):
                if self._leaving or self.ended.done():
                    return
                try:
                    await self._take_group({place: found[place] for place in group})
                except Exception as error:  # noqa: BLE001 -- whoever runs the stages decides what it means
                    self.fail(error)
            with suppress(KafkaError):
                await self._note()

    async def _take_group(self, found: Mapping[Place, Sequence[Batch]]) -> None:
        """All of it with one commit. Where one partition is lost, or has to wait, each is taken by itself, so that the others
        are neither lost nor held up."""
        if len(found) > 1:
            unread = {place: fresh for place, batches in found.items() if (fresh := self._fresh(place, batches))}
            try:
                await self.runner.take_several(unread)
            except TryAgain:
                pass
            except Halt as halt:
                if halt.code != FENCED:
                    raise
            else:
                for place, fresh in unread.items():
                    self._settle(place, fresh)
                return
            finally:
                self._tell()
        for place, batches in found.items():
            if self._leaving or self.ended.done():
                return
            await self._take(place, batches)

    def _fresh(self, place: Place, batches: Sequence[Batch]) -> list[Batch]:
        """What of `batches` is to be taken now. What is missing before it is asked for again."""
        if not self.holds(place) or place in self._timers or place in self.runner.brake.halted:
            return []
        position = self.runner.position(place)
        fresh = from_position(batches, position)
        if not fresh and batches and batches[0].base > position:
            self._go_on(place)
        return fresh

    async def _take(self, place: Place, batches: Sequence[Batch]) -> None:
        fresh = self._fresh(place, batches)
        if not fresh:
            return
        try:
            passed = await self.runner.take(place, fresh)
        except TryAgain as again:
            self._later(place, again.after)
            return
        except Halt as halt:
            if halt.code != FENCED:
                raise
            logger().warning("partition.lost", stage=self.runner.stage.name, topic=place[0], partition=place[1])
            self.runner.release(place)
            self._start(self._claim_again(place))
            return
        finally:
            self._tell()
        self._settle(place, fresh, passed)

    def _settle(self, place: Place, fresh: Sequence[Batch], passed: int = 1) -> None:
        """After it was taken: it is halted, or the rest of it is asked for again."""
        if not self.holds(place):
            return
        if place in self.runner.brake.halted:
            self._each("pause", self._partition(place))
        elif self.runner.position(place) < fresh[-1].base + len(fresh[-1].records):
            self._later(place, 0.0 if passed else AGAIN)

    async def _claim_again(self, place: Place) -> None:
        """Somebody else claimed it. Kafka will say that it is not ours any more; where it does not, nobody has it."""
        assigned = self._assigned
        self._each("pause", self._partition(place))
        await asyncio.sleep(self._reclaim)
        if self._assigned is assigned and place in assigned:
            async with self._busy:
                with suppress(TryAgain):
                    await asyncio.shield(self.runner.claim(place))
                    self._go_on(place)
                    return
            self._start(self._claim_again(place))

    def _later(self, place: Place, after: float) -> None:
        """Read it again from its position; meanwhile the others go on."""
        if not after:
            self._go_on(place)
            return
        self._each("pause", self._partition(place))
        self._timers[place] = asyncio.get_running_loop().call_later(after, self._go_on, place)

    def _go_on(self, place: Place) -> None:
        self._timers.pop(place, None)
        if self.consumer is None or not self.holds(place):
            return
        with suppress(IllegalStateError):  # it is being revoked
            self.consumer.seek(self._partition(place), self.runner.position(place))
            self.consumer.resume(self._partition(place))

    async def settled(self) -> None:
        """Until what was assigned is claimed."""
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def fail(self, error: BaseException) -> None:
        """The stage ends: nothing more is taken, and who runs it learns why."""
        if not self.ended.done():
            self.ended.set_exception(error)

    # who waits

    async def taken(self, place: Place, offset: int) -> None:
        """Until what lies at `offset` was taken, or the partition is not held any more."""
        if self._is_past(place, offset):
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (place, offset, waiter)
        self._waiting.append(entry)
        try:
            await waiter
        finally:
            with suppress(ValueError):
                self._waiting.remove(entry)

    def _tell(self) -> None:
        for entry in [one for one in self._waiting if self._is_past(one[0], one[1])]:
            self._waiting.remove(entry)
            if not entry[2].done():
                entry[2].set_result(None)
        self._after()

    def _is_past(self, place: Place, offset: int) -> bool:
        if self.holds(place):
            return self.runner.position(place) > offset
        return place not in self._assigned

    async def _note(self, *, now: bool = False) -> None:
        """Tell Kafka the positions, now and then."""
        loop = asyncio.get_running_loop()
        if self.consumer is None or not (now or loop.time() >= self._note_at):
            return
        self._note_at = loop.time() + LAG_EVERY
        found = {place: self.runner.position(place) for place in self.runner.held()}
        moved = {place: position for place, position in found.items() if self._noted.get(place) != position}
        if moved:
            with suppress(KafkaError, IllegalStateError):
                await self.consumer.commit({self._partition(place): position for place, position in moved.items()})
                self._noted |= moved

    # small things

    def _each(self, what: str, *partitions: TopicPartition) -> None:
        for partition in partitions:
            with suppress(IllegalStateError):  # it is being revoked
                getattr(self.consumer, what)(partition)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.fail(error)

    def _place(self, partition: TopicPartition) -> Place:
        return partition.topic.removeprefix(self._prefix), partition.partition

    def _partition(self, place: Place) -> TopicPartition:
        return TopicPartition(self._prefix + place[0], place[1])


def from_position(batches: Sequence[Batch], position: int) -> list[Batch]:
    """What of `batches` follows `position` without a gap: what was fetched before a seek may come after it."""
    found: list[Batch] = []
    for batch in batches:
        end = batch.base + len(batch.records)
        if end <= position:
            continue
        if batch.base > position:
            break
        found.append(Batch(position, batch.time, batch.records[position - batch.base :]))
        position = end
    return found
