"""Every implementation of `Bus`, `Admissions` and `Vault`, as the laws see it.

Rule: a law knows only `Engine`; an implementation is added here, and all laws run over it.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from hub.kafka import Connection, KafkaLog, Names
from hub.log import EmbeddedLog
from hub.ports import Admissions, Append, Bus, Candidate, DedupeRule, Vault
from hub.records import Ms, Record
from signing.sealing import LocalKeyWrapper
from tests.clusters import kafka as clusters
from tests.simulator.clock import START
from tests.simulator.memory_log import Disk, MemoryLog

WRAPPER = LocalKeyWrapper(bytes(range(32)))


class Log(Bus, Admissions, Vault, Protocol):
    """What an engine is to its users."""


class LawClock:
    """The time a law sets, with real sleeps."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> Ms:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Storage(Protocol):
    """One storage, and logs opened on it: at once, or when it has answered."""

    clock: LawClock

    def open(self) -> Log | Awaitable[Log]:
        """A log on what earlier ones have stored."""
        ...


class Engine:
    """A storage as a law uses it."""

    def __init__(self, storage: Storage) -> None:
        self.clock = storage.clock
        self._storage = storage

    async def open(self) -> Log:
        """A log on what earlier ones have stored."""
        opened = self._storage.open()
        return await opened if isinstance(opened, Awaitable) else opened


class MemoryEngine:
    def __init__(self, directory: Path) -> None:
        self.clock = LawClock()
        self._disk = Disk()

    def open(self) -> Log:
        return MemoryLog(WRAPPER, self.clock, disk=self._disk)


class EmbeddedEngine:
    def __init__(self, directory: Path) -> None:
        self.clock = LawClock()
        self.path = directory / "bus.db"

    def open(self) -> Log:
        return EmbeddedLog.open(self.path, WRAPPER, self.clock)


class KafkaEngine:
    """The log alone, in a Kafka that tests share, under a prefix of its own."""

    def __init__(self, _directory: Path) -> None:
        self.clock = LawClock()
        self._connection = Connection((clusters.shared(),), Names(clusters.prefix()), replication=1, min_insync=1)

    async def open(self) -> Log:
        return cast("Log", await KafkaLog.open(self._connection, self.clock))  # laws of the bus use nothing else


BUSES: dict[str, Callable[[Path], Storage]] = {"kafka": KafkaEngine}
"""Logs that are a `Bus` and nothing more."""

ENGINES: dict[str, Callable[[Path], Storage]] = {"memory": MemoryEngine, "embedded": EmbeddedEngine}


def law(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an asynchronous test in an event loop of its own."""

    @functools.wraps(test)
    def run(*arguments: object, **named: object) -> None:
        asyncio.run(test(*arguments, **named))

    return run


def record(text: str, key: bytes = b"key") -> Record:
    return Record(key, {"ce_id": text, "ce_type": "law"}, text.encode())


def records(*texts: str) -> list[Record]:
    return [record(text) for text in texts]


async def append(log: Bus, topic: str, partition: int, *texts: str) -> int:
    """Append texts to one partition; returns the base offset."""
    (base,) = await log.append([Append(topic, partition, records(*texts))])
    return base


async def texts(log: Bus, topic: str, partition: int, offset: int = 0, *, max_records: int = 1_000_000) -> list[str]:
    """Everything from `offset` on."""
    batches = await log.read(topic, partition, offset, max_records=max_records)
    return [record.value.decode() for batch in batches for record in batch.records]


def candidate(
    body: bytes,
    rule: DedupeRule = "window",
    keys: Sequence[bytes] = (),
    *,
    system: str = "SYS",
    code: str = "CODE",
    partition: int = 0,
    window_ms: int = 86_400_000,
) -> Candidate:
    """A message as the gateway hands it over."""
    return Candidate(
        topic="inbox.law",
        partition=partition,
        key=b"hmac",
        system=system,
        code=code,
        body=body,
        received=b'{"data":' + body + b"}",
        headers={"ce_system": system, "ce_code": code},
        rule=rule,
        dedupe_keys=keys,
        window_ms=window_ms,
    )
