"""Appending: what waits for a partition goes out together, as one batch, when the batch before it is stored.

Rule: the records of one append are in one batch, so they are stored whole, next to each other, or not at all. Bytes that wait
are bounded: who finds no room within `ROOM_WITHIN` seconds gets `TryAgain`, and the gateway says so to its callers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Final

from aiokafka.producer.message_accumulator import BatchBuilder

from hub.errors import BadMessage, TryAgain
from hub.kafka.client import Place
from hub.kafka.connection import MAX_MESSAGE
from hub.kafka.producing import Producing
from hub.kafka.wire import Headers, headers_of
from hub.metrics.measures import Measures
from hub.ports import Append, Clock
from hub.records import Record

BATCH: Final = 1 << 20
"""Bytes of appends that are joined; one that is larger goes alone."""

ROOM: Final = 32 << 20
ROOM_WITHIN: Final = 5.0
RECORD: Final = 64
HEADER: Final = 12
"""Bytes of Kafka's own around a record and a header, at most."""


@dataclass(slots=True)
class _Waiting:
    """An append, encoded."""

    records: list[tuple[Record, Headers]]
    size: int
    stored: asyncio.Future[int]


@dataclass(slots=True)
class _Lane:
    """One partition: what waits, and the time of the last batch (None: not asked yet)."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    time: int | None = None
    task: asyncio.Task[None] | None = None


class Appending:
    """`name_of` says what Kafka calls a topic; `last_time` the time of the last batch that a partition has."""

    def __init__(
        self,
        producing: Producing,
        clock: Clock,
        name_of: Callable[[str], str],
        last_time: Callable[[Place], Awaitable[int]],
        measures: Measures,
    ) -> None:
        self._producing = producing
        self._clock = clock
        self._name_of = name_of
        self._last_time = last_time
        self._lanes: dict[Place, _Lane] = {}
        self._room = _Room(ROOM)
        self._waiting = 0  # bytes
        self._measures = measures
        measures.probe(lambda: measures.set("amana_bus_waiting_bytes", self._waiting))

    async def append(self, appends: Sequence[Append]) -> list[int]:
        """Base offset of each, none of which may be empty. Raises `TryAgain`; BadMessage for what Kafka does not take."""
        encoded = [[(record, headers_of(record)) for record in append.records] for append in appends]
        sizes = [sum(_size(*pair) for pair in records) for records in encoded]
        if any(size > MAX_MESSAGE - 1024 for size in sizes):
            raise BadMessage("AMANA-BUS-002", f"{max(sizes)} bytes in one append; at most {MAX_MESSAGE}")
        if not appends:
            return []
        self._waiting += sum(sizes)
        try:
            await self._room.take(sum(sizes))
            stored = [
                self._put((append.topic, append.partition), records, size)
                for append, records, size in zip(appends, encoded, sizes, strict=True)
            ]
            await asyncio.wait(stored)
            return [future.result() for future in stored]
        except TryAgain:
            self._measures.inc("amana_bus_refused_total")
            raise
        finally:
            self._waiting -= sum(sizes)

    def _put(self, place: Place, records: list[tuple[Record, Headers]], size: int) -> asyncio.Future[int]:
        lane = self._lanes.setdefault(place, _Lane())
        waiting = _Waiting(records, size, asyncio.get_running_loop().create_future())
        waiting.stored.add_done_callback(lambda done: self._let_go(size, done))
        lane.waiting.append(waiting)
        if lane.task is None:
            lane.task = asyncio.ensure_future(self._run(place, lane))
        return waiting.stored

    def _let_go(self, size: int, done: asyncio.Future[int]) -> None:
        self._room.give(size)
        _ = done.cancelled() or done.exception()  # whoever waited for it may have gone

    async def _run(self, place: Place, lane: _Lane) -> None:
        """Batch after batch until nothing waits. When one is not known to be stored, what waits behind it is not stored
        either: it may be of the same maker, and readers drop what comes after its successor."""
        try:
            while lane.waiting:
                taken = _take(lane.waiting)
                try:
                    base = await self._store(place, lane, [pair for waiting in taken for pair in waiting.records])
                except Exception as error:  # noqa: BLE001 - each of those who wait is told
                    for waiting in [*taken, *lane.waiting]:
                        waiting.stored.set_exception(copy(error))
                    lane.waiting.clear()
                    continue
                for waiting in taken:
                    waiting.stored.set_result(base)
                    base += len(waiting.records)
        finally:
            lane.task = None

    async def _store(self, place: Place, lane: _Lane, records: list[tuple[Record, Headers]]) -> int:
        if lane.time is None:
            lane.time = await self._last_time(place)
        lane.time = max(lane.time, self._clock.now())
        batch = BatchBuilder(MAX_MESSAGE, 0)
        for record, headers in records:
            batch.append(timestamp=lane.time, key=record.key, value=record.value, headers=headers)
        batch.close()
        return await self._producing.send(batch, self._name_of(place[0]), place[1])


class _Room:
    """Bytes that may wait at once. One append that is larger than all of it goes when nothing else waits."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._used = 0
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        """In the order of asking. Raises `TryAgain` when there is no room in time."""
        if not self._queue and self._fits(size):
            self._used += size
            return
        admitted = asyncio.get_running_loop().create_future()
        self._queue.append((size, admitted))
        try:
            await asyncio.wait({admitted}, timeout=ROOM_WITHIN)
        except asyncio.CancelledError:
            if admitted.done():
                self.give(size)
            raise
        finally:
            if not admitted.done():
                self._queue.remove((size, admitted))
                self._admit()
        if not admitted.done():
            raise TryAgain("AMANA-BUS-001", "Kafka does not keep up")

    def give(self, size: int) -> None:
        self._used -= size
        self._admit()

    def _admit(self) -> None:
        while self._queue and self._fits(self._queue[0][0]):
            size, admitted = self._queue.popleft()
            self._used += size
            admitted.set_result(None)

    def _fits(self, size: int) -> bool:
        return self._used == 0 or self._used + size <= self._size


def _take(waiting: deque[_Waiting]) -> list[_Waiting]:
    """The next batch: as many appends as fit, one at least."""
    taken = [waiting.popleft()]
    size = taken[0].size
    while waiting and size + waiting[0].size <= BATCH:
        taken.append(waiting.popleft())
        size += taken[-1].size
    return taken


def _size(record: Record, headers: Headers) -> int:
    return RECORD + len(record.key) + len(record.value) + sum(HEADER + len(n) * 4 + len(v) for n, v in headers)
