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
from hub.log.engine import EmbeddedLog
from hub.metrics.measures import Measures
from hub.ports import Admissions, Bus, Clock, Store, Vault
from hub.rundir import run_directory
from hub.settings import Settings
from hub.store.sql import SqlStore

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

    async def close(self) -> None:
        await self.store.close()
        await self.bus.close()


async def open_ports(settings: Settings, role: str = "") -> Opened:
    """Open bus, store and keys; migrates the store, so call it before serving. `role`: under which it counts.
    Raises `ConfigError`."""
    if not settings.bus.startswith(SQLITE):
        raise ConfigError("AMANA-CONF-001", "AMANA_BUS: this version serves sqlite:///")
    held = keys.load(settings.keys)
    clock = SystemClock()
    measures = Measures(role, clock.now)
    path = Path(settings.bus.removeprefix(SQLITE))
    log = EmbeddedLog.open(path, held.wrapper, clock, run_dir=run_directory(settings.data), measures=measures)
    try:
        store = SqlStore.open(settings.store, measures=measures)
    except BaseException:
        await log.close()
        raise
    return Opened(bus=log, admissions=log, vault=log, store=store, keys=held, clock=clock, measures=measures)


def has_log(settings: Settings) -> bool:
    """Whether there is a log already, which only the keys that it was made with can open."""
    return settings.bus.startswith(SQLITE) and Path(settings.bus.removeprefix(SQLITE)).exists()
