"""Admissions and vault for a hub whose log lies elsewhere: reserve in PostgreSQL, append to the bus, answer.

Rule: a receipt is given only for what lies in the log. What was reserved and not appended, or nobody knows, is appended again
from the reservation itself by whoever meets it next, under the same id and secret, before it is called a repeat of anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import Any, Final

from hub.errors import Halt, HubError, TryAgain
from hub.log.dedupe import claim
from hub.metrics.measures import Measures
from hub.ports import Answered, Bus, Candidate, Clock, KeyWrapper
from hub.postgres import memory, pending, reservations, vault
from hub.postgres.connections import Connections
from hub.postgres.group import Group, Job, Place, decide_all
from hub.postgres.sweeping import OVERDUE_MS
from hub.postgres.tables import create_tables
from hub.records import Ms
from signing.errors import SigningError

MOST_JOBS: Final = 1024  # per reservation: bounds how long the first caller waits for the last
MOST_BYTES: Final = 1 << 20
MOST_APPENDS: Final = 4
"""Reservations that are being appended at once, while the next one is made."""

IDLE_S: Final = 0.25
"""How long a receipt waits for the next reservation, with which it is noted, until it is noted by itself."""

ERASE_S: Final = 600.0
"""How long the parts of the table of secrets may take to be written anew."""

ANSWER_S: Final = 30.0
"""How long a sender waits for an answer at most, however many waits of Kafka and PostgreSQL are in it."""

Hook = Callable[[str], AbstractContextManager[None]]
"""Around each write, by name: a test lets it go wrong before or after it was stored."""


def open_admissions(
    bus: Bus, address: str, wrapper: KeyWrapper, clock: Clock, measures: Measures | None = None
) -> PostgresAdmissions:
    """Make the tables if they are missing. Blocks: call it before serving. Raises `ConfigError` and `TryAgain`."""
    create_tables(address)
    return PostgresAdmissions(bus, Connections(address, measures=measures), wrapper, clock, measures=measures)


class PostgresAdmissions:
    """See `hub.ports.Admissions` and `hub.ports.Vault`. Use it from one event loop."""

    def __init__(
        self,
        bus: Bus,
        connections: Connections,
        wrapper: KeyWrapper,
        clock: Clock,
        hook: Hook = lambda _: nullcontext(),
        measures: Measures | None = None,
    ) -> None:
        self._bus = bus
        self._connections = connections
        self._wrapper = wrapper
        self._clock = clock
        self._hook = hook
        self._measures = measures or Measures()
        self._waiting: list[Job] = []
        self._rounds: asyncio.Task[None] | None = None
        self._places = asyncio.Semaphore(MOST_APPENDS)
        self._appending: dict[int, asyncio.Task[None]] = {}
        self._others: set[asyncio.Task[None]] = set()
        self._receipted: list[int] = []
        self._idle: asyncio.TimerHandle | None = None
        self._ends: dict[Place, int] = {}
        self._closed = False

    # Admissions

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        if self._closed:
            raise TryAgain("AMANA-BUS-001", "the log is closed")
        job = Job([claim(one) for one in candidates], now, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._look_at_ends(job)
                self._queue(job)
                return await job.future
        except TimeoutError:  # it may be stored in the end: whoever sends it again is told so
            raise TryAgain("AMANA-BUS-001", "Kafka or PostgreSQL did not answer in time") from None

    async def prove(self) -> None:
        with self._hook("admissions.prove"):
            async with self._connections.use() as connection:
                await connection.execute("UPDATE admissions.format SET proved = proved + 1")
                await connection.commit()

    async def sweep(self) -> int:
        """Append what was reserved and nobody brought to its end; returns how many reservations that were. Raises `TryAgain`;
        what is left is swept the next time."""
        now = self._clock.now()
        with self._hook("admissions.sweep"):
            async with self._connections.use() as connection:
                own = [*self._appending, *self._receipted]
                taken = await pending.take_overdue(connection, Ms(now - OVERDUE_MS), now, own)
                waiting = await pending.count_waiting(connection)
                await connection.commit()
        self._measures.set("amana_reservations_waiting", waiting)
        for number, attempt, kept in taken:
            await self._bus.append(reservations.repeat(reservations.parse(kept), attempt))
            self._measures.inc("amana_reservations_repeated_total")
            self._note_receipts(number)
        return len(taken)

    # Vault

    async def open(self, ids: Sequence[str]) -> dict[str, bytes]:
        if not ids:
            return {}
        async with self._connections.use(autocommit=True) as connection:
            wrapped = await vault.find_secrets(connection, ids)
        return self._unwrap(wrapped)

    async def put(self, secrets: Mapping[str, bytes]) -> dict[str, bytes]:
        if not secrets:
            return {}
        wrapped = {name: self._wrapper.wrap(secret, name.encode()) for name, secret in secrets.items()}
        with self._hook("vault.put"):
            async with self._connections.use() as connection:
                await vault.put_secrets(connection, wrapped)
                await connection.commit()
        return await self.open(list(secrets))

    async def erase(self, ids: Sequence[str]) -> int:
        with self._hook("vault.erase"):
            async with self._connections.use() as connection:
                unfinished = await vault.destroy_secrets(connection, ids, self._clock.now())
                await connection.commit()
            if unfinished:
                await self._finish_erasures()
        return unfinished

    async def erased(self) -> Sequence[tuple[str, Ms]]:
        async with self._connections.use(autocommit=True) as connection:
            return await vault.list_erasures(connection)

    async def close(self) -> None:
        """Answer everything that waits, note its receipts, then let go. Leaves the bus alone."""
        self._closed = True
        while self._rounds is not None or self._appending or self._others:
            tasks = [task for task in (self._rounds, *self._appending.values(), *self._others) if task is not None]
            await asyncio.wait(tasks)
        if self._idle is not None:
            self._idle.cancel()
        await self._mark()
        await self._connections.close()

    # reserve

    def _queue(self, *jobs: Job) -> None:
        self._waiting.extend(jobs)
        if self._rounds is None and self._waiting:
            self._rounds = asyncio.ensure_future(self._reserve_all())

    async def _reserve_all(self) -> None:
        try:
            while self._waiting:
                await self._places.acquire()
                jobs = self._take()
                if not jobs:
                    self._places.release()
                    continue
                try:
                    group, met = await self._reserve(jobs)
                except Exception as error:  # noqa: BLE001 - nobody may wait for ever; who is told "try again" may be stored
                    self._places.release()
                    for job in jobs:
                        job.settle(error)
                    continue
                for job, numbers in met:
                    self._behind(self._finish(job, numbers))
                if not group.reserved:
                    self._places.release()
                    for job in group.jobs:
                        job.settle()
                    continue
                task = asyncio.ensure_future(self._append(group))
                self._appending[group.number] = task
        finally:
            self._rounds = None

    def _take(self) -> list[Job]:
        """The next ones, without those whose callers have gone."""
        self._waiting = [job for job in self._waiting if not job.future.done()]
        size, count = 0, 0
        for job in self._waiting[:MOST_JOBS]:
            count += 1
            size += sum(len(one.candidate.received) + len(one.candidate.attached) for one in job.claims)
            if size >= MOST_BYTES:
                break
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    async def _reserve(self, jobs: Sequence[Job]) -> tuple[Group, list[tuple[Job, set[int]]]]:
        """One transaction. Returns what is to be appended, and the calls that met reservations without a receipt."""
        receipted, self._receipted = self._receipted, []
        began = perf_counter()
        try:
            async with self._connections.use() as connection:
                known = await memory.load(connection, [one for job in jobs for one in job.claims], receipted)
                met = [(job, met) for job in jobs if (met := {n for c in job.claims for n in known.waits_for(c)})]
                waiting = {id(job) for job, _ in met}
                group = decide_all([j for j in jobs if id(j) not in waiting], known, self._ends, self._wrapper)
                group.number = known.number
                with self._hook("admissions.reserve"):
                    if group.reserved:
                        await self._keep(connection, group)
                    await connection.commit()
        except BaseException:
            self._receipted += receipted
            raise
        if group.reserved:
            self._measures.observe("amana_commit_seconds", perf_counter() - began, "reservation")
            self._measures.observe("amana_commit_records", len(group.stored), "reservation")
        return group, met

    async def _keep(self, connection: Any, group: Group) -> None:
        made, records = self._clock.now(), reservations.render(group.reserved)
        async with connection.pipeline():
            await memory.keep(connection, group.number, made, records, group.stored)
            await connection.commit()

    # append

    async def _append(self, group: Group) -> None:
        try:
            bases = await self._bus.append(reservations.first_attempt(group.reserved))
        except Exception as error:  # noqa: BLE001 - the callers get it; the reservation stays for whoever meets it
            for job in group.jobs:
                job.settle(error)
        else:
            for part, base in zip(group.reserved, bases, strict=True):
                self._note_end((part.topic, part.partition), base + len(part.records))
            group.place(bases)
            self._note_receipts(group.number)
            for job in group.jobs:
                job.settle()
        finally:
            del self._appending[group.number]
            self._places.release()

    async def _finish(self, job: Job, numbers: set[int]) -> None:
        """See to it that these reservations lie in the log, then decide the call."""
        try:
            for number in sorted(numbers):
                own = self._appending.get(number)
                if own is not None:
                    await asyncio.wait([own])
                if number not in self._receipted:
                    await self._append_again(job, number)
        except Exception as error:  # noqa: BLE001 - as above
            job.settle(error)
            return
        self._queue(job)

    async def _append_again(self, job: Job, number: int) -> None:
        with self._hook("admissions.again"):
            async with self._connections.use() as connection:
                row = await pending.count_attempt(connection, number)
                await connection.commit()
        if row is None:
            return  # another gateway has seen to it
        appends = reservations.repeat(reservations.parse(row[1]), row[0])
        bases = await self._bus.append(appends)
        self._measures.inc("amana_reservations_repeated_total")
        job.finished |= reservations.admitted(appends, bases)
        self._note_receipts(number)

    # mark

    def _note_receipts(self, number: int) -> None:
        """Together with the next reservation, or soon by itself."""
        self._receipted.append(number)
        if self._idle is None and not self._closed:
            self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._is_idle)

    def _is_idle(self) -> None:
        self._idle = None
        if self._receipted:
            self._behind(self._mark())

    async def _mark(self) -> None:
        numbers, self._receipted = self._receipted, []
        if not numbers:
            return
        try:
            with self._hook("admissions.mark"):
                async with self._connections.use() as connection:
                    await pending.forget(connection, numbers)
                    await connection.commit()
        except HubError:  # the next reservation takes them with it, or they are appended once more
            self._receipted += numbers

    # within

    def _behind(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)

    async def _look_at_ends(self, job: Job) -> None:
        """Where the partitions end, or ended a while ago: both lie before what is reserved from now on."""
        for one in job.claims:
            place = (one.candidate.topic, one.candidate.partition)
            if place not in self._ends:
                self._note_end(place, await self._bus.end(*place))

    def _note_end(self, place: Place, end: int) -> None:
        self._ends[place] = max(end, self._ends.get(place, 0))

    async def _finish_erasures(self) -> None:
        try:
            async with self._connections.use(autocommit=True, patience=ERASE_S) as connection:
                await vault.finish_erasures(connection)
        except TryAgain as again:
            raise TryAgain(again.code, "the secrets are deleted, but their files are not written anew") from None

    def _unwrap(self, wrapped: Mapping[str, bytes]) -> dict[str, bytes]:
        try:
            return {name: self._wrapper.unwrap(secret, name.encode()) for name, secret in wrapped.items()}
        except SigningError as error:
            raise Halt("AMANA-SEAL-001", "a wrapped secret does not open under the wrapping key") from error
