"""The crash table of the cluster's writes: a gateway or a stage dies at each write to PostgreSQL and to a real Kafka, before it
was stored or after, and another one goes on where what is stored ends.

Rule: what died writes nothing more; whoever got no answer sends again. Every write that `hub/postgres` names has a row here.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import psycopg
import pytest

import hub.postgres
from hub.errors import TryAgain
from hub.kafka import Connection, KafkaLog, Names
from hub.ports import Admitted, Append, Bus, Duplicate, Progress, Write
from hub.postgres.admissions import PostgresAdmissions
from hub.postgres.connections import Connections
from hub.postgres.sweeping import OVERDUE_MS
from hub.postgres.tables import create_tables
from hub.records import DERIVED, ID, STAGE, Ms, Record
from hub.stages.batches import fresh
from hub.stages.effects import Effects, Entry
from hub.stages.runner import Runner
from hub.store.sql import Moment, SqlStore
from tests.clusters import kafka, postgres
from tests.laws.engines import WRAPPER, LawClock, candidate
from tests.laws.store_fixtures import migrate
from tests.simulator.faults import Faults, How

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(300)]

INBOX: Final = "inbox.law"
IN: Final = "records.in"
OUT: Final = "records.out"
ROWS: Final = 128
"""Partitions of each topic: every row of the table has one of its own."""

WINDOW, REQUEST, NATURAL, ERASED, MET, LEFT = (
    candidate(b"1"),
    candidate(b"2", "request-id", (b"r",)),
    candidate(b"3", "natural-key", (b"a", b"b")),
    candidate(b"4", code="ERASED"),
    candidate(b"5", code="MET"),
    candidate(b"6", code="LEFT"),
)
"""One of each way to tell a repeat; one that is erased; two that a gateway reserved before it died, of which one is sent again."""

T = TypeVar("T")


@dataclass(slots=True)
class Dying:
    """The writes of one process. `faults`: at which one it dies; after that it makes none."""

    faults: Faults
    dead: bool = False

    @contextmanager
    def write(self, point: str) -> Iterator[None]:
        if self.dead:
            raise TryAgain("AMANA-BUS-001", "the process is gone")
        try:
            with self.faults.write(point):
                yield
        except TryAgain:
            self.dead = True
            raise


class Struck:
    """A log whose writes are those of a process that dies."""

    def __init__(self, log: Bus, dying: Dying) -> None:
        self._log = log
        self._dying = dying

    def __getattr__(self, name: str) -> Any:
        return getattr(self._log, name)

    async def append(self, appends: Sequence[Append]) -> list[int]:
        with self._dying.write("bus.append"):
            return await self._log.append(appends)

    async def ensure(self, topics: Mapping[str, int]) -> None:
        with self._dying.write("bus.ensure"):
            await self._log.ensure(topics)

    async def trim(self, topic: str, partition: int, before: int) -> None:
        with self._dying.write("bus.trim"):
            await self._log.trim(topic, partition, before)


@dataclass(slots=True)
class Transactions:
    """The store's, as writes of a process that dies."""

    dying: Dying
    _under_way: AbstractContextManager[None] | None = None

    def strike(self, moment: Moment) -> None:
        if moment == "before":
            self._under_way = self.dying.write("store")
            self._under_way.__enter__()
        elif moment == "after" and self._under_way is not None:
            self._under_way.__exit__(None, None, None)


@dataclass(slots=True)
class Table:
    """Rows of one story. `take` tells it in one partition, with the process dying at the `number`-th write (None: never);
    what came of it, and which writes there were."""

    take: Callable[[KafkaLog, int, int | None, How], Awaitable[tuple[Any, list[str]]]]
    undisturbed: Any = None
    writes: list[str] = field(default_factory=list)

    async def go_through(self, how: How) -> None:
        connection = Connection((kafka.shared(),), Names(kafka.prefix()), replication=1, min_insync=1)
        log = await KafkaLog.open(connection, LawClock())
        try:
            await log.ensure(dict.fromkeys((INBOX, IN, OUT), ROWS))
            self.undisturbed, self.writes = await self.take(log, 0, None, how)
            for number, point in enumerate(self.writes):
                found, _ = await self.take(log, number + 1, number, how)
                assert found == self.undisturbed, f"{how} at write {number}: {point}"
        finally:
            await log.close()


