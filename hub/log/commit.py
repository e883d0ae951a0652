"""One commit for many callers: their appends, admissions and secrets in one transaction, in the order they came.

Rule: nothing read outside the transaction decides anything. Offsets and duplicates are read inside it, so several
processes on one file never disagree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import apsw

from hub.errors import HubError
from hub.log.admission import Stored, load_memory, store_admissions
from hub.log.batches import MAX_BYTES, MAX_RECORDS, Chunk, checksum, encode_record, render_batch
from hub.log.connections import insert_rows, transaction
from hub.log.dedupe import Fresh, Memory, decide
from hub.log.inbox import build_inbox_record
from hub.log.jobs import AdmitJob, AppendJob, PutJob, SharedJob
from hub.log.tables import OFFSET_BITS
from hub.log.vault import put_secrets
from hub.ports import Admitted, Answered, Clock, KeyWrapper
from hub.records import Ms
from signing.errors import SigningError
from signing.sealing import SECRET_BYTES


class JobError(Exception):
    """One caller's request failed for a reason of its own; the others of the commit can go on without it."""

    def __init__(self, job: SharedJob, cause: Exception) -> None:
        self.job = job
        self.cause = cause
        super().__init__(str(cause))


@dataclass(slots=True)
class _Open:
    """A batch that is still being filled."""

    base: int
    time: Ms
    count: int = 0
    size: int = 0
    chunks: list[Chunk] = field(default_factory=list)


@dataclass(slots=True)
class _Tail:
    """Where a partition ends, and what this commit adds to it."""

    next: int
    time: int
    batches: list[_Open] = field(default_factory=list)

    def place(self, chunk: Chunk, now: Ms) -> int:
        """Offset of the chunk's first record. Chunks share a batch while it is small."""
        base = self.next
        self.time = max(self.time, now)
        last = self.batches[-1] if self.batches else None
        size = len(chunk.body)
        if last is None or last.count + chunk.count > MAX_RECORDS or last.size + size > MAX_BYTES:
            last = _Open(base, now)
            self.batches.append(last)
        last.chunks.append(chunk)
        last.count += chunk.count
        last.size += size
        last.time = Ms(self.time)
        self.next += chunk.count
        return base


def commit_shared(
    connection: apsw.Connection, jobs: Sequence[SharedJob], wrapper: KeyWrapper, clock: Clock
) -> list[int]:
    """Do all jobs or none; sets their answers. Returns the partitions that grew. Raises `JobError` when one job must
    leave the commit, apsw's errors when nothing (or nobody knows what) was stored."""
    now = clock.now()
    with transaction(connection):
        tails = _load_tails(connection, jobs)
        admissions = _Admissions(connection, jobs, wrapper)
        for job in jobs:
            if isinstance(job, AppendJob):
                job.answer = _append(job, tails, now)
            elif isinstance(job, AdmitJob):
                job.answer = admissions.admit(job, tails)
        admissions.store(connection)
        for job in jobs:
            if isinstance(job, PutJob):
                job.answer = put_secrets(connection, job.wrapped)
        return _store_tails(connection, tails)


def _append(job: AppendJob, tails: dict[int, _Tail], now: Ms) -> list[int]:
    bases = []
    for part, chunks in job.appends:
        tail = tails[part]
        bases.append(tail.next)
        for chunk in chunks:
            tail.place(chunk, now)
    return bases


class _Admissions:
    """The admissions of one commit: decided together, so that duplicates within it are seen as well."""

    def __init__(self, connection: apsw.Connection, jobs: Sequence[SharedJob], wrapper: KeyWrapper) -> None:
        claims = [claim for job in jobs if isinstance(job, AdmitJob) for _, claim in job.claims]
        self._memory = load_memory(connection, claims) if claims else Memory()
        self._randomness = _slices(os.urandom(SECRET_BYTES * len(claims)))
        self._wrapper = wrapper
        self._stored: list[Stored] = []

    def admit(self, job: AdmitJob, tails: dict[int, _Tail]) -> list[Answered]:
        answers: list[Answered] = []
        for part, claim in job.claims:
            # a clock that was set back must not let an earlier message look later
            now = Ms(max(job.now, tails[part].time))
            fresh = decide(claim, self._memory, now)
            if not isinstance(fresh, Fresh):
                answers.append(fresh)
                continue
            secret = next(self._randomness)
            try:
                wrapped = self._wrapper.wrap(secret, fresh.id.encode())
                chunk = encode_record(build_inbox_record(claim, fresh, now, secret))
            except (HubError, SigningError, TypeError, ValueError) as error:
                raise JobError(job, error) from error
            offset = tails[part].place(chunk, now)
            self._stored.append(Stored(claim, fresh, now, wrapped))
            answers.append(Admitted(fresh.id, offset, fresh.occurrence, now, claim.digest, fresh.rows))
        return answers

    def store(self, connection: apsw.Connection) -> None:
        if self._stored:
            store_admissions(connection, self._stored)


def _slices(randomness: bytes) -> Iterator[bytes]:
    for first in range(0, len(randomness), SECRET_BYTES):
        yield randomness[first : first + SECRET_BYTES]


def _load_tails(connection: apsw.Connection, jobs: Sequence[SharedJob]) -> dict[int, _Tail]:
    parts: set[int] = set()
    for job in jobs:
        if isinstance(job, AppendJob):
            parts.update(part for part, _ in job.appends)
        elif isinstance(job, AdmitJob):
            parts.update(part for part, _ in job.claims)
    if not parts:
        return {}
    places = ",".join("?" * len(parts))
    rows = connection.execute(f"SELECT id, next, time FROM part WHERE id IN ({places})", tuple(parts))  # noqa: S608 - "?" only
    return {part: _Tail(offset, time) for part, offset, time in rows}


def _store_tails(connection: apsw.Connection, tails: dict[int, _Tail]) -> list[int]:
    rows: list[tuple[int, int, int, int, bytes]] = []
    ends: list[int] = []
    for part, tail in tails.items():
        for batch in tail.batches:
            body = render_batch(batch.chunks)
            crc = checksum(batch.base, batch.count, batch.time, body)
            rows.append((part << OFFSET_BITS | batch.base, batch.count, batch.time, crc, body))
        if tail.batches:
            ends += (part, tail.next, tail.time)
    if not rows:
        return []
    insert_rows(connection, "batch", "place,count,time,crc,body", rows)
    places = ",".join(["(?,?,?)"] * (len(ends) // 3))
    connection.execute(
        f"WITH tail(part, next, time) AS (VALUES {places})"  # noqa: S608 - "?" only
        " UPDATE part SET next = tail.next, time = tail.time FROM tail WHERE part.id = tail.part",
        ends,
    )
    return ends[::3]
