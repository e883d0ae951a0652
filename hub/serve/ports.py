"""The real ports of one process, opened from the settings and closed together.

Rule: the only place of the serving side that knows which engine stands behind a port.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub import keys
from hub.clock import SystemClock
from hub.errors import ConfigError
from hub.kafka import KafkaLog, connection_of
from hub.log.engine import EmbeddedLog
from hub.metrics.measures import Measures
from hub.ports import Admissions, Bus, Clock, Store, Vault
from hub.postgres import PostgresAdmissions, open_admissions
from hub.postgres.sweeping import sweep_forever
from hub.rundir import run_directory
from hub.settings import Settings
from hub.store.sql import SqlStore
from hub.topics import CONTROL

SQLITE: Final = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Opened:
    """Ports and keys of one process."""

    bus: Bus
    admissions: Admissions
    vault: Vault
    store: Store
    keys: keys.HubKeys
    clock: Clock
    measures: Measures = field(default_factory=Measures)

    async def sweep(self) -> None:
        """Until cancelled: bring to their end the reservations that nobody else does, where admissions make such."""
        if isinstance(self.admissions, PostgresAdmissions):
            await sweep_forever(self.admissions.sweep, self.clock)

    async def close(self) -> None:
        await self.store.close()
        if isinstance(self.admissions, PostgresAdmissions):
            await self.admissions.close()
        await self.bus.close()


async def open_ports(settings: Settings, role: str = "") -> Opened:
    """Open bus, store and keys; migrates the store, so call it before serving. `role`: under which it counts.
    Raises `ConfigError`, and `TryAgain` while Kafka or PostgreSQL does not answer."""
    held = keys.load(settings.keys)
    clock = SystemClock()
    measures = Measures(role, clock.now)
    if not settings.bus.startswith(SQLITE):
        return await _open_cluster(settings, held, clock, measures)
    if not settings.store.startswith("sqlite"):
        raise ConfigError("AMANA-CONF-001", "AMANA_BUS: kafka:// expected where AMANA_STORE is postgresql://")
    log = EmbeddedLog.open(
        _file(settings), held.wrapper, clock, run_dir=run_directory(settings.data), measures=measures
    )
    try:
        store = SqlStore.open(settings.store, measures=measures)
    except BaseException:
        await log.close()
        raise
    return Opened(bus=log, admissions=log, vault=log, store=store, keys=held, clock=clock, measures=measures)


async def _open_cluster(settings: Settings, held: keys.HubKeys, clock: Clock, measures: Measures) -> Opened:
    """The log in Kafka; admissions, vault and store in PostgreSQL."""
    if settings.store.startswith("sqlite"):
        raise ConfigError("AMANA-CONF-001", "AMANA_STORE: postgresql:// expected where AMANA_BUS is kafka://")
    bus = await KafkaLog.open(connection_of(settings), clock, measures)
    try:
        store = SqlStore.open(settings.store, measures=measures)
        try:
            admissions = open_admissions(bus, settings.store.replace("+psycopg", "", 1), held.wrapper, clock, measures)
        except BaseException:
            await store.close()
            raise
    except BaseException:
        await bus.close()
        raise
    return Opened(
        bus=bus, admissions=admissions, vault=admissions, store=store, keys=held, clock=clock, measures=measures
    )


async def has_log(settings: Settings) -> bool:
    """Whether there is a log already, which only the keys that it was made with can open."""
    if settings.bus.startswith(SQLITE):
        return _file(settings).exists()
    log = await KafkaLog.open(connection_of(settings), SystemClock())
    try:
        return CONTROL in log.topics() and await log.end(CONTROL, 0) > 0
    finally:
        await log.close()


def _file(settings: Settings) -> Path:
    return Path(settings.bus.removeprefix(SQLITE))
