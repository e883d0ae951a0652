"""Wrapped secrets in PostgreSQL, and how one is destroyed.

Rule: nothing is remembered outside the tables, so an erasure by one process holds for all at once. A deleted row stays in its
file until something else is written over it, whatever `VACUUM` frees; so the part of the table that held it is written anew
(`VACUUM FULL`), and an erasure is pending until that is done.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.log.keyhash import id_bytes
from hub.postgres.connections import Connection
from hub.records import Ms
from hub.store.postgresql import STATEMENT_MS

_PART: Final = re.compile(r"admissions\.secret_\d+")


async def find_secrets(connection: Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """Wrapped secrets that exist, by id."""
    names = {id_bytes(secret_id): secret_id for secret_id in ids}
    # a join: `= ANY` looks for every id in every part of the table, a join only where the id can lie
    found = await connection.execute(
        "SELECT s.id, s.wrapped FROM unnest(%s::bytea[]) AS u(id) JOIN admissions.secret s ON s.id = u.id",
        (list(names),),
    )
    return {names[name]: wrapped for name, wrapped in await found.fetchall()}


async def put_secrets(connection: Connection, wrapped: Mapping[str, bytes]) -> None:
    """Keep what is new; an id that has or had a secret is left as it is."""
    names = [id_bytes(secret_id) for secret_id in wrapped]
    await connection.execute(
        "WITH wanted AS (SELECT * FROM unnest(%s::bytea[], %s::bytea[]) AS u(id, wrapped)),"
        " new AS (INSERT INTO admissions.known(id) SELECT id FROM wanted ORDER BY id ON CONFLICT DO NOTHING RETURNING id)"
        " INSERT INTO admissions.secret SELECT id, wrapped FROM wanted WHERE id IN (SELECT id FROM new)",
        (names, list(wrapped.values())),
    )


async def destroy_secrets(connection: Connection, ids: Sequence[str], now: Ms) -> int:
    """Delete secrets and list their erasure as pending. Returns how many of `ids` are pending: those deleted now, and those
    of an earlier call that did not come to its end."""
    names = {id_bytes(secret_id): secret_id for secret_id in ids}
    deleted = await connection.execute(
        "DELETE FROM admissions.secret WHERE id = ANY(%s) RETURNING id, tableoid::regclass::text", (list(names),)
    )
    rows = {names[name]: part for name, part in await deleted.fetchall()}
    for secret_id in dict.fromkeys(ids):
        if secret_id in rows:
            await connection.execute(
                "INSERT INTO admissions.erasure(id, time, part) VALUES (%s, %s, %s)", (secret_id, now, rows[secret_id])
            )
    pending = await connection.execute(
        "SELECT count(*) FROM admissions.erasure WHERE id = ANY(%s) AND NOT done", (list(ids),)
    )
    row: Any = await pending.fetchone()
    return int(row[0])


async def finish_erasures(connection: Connection) -> None:
    """Write the parts anew that held what was deleted, and mark the erasures as done. On a connection that commits each
    statement. Until then they stay pending, whoever made them."""
    rows = await connection.execute("SELECT max(n), part FROM admissions.erasure WHERE NOT done GROUP BY part")
    await connection.execute("SET statement_timeout = 0")
    for last, part in await rows.fetchall():
        if not _PART.fullmatch(part):
            raise ValueError("a part of the table of secrets has another name")
        await connection.execute(f"VACUUM (FULL) {part}")
        await connection.execute("UPDATE admissions.erasure SET done = true WHERE part = %s AND n <= %s", (part, last))
    await connection.execute(f"SET statement_timeout = {STATEMENT_MS}")


async def list_erasures(connection: Connection) -> list[tuple[str, Ms]]:
    """Every erasure, oldest first, pending ones included."""
    rows = await connection.execute("SELECT id, time FROM admissions.erasure ORDER BY n")
    return [(secret_id, Ms(time)) for secret_id, time in await rows.fetchall()]
