"""Reading partitions from any offset: batches as Kafka stores them, and a little that came with an earlier read.

Rule: nothing is remembered of a reader. What a broker sent beyond what was asked for is kept under the offset at which it
begins, so whoever reads on from there needs no request; a record below the end never changes, so what is kept stays true.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka.errors import OffsetOutOfRangeError
from aiokafka.record.memory_records import MemoryRecords

from hub.errors import Halt
from hub.kafka.client import START, Client, Place
from hub.kafka.wire import parse_record
from hub.records import Batch, Record

FETCH: Final = 1 << 20
FETCH_FEW: Final = 64 << 10
FEW: Final = 8
"""Whoever wants so few records is not sent a mebibyte."""

MAX_READ: Final = 32 << 20
"""Bytes after which a read comes back with what it has, so that large messages do not add up in memory."""

MAX_KEPT: Final = 32 << 20


@dataclass(slots=True)
class Supply:
    """Bytes of one partition that were fetched, as far as they are not read. `end`: the partition's, at that time. `ready`:
    what was parsed beyond what was wanted."""

    records: Any
    size: int
    end: int
    ready: list[Batch] = field(default_factory=list)
    behind: int = 0  # offset after the stored batch that these are of

    @property
    def is_empty(self) -> bool:
        return not self.ready and not self.records.has_next()


class Reader:
    """`Bus.read` and what belongs to it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._kept: OrderedDict[tuple[Place, int], Supply] = OrderedDict()
        self._size = 0

    async def read(self, place: Place, offset: int, max_records: int) -> list[Batch]:
        """Batches from `offset` on, the first one cut. Raises `Halt` (AMANA-LOG-001) for a damaged batch, `TryAgain`."""
        position = max(offset, 0)
        batches: list[Batch] = []
        found = size = 0
        while found < max_records and size < MAX_READ:
            supply = self._take(place, position) or await self._fetch(place, position, max_records - found)
            if supply is None:
                break
            while not supply.is_empty and found < max_records and size < MAX_READ:
                if not supply.ready:
                    stored = supply.records.next_batch()
                    position = max(position, stored.base_offset)
                    supply.ready = parse_batch(stored, position)
                    supply.behind = stored.next_offset
                while supply.ready and found < max_records:
                    batch, supply.ready[:1] = _cut(supply.ready[0], max_records - found)
                    batches.append(batch)
                    found += len(batch.records)
                    size += sum(len(record.value) for record in batch.records)
                    position = batch.base + len(batch.records)
                if not supply.ready:
                    position = max(position, supply.behind)
            self.keep(place, position, supply)
            if position >= supply.end:
                break
        return batches

    async def beginning(self, place: Place, offset: int) -> int:
        """First offset of the batch that `offset` is in. Raises `TryAgain`."""
        supply = await self._fetch(place, offset, 1)
        return offset if supply is None else int(supply.records.next_batch().base_offset)

    def keep(self, place: Place, offset: int, supply: Supply) -> None:
        """For whoever reads from `offset` next."""
        self._drop((place, offset))
        if supply.is_empty:
            return
        self._kept[place, offset] = supply
        self._size += supply.size
        while self._size > MAX_KEPT:
            self._drop(next(iter(self._kept)))

    def forget(self, place: Place) -> None:
        """Some of it is no longer there."""
        for key in [key for key in self._kept if key[0] == place]:
            self._drop(key)

    def _take(self, place: Place, offset: int) -> Supply | None:
        supply = self._kept.pop((place, offset), None)
        if supply is not None:
            self._size -= supply.size
        return supply

    def _drop(self, key: tuple[Place, int]) -> None:
        self._take(*key)

    async def _fetch(self, place: Place, offset: int, wanted: int) -> Supply | None:
        """None at the end, and behind it."""
        size = FETCH_FEW if wanted <= FEW else FETCH
        try:
            found = await self._client.fetch_one(place, offset, size)
        except OffsetOutOfRangeError:
            start = await self._client.offset(place, START)
            if offset >= start:
                return None
            found = await self._client.fetch_one(place, start, size)
        supply = supply_of(found.data, found.end)
        return supply if supply.records.has_next() else None


def _cut(batch: Batch, most: int) -> tuple[Batch, list[Batch]]:
    """The first records of a batch, and the rest, if any."""
    if len(batch.records) <= most:
        return batch, []
    return (
        Batch(batch.base, batch.time, batch.records[:most]),
        [Batch(batch.base + most, batch.time, batch.records[most:])],
    )


def supply_of(data: bytes, end: int) -> Supply:
    """What a broker sent; a batch at its end that is not whole is left out."""
    return Supply(MemoryRecords(data), len(data), end)


def parse_batch(stored: Any, offset: int) -> list[Batch]:
    """A stored batch from `offset` on, in pieces without gaps between offsets. Raises `Halt` (AMANA-LOG-001)."""
    if not stored.validate_crc():
        raise Halt("AMANA-LOG-001", f"checksum of the batch at {stored.base_offset}")
    if stored.is_control_batch:
        return []
    pieces: list[tuple[int, list[Record]]] = []
    for made in stored:
        if made.offset < offset:
            continue
        if not pieces or made.offset != pieces[-1][0] + len(pieces[-1][1]):
            pieces.append((made.offset, []))
        pieces[-1][1].append(parse_record(made.key, made.headers, made.value))
    return [Batch(base, stored.max_timestamp, records) for base, records in pieces]
