"""A worker with one small stage, as a process that can be stopped: it copies what comes in, and says what it does.

    python -m tests.kafka.copying <kafka address> <store address> <name> <session seconds> [<records before it waits>]

Rule: the stage is fed, fenced and balanced by the very code of the worker. It says "took <offset>" before it decides, and
with a number as the last argument waits for a line on standard input once it has seen so many records.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from hub import settings
from hub.clock import SystemClock
from hub.kafka.connection import connection_of
from hub.kafka.log import KafkaLog
from hub.kafka.running import KafkaFeed
from hub.ports import Append, Write
from hub.records import DERIVED, ID, STAGE, Record, partition_of
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import SqlStore

IN: Final = "records.in"
OUT: Final = "records.out"


class Copying:
    """IN -> OUT, and a row for each record. `hold`: after so many records it waits for a line."""

    name = "copying"
    version = 1
    batch = 20

    def __init__(self, partitions: int, hold: int | None = None) -> None:
        self._partitions = partitions
        self._left = hold

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == IN]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        say(f"took {partition}/{entries[0].offset}")
        if self._left is not None:
            self._left -= len(entries)
            if self._left <= 0:
                self._left = None
                say("waits")
                await asyncio.to_thread(sys.stdin.readline)
        rows: list[dict[str, Any]] = []
        publishes: list[Append] = []
        for entry in entries:
            id_ = entry.record.headers[ID]
            source = f"{topic}/{partition}/{entry.offset}/0"
            made = Record(entry.record.key, {ID: id_, DERIVED: source, STAGE: "copying/1"}, entry.record.value)
            publishes.append(Append(OUT, partition_of(made.key, self._partitions), [made]))
            rows.append({"code": id_, "name": id_, "parent": None})
        return Effects(publishes=publishes, writes=[Write("institution", rows, "add")])


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def run(bus: str, store: str, name: str, session: float, hold: int | None) -> None:
    """Until killed."""
    used = settings.load(Path("unused"), bus=bus, store=store, kafka_replication=1)
    connection = connection_of(used)
    log = await KafkaLog.open(connection, SystemClock())
    kept = SqlStore.open(store)
    stage = Copying(log.topics()[OUT], hold)
    core: Any = SimpleNamespace(ports=SimpleNamespace(bus=log, store=kept), deliverer=SimpleNamespace(share=None))
    feed = KafkaFeed(core, connection, session=session)
    runner = Runner(stage, log, kept, name)
    before: list[str] = []

    def after() -> None:
        held = sorted(f"{topic}/{partition}" for topic, partition in runner.held())
        if held != before:
            before[:] = held
            say("holds " + " ".join(held))

    await feed.run(runner, after)


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(run(given[0], given[1], given[2], float(given[3]), int(given[4]) if len(given) > 4 else None))
