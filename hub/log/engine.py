"""The embedded engine: `Bus`, `Admissions` and `Vault` of `hub.ports` on one SQLite file.

Rule: callers may use it from several threads and event loops; several processes may open one file. Writing goes
through the writer thread, reading happens inline.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol, overload

import apsw

from hub.errors import Halt, TryAgain
from hub.log.batches import encode_records
from hub.log.bell import Bell
from hub.log.connections import Readers, create_tables, guarded
from hub.log.dedupe import claim
from hub.log.jobs import AdmitJob, AppendJob, EnsureJob, EraseJob, Job, ProveJob, PutJob, TrimJob
from hub.log.parts import Parts
from hub.log.reader import find_time, read_batches
from hub.log.vault import find_secrets, list_erasures
from hub.log.writer import Writer
from hub.metrics.measures import Measures
from hub.ports import Answered, Append, Candidate, Clock, KeyWrapper
from hub.records import Batch, Ms
from hub.rundir import run_directory
from signing.errors import SigningError


def open_log(
    path: Path,
    wrapper: KeyWrapper,
    clock: Clock,
    *,
    run_dir: Path | None = None,
    vfs: str | None = None,
    measures: Measures | None = None,
) -> EmbeddedLog:
    """Open the file, made if missing. Raises `ConfigError` when it does not keep its durability settings or is not a
    log, `TryAgain` when the disk refuses."""
    create_tables(path, vfs)
    bell = Bell(run_directory(path.parent) if run_dir is None else run_dir)
    with guarded("opening the log"):
        writer = Writer(path, vfs, wrapper, clock, bell.ring)
    return EmbeddedLog(wrapper, Readers(path, vfs), writer, bell, measures or Measures())


class _OpenLog(Protocol):
    def __call__(
        self,
        path: Path,
        wrapper: KeyWrapper,
        clock: Clock,
        *,
        run_dir: Path | None = None,
        vfs: str | None = None,
        measures: Measures | None = None,
    ) -> EmbeddedLog: ...


class _Open:
    """One word, two meanings: `EmbeddedLog.open(path, ...)` opens a log, `log.open(ids)` is the vault's `open`."""

    @overload
    def __get__(self, log: None, owner: type[EmbeddedLog]) -> _OpenLog: ...
    @overload
    def __get__(
        self, log: EmbeddedLog, owner: type[EmbeddedLog]
    ) -> Callable[[Sequence[str]], Coroutine[Any, Any, dict[str, bytes]]]: ...
    def __get__(self, log: EmbeddedLog | None, owner: type[EmbeddedLog]) -> object:
        return open_log if log is None else log.open_secrets


