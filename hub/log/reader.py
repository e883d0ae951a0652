"""Reading the log: batches, ends and times, inline on the reading connection of the calling thread.

Rule: every statement is read to its end before control goes back, so no reader ever keeps the WAL from being truncated.
"""

from __future__ import annotations

import apsw

from hub.log.batches import parse_batch
from hub.log.tables import OFFSET_BITS
from hub.records import Batch, Ms

MAX_READ = 32 << 20
"""Bytes after which a read comes back with what it has, so that large messages do not add up in memory."""


def read_batches(connection: apsw.Connection, part: int, offset: int, max_records: int) -> list[Batch]:
    """Batches from `offset` on, the first one cut. Raises `Halt` (AMANA-LOG-001) for a damaged batch."""
    first = part << OFFSET_BITS
    offset = max(offset, 0)
    batches: list[Batch] = []
    found = size = 0
    cursor = connection.execute(
        "SELECT place - ?1, count, time, crc, body FROM batch WHERE place < ?1 + (1 << ?3) AND place >= coalesce("
        "(SELECT max(place) FROM batch WHERE place >= ?1 AND place <= ?1 + ?2), ?1) ORDER BY place",
        (first, offset, OFFSET_BITS),
    )
    try:
        for base, count, time, crc, body in cursor:
            if base + count <= offset:
                continue
            records = parse_batch(base, count, time, crc, body)
            skip = max(offset - base, 0)
            batches.append(Batch(base + skip, time, records[skip:] if skip else records))
            found += count - skip
            size += len(body)
            if found >= max_records or size >= MAX_READ:
                break
    finally:
        cursor.close()
    return batches


def find_time(connection: apsw.Connection, part: int, time: Ms) -> int:
    """First offset of a batch of `time` or later, else the end. Times never fall within a partition, so it halves."""
    first = part << OFFSET_BITS
    with connection:  # one snapshot
        low, high = connection.execute("SELECT first, next FROM part WHERE id = ?", (part,)).get
        while low < high:
            middle = (low + high) // 2
            place, count, at = connection.execute(
                "SELECT place, count, time FROM batch WHERE place <= ? ORDER BY place DESC LIMIT 1", (first + middle,)
            ).get
            if at >= time:
                high = place - first
            else:
                low = place - first + count
    return int(low)
