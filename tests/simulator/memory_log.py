"""The log in memory: `Bus`, `Admissions` and `Vault` with the fault hook at every write.

Rule: it keeps the same laws as the real engines (`tests/laws/`) and decides duplicates with the same function. What is
stored lives on a `Disk`, so a test can drop the log and open another one on what is left.
"""

from __future__ import annotations

import asyncio
import os
import threading
from bisect import bisect_left, bisect_right
from collections import ChainMap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hub.errors import ConfigError, TryAgain
from hub.log.batches import encode_record, encode_records
from hub.log.dedupe import Claim, Fresh, Memory, claim, decide
from hub.log.inbox import build_inbox_record
from hub.ports import Admitted, Answered, Append, Candidate, Clock, Conflict, Duplicate, KeyWrapper
from hub.records import Batch, Ms, Record
from signing.sealing import SECRET_BYTES
from tests.simulator.faults import Faults


@dataclass(slots=True)
class Partition:
    start: int = 0
    end: int = 0
    time: int = 0
    batches: list[Batch] = field(default_factory=list)

    def append(self, records: Sequence[Record], now: Ms) -> int:
        base = self.end
        if records:
            self.time = max(self.time, now)
            self.batches.append(Batch(base, self.time, list(records)))
            self.end += len(records)
        return base


