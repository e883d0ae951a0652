"""Wrapped secrets in the log file, and how one is destroyed.

Rule: an erased id stays erased: it is listed for ever, and no later `put` gives it a secret again. An erasure is done
when the WAL was truncated after it; until then it is pending, and every writer of the file tries to finish it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apsw

from hub.log.connections import insert_rows, transaction
from hub.log.keyhash import WIDTH, id_bytes
from hub.records import Ms


def add_secrets(connection: apsw.Connection, wrapped: Sequence[bytes]) -> range:
    """Append wrapped secrets; returns their numbers. Rows of this table never move (see `tables`)."""
    last = connection.execute("SELECT coalesce(max(n), 0) FROM secret").get
    numbers = range(last + 1, last + 1 + len(wrapped))
    insert_rows(connection, "secret", "n,wrapped", list(zip(numbers, wrapped, strict=True)))
    return numbers


def put_secrets(connection: apsw.Connection, wrapped: Mapping[str, bytes]) -> dict[str, bytes]:
    """Within a transaction: keep what is new; returns what is kept by id, without erased ids."""
    for secret_id, secret in wrapped.items():
        key, tail = _halves(secret_id)
        if not connection.execute("SELECT 1 FROM known WHERE key = ? AND tail = ?", (key, tail)).fetchall():
            (number,) = add_secrets(connection, [secret])
            connection.execute("INSERT INTO known(key, tail, secret) VALUES (?,?,?)", (key, tail, number))
    return find_secrets(connection, list(wrapped))


def find_secrets(connection: apsw.Connection, ids: Sequence[str]) -> dict[str, bytes]:
    """Wrapped secrets that exist, by id."""
    names = {id_bytes(secret_id): secret_id for secret_id in ids}
    if not names:
        return {}
    rows: list[Any] = connection.execute(
        "SELECT k.key, k.tail, s.wrapped FROM known AS k JOIN secret AS s ON s.n = k.secret"
        " WHERE k.key IN (SELECT value FROM carray(?))",
        (apsw.carray(tuple(name[:WIDTH] for name in names)),),
    ).fetchall()
    return {names[key + tail]: wrapped for key, tail, wrapped in rows if key + tail in names}


def destroy_secrets(connection: apsw.Connection, ids: Sequence[str], now: Ms) -> int:
    """Overwrite secrets and list their erasure as pending, durably. Returns how many of `ids` are pending: those
    destroyed now, and those of an earlier call that could not truncate the WAL."""
    pending = 0
    with transaction(connection):
        for secret_id in dict.fromkeys(ids):
            key, tail = _halves(secret_id)
            number = connection.execute(
                "SELECT secret FROM known WHERE key = ? AND tail = ? AND secret IS NOT NULL", (key, tail)
            ).get
            if number is not None:
                connection.execute("UPDATE secret SET wrapped = zeroblob(length(wrapped)) WHERE n = ?", (number,))
                connection.execute("UPDATE known SET secret = NULL WHERE key = ?", (key,))
                connection.execute("INSERT INTO erasure(id, time) VALUES (?,?)", (secret_id, now))
            pending += connection.execute("SELECT count(*) FROM erasure WHERE id = ? AND done = 0", (secret_id,)).get
    return pending


def finish_erasures(connection: apsw.Connection) -> None:
    """Truncate the WAL and mark the erasures that were pending as done. apsw.BusyError when a reader or writer is in
    the way; they stay pending then."""
    last = connection.execute("SELECT max(n) FROM erasure WHERE done = 0").get
    if last is None:
        return
    connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    with transaction(connection):
        connection.execute("UPDATE erasure SET done = 1 WHERE done = 0 AND n <= ?", (last,))


def list_erasures(connection: apsw.Connection) -> list[tuple[str, Ms]]:
    """Every erasure, oldest first, pending ones included."""
    return [(secret_id, Ms(time)) for secret_id, time in connection.execute("SELECT id, time FROM erasure ORDER BY n")]


def _halves(secret_id: str) -> tuple[bytes, bytes]:
    name = id_bytes(secret_id)
    return name[:WIDTH], name[WIDTH:]
