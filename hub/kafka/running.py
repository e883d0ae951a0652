"""The worker on the cluster: every stage is a member of a group of its own, fed by FastStream.

Rule: a subscriber wakes its stage with the first record that came; what else has come is fetched with it, at most a batch, and
taken before the next record is asked for. So what is in flight is bounded, nothing is polled, and nothing is acknowledged but
by the store's commit. Why not FastStream's own batches: docs/adr/0025-running-on-kafka.md.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from aiokafka import TopicPartition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from hub.kafka.assigning import make_assignor
from hub.kafka.member import Member
from hub.kafka.share import KafkaShare
from hub.kafka.wire import record_of
from hub.records import Batch

if TYPE_CHECKING:
    from aiokafka import AIOKafkaConsumer, ConsumerRecord
    from faststream.kafka.subscriber.usecase import LogicSubscriber

    from hub.kafka.connection import Connection
    from hub.stages.core import Core
    from hub.stages.effects import Stage
    from hub.stages.runner import Runner

FETCH_BYTES: Final = 8 << 20
"""Of one broker's answer to one stage: what waits in memory, about."""

LONGEST_TAKE_MS: Final = 3_600_000
"""A batch, a large pay run included, may take an hour; a worker that is gone is noticed by its heartbeats, long before."""

ASKING_MS: Final = 500
SLOW_ASKING_MS: Final = 2_000
"""How long a broker holds a question that it has no answer to. Each costs by the number of partitions in it. A partition that
a stage left for a moment is not in the question that is held meanwhile: a stage that gathers leaves none."""

LONGEST_HOLD: Final = 30.0
"""Seconds that fetching waits for what was fetched to be taken."""

FINISH: Final = 5.0
"""Seconds that a batch in hand gets when the worker ends."""

LEAVE: Final = 2.0
"""Seconds that leaving a group gets: a group that is gathering answers nobody until it is done, and is left by silence."""

GATHERING: Final = 10.0
"""Seconds, beyond the session, that a group waits for a member that has to finish what is in hand."""

ANSWER: Final = 2.0
"""Seconds that a broker gets beyond that; the join of a group is what it answers last. A broker that hangs holds up the groups
that it coordinates for that long, twice: one request, then one connection."""


