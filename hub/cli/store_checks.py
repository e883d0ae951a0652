"""What `amana doctor` looks at in PostgreSQL. Rule: as in `hub.cli.checks`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import psycopg

from hub.cli.checks import Finding
from hub.clock import SystemClock
from hub.postgres.connections import MOST
from hub.postgres.sweeping import OVERDUE_MS
from hub.postgres.tables import FORMAT
from hub.store.engines import POOL
from hub.store.postgresql import CONNECT, DURABLE, OLDEST
from hub.store.tables import REVISION

CONNECTIONS: Final = 2 * POOL + MOST
"""Of one process: the store's that write and that read, and those of the admissions."""

APART_MS: Final = 2000
START: Final = "start the hub once: it makes its tables"
NEWER: Final = "run the version of the hub that made them, or a newer one"

_COUNTS: Final = """
SELECT pg_database_size(current_database()),
  (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
    WHERE relnamespace = 'admissions'::regnamespace AND relkind IN ('r', 'S')),
  (SELECT count(*) FROM admissions.pending), (SELECT min(made) FROM admissions.pending),
  (SELECT count(*) FROM admissions.erasure), (SELECT count(*) FROM admissions.erasure WHERE NOT done)
"""


def check_postgresql(address: str) -> Iterator[Finding]:
    """A server that is reached, new enough and keeps what it commits; its tables, room, clock and what is unfinished."""
    try:
        with psycopg.connect(address, autocommit=True, **CONNECT) as connection:
            yield from _look(connection)
    except psycopg.Error as error:
        said = str(error).strip().partition("\n")[0] if isinstance(error, psycopg.OperationalError) else ""
        remedy = "start PostgreSQL, let the hub's user in (pg_hba.conf), or correct AMANA_STORE"
        yield Finding("postgresql", False, said or type(error).__name__, remedy)


def _look(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    version = connection.info.server_version // 10_000
    standby = _one(connection, "SELECT pg_is_in_recovery()")
    found = f"PostgreSQL {version}, {'a standby' if standby else 'takes writes'}"
    remedy = f"PostgreSQL {OLDEST} or newer that is no standby: upgrade it, or name the primary in AMANA_STORE"
    yield Finding("postgresql", version >= OLDEST and not standby, found, remedy)
    yield from _durability(connection)
    yield _clock(connection)
    yield _room(connection)
    yield from _tables(connection)


def _durability(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    values = {name: _one(connection, "SELECT current_setting(%s)", name) for name in DURABLE}
    for name, value in values.items():
        if value not in DURABLE[name]:
            wanted = " or ".join(sorted(DURABLE[name]))
            remedy = f"ALTER SYSTEM SET {name} = '{min(DURABLE[name])}', then reload or restart the server"
            if name == "server_encoding":
                remedy = "make a database with ENCODING 'UTF8' and name it in AMANA_STORE"
            yield Finding("store durability", False, f"{name} is {value}, {wanted} expected", remedy)
            return
    yield Finding("store durability", True, ", ".join(f"{name}={value}" for name, value in values.items()))


def _clock(connection: psycopg.Connection[Any]) -> Finding:
    asked = SystemClock().now()
    theirs = int(_one(connection, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"))
    apart = abs(theirs - (asked + SystemClock().now()) // 2)
    return Finding("clock of PostgreSQL", apart < APART_MS, f"{apart} ms from ours", "synchronise the clocks (NTP)")


def _room(connection: psycopg.Connection[Any]) -> Finding:
    most = int(_one(connection, "SELECT current_setting('max_connections')"))
    used = int(_one(connection, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    found = f"{used} of {most} in use; a process of the hub takes up to {CONNECTIONS}"
    remedy = "raise max_connections, or run fewer processes"
    return Finding("postgresql connections", most - used >= CONNECTIONS, found, remedy)


def _tables(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    revision = _one_of(connection, "alembic_version", "SELECT version_num FROM alembic_version")
    found = "no tables yet" if revision is None else f"revision {revision}, {REVISION} needed"
    yield Finding("store tables", revision == REVISION, found, START if revision is None else NEWER)
    form = _one_of(connection, "admissions.format", "SELECT version FROM admissions.format")
    found = "no tables yet" if form is None else f"format {form}, {FORMAT} needed"
    yield Finding("admissions", form == FORMAT, found, START if form is None else NEWER)
    if form == FORMAT:
        yield from _unfinished(connection)


def _unfinished(connection: psycopg.Connection[Any]) -> Iterator[Finding]:
    row: Any = connection.execute(_COUNTS).fetchone()
    whole, ours, waiting, oldest, erasures, undone = row
    yield Finding("postgresql size", True, f"{_mib(whole)}, of which admissions {_mib(ours or 0)}")
    age = 0 if oldest is None else max(0, SystemClock().now() - oldest) // 1000
    found = f"{waiting} without a receipt" + (f", the oldest {age} s" if waiting else "")
    remedy = "a running gateway appends them within minutes: start one, or look at its log for what Kafka refuses"
    yield Finding("reservations", age * 1000 < 2 * OVERDUE_MS, found, remedy)
    found = f"{erasures}, of which {undone} not finished"
    remedy = (
        "the secrets are deleted, their files not written anew: the worker tries again; see what holds it up in its log"
    )
    yield Finding("erasures", undone == 0, found, remedy)


def _one(connection: psycopg.Connection[Any], question: str, *values: str) -> Any:
    row = connection.execute(question, values or None).fetchone()
    return row[0] if row else None


def _one_of(connection: psycopg.Connection[Any], table: str, question: str) -> Any:
    """None also when the table is not there."""
    return None if _one(connection, "SELECT to_regclass(%s)", table) is None else _one(connection, question)


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.0f} MiB"
