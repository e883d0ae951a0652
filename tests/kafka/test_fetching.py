"""What a stage asks the brokers while it is busy, on a real Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest

from hub import settings
from hub.clock import SystemClock
from hub.kafka.connection import connection_of
from hub.kafka.log import KafkaLog
from hub.kafka.running import KafkaFeed
from hub.ports import Append
from hub.records import ID, Record
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import SqlStore
from tests.clusters import kafka as clusters

pytestmark = [pytest.mark.needs("kafka"), pytest.mark.timeout(60)]

TOPIC: Final = "records.in"
BUSY: Final = 0.4
"""Seconds: four times what aiokafka waits before it asks on without what it has."""


class Busy:
    """Takes one record after another, the first one as long as it is told to."""

    name = "busy"
    version = 1
    batch = 20

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.free = asyncio.Event()
        self.taken: list[tuple[int, int]] = []
        self.more = asyncio.Event()

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == TOPIC]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        del topic
        self.began.set()
        await self.free.wait()
        self.taken += [(partition, entry.offset) for entry in entries]
        self.more.set()
        return Effects()


def test_a_busy_stage_asks_for_all_its_partitions_or_for_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a stage is busy and more of one partition has come, the broker is not asked for the others alone: it would hold
    that question, and what comes of the first one would lie there until it is answered."""
    asked: list[int] = []
    send = AIOKafkaClient.send

    async def spy(self: AIOKafkaClient, node: int, request: Any, **more: Any) -> Any:
        if isinstance(request, FetchRequest) and request.topics and request.topics[0][0].endswith(TOPIC):
            asked.append(sum(len(partitions) for _, partitions in request.topics))
        return await send(self, node, request, **more)

    async def journey() -> None:
        bus = f"kafka://{clusters.shared()}/{clusters.prefix()}"
        used = settings.load(tmp_path, bus=bus, kafka_replication=1)
        log = await KafkaLog.open(connection_of(used), SystemClock())
        await log.ensure({TOPIC: 2})
        store = SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}")
        stage = Busy()
        core: Any = SimpleNamespace(ports=SimpleNamespace(bus=log, store=store), deliverer=SimpleNamespace(share=None))
        feed = KafkaFeed(core, connection_of(used))
        monkeypatch.setattr(AIOKafkaClient, "send", spy)
        running = asyncio.create_task(feed.run(Runner(stage, log, store, "a"), lambda: None))
        try:
            await _put(log, 0)
            await stage.began.wait()
            await _put(log, 0)
            await asyncio.sleep(BUSY)
            stage.free.set()
            while len(stage.taken) < 2:
                await stage.more.wait()
                stage.more.clear()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await feed.close()
            await store.close()
            await log.close()
        assert stage.taken == [(0, 0), (0, 1)]
        assert asked
        assert set(asked) == {2}, asked

    asyncio.run(journey())


async def _put(log: KafkaLog, partition: int) -> None:
    await log.append([Append(TOPIC, partition, [Record(b"key", {ID: "r"}, b"x")])])
