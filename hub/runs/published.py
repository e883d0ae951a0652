"""What the log already holds of a run. Rule: a run that was computed is read, never computed again: its records are
sealed under its own secret, so erasing what it was made from changes nothing that was approved and paid."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from hub.ports import Bus
from hub.records import DERIVED, RUN, STAGE, TYPE, Batch, Record
from hub.runs.codec import MAKER, open_record, signal_row
from hub.runs.totals import signals_digest
from hub.topics import CONTROL, SIGNALS_PAY

if TYPE_CHECKING:
    from hub.control.objects import RunOrder

_READ: Final = 2_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A whole run as it stands in the log: its pay.run value and its rows of `run_signal`."""

    run: dict[str, Any]
    rows: list[dict[str, Any]]


@dataclass(slots=True)
class Published:
    """Where the signals of each run lie. The topic is read through once, and on from there."""

    bus: Bus
    _next: dict[int, int] = field(default_factory=dict)
    _spans: dict[str, dict[int, tuple[int, int]]] = field(default_factory=dict)

    async def find(self, order: RunOrder, secret: bytes) -> Stored | None:
        """The run, when all of it is there. After a crash between two appends a part of it is: of what was published
        twice the last counts, and what does not give the digest of its pay.run is no run."""
        await self._read_on()
        source = f"{CONTROL}/0/{order.position}/"
        run: dict[str, Any] | None = None
        signals: dict[bytes, tuple[dict[str, Any], dict[str, Any]]] = {}
        for partition, (first, end) in self._spans.get(order.code, {}).items():
            async for _, record in self._records(partition, first, end):
                h = record.headers
                if not _is_made_by_runs(record) or h[RUN] != order.code or not h[DERIVED].startswith(source):
                    continue
                value = open_record(secret, record)
                if h[TYPE] == "pay.run":
                    run = value
                else:
                    signals[record.key] = (value, signal_row(order, record, value))
        if run is None or signals_digest(value for value, _ in signals.values()) != run["signalsDigest"]:
            return None
        return Stored(run, [row for _, row in signals.values()])

    async def _read_on(self) -> None:
        for partition in range(self.bus.topics().get(SIGNALS_PAY, 0)):
            start, end = self._next.get(partition, 0), await self.bus.end(SIGNALS_PAY, partition)
            async for offset, record in self._records(partition, start, end):
                if _is_made_by_runs(record):
                    spans = self._spans.setdefault(record.headers[RUN], {})
                    spans[partition] = (spans.get(partition, (offset, 0))[0], offset + 1)
            self._next[partition] = end

    async def _records(self, partition: int, offset: int, end: int) -> AsyncIterator[tuple[int, Record]]:
        while offset < end:
            batches = await self.bus.read(SIGNALS_PAY, partition, offset, max_records=_READ)
            if not batches:
                return
            for at, record in _numbered(batches):
                if at < end:
                    yield at, record
            offset = batches[-1].base + len(batches[-1].records)


def _numbered(batches: Sequence[Batch]) -> Iterator[tuple[int, Record]]:
    for batch in batches:
        yield from enumerate(batch.records, batch.base)


def _is_made_by_runs(record: Record) -> bool:
    """By this version of the stage: another one may have reckoned otherwise."""
    return record.headers.get(STAGE) == MAKER and RUN in record.headers
