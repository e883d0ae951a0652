"""Stages that several workers share on a real Kafka and PostgreSQL."""

from __future__ import annotations

import asyncio
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from hub import settings
from hub.clock import SystemClock
from hub.kafka.connection import connection_of
from hub.kafka.log import KafkaLog
from hub.ports import Append, Progress
from hub.records import ID, Record, partition_of
from hub.settings import Settings
from hub.stages.batches import fresh
from hub.store.sql import SqlStore
from tests.clusters import kafka as clusters
from tests.clusters import postgres
from tests.kafka.copying import IN, OUT

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(400)]

PARTITIONS: Final = 4
SESSION: Final = 6.0
"""Seconds: the shortest that a broker takes as it comes."""

WITHIN: Final = 120.0


class Process:
    """A copying worker. `lines` are what it said."""

    def __init__(self, used: Settings, name: str, *more: str) -> None:
        command = [sys.executable, "-m", "tests.kafka.copying", used.bus, used.store, name, str(SESSION), *more]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def await_line(self, start: str) -> str:
        deadline = time.monotonic() + WITHIN
        while True:
            line = self.lines.get(timeout=max(0.1, deadline - time.monotonic()))
            if line.startswith(start):
                return line

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.communicate()
        self._reader.join()


@contextmanager
def workers() -> Iterator[list[Process]]:
    made: list[Process] = []
    try:
        yield made
    finally:
        for process in made:
            process.end()


@pytest.fixture
def used(tmp_path: Path) -> Settings:
    """A Kafka with the two topics, and an empty database."""
    bus = f"kafka://{clusters.shared()}/{clusters.prefix()}"
    found = settings.load(tmp_path, bus=bus, store=postgres.shared().create(), kafka_replication=1)

    async def make() -> None:
        log = await KafkaLog.open(connection_of(found), SystemClock())
        await log.ensure({IN: PARTITIONS, OUT: PARTITIONS})
        await log.close()

    asyncio.run(make())
    return found


async def _put(log: KafkaLog, first: int, count: int) -> None:
    for n in range(first, first + count):
        record = Record(f"key-{n % 37}".encode(), {ID: f"r{n}"}, b"x")
        await log.append([Append(IN, partition_of(record.key, PARTITIONS), [record])])


async def _await_taken(log: KafkaLog, store: SqlStore) -> None:
    """Until the store has the stage's position at every end."""
    deadline = time.monotonic() + WITHIN
    ends = {p: await log.end(IN, p) for p in range(PARTITIONS)}
    while time.monotonic() < deadline:
        rows = await store.rows("stage_progress", {"stage": "copying"})
        if {row["partition"]: row["position"] for row in rows} == ends:
            return
        await asyncio.sleep(0.2)
    raise AssertionError("not all was taken")


async def _made(log: KafkaLog) -> Counter[str]:
    """What a reader of OUT takes, by id."""
    found: Counter[str] = Counter()
    for partition in range(PARTITIONS):
        progress = Progress()
        while batches := await log.read(OUT, partition, progress.position):
            entries, progress = fresh(batches, progress)
            found.update(entry.record.headers[ID] for entry in entries)
    return found


def test_a_worker_that_was_stopped_past_its_session_does_no_harm(used: Settings) -> None:
    """A is stopped (SIGSTOP) inside a batch until Kafka gives its partitions to B, which takes everything; then A goes on
    with what it had in hand. Readers find every record once, the store has each once, and A takes part again."""

    async def journey() -> None:
        log = await KafkaLog.open(connection_of(used), SystemClock())
        store = SqlStore.open(used.store)
        with workers() as running:
            await _put(log, 0, 60)
            a = Process(used, "a", "10")
            running.append(a)
            await asyncio.to_thread(a.await_line, "waits")
            a.process.send_signal(signal.SIGSTOP)
            b = Process(used, "b")
            running.append(b)
            await _await_taken(log, store)
            a.go_on()
            a.process.send_signal(signal.SIGCONT)
            await asyncio.to_thread(a.await_line, "holds ")
            await _put(log, 60, 40)
            await _await_taken(log, store)
            assert await _made(log) == Counter({f"r{n}": 1 for n in range(100)})
            assert len(await store.rows("institution")) == 100
        await store.close()
        await log.close()

    asyncio.run(journey())


def test_workers_share_the_partitions_and_the_last_one_has_them_all(used: Settings) -> None:
    """Two workers hold two partitions each; when one is killed the other takes its part, and nothing is lost."""

    async def journey() -> None:
        log = await KafkaLog.open(connection_of(used), SystemClock())
        store = SqlStore.open(used.store)
        with workers() as running:
            a, b = Process(used, "a"), Process(used, "b")
            running += [a, b]
            await _put(log, 0, 40)
            half = [f"{IN}/0", f"{IN}/1", f"{IN}/2", f"{IN}/3"]
            for one in (a, b):
                while len((await asyncio.to_thread(one.await_line, "holds")).split()) != 3:
                    pass
            a.process.kill()
            await _put(log, 40, 40)
            while (await asyncio.to_thread(b.await_line, "holds")).split()[1:] != half:
                pass
            await _await_taken(log, store)
            assert await _made(log) == Counter({f"r{n}": 1 for n in range(80)})
        await store.close()
        await log.close()

    asyncio.run(journey())


def test_whoever_waits_for_a_partition_holds_up_nobody(used: Settings) -> None:
    """While a fetch waits at the end of a partition, the first append and a look at the end of it take their own time."""

    async def journey() -> None:
        log = await KafkaLog.open(connection_of(used), SystemClock())
        waiting = asyncio.create_task(log.wait({(IN, 0): 0}, 30))
        other = asyncio.create_task(log.wait({(IN, 1): 0}, 30))
        await asyncio.sleep(0.5)
        async with asyncio.timeout(3):
            assert await log.end(OUT, 0) == 0
        assert not waiting.done()
        for task in (waiting, other):
            task.cancel()
        await asyncio.gather(waiting, other, return_exceptions=True)
        await log.close()

    asyncio.run(journey())
