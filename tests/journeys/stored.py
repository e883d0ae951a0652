"""What a hub that has been stopped holds in its data directory, opened with its own keys.

Rule: reads only, through the log's and the vault's ports; a test that compares two hubs compares what this returns.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from hub import keys
from hub.clock import SystemClock
from hub.log.engine import EmbeddedLog
from hub.log.inbox import PURPOSE, parse_rows
from hub.records import ID, ROWS, SECRET, TYPE, Record, request_id
from hub.rundir import run_directory
from hub.topics import INBOX, SIGNALS_PAY
from signing.jsontext import canonical, parse
from signing.sealing import BodyKey

T = TypeVar("T")
Reading = Callable[[EmbeddedLog], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Message:
    """One admitted message: its record's headers, and the bytes that were received (None: erased)."""

    headers: dict[str, str]
    received: bytes | None

    @property
    def request_id(self) -> str:
        return request_id(self.headers[ID])

    @property
    def rows(self) -> frozenset[int] | None:
        """Admitted rows of a message that is deduplicated by row; None: all."""
        return parse_rows(self.headers[ROWS]) if ROWS in self.headers else None


@asynccontextmanager
async def opened_log(data: Path) -> AsyncIterator[EmbeddedLog]:
    """The log of the hub in `data`, which is not being served."""
    held = keys.load(keys.directory(data))
    log = EmbeddedLog.open(data / "bus.db", held.wrapper, SystemClock(), run_dir=run_directory(data))
    try:
        yield log
    finally:
        await log.close()


def with_log(data: Path, reading: Reading[T]) -> T:
    """Open the log, read, close."""

    async def run() -> T:
        async with opened_log(data) as log:
            return await reading(log)

    return asyncio.run(run())


async def records_of(log: EmbeddedLog, topic: str) -> list[Record]:
    """Every record of a topic, repeats included, by partition and offset."""
    found: list[Record] = []
    for partition in range(log.topics().get(topic, 0)):
        offset = await log.start(topic, partition)
        while batches := await log.read(topic, partition, offset):
            for batch in batches:
                found += batch.records
                offset = batch.base + len(batch.records)
    return found


async def every_record(log: EmbeddedLog) -> list[tuple[str, Record]]:
    """Every record of every topic, with the topic."""
    return [(topic, record) for topic in sorted(log.topics()) for record in await records_of(log, topic)]


async def _messages(log: EmbeddedLog) -> list[Message]:
    found: list[Message] = []
    for topic in sorted(log.topics()):
        if not topic.startswith(INBOX):
            continue
        held = await records_of(log, topic)
        secrets = await log.open(sorted({record.headers[SECRET] for record in held}))
        for record in held:
            secret = secrets.get(record.headers[SECRET])
            plain = None if secret is None else BodyKey(secret, PURPOSE).open_seal(record.headers[ID], record.value)
            found.append(Message(record.headers, plain))
    return found


def messages(data: Path) -> list[Message]:
    """Every message that the hub ever admitted."""
    return with_log(data, _messages)


async def signals_in(log: EmbeddedLog) -> list[bytes]:
    """Canonical bytes of every pay signal in the log, sorted by signal id. A record that a crash made a stage repeat
    counts once; one id with two values is an error."""
    found: dict[str, bytes] = {}
    held = await records_of(log, SIGNALS_PAY)
    secrets = await log.open(sorted({record.headers[SECRET] for record in held}))
    for record in held:
        if record.headers[TYPE] == "pay.signal":
            key = BodyKey(secrets[record.headers[SECRET]], record.headers[TYPE])
            value = parse(key.open_seal(record.headers[ID], record.value))
            text = canonical(value)
            assert found.setdefault(value["signalId"], text) == text, "one signal, two values"
    return [found[id_] for id_ in sorted(found)]


def pay_signals(data: Path) -> list[bytes]:
    """`signals_in` of a hub that is stopped."""
    return with_log(data, signals_in)