async def insist(
    process: Callable[[], T], act: Callable[[T], Awaitable[Any]], end: Callable[[T], Awaitable[None]]
) -> Any:
    """Do it; when the process dies, another one does it."""
    for _ in range(4):
        made = process()
        try:
            return await act(made)
        except TryAgain:
            continue
        finally:
            await end(made)
    raise AssertionError("no process does it")


# gateways


class Counting:
    """A stage whose effects are counted by the id of their message."""

    name = "counting"
    version = 1
    batch = 100

    def __init__(self) -> None:
        self.effects: Counter[str] = Counter()

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == INBOX]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        del topic, partition
        self.effects.update(entry.record.headers[ID] for entry in entries)
        return Effects()


async def admissions(log: KafkaLog, partition: int, number: int | None, how: How) -> tuple[Any, list[str]]:
    """Messages of every kind are admitted, one is met again, one swept, a secret put, a message erased, the log proved."""
    address, clock = postgres.shared().copy("admissions", create_tables), LawClock()

    def gateway(dying: Dying) -> PostgresAdmissions:
        bus: Any = Struck(log, dying)
        return PostgresAdmissions(bus, Connections(address), WRAPPER, clock, dying.write)

    def at(message: Any) -> Any:
        return candidate(message.body, message.rule, message.dedupe_keys, code=message.code, partition=partition)

    for message in (MET, LEFT):
        before = Faults()
        before.at_point("bus.append", "failed")
        died = gateway(Dying(before))
        with pytest.raises(TryAgain):
            await died.admit([at(message)], Ms(1000))
        await died.close()
    clock.time = Ms(clock.time + OVERDUE_MS + 1)
    faults = Faults()
    if number is not None:
        faults.at_write(number, how)

    async def act(do: Callable[[PostgresAdmissions], Awaitable[Any]]) -> Any:
        return await insist(lambda: gateway(Dying(faults)), do, PostgresAdmissions.close)

    ids: dict[bytes, str] = {}
    for message in (MET, WINDOW, REQUEST, NATURAL, ERASED, WINDOW):
        sent = [at(message)]
        [answer] = await act(partial(PostgresAdmissions.admit, candidates=sent, now=Ms(2000)))
        assert isinstance(answer, Admitted | Duplicate)
        assert ids.setdefault(message.body, answer.id) == answer.id
    secret = await act(lambda g: g.put({"run:1": b"s" * 32}))
    await act(lambda g: g.sweep())
    await act(lambda g: g.erase([ids[ERASED.body]]))
    await act(lambda g: g.prove())
    written = list(faults.written)
    clock.time = Ms(clock.time + OVERDUE_MS + 1)
    last = gateway(Dying(Faults()))
    await last.sweep()
    reader, store = Counting(), SqlStore.open("sqlite://")
    runner, place = Runner(reader, log, store, "reader"), (INBOX, partition)
    await runner.claim(place)
    while await runner.take(place, await log.read(*place, runner.position(place))):
        pass
    opened = await last.open(list(reader.effects))
    erased = {name for name, _ in await last.erased()}
    await last.close()
    await store.close()
    with psycopg.connect(address) as connection:
        waiting = connection.execute("SELECT count(*) FROM admissions.pending").fetchone()
    return (ids, reader.effects, set(opened), erased, secret, waiting), written


def test_every_write_that_admissions_name_is_in_the_table() -> None:
    """Whoever adds a write to `hub/postgres` puts it where the table can go wrong at it."""
    sources = [path.read_text() for path in Path(hub.postgres.__path__[0]).glob("*.py")]
    named = {name for text in sources for name in re.findall(r'_hook\("([a-z.]+)"\)', text)}
    commits = sum(text.count(".commit()") for text in sources)
    _, written = asyncio.run(_once(admissions))
    assert set(written) == named | {"bus.append"}
    assert len(named) > 5
    assert commits <= len(named) + 1, "a commit that no hook surrounds (a reservation has its two in one)"


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
def test_a_gateway_that_dies_at_any_write_changes_nothing(how: How) -> None:
    """Reserving, appending, noting receipts, appending again, sweeping, secrets and erasures: each message has one id and
    one effect, opens unless it was erased, and nothing waits in the end."""
    table = Table(admissions)
    asyncio.run(table.go_through(how))
    ids, effects, opened, erased, _, waiting = table.undisturbed
    assert set(effects.values()) == {1}
    assert len(effects) == 6
    assert erased == {ids[ERASED.body]}
    assert opened == set(effects) - erased
    assert waiting == (0,)


