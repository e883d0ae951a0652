"""Reservations that wait for a receipt, in SQL.

Rule: `made` is when a reservation was made, or was last taken up by a sweep; who takes one up counts its attempt and commits
before anything is appended, so no two attempts have one number.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.postgres.connections import Connection
from hub.records import Ms

AT_ONCE = 16
"""Reservations that one sweep takes up: each holds up to some MiB of records."""


async def count_attempt(connection: Connection, number: int) -> tuple[int, bytes] | None:
    """Attempt and records of a reservation that is to be appended again; None: it was receipted since."""
    found = await connection.execute(
        "UPDATE admissions.pending SET attempt = attempt + 1 WHERE n = %s RETURNING attempt, records", (number,)
    )
    return await found.fetchone()


async def take_overdue(
    connection: Connection, before: Ms, now: Ms, except_for: Sequence[int]
) -> list[tuple[int, int, bytes]]:
    """Number, attempt and records of the oldest that were made before then. Those that another gateway takes up at this
    moment are its own; one whose append fails is overdue again later."""
    found = await connection.execute(
        "UPDATE admissions.pending SET attempt = attempt + 1, made = %s WHERE n IN (SELECT n FROM admissions.pending"
        " WHERE made < %s AND n <> ALL(%s) ORDER BY made, n LIMIT %s FOR UPDATE SKIP LOCKED)"
        " RETURNING n, attempt, records",
        (now, before, list(except_for), AT_ONCE),
    )
    return sorted(await found.fetchall())


async def count_waiting(connection: Connection) -> int:
    row: Any = await (await connection.execute("SELECT count(*) FROM admissions.pending")).fetchone()
    return int(row[0])


async def forget(connection: Connection, receipted: Sequence[int]) -> None:
    """Note that these reservations were receipted: their records need not be appended again."""
    await connection.execute("DELETE FROM admissions.pending WHERE n = ANY(%s)", (list(receipted),))
