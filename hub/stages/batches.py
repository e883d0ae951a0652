"""What of the batches that were read is to be taken, and what of an append goes at once. Rule: pure; order is kept."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from hub.ports import Append, Progress
from hub.records import DERIVED, STAGE, Batch
from hub.stages.effects import Effects, Entry

APPEND_BYTES: Final = 262_144
"""About how much one append carries: a large run must not hold the log, or the event loop, for long. Whoever is asked for
an answer meanwhile writes to the same log."""

RECORD_BYTES: Final = 256
"""What a record has beside its value, about."""


_NONE: Final = (-1, -1)


def fresh(batches: Sequence[Batch], before: Progress) -> tuple[list[Entry], Progress]:
    """What of `batches` is above the watermarks in `before`, and the progress once it is taken."""
    marks = dict(before.watermarks)
    entries: list[Entry] = []
    of, by = "", ""  # the message that the record before was made of, and the stage that made it
    maker, source, last = "", 0, -1  # `last`: the last one of that message
    new_entry = partial(tuple.__new__, Entry)  # what `Entry(...)` does, in half of the time
    for batch in batches:
        at = batch.time
        for offset, record in enumerate(batch.records, batch.base):
            headers = record.headers
            derived = headers.get(DERIVED)
            if derived is not None:  # as `parse_source` reads it, without an object per record
                message, _, number = derived.rpartition("/")
                stage = headers.get(STAGE, "")
                if message != of or stage != by:
                    of, by = message, stage
                    place, _, of_offset = message.rpartition("/")
                    maker, source = (
                        f"{stage.partition('/')[0]}:{place}",
                        int(of_offset),
                    )  # two stages may read one topic
                    reached, last = marks.get(maker, _NONE)
                    if reached != source:
                        last = sys.maxsize if reached > source else -1
                n = int(number)
                if n <= last:
                    continue
                last = n
                marks[maker] = (source, n)
            entries.append(new_entry((offset, at, record)))
    position = batches[-1].base + len(batches[-1].records) if batches else before.position
    return entries, Progress(position, marks)


def before(batches: Sequence[Batch], offset: int) -> list[Batch]:
    """What of `batches` lies below `offset`."""
    cut = [Batch(b.base, b.time, b.records[: max(offset - b.base, 0)]) for b in batches]
    return [batch for batch in cut if batch.records]


def behind(batches: Sequence[Batch], position: int) -> list[Batch]:
    """What of `batches` does not lie below `position`."""
    cut = [Batch(max(b.base, position), b.time, b.records[max(position - b.base, 0) :]) for b in batches]
    return [batch for batch in cut if batch.records]


def extend(whole: Effects, part: Effects) -> None:
    whole.publishes += part.publishes
    whole.writes += part.writes
    whole.verdicts += part.verdicts
    whole.erased += part.erased
    whole.then += part.then


def parts_of(publishes: Sequence[Append]) -> Iterator[list[Append]]:
    """The same records in the same order per partition, in appends of bearable size."""
    part: list[Append] = []
    size = 0
    for append in publishes:
        records = append.records
        start = 0
        for end, record in enumerate(records, 1):
            size += len(record.value) + RECORD_BYTES
            if size >= APPEND_BYTES:
                part.append(Append(append.topic, append.partition, records[start:end]))
                yield part
                part, size, start = [], 0, end
        if start < len(records):
            part.append(Append(append.topic, append.partition, records[start:]))
    if part:
        yield part
