"""The crash table of what delivery writes to a topic that its subscriber reads: the process ends at each write to a real Kafka
between the outbox and the receipt, before it was stored or after, and another one goes on.

Rule: every write that `hub/delivery` makes by itself has a row here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import pytest

import hub.delivery
from hub.clock import SystemClock
from hub.kafka import Connection, KafkaLog, Names
from hub.ports import Append, Bus
from hub.postgres.admissions import PostgresAdmissions
from hub.postgres.connections import Connections
from hub.postgres.tables import create_tables
from hub.records import ID
from hub.stages import core
from hub.store.sql import SqlStore
from hub.topics import RECEIPTS, layout, subscriber
from tests.clusters import kafka, postgres
from tests.laws.cluster import Joined
from tests.laws.store_fixtures import migrate
from tests.simulator.faults import Faults, How
from tests.simulator.hub import HUB_KEYS, Crash, SimHub
from tests.simulator.memory_log import MemoryLog
from tests.simulator.outbox import put, states
from tests.simulator.reading import FIRST, NAMED, PINNED, once, read, reading, values

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(300)]

URN: Final = f"urn:amana:contract:{PINNED}"
WRITES: Final = (("ensure", "publishing.py"), ("append", "publishing.py"), ("append", "recording.py"))
ROWS: Final = ((0, "ensure"), (0, "append"), (1, "append"), (2, "append"))
"""At which write since the messages came the process ends: the topic is made; the first message is written, then its receipt,
then the message behind it of the same key."""


class Mortal:
    """A log whose writes may be the last of a process."""

    def __init__(self, log: Bus, faults: Faults) -> None:
        self._log = log
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, appends: Sequence[Append]) -> list[int]:
        with self._faults.write("append"):
            return await self._log.append(appends)

    async def ensure(self, topics: Mapping[str, int]) -> None:
        with self._faults.write("ensure"):
            await self._log.ensure(topics)


class ClusterHub(SimHub):
    """A hub core on a real Kafka and PostgreSQL, whose process a test ends."""

    def __init__(self, log: KafkaLog, admissions: str, store: str) -> None:
        self._kafka = log
        self._connections = Connections(admissions)
        super().__init__(partitions=1, store=lambda fault: SqlStore.open(store, fault=fault))

    def open_log(self) -> MemoryLog:
        bus = cast("Bus", Mortal(self._kafka, self.faults))
        return cast("MemoryLog", Joined(bus, PostgresAdmissions(bus, self._connections, HUB_KEYS.wrapper, self.clock)))


@asynccontextmanager
async def opened() -> AsyncIterator[ClusterHub]:
    databases = postgres.shared()
    admissions = await asyncio.to_thread(databases.copy, "admissions", create_tables)
    store = await asyncio.to_thread(databases.copy, "store", migrate)
    connection = Connection((kafka.shared(),), Names(kafka.prefix()), replication=1, min_insync=1)
    log = await KafkaLog.open(connection, SystemClock())
    made = ClusterHub(log, admissions, store)
    try:
        yield made
    finally:
        await made.crash()
        await made.log.close()
        await made.store.close()


def test_every_write_of_delivery_is_in_the_table() -> None:
    """Whoever adds a write to `hub/delivery` puts it where the table can go wrong at it."""
    found = {
        (call, path.name)
        for path in Path(hub.delivery.__path__[0]).glob("*.py")
        for call in re.findall(r"bus\.(append|ensure|trim)\(", path.read_text())
    }
    assert found == set(WRITES)


@pytest.mark.parametrize(("how", "copies"), [("failed", 1), ("failed but stored", 2)])
def test_a_process_that_ends_at_any_write_loses_and_confuses_nothing(
    how: How, copies: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write is the last: every message is confirmed once, its receipt names a place where it lies, a reader that drops
    second copies has each once and in order; there is a second copy only of what was stored and had no receipt."""
    monkeypatch.setattr(core, "layout", partial(_layout_without_readers, layout))

    async def journey() -> None:
        async with opened() as site:
            await reading(site)
            site.faults.error = Crash
            for row, (number, point) in enumerate(ROWS):
                bodies = [{"nomor": n, "perihal": f"{row}"} for n in range(2)]
                for n, body in enumerate(bodies):
                    more: dict[str, Any] = {"system": FIRST, "subscription": NAMED, "body": body, "dataschema": URN}
                    await put(site, f"{row}-{n}", f"key-{row}", **more)
                struck = len(site.faults.written) + number
                site.faults.at_write(number, how)
                with pytest.raises(Crash):
                    await site.settle()
                assert site.faults.written[struck] == point
                await site.crash()
                await site.settle()
                own = [value for value in values(once(await read(site))) if value["perihal"] == f"{row}"]
                assert own == bodies, f"{how} at row {row}"
                assert set((await states(site)).values()) == {"confirmed"}
            receipts = {r.headers["ce_parent"]: r.headers for r in await site.records(RECEIPTS)}
            lying = await read(site)
            assert len(receipts) == len(once(lying)) == len(lying) - copies == 2 * len(ROWS)
            for id_, headers in receipts.items():
                assert headers["ce_topic"] == subscriber(FIRST)
                assert lying[int(headers["ce_offset"])].headers[ID] == id_

    asyncio.run(journey())


def _layout_without_readers(whole: Callable[..., dict[str, int]], **wanted: Any) -> dict[str, int]:
    """A worker that learns of a leave while it delivers has not made the topic at its start."""
    return whole(**{**wanted, "readers": ()})