# stages


class Copying:
    """IN -> OUT, and a row for each record."""

    name = "copying"
    version = 1
    batch = 2

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic == IN]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:
        names = [entry.record.headers[ID] for entry in entries]
        made = [
            Record(b"key", {ID: name, DERIVED: f"{topic}/{partition}/{entry.offset}/0", STAGE: "copying/1"}, b"x")
            for name, entry in zip(names, entries, strict=True)
        ]
        rows: list[dict[str, Any]] = [{"code": name, "name": name, "parent": None} for name in names]
        return Effects(publishes=[Append(OUT, partition, made)], writes=[Write("institution", rows, "add")])


async def copying(log: KafkaLog, partition: int, number: int | None, how: How) -> tuple[Any, list[str]]:
    """Topics are made, records appended and copied by a stage with its state and position, and the old ones trimmed."""
    address = await asyncio.to_thread(postgres.shared().copy, "store", migrate)
    faults = Faults()
    if number is not None:
        faults.at_write(number, how)
    names = [f"r{n}" for n in range(4)]
    made = [Record(b"key", {ID: name, DERIVED: f"up/0/{n}/0", STAGE: "up/1"}, b"x") for n, name in enumerate(names)]
    place = (IN, partition)

    async def act(do: Callable[[Bus, SqlStore], Awaitable[Any]]) -> Any:
        def process() -> tuple[Bus, SqlStore]:
            dying = Dying(faults)
            bus: Any = Struck(log, dying)
            return bus, SqlStore.open(address, fault=Transactions(dying).strike)

        return await insist(process, lambda both: do(*both), lambda both: both[1].close())

    async def take(bus: Bus, store: SqlStore) -> None:
        runner = Runner(Copying(), bus, store, "worker")
        await runner.claim(place)
        while await runner.take(place, await bus.read(*place, runner.position(place), max_records=2)):
            pass

    await act(lambda bus, _: bus.ensure({f"records.new{partition}": 1}))
    for half in (made[:2], made[2:]):
        await act(partial(_append, [Append(*place, half)]))
    await act(take)
    end = await log.end(*place)
    await act(lambda bus, _: bus.trim(*place, end))
    entries, _ = fresh(await log.read(OUT, partition, 0), Progress())
    store = SqlStore.open(address)
    rows = await store.rows("institution", order=("code",))
    [progress] = await store.rows("stage_progress")
    await store.close()
    found = {
        "topics": log.topics()[f"records.new{partition}"],
        "published": [entry.record.headers[ID] for entry in entries],
        "stored": [row["code"] for row in rows],
        "behind": end - progress["position"],
        "kept": end - await log.start(*place),
    }
    return found, list(faults.written)


async def _append(appends: Sequence[Append], bus: Bus, _: SqlStore) -> None:
    await bus.append(appends)


async def _once(take: Callable[..., Awaitable[tuple[Any, list[str]]]]) -> tuple[Any, list[str]]:
    connection = Connection((kafka.shared(),), Names(kafka.prefix()), replication=1, min_insync=1)
    log = await KafkaLog.open(connection, LawClock())
    try:
        await log.ensure(dict.fromkeys((INBOX, IN, OUT), 1))
        return await take(log, 0, None, "failed")
    finally:
        await log.close()


@pytest.mark.parametrize("how", ["failed", "failed but stored"])
def test_a_stage_that_dies_at_any_write_to_kafka_or_postgresql_changes_nothing(how: How) -> None:
    """Its readers find each record once and in order, the store has each row once, and its position is at the end."""
    table = Table(copying)
    asyncio.run(table.go_through(how))
    names = ["r0", "r1", "r2", "r3"]
    assert table.undisturbed == {"topics": 1, "published": names, "stored": names, "behind": 0, "kept": 0}
    assert {"bus.append", "bus.ensure", "bus.trim", "store"} == set(table.writes)
