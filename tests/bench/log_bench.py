"""Log appends against raw SQLite: what framing, checksums, threads and futures cost on top of the disk.

Both sides store the same batch bytes, with the same settings of the connection (WAL, synchronous=FULL), one insert per
batch and one commit per group. The raw side gets the batches ready made, from one thread, and does nothing else: no
encoding, no checksum, no offsets, nobody to answer. Its groups are as large as those that the engine was seen to make.
"""

from __future__ import annotations

import asyncio
import itertools
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from hub import records
from hub.log import EmbeddedLog
from hub.log.connections import create_tables, open_connection, transaction
from hub.ports import Append
from hub.records import Ms, Record
from signing.sealing import LocalKeyWrapper

CALLERS = 32
RECORDS = 100
PARTITIONS = 4
ROUND_SECONDS = 0.5

Group = list[tuple[int, int, int, bytes]]
"""Rows of `batch` (count, time, crc, body) that were committed together."""


def realistic_records(count: int = RECORDS) -> list[Record]:
    """Records as translate makes them: 14 headers, a sealed body of 500 bytes."""
    return [
        Record(
            f"{n:016x}".encode(),
            {
                records.SPECVERSION[0]: records.SPECVERSION[1],
                records.ID: f"{n:064x}",
                records.SOURCE: "stage/translate",
                records.TYPE: "attendance.punch",
                records.TIME: "1790000000000",
                records.DATASCHEMA: "urn:amana:contract:attendance.punch:1",
                records.CONTENT_TYPE: "application/json",
                records.INSTITUTION: "KEMENTERIAN-01",
                records.ASSURANCE: "device",
                records.SECRET: f"{n // 100:064x}",
                records.PARENT: f"{n // 100:064x}",
                records.ORIGIN: f"inbox.zkteco_adms/3/{n}",
                records.DERIVED: f"inbox.zkteco_adms/3/{n}/0",
                records.STAGE: "translate/1",
            },
            bytes((n * 7 + i) % 256 for i in range(500)),
        )
        for n in range(count)
    ]


async def engine_rate(log: EmbeddedLog, batch: list[Record], seconds: float) -> float:
    """Records per second through concurrent appends."""
    begin = time.perf_counter()
    deadline = begin + seconds

    async def caller(number: int) -> int:
        appended = 0
        while time.perf_counter() < deadline:
            await log.append([Append("bench", number % PARTITIONS, batch)])
            appended += len(batch)
        return appended

    appended = sum(await asyncio.gather(*(caller(number) for number in range(CALLERS))))
    return appended / (time.perf_counter() - begin)


def raw_rate(path: Path, groups: list[Group], seconds: float) -> float:
    """Records per second when the same groups of batches are inserted by SQLite alone."""
    connection = open_connection(path)
    begin = time.perf_counter()
    inserted = 0
    try:
        for group in itertools.cycle(groups):
            if time.perf_counter() - begin >= seconds:
                break
            with transaction(connection):
                for row in group:
                    connection.execute("INSERT INTO batch(count, time, crc, body) VALUES (?,?,?,?)", row)
            inserted += sum(row[0] for row in group)
        return inserted / (time.perf_counter() - begin)
    finally:
        connection.close()


def stored_groups(path: Path) -> list[Group]:
    """The batches of a log in the groups in which they were committed: each commit asked the clock once."""
    connection = open_connection(path)
    rows: list[Any] = connection.execute("SELECT count, time, crc, body FROM batch ORDER BY time, place").fetchall()
    connection.close()
    return [list(group) for _, group in itertools.groupby(rows, key=lambda row: row[1])]


class CommitClock:
    """A time of its own for every commit."""

    def __init__(self) -> None:
        self._commits = itertools.count(1)

    def now(self) -> Ms:
        return Ms(next(self._commits))

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def pair(batch: list[Record], seconds: float) -> tuple[float, float, float]:
    """Engine and raw, one after the other on fresh files: both rates, and records per commit."""
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as directory:
        path, raw = Path(directory) / "bus.db", Path(directory) / "raw.db"

        async def engine() -> float:
            log = EmbeddedLog.open(path, LocalKeyWrapper(bytes(32)), CommitClock())
            await log.ensure({"bench": PARTITIONS})
            rate = await engine_rate(log, batch, seconds)
            await log.close()
            return rate

        value = asyncio.run(engine())
        groups = stored_groups(path)
        create_tables(raw)
        per_commit = sum(row[0] for group in groups for row in group) / len(groups)
        return value, raw_rate(raw, groups, seconds), per_commit


def run(seconds: float) -> list[dict[str, Any]]:
    """Interleaved pairs for about `seconds`, one warm-up pair before; medians."""
    batch = realistic_records()
    pair(batch, ROUND_SECONDS / 2)
    pairs = [pair(batch, ROUND_SECONDS) for _ in range(max(3, round(seconds / (2 * ROUND_SECONDS))))]
    value = statistics.median(value for value, _, _ in pairs)
    limit = statistics.median(limit for _, limit, _ in pairs)
    return [
        {
            "name": "log.append",
            "value": round(value),
            "unit": "1/s",
            "limit": round(limit),
            "limit_name": "raw SQLite, same batching",
            "ratio": round(statistics.median(value / limit for value, limit, _ in pairs), 3),
            "floor": 0.5,
            "aim": 0.7,
            "records_per_commit": round(statistics.median(per_commit for _, _, per_commit in pairs)),
        }
    ]