@dataclass(slots=True)
class Disk:
    """All that a log has stored."""

    topics: dict[str, int] = field(default_factory=dict)
    partitions: dict[tuple[str, int], Partition] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    secrets: dict[str, bytes] = field(default_factory=dict)
    erasures: dict[str, Ms] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A message that is let in, ready to be stored."""

    claim: Claim
    fresh: Fresh
    now: Ms
    partition: Partition
    wrapped: bytes
    record: Record


class _Overlay:
    """A memory that takes decisions without touching the kept one, until `keep`."""

    def __init__(self, kept: Memory) -> None:
        self._kept = kept
        self._new = Memory()
        self.memory = Memory(
            ChainMap(self._new.seen, kept.seen),
            ChainMap(self._new.requests, kept.requests),
            ChainMap(self._new.latest, kept.latest),
            ChainMap(self._new.occurrences, kept.occurrences),
        )

    def keep(self) -> None:
        self._kept.seen.update(self._new.seen)
        self._kept.requests.update(self._new.requests)
        self._kept.latest.update(self._new.latest)
        self._kept.occurrences.update(self._new.occurrences)


class MemoryLog:
    """Nothing waits for anything here, so an effect is visible when the call returns, in every loop and thread."""

    def __init__(
        self, wrapper: KeyWrapper, clock: Clock, faults: Faults | None = None, *, disk: Disk | None = None
    ) -> None:
        self.disk = Disk() if disk is None else disk
        self.faults = Faults() if faults is None else faults
        self._wrapper = wrapper
        self._clock = clock
        self._lock = threading.RLock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        self._closed = False

    # Bus

    def topics(self) -> Mapping[str, int]:
        return dict(self.disk.topics)

    async def ensure(self, topics: Mapping[str, int]) -> None:
        with self._lock:
            for topic, partitions in topics.items():
                if partitions < 1:
                    raise ConfigError("AMANA-CONF-001", f"topic {topic} needs at least one partition")
                found = self.disk.topics.get(topic, partitions)
                if found != partitions:
                    raise ConfigError("AMANA-CONF-002", f"topic {topic} has {found} partitions, not {partitions}")
            missing = {topic: number for topic, number in topics.items() if topic not in self.disk.topics}
            if missing:
                self._open()
                with self.faults.write("bus.ensure"):
                    self.disk.topics.update(missing)
                    for topic, number in missing.items():
                        self.disk.partitions.update({(topic, index): Partition() for index in range(number)})

    async def append(self, appends: Sequence[Append]) -> list[int]:
        with self._lock:
            self._open()
            partitions = [self._partition(append.topic, append.partition) for append in appends]
            for append in appends:
                encode_records(append.records)  # what no engine could store is refused here too
            now = self._clock.now()
            try:
                with self.faults.write("bus.append"):
                    return [
                        partition.append(append.records, now)
                        for partition, append in zip(partitions, appends, strict=True)
                    ]
            finally:
                self._ring()

    async def read(self, topic: str, partition: int, offset: int, *, max_records: int = 1000) -> list[Batch]:
        with self._lock:
            batches = self._partition(topic, partition).batches
            first = max(bisect_right(batches, offset, key=lambda batch: batch.base) - 1, 0)
            found: list[Batch] = []
            total = 0
            for batch in batches[first:]:
                skip = max(offset - batch.base, 0)
                if skip >= len(batch.records):
                    continue
                if total >= max_records:
                    break
                found.append(Batch(batch.base + skip, batch.time, batch.records[skip:]))
                total += len(batch.records) - skip
            return found

    async def start(self, topic: str, partition: int) -> int:
        return self._partition(topic, partition).start

    async def end(self, topic: str, partition: int) -> int:
        return self._partition(topic, partition).end

    async def offset_at(self, topic: str, partition: int, time: Ms) -> int:
        with self._lock:
            part = self._partition(topic, partition)
            index = bisect_left(part.batches, time, key=lambda batch: Ms(batch.time))
            return int(part.batches[index].base if index < len(part.batches) else part.end)

    async def wait(self, seen: Mapping[tuple[str, int], int], timeout: float) -> frozenset[tuple[str, int]]:
        rung = asyncio.Event()
        waiting = (asyncio.get_running_loop(), rung)
        late = asyncio.ensure_future(self._clock.sleep(timeout))
        late.add_done_callback(lambda _: rung.set())
        with self._lock:
            self._waiting.append(waiting)
        try:
            while True:
                rung.clear()
                if grown := self._ahead(seen):
                    return grown
                self._open()
                if timeout <= 0 or late.done():
                    return frozenset()
                await rung.wait()
        finally:
            late.cancel()
            with self._lock:
                self._waiting.remove(waiting)

    async def trim(self, topic: str, partition: int, before: int) -> None:
        with self._lock:
            self._open()
            part = self._partition(topic, partition)
            with self.faults.write("bus.trim"):
                part.batches = [batch for batch in part.batches if batch.base + len(batch.records) > before]
                part.start = part.batches[0].base if part.batches else part.end

    async def close(self) -> None:
        self._closed = True
        self._ring()

    # Admissions

    async def admit(self, candidates: Sequence[Candidate], now: Ms) -> list[Answered]:
        claims = [claim(candidate) for candidate in candidates]
        with self._lock:
            self._open()
            overlay = _Overlay(self.disk.memory)
            planned: list[Duplicate | Conflict | _Entry] = []
            for own in claims:
                partition = self._partition(own.candidate.topic, own.candidate.partition)
                time = Ms(max(now, partition.time))
                fresh = decide(own, overlay.memory, time)
                planned.append(self._entry(own, fresh, time, partition) if isinstance(fresh, Fresh) else fresh)
            try:
                with self.faults.write("admissions.admit"):
                    answers = [self._store(entry) for entry in planned]
                    overlay.keep()
            finally:
                self._ring()
            return answers

    def _entry(self, own: Claim, fresh: Fresh, now: Ms, partition: Partition) -> _Entry:
        secret = os.urandom(SECRET_BYTES)
        wrapped = self._wrapper.wrap(secret, fresh.id.encode())
        record = build_inbox_record(own, fresh, now, secret)
        encode_record(record)  # what no engine could store is refused here too
        return _Entry(own, fresh, now, partition, wrapped, record)

    def _store(self, entry: Duplicate | Conflict | _Entry) -> Answered:
        if not isinstance(entry, _Entry):
            return entry
        fresh = entry.fresh
        self.disk.secrets[fresh.id] = entry.wrapped
        offset = entry.partition.append([entry.record], entry.now)
        return Admitted(fresh.id, offset, fresh.occurrence, entry.now, entry.claim.digest, fresh.rows)

    async def prove(self) -> None:
        with self._lock:
            self._open()
            with self.faults.write("admissions.prove"):
                pass

    # Vault

    async def open(self, ids: Sequence[str]) -> dict[str, bytes]:
        with self._lock:
            return {name: self._unwrap(name) for name in ids if name in self.disk.secrets}

    async def put(self, secrets: Mapping[str, bytes]) -> dict[str, bytes]:
        with self._lock:
            self._open()
            new = {
                name: self._wrapper.wrap(secret, name.encode())
                for name, secret in secrets.items()
                if name not in self.disk.secrets and name not in self.disk.erasures
            }
            with self.faults.write("vault.put"):
                self.disk.secrets.update(new)
            return {name: self._unwrap(name) for name in secrets if name in self.disk.secrets}

    async def erase(self, ids: Sequence[str]) -> int:
        with self._lock:
            self._open()
            found = [name for name in dict.fromkeys(ids) if name in self.disk.secrets]
            with self.faults.write("vault.erase"):
                for name in found:
                    del self.disk.secrets[name]
                    self.disk.erasures[name] = self._clock.now()
            return len(found)

    async def erased(self) -> Sequence[tuple[str, Ms]]:
        return list(self.disk.erasures.items())

    # within

    def _open(self) -> None:
        if self._closed:
            raise TryAgain("AMANA-BUS-001", "the log is closed")

    def _partition(self, topic: str, partition: int) -> Partition:
        found = self.disk.partitions.get((topic, partition))
        if found is None:
            raise LookupError(f"there is no partition {partition} of topic {topic}")
        return found

    def _unwrap(self, name: str) -> bytes:
        return self._wrapper.unwrap(self.disk.secrets[name], name.encode())

    def _ahead(self, seen: Mapping[tuple[str, int], int]) -> frozenset[tuple[str, int]]:
        return frozenset(place for place, offset in seen.items() if self._partition(*place).end > offset)

    def _ring(self) -> None:
        with self._lock:
            for loop, event in self._waiting:
                loop.call_soon_threadsafe(event.set)
