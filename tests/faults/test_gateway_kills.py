"""kill -9 of a gateway between PostgreSQL and Kafka, both of them real: the sender sends again, one effect comes of it."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import psycopg
import pytest

from hub import records, settings
from hub.clock import SystemClock
from hub.kafka.connection import connection_of
from hub.kafka.log import KafkaLog
from hub.ports import Admitted, Duplicate
from hub.postgres import open_admissions
from hub.postgres.sweeping import OVERDUE_MS
from hub.records import Ms, Record
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import SqlStore
from tests.clusters import kafka, postgres
from tests.faults.killed_gateway import MESSAGES
from tests.laws.engines import WRAPPER, LawClock

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(300)]

TOPIC: Final = "inbox.law"


class Counting:
    """A stage whose effects are counted by the id of their message."""

    name = "counting"
    version = 1
    batch = 100

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == TOPIC]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        self.effects.update(entry.record.headers[records.ID] for entry in entries)
        return Effects()


async def killed(bus: str, store: str, point: str) -> None:
    """A gateway that dies there."""
    command = [sys.executable, "-m", "tests.faults.killed_gateway", bus, store, point]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=Path(__file__).parents[2], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == -signal.SIGKILL, said.decode()[-2000:]


def reservations(store: str) -> int:
    with psycopg.connect(store) as connection:
        row = connection.execute("SELECT count(*) FROM admissions.pending").fetchone()
    return row[0] if row else -1


@pytest.mark.parametrize("comes_back", [True, False], ids=["sent again", "never sent again"])
@pytest.mark.parametrize("point", ["before", "after"])
def test_a_gateway_killed_between_reserving_and_answering(tmp_path: Path, point: str, comes_back: bool) -> None:
    """The reservation is there and the sender has no answer. It sends again, at another gateway, and gets the receipt of an
    admitted message; or it never does, and a sweep brings the message in. Either way each message has one id, opens, has
    one effect for a reader that began before and for one that begins after, and nothing waits any more."""
    bus, store = f"kafka://{kafka.shared()}/{kafka.prefix()}", postgres.shared().create()

    async def story() -> None:
        used = settings.load(tmp_path, bus=bus, store=store, kafka_replication=1)
        log = await KafkaLog.open(connection_of(used), SystemClock())
        await log.ensure({TOPIC: 1})
        kept = SqlStore.open(store)
        clock = LawClock()
        admissions = open_admissions(log, store, WRAPPER, clock)
        early = Counting()
        reader = Runner(early, log, kept, "early")
        await killed(bus, store, point)
        assert reservations(store) == 1
        assert sum(early.effects.values()) == 0
        await reader.step()
        clock.time = Ms(SystemClock().now() + OVERDUE_MS + 1)
        if comes_back:
            answers = await admissions.admit(MESSAGES, Ms(9000))
            assert [type(answer) for answer in answers] == [Admitted] * 3
            assert [answer.time for answer in answers if isinstance(answer, Admitted)] == [1000] * 3
        else:
            assert await admissions.sweep() == 1
            answers = await admissions.admit(MESSAGES, Ms(9000))
            assert [type(answer) for answer in answers] == [Duplicate] * 3
        while await reader.step():
            pass
        late = Counting()
        late.name = "late"
        again = Runner(late, log, kept, "late")
        while await again.step():
            pass
        ids = {answer.id for answer in answers if isinstance(answer, Admitted | Duplicate)}
        assert early.effects == late.effects == dict.fromkeys(ids, 1)
        found: list[Record] = [r for batch in await log.read(TOPIC, 0, 0) for r in batch.records]
        attempts = [record.headers.get(records.ATTEMPT_OF) for record in found]
        assert attempts == [None] * (3 if point == "after" else 0) + ["1"] * 3
        assert set(await admissions.open(list(ids))) == ids
        await admissions.close()
        await kept.close()
        await log.close()
        assert reservations(store) == 0

    asyncio.run(story())
