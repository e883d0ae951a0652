"""The cluster's halves put together for the laws of `Admissions` and `Vault`: PostgreSQL beside a log of another kind.

Import the fixture `engine` where such laws are written: it replaces the one of all engines, and runs over those as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from hub.metrics.measures import Measures
from hub.ports import Answered, Append, Bus, Candidate
from hub.postgres.admissions import Hook, PostgresAdmissions
from hub.postgres.connections import Connections
from hub.postgres.tables import create_tables
from hub.records import Batch, Ms
from tests.clusters import postgres
from tests.laws.engines import ENGINES, WRAPPER, Engine, KafkaEngine, LawClock, Log
from tests.simulator.faults import Faults
from tests.simulator.memory_log import Disk, MemoryLog

CLUSTERS = {"postgres": ("postgres",), "cluster": ("kafka", "postgres")}
"""What each of them needs."""


class Joined:
    """A bus, and admissions and vault that are not its own."""

    def __init__(self, bus: Bus, admissions: PostgresAdmissions) -> None:
        self.bus = bus
        self.admissions = admissions

    def topics(self) -> Mapping[str, int]:
        return self.bus.topics()

    async def ensure(self, topics: Mapping[str, int]) -> None:
        await self.bus.ensure(topics)

    async def append(self, appends: Sequence[Append]) -> list[int]:
        return await self.bus.append(appends)

    async def read(self, topic: str, partition: int, offset: int, *, max_records: int = 1000) -> list[Batch]:
        return await self.bus.read(topic, partition, offset, max_records=max_records)

    async def start(self, topic: str, partition: int) -> int:
        return await self.bus.start(topic, partition)

    async def end(self, topic: str, partition: int) -> int:
        return await self.bus.end(topic, partition)

    async def offset_at(self, topic: str, partition: int, time: Ms) -> int:
        return await self.bus.offset_at(topic, partition, time)

    async def wait(self, seen: Mapping[tuple[str, int], int], timeout: float) -> frozenset[tuple[str, int]]:
        return await self.bus.wait(seen, timeout)

    async def trim(self, topic: str, partition: int, before: int) -> None:
        await self.bus.trim(topic, partition, before)

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        return await self.admissions.admit(candidates, now)

    async def prove(self) -> None:
        await self.admissions.prove()

    async def open(self, ids: Sequence[str]) -> dict[str, bytes]:
        return await self.admissions.open(ids)

    async def put(self, secrets: Mapping[str, bytes]) -> dict[str, bytes]:
        return await self.admissions.put(secrets)

    async def erase(self, ids: Sequence[str]) -> int:
        return await self.admissions.erase(ids)

    async def erased(self) -> Sequence[tuple[str, Ms]]:
        return await self.admissions.erased()

    async def close(self) -> None:
        await self.admissions.close()
        await self.bus.close()


class PostgresEngine:
    """PostgreSQL beside the log in memory. `faults` strike at the log's writes and at the admissions' own."""

    def __init__(self, directory: Path, address: str | None = None) -> None:
        self.clock = LawClock()
        self.address = address or postgres.shared().copy("admissions", create_tables)
        create_tables(self.address)
        self.faults = Faults()
        self.disk = Disk()

    def open(self, hook: Hook | None = None, measures: Measures | None = None) -> Joined:
        bus = MemoryLog(WRAPPER, self.clock, self.faults, disk=self.disk)
        return Joined(
            bus,
            PostgresAdmissions(
                bus,
                Connections(self.address, measures=measures),
                WRAPPER,
                self.clock,
                hook or self.faults.write,
                measures,
            ),
        )


class ClusterEngine:
    """PostgreSQL beside the log in a real Kafka, as a hub runs."""

    def __init__(self, directory: Path) -> None:
        self.clock = LawClock()
        self._address = postgres.shared().copy("admissions", create_tables)
        self._log = KafkaEngine(directory)
        self._log.clock = self.clock

    async def open(self) -> Log:
        bus = await self._log.open()
        return Joined(bus, PostgresAdmissions(bus, Connections(self._address), WRAPPER, self.clock))


@pytest.fixture(
    params=[*ENGINES, *(pytest.param(name, marks=pytest.mark.needs(*needs)) for name, needs in CLUSTERS.items())]
)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """One storage of each kind."""
    kinds = {**ENGINES, "postgres": PostgresEngine, "cluster": ClusterEngine}
    return Engine(kinds[request.param](tmp_path))