class EmbeddedLog:
    """Open with `EmbeddedLog.open`."""

    open = _Open()

    def __init__(self, wrapper: KeyWrapper, readers: Readers, writer: Writer, bell: Bell, measures: Measures) -> None:
        self._wrapper = wrapper
        self._readers = readers
        self._writer = writer
        self._bell = bell
        self._parts = Parts()
        self._measures = measures
        self._waiting = 0  # bytes
        measures.probe(lambda: measures.set("amana_bus_waiting_bytes", self._waiting))
        with self._reading("opening the log") as connection:
            self._parts.refresh(connection)

    # Bus

    def topics(self) -> Mapping[str, int]:
        return self._parts.topics()

    async def ensure(self, topics: Mapping[str, int]) -> None:
        known = self._parts.topics()
        if any(known.get(topic) != partitions for topic, partitions in topics.items()):
            await self._do(EnsureJob, dict(topics))
            with self._reading("reading topics") as connection:
                self._parts.refresh(connection)

    async def append(self, appends: Sequence[Append]) -> list[int]:
        encoded = [(self._part(a.topic, a.partition), encode_records(a.records)) for a in appends]
        bases: list[int] = await self._do(AppendJob, encoded)
        return bases

    async def read(self, topic: str, partition: int, offset: int, *, max_records: int = 1000) -> list[Batch]:
        part = self._part(topic, partition)
        with self._reading("reading") as connection:
            return read_batches(connection, part, offset, max_records)

    async def start(self, topic: str, partition: int) -> int:
        return self._edge(self._part(topic, partition), "first")

    async def end(self, topic: str, partition: int) -> int:
        return self._edge(self._part(topic, partition), "next")

    async def offset_at(self, topic: str, partition: int, time: Ms) -> int:
        part = self._part(topic, partition)
        with self._reading("reading") as connection:
            return find_time(connection, part, time)

    async def wait(self, seen: Mapping[tuple[str, int], int], timeout: float) -> frozenset[tuple[str, int]]:
        parts = {self._part(*place): place for place in seen}
        ends = {part: seen[place] for part, place in parts.items()}
        grown = await self._wait(ends, timeout) if timeout > 0 else self._ahead(ends)
        return frozenset(parts[part] for part in grown)

    async def _wait(self, parts: Mapping[int, int], timeout: float) -> list[int]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        with self._bell.listening(parts) as rung:
            while True:
                rung.clear()
                if grown := self._ahead(parts):
                    return grown
                try:
                    async with asyncio.timeout_at(deadline):
                        await rung.wait()
                except TimeoutError:
                    return self._ahead(parts)

    async def trim(self, topic: str, partition: int, before: int) -> None:
        await self._do(TrimJob, self._part(topic, partition), before)

    async def close(self) -> None:
        await asyncio.to_thread(self._writer.close)
        self._bell.close()
        self._readers.close()

    # Admissions

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        claims = [(self._part(c.topic, c.partition), claim(c)) for c in candidates]
        answers: list[Answered] = await self._do(AdmitJob, claims, now)
        return answers

    async def prove(self) -> None:
        await self._do(ProveJob)

    # Vault

    async def open_secrets(self, ids: Sequence[str]) -> dict[str, bytes]:
        with self._reading("opening secrets") as connection:
            wrapped = find_secrets(connection, ids)
        return self._unwrap(wrapped)

    async def put(self, secrets: Mapping[str, bytes]) -> dict[str, bytes]:
        wrapped = {name: self._wrapper.wrap(secret, name.encode()) for name, secret in secrets.items()}
        kept: dict[str, bytes] = await self._do(PutJob, wrapped)
        return self._unwrap(kept)

    async def erase(self, ids: Sequence[str]) -> int:
        destroyed: int = await self._do(EraseJob, list(ids))
        return destroyed

    async def erased(self) -> Sequence[tuple[str, Ms]]:
        with self._reading("reading erasures") as connection:
            return list_erasures(connection)

    # within

    async def _do(self, kind: Callable[..., Job], *request: object) -> Any:
        loop = asyncio.get_running_loop()
        job = kind(loop, loop.create_future(), *request)
        self._waiting += job.size
        try:
            self._writer.submit(job)
            return await job.future
        except TryAgain:
            self._measures.inc("amana_bus_refused_total")
            raise
        finally:
            self._waiting -= job.size

    @contextmanager
    def _reading(self, doing: str) -> Iterator[apsw.Connection]:
        with guarded(doing):
            yield self._readers.get()

    def _part(self, topic: str, partition: int) -> int:
        """Number of a partition. LookupError for one that does not exist."""
        number = self._parts.number(topic, partition)
        if number is None:  # another process may have made it since
            with self._reading("reading topics") as connection:
                self._parts.refresh(connection)
            number = self._parts.number(topic, partition)
        if number is None:
            raise LookupError(f"there is no partition {partition} of topic {topic}")
        return number

    def _edge(self, part: int, edge: Literal["first", "next"]) -> int:
        with self._reading("reading ends") as connection:
            return int(connection.execute(f"SELECT {edge} FROM part WHERE id = ?", (part,)).get)  # noqa: S608 - Literal

    def _ahead(self, seen: Mapping[int, int]) -> list[int]:
        with self._reading("reading ends") as connection:
            self._parts.refresh(connection)
            ends: list[Any] = (
                connection.execute(
                    "SELECT id, next FROM part WHERE id IN (SELECT value FROM carray(?))",
                    (apsw.carray(array("q", seen)),),
                ).fetchall()
                if seen
                else []
            )
        return [part for part, end in ends if end > seen[part]]

    def _unwrap(self, wrapped: Mapping[str, bytes]) -> dict[str, bytes]:
        try:
            return {name: self._wrapper.unwrap(secret, name.encode()) for name, secret in wrapped.items()}
        except SigningError as error:
            raise Halt("AMANA-SEAL-001", "a wrapped secret does not open under the wrapping key") from error
