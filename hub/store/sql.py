"""The `Store` port on SQLAlchemy Core.

Rule: one transaction per call, everything or nothing; no caller can hold one while it does something else. Statements run
on threads of the store's own, some that write and some that read (one of each on SQLite, which has one writer), because a
durable commit waits for the disk while the event loop that asked for it also answers HTTP and calls receivers. An in-memory
database runs inline on its one connection: nothing there waits, and the simulator stays deterministic.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from time import perf_counter
from typing import Any, Final, Literal, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, Table, make_url, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.sql.base import Executable

from hub.errors import ConfigError, Conflict, Halt, TryAgain
from hub.metrics.measures import Measures
from hub.ports import How, Progress, Write
from hub.store import bulk, migrate, postgresql, queries
from hub.store.engines import in_memory, make_private, reading_engine, threads, writing_engine
from hub.store.postgresql import Line
from hub.store.tables import stage_progress

T = TypeVar("T")

Moment = Literal["claim", "before", "inside", "after"]
"""Where a fault can strike: while claiming, before the transaction, after its statements, after its commit."""

Fault = Callable[[Moment], None]
"""Called at each moment of a write; raises what shall go wrong. "after": failed but stored."""

_RETRY_AFTER: Final = 1.0


def _no_fault(_: Moment) -> None:
    return


class SqlStore:
    """See `hub.ports.Store`. Use it from one event loop."""

    def __init__(self, writing: Engine, reading: Engine | None, fault: Fault, measures: Measures) -> None:
        self._writing = writing
        self._reading = reading or writing
        self._fault = fault
        self._measures = measures
        self._statements: dict[tuple[str, tuple[str, ...], str], Executable] = {}
        self._arrays = writing.dialect.name == "postgresql"
        self._patience = None if writing.dialect.name == "sqlite" else postgresql.PATIENCE_S
        many = threads(writing.url)
        self._writer = ThreadPoolExecutor(many, "store-write") if reading is not None else None
        self._reader = ThreadPoolExecutor(many, "store-read") if reading is not None else None

    @classmethod
    def open(cls, url: str, *, fault: Fault | None = None, measures: Measures | None = None) -> SqlStore:
        """Open and migrate. `url`: "sqlite:///<file>", "sqlite://" (in memory), "postgresql://...". Raises
        `ConfigError` (AMANA-CONF-003, AMANA-CONF-005, AMANA-STORE-002), and `TryAgain` while PostgreSQL does not answer.
        Blocks: call it before serving."""
        parsed = postgresql.normalize(make_url(url))
        make_private(parsed)
        writing = writing_engine(parsed)
        try:
            migrate.upgrade(writing)
        except DatabaseError as error:
            writing.dispose()
            if postgresql.passes(error.orig):  # not there yet, or not just now
                raise TryAgain("AMANA-STORE-001", f"store: {error.orig}") from None
            raise ConfigError("AMANA-CONF-005", f"store: {error.orig}") from None
        except BaseException:
            writing.dispose()
            raise
        reading = None if in_memory(parsed) else reading_engine(parsed)
        return cls(writing, reading, fault or _no_fault, measures or Measures())

    async def claim(self, stage: str, topic: str, partition: int, owner: str) -> tuple[int, Progress]:
        return await self._write(partial(self._claim, stage, topic, partition, owner))

    async def commit(
        self,
        stage: str,
        epochs: Mapping[tuple[str, int], int],
        progress: Mapping[tuple[str, int], Progress],
        writes: Sequence[Write],
    ) -> None:
        if not set(progress) <= set(epochs):
            raise ValueError("progress of a partition whose epoch is not given")
        await self._write(partial(self._commit, stage, dict(epochs), dict(progress), tuple(writes)))

    async def write(self, writes: Sequence[Write]) -> None:
        if writes:
            await self._write(partial(self._rows_out, writes=tuple(writes)))

    async def rows(
        self,
        table: str,
        where: Mapping[str, Any] | None = None,
        *,
        order: Sequence[str] = (),
        limit: int | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        statement = queries.page(queries.table_of(table), where, order, limit, after, arrays=self._arrays)

        def read(connection: Connection) -> list[dict[str, Any]]:
            result = connection.execute(statement)
            names = tuple(result.keys())
            return [dict(zip(names, row, strict=True)) for row in result]

        return await self._read(read)

    async def count(
        self, table: str, where: Mapping[str, Any] | None = None, *, by: Sequence[str] = ()
    ) -> dict[tuple[Any, ...], int]:
        statement = queries.counts(queries.table_of(table), where, by, arrays=self._arrays)

        def read(connection: Connection) -> dict[tuple[Any, ...], int]:
            return {tuple(row[:-1]): int(row[-1]) for row in connection.execute(statement)}

        return await self._read(read)

    async def totals(
        self,
        table: str,
        where: Mapping[str, Any] | None = None,
        *,
        by: Sequence[str],
        total: str,
        span: str,
        limit: int,
        after: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        statement = queries.totals(queries.table_of(table), where, by, total, span, limit, after, arrays=self._arrays)
        names = (*by, "rows", total, "first", "last")

        def read(connection: Connection) -> list[dict[str, Any]]:
            return [dict(zip(names, row, strict=True)) for row in connection.execute(statement)]

        return await self._read(read)

    async def close(self) -> None:
        for executor in (self._writer, self._reader):
            if executor is not None:
                await asyncio.to_thread(executor.shutdown)
        self._reading.dispose()
        self._writing.dispose()

    # what runs on a thread of the store

    def _claim(
        self, stage: str, topic: str, partition: int, owner: str, connection: Connection
    ) -> tuple[int, Progress]:
        row = {"stage": stage, "topic": topic, "partition": partition, "owner": owner}
        dialect = connection.dialect.name
        insert = sqlite_insert(stage_progress) if dialect == "sqlite" else postgresql_insert(stage_progress)
        statement = (
            insert.values(**row, position=0, watermarks={}, epoch=1)
            .on_conflict_do_update(
                index_elements=["stage", "topic", "partition"],
                set_={"epoch": stage_progress.c.epoch + 1, "owner": owner},
            )
            .returning(stage_progress.c.epoch, stage_progress.c.position, stage_progress.c.watermarks)
        )
        epoch, position, watermarks = connection.execute(statement).one()
        self._fault("claim")
        return epoch, Progress(position, {source: (offset, n) for source, (offset, n) in watermarks.items()})

    def _commit(
        self,
        stage: str,
        epochs: dict[tuple[str, int], int],
        progress: dict[tuple[str, int], Progress],
        writes: tuple[Write, ...],
        connection: Connection,
    ) -> None:
        moved = bulk.move(connection, stage, epochs, progress) if self._arrays else set()
        for (topic, partition), epoch in sorted(epochs.items()):  # sorted: two committers lock in one order
            if (topic, partition) in moved:
                continue
            key = (
                stage_progress.c.stage == stage,
                stage_progress.c.topic == topic,
                stage_progress.c.partition == partition,
            )
            made = progress.get((topic, partition))
            if made is None:
                latest = connection.execute(select(stage_progress.c.epoch).where(*key).with_for_update()).scalar()
                held = latest == epoch
            else:
                statement = update(stage_progress).where(*key, stage_progress.c.epoch == epoch)
                result = connection.execute(
                    statement.values(
                        position=made.position, watermarks={s: list(m) for s, m in made.watermarks.items()}
                    )
                )
                held = result.rowcount == 1
            if not held:
                raise Halt("AMANA-FENCE-001", f"{stage} {topic}/{partition} epoch {epoch}")
        self._rows_out(connection, writes)

    def _rows_out(self, connection: Connection, writes: tuple[Write, ...]) -> None:
        for write in writes:
            table = queries.table_of(write.table)
            by_columns: dict[tuple[str, ...], list[Mapping[str, Any]]] = defaultdict(list)
            for row in write.rows:
                by_columns[tuple(row)].append(queries.storable(table, row))
            for columns, rows in by_columns.items():
                if connection.dialect.name == "postgresql":
                    bulk.write_rows(connection, table, columns, write.how, rows)
                else:
                    self._row_by_row(connection, table, columns, write.how, rows)
        self._fault("inside")

    def _row_by_row(
        self,
        connection: Connection,
        table: Table,
        columns: tuple[str, ...],
        how: How,
        rows: Sequence[Mapping[str, Any]],
    ) -> None:
        key = (table.name, columns, how)
        statement = self._statements.get(key)
        if statement is None:
            statement = self._statements[key] = queries.write_statement(connection.dialect.name, table, columns, how)
        if how == "drop":
            names = [column.name for column in table.primary_key]
            connection.execute(statement, [{f"k_{name}": row[name] for name in names} for row in rows])
        else:
            result = connection.execute(statement, [dict(row) for row in rows])
            if how == "swap" and result.rowcount != len(rows):
                raise Conflict(table.name)

    def _transact(self, work: Callable[[Connection], T], line: Line) -> T:
        self._fault("before")
        with _reactions(), self._writing.connect() as connection, line.on(connection), connection.begin():
            result = work(connection)
        self._fault("after")
        return result

    def _look(self, work: Callable[[Connection], T], line: Line) -> T:
        with _reactions(), self._reading.connect() as connection, line.on(connection), connection.begin():
            return work(connection)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._on("write", self._writer, partial(self._transact, work))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._on("read", self._reader, partial(self._look, work))

    async def _on(self, pool: str, executor: ThreadPoolExecutor | None, work: Callable[[Line], T]) -> T:
        line = Line()
        if executor is None:
            return work(line)
        loop = asyncio.get_running_loop()
        asked = perf_counter()
        with nullcontext() if self._patience is None else line.watched(loop, self._patience):
            began, result = await loop.run_in_executor(executor, _begun, work, line)
        self._measures.observe("amana_store_wait_seconds", began - asked, pool)
        return result


def _begun(work: Callable[[Line], T], line: Line) -> tuple[float, T]:
    """When the work began, and its result."""
    return perf_counter(), work(line)


class StoreDefect(Exception):
    """The database refused rows that no caller should have written. Its own text would quote them."""


class _reactions:  # noqa: N801 (reads as a statement)
    """A database that is locked, full or gone is worth another try; everything else is a defect and shows."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not isinstance(error, DBAPIError):
            return
        passes = isinstance(error, OperationalError | InterfaceError) or postgresql.passes(error.orig)
        if passes or error.connection_invalidated:
            raise TryAgain("AMANA-STORE-001", type(error.orig).__name__, after=_RETRY_AFTER) from None
        if isinstance(error.orig, psycopg.Error):
            raise StoreDefect(postgresql.describe(error.orig)) from None