class KafkaFeed:
    """What feeds the stages of one worker. `session`: seconds without a sign of life after which others take over;
    `pause`: seconds that a stage lets records come together, once it took so many."""

    def __init__(
        self,
        core: Core,
        connection: Connection,
        *,
        session: float = 10.0,
        pause: Callable[[Stage, int], float] = lambda _stage, _taken: 0.0,
    ) -> None:
        self._bus = core.ports.bus
        self.share = core.deliverer.share = KafkaShare(self, core.ports.bus, core.ports.store)
        self._names = connection.names
        self._session = session
        self._pause = pause
        self._broker = KafkaBroker(
            **connection.broker_options(),
            client_id=f"amana-{socket.gethostname()}-{os.getpid()}",
            request_timeout_ms=round((session + GATHERING + ANSWER) * 1000),
            consumer_only=True,
            apply_types=False,
            logger=None,
            graceful_timeout=FINISH,
        )
        self._connected = asyncio.Lock()
        self._members: dict[str, tuple[Member, LogicSubscriber[Any]]] = {}

    async def run(self, runner: Runner, after: Callable[[], None]) -> None:
        """Feed a stage until cancelled; then what is in hand is finished, and the group is left. Raises what ends the
        stage: `Halt`, or a defect."""
        member, subscriber = self.join(runner, after)
        async with self._connected:
            await self._broker.connect()
        starting = asyncio.create_task(subscriber.start())
        try:
            await asyncio.wait({starting, member.ended}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                _fetch_whole(subscriber.consumer)
            await asyncio.shield(member.ended)
        finally:
            del self._members[runner.stage.name]
            starting.cancel()
            await asyncio.shield(_leave(member, subscriber))

    def join(self, runner: Runner, after: Callable[[], None]) -> tuple[Member, LogicSubscriber[Any]]:
        """The membership of a stage; nothing is asked of Kafka yet."""
        stage, name = runner.stage, runner.stage.name
        pause = self._pause(stage, 0)
        member = Member(runner, self._names.of(""), reclaim=self._session, after=after)
        subscriber = self._broker.subscriber(
            *self._topics(runner),
            group_id=self._names.group(name),
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            listener=member,
            parser=_parse,
            decoder=_keep,
            partition_assignment_strategy=(make_assignor(name, self._names.of("")),),
            session_timeout_ms=round(self._session * 1000),
            heartbeat_interval_ms=round(self._session * 300),
            rebalance_timeout_ms=round((self._session + GATHERING) * 1000),
            max_poll_interval_ms=LONGEST_TAKE_MS,
            fetch_max_bytes=FETCH_BYTES,
            fetch_max_wait_ms=SLOW_ASKING_MS if pause else ASKING_MS,
        )

        async def handle(record: ConsumerRecord[Any, Any]) -> None:
            nonlocal pause
            try:
                consumer = subscriber.consumer
                if consumer is not None:
                    await asyncio.sleep(pause)
                    found = await _rest(consumer, record, stage.batch)
                    await member.take({place: batches_of(records) for place, records in found.items()})
                    pause = self._pause(stage, sum(map(len, found.values())))
            except Exception as error:  # noqa: BLE001 -- FastStream would go on as if nothing had been
                member.fail(error)

        subscriber(handle)
        member.consumer = _Late(subscriber)
        self._members[name] = (member, subscriber)
        return member, subscriber

    async def look(self) -> None:
        """See `KafkaShare.look`."""
        await self.share.look()

    async def close(self) -> None:
        """Every stage has left its group before."""
        await self._broker.stop()

    async def renew(self) -> None:
        """Subscribe to topics that have come since."""
        for member, subscriber in list(self._members.values()):
            wanted = self._topics(member.runner)
            consumer = subscriber.consumer
            if consumer is not None and set(wanted) != set(consumer.subscription()):
                consumer.subscribe(topics=wanted, listener=member)

    def member(self, stage: str) -> Member | None:
        """The membership of a stage that is fed now."""
        found = self._members.get(stage)
        return None if found is None else found[0]

    def _topics(self, runner: Runner) -> list[str]:
        return [self._names.of(topic) for topic in sorted(runner.stage.sources(self._bus.topics()))]


class _Late:
    """The consumer of a subscriber, which has one only between its start and its stop."""

    def __init__(self, subscriber: LogicSubscriber[Any]) -> None:
        self._subscriber = subscriber

    def seek(self, partition: TopicPartition, offset: int) -> None:
        if self._subscriber.consumer is not None:
            self._subscriber.consumer.seek(partition, offset)

    def pause(self, *partitions: TopicPartition) -> None:
        if self._subscriber.consumer is not None:
            self._subscriber.consumer.pause(*partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        if self._subscriber.consumer is not None:
            self._subscriber.consumer.resume(*partitions)

    async def commit(self, offsets: Mapping[TopicPartition, int]) -> None:
        if self._subscriber.consumer is not None:
            await self._subscriber.consumer.commit(dict(offsets))


def _fetch_whole(consumer: AIOKafkaConsumer | None) -> None:
    """Ask a broker only for all partitions at once.

    aiokafka asks on after a tenth of a second without the partitions whose records are still to be taken; while a broker holds
    that question, for half a second where nothing else comes, it is not asked for those, and the stage waits in vain.
    """
    if consumer is not None:
        consumer._fetcher._prefetch_backoff = LONGEST_HOLD  # noqa: SLF001 -- no setting reaches it


async def _leave(member: Member, subscriber: LogicSubscriber[Any]) -> None:
    await member.let_go()
    with suppress(TimeoutError):
        async with asyncio.timeout(LEAVE):
            await subscriber.stop()
    if not member.ended.done():
        member.ended.cancel()


async def _rest(
    consumer: AIOKafkaConsumer, first: ConsumerRecord[Any, Any], batch: int
) -> dict[TopicPartition, list[ConsumerRecord[Any, Any]]]:
    """What has come, the record that woke the stage before all else; about `batch` records."""
    found: dict[TopicPartition, list[ConsumerRecord[Any, Any]]] = {
        TopicPartition(first.topic, first.partition): [first]
    }
    if batch > 1:
        for partition, records in (await consumer.getmany(timeout_ms=0, max_records=batch - 1)).items():
            found.setdefault(partition, []).extend(records)
    return found


def batches_of(records: Sequence[ConsumerRecord[Any, Any]]) -> list[Batch]:
    """Records of one partition, ascending, as batches without gaps, each of one time."""
    found: list[Batch] = []
    for record in records:
        last = found[-1] if found else None
        if last is None or last.time != record.timestamp or last.base + len(last.records) != record.offset:
            last = Batch(record.offset, record.timestamp, [])
            found.append(last)
        last.records.append(record_of(record))
    return found


async def _parse(record: ConsumerRecord[Any, Any]) -> KafkaMessage:
    """Nothing is looked into: a header may be any bytes, which FastStream's own parser takes for text."""
    return KafkaMessage(body=b"", raw_message=record, consumer=_NOBODY)


async def _keep(message: KafkaMessage) -> ConsumerRecord[Any, Any]:
    return message.raw_message


class _Nobody:
    """Stands for a consumer where FastStream would acknowledge: only the store does."""

    async def commit(self) -> None:
        return

    def seek(self, partition: TopicPartition, offset: int) -> None:
        del partition, offset


_NOBODY: Final = _Nobody()
