"""Connections to the database of the store.

Rule: every connection asserts its durability settings when it is made, and a transaction that will write says
so when it begins (two writers then wait for each other instead of failing half-way). The standard library's SQLite
serves here: the log, which must survive a power cut by its own, has its own. PostgreSQL's side is `hub.store.postgresql`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from hub.errors import ConfigError
from hub.store import postgresql

BUSY_MS: Final = 10_000
"""How long a writer waits for another one."""

POOL: Final = 4
"""Connections per process that write, and as many that read, where the database takes several."""

_WANTED: Final = {"synchronous": 2, "foreign_keys": 1, "busy_timeout": BUSY_MS}


def make_private(url: URL) -> None:
    """Make the file of an SQLite database, if it is missing, so that only its owner can read it (0600); what SQLite puts
    beside it gets the same mode."""
    if url.get_backend_name() == "sqlite" and not in_memory(url):
        with suppress(OSError):  # it exists, or cannot be made: opening it says so
            os.close(os.open(str(url.database), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def in_memory(url: URL) -> bool:
    """Whether this database lives and dies with its one connection."""
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def threads(url: URL) -> int:
    """How many threads may write at once, and how many read: SQLite has one writer, PostgreSQL one per connection."""
    return 1 if url.get_backend_name() == "sqlite" else POOL


def writing_engine(url: URL) -> Engine:
    """For threads that write."""
    return _engine(url, "BEGIN IMMEDIATE")


def reading_engine(url: URL) -> Engine:
    """For threads that read: they neither wait for a writer nor make one wait."""
    return _engine(url, "BEGIN")


def _engine(url: URL, begin: str) -> Engine:
    if url.get_backend_name() != "sqlite":
        return postgresql.engine(url, POOL, reads=begin == "BEGIN")
    memory = in_memory(url)
    engine = create_engine(
        url,
        poolclass=StaticPool if memory else None,
        connect_args={"check_same_thread": False},
        hide_parameters=True,  # an error's text goes to a log
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the "begin" listener below begins, nobody else
        assert_settings(connection, "memory" if memory else "wal")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def assert_settings(connection: sqlite3.Connection, journal: str) -> None:
    """Set what must hold on a connection, then read it back. Raises `ConfigError` (AMANA-CONF-003) naming the
    setting that did not take."""
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    found = str(connection.execute(f"PRAGMA journal_mode={journal}").fetchone()[0]).lower()
    if found != journal:
        raise ConfigError("AMANA-CONF-003", f"journal_mode is {found}")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    for name, wanted in _WANTED.items():
        value = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if value != wanted:
            raise ConfigError("AMANA-CONF-003", f"{name} is {value}")
