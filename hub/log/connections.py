"""Connections to the log file, and what SQLite's errors mean to the hub.

Rule: a connection that does not hold its durability settings is never used; it is a `ConfigError` naming the setting.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from hub.errors import ConfigError, Halt, TryAgain
from hub.log.tables import APPLICATION_ID, FORMAT, TABLES

BUSY_MS = 10_000
LOOK_SECONDS = 0.0003
"""Between two looks at a file that another process writes. SQLite's own waits grow from 1 to 100 ms, so whoever appends
much and often would keep out whoever has little to say and a caller that waits."""

LOOK_RARELY = 0.01
OFTEN_SECONDS = 0.1
"""For so long it is looked often, then rarely: nobody holds the file for so long who is well."""

CHECKPOINT_PAGES = 4000  # 16 MB of WAL between checkpoints

_DURABILITY: dict[str, object] = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: every commit is synced
    "secure_delete": 1,
    "busy_timeout": BUSY_MS,
    "locking_mode": "normal",
    "mmap_size": 0,  # a failing disk must give an error, not a signal
    "temp_store": 2,  # in memory: nothing of the log in another file
}

_DISK_ERRORS = (
    apsw.FullError,
    apsw.IOError,
    apsw.BusyError,
    apsw.LockedError,
    apsw.ReadOnlyError,
    apsw.CantOpenError,
    apsw.ProtocolError,
    apsw.NoMemError,
    apsw.PermissionsError,
    apsw.InterruptError,
    apsw.AbortError,
    apsw.ConnectionClosedError,
)


def open_connection(path: Path, vfs: str | None = None) -> apsw.Connection:
    """A connection that holds every durability setting. Raises `ConfigError` (AMANA-CONF-003) when one does not."""
    connection = apsw.Connection(str(path), vfs=vfs)
    connection.set_busy_timeout(BUSY_MS)
    for name, value in _DURABILITY.items():
        connection.pragma(name, value)
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)
    _assert_settings(connection)
    be_patient(connection, BUSY_MS)
    return connection


def be_patient(connection: apsw.Connection, busy_ms: int) -> None:
    """Wait up to so long for another process that writes."""
    connection.set_busy_handler(_Patience(busy_ms / 1000))


class _Patience:
    """A busy handler of SQLite. Belongs to one connection."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._began = 0.0

    def __call__(self, calls: int) -> bool:
        """Whether to look again; `calls`: how often it was asked before, for the same lock."""
        now = time.monotonic()
        if calls == 0:
            self._began = now
        waited = now - self._began
        if waited >= self._seconds:
            return False
        time.sleep(LOOK_SECONDS if waited < OFTEN_SECONDS else LOOK_RARELY)
        return True


def create_tables(path: Path, vfs: str | None = None) -> None:
    """Make the file (mode 0600) and its tables when missing. Raises `ConfigError` for a file of another program or
    format."""
    with guarded("creating the log"):
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            pass  # never opened here then: closing it would drop the locks that this process holds through SQLite
        connection = open_connection(path, vfs)
        try:
            with transaction(connection):
                found = connection.pragma("application_id"), connection.pragma("user_version")
                if found == (0, 0) and connection.execute("SELECT count(*) FROM sqlite_schema").get == 0:
                    connection.execute(TABLES)
                    connection.pragma("application_id", APPLICATION_ID)
                    connection.pragma("user_version", FORMAT)
                elif found != (APPLICATION_ID, FORMAT):
                    raise ConfigError("AMANA-CONF-005", f"{path.name} is not a log of format {FORMAT}")
        finally:
            connection.close()


def _assert_settings(connection: apsw.Connection) -> None:
    for name, value in _DURABILITY.items():
        actual = connection.pragma(name)
        if actual != value and not (name == "mmap_size" and actual is None):
            raise ConfigError("AMANA-CONF-003", f"{name} is {actual}, not {value}")


@contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """BEGIN IMMEDIATE ... COMMIT: offsets that are read inside belong to this writer alone. Rolls back on any error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def prove_writable(connection: apsw.Connection) -> None:
    """Write one page for real and sync it; raises apsw's errors when that does not work.

    The page is the first, rewritten as it is: SQLite leaves out the writing of a row that does not change, but never
    that of this number in the file's header. So no table grows, and the format stays what it is.
    """
    with transaction(connection):
        connection.pragma("application_id", APPLICATION_ID)


@contextmanager
def guarded(doing: str) -> Iterator[None]:
    """Turn SQLite's errors into reactions: disk trouble is `TryAgain`, a damaged file is `Halt`."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        raised = reaction(error, doing)
        if raised is error:
            raise
        raise raised from error


def reaction(error: Exception, doing: str) -> Exception:
    """What the hub does about an error of SQLite or of the file system; an error of the program stays what it is."""
    name = type(error).__name__
    if isinstance(error, (*_DISK_ERRORS, OSError)):
        return TryAgain("AMANA-BUS-001", f"{doing}: {name}")
    if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
        return Halt("AMANA-LOG-001", f"{doing}: {name}")
    return error


def insert_rows(connection: apsw.Connection, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows with few statements: each one hands the interpreter to other threads, and gets it back late."""
    width = columns.count(",") + 1
    place = "(" + ",".join("?" * width) + ")"
    done = 0
    for size in (128, 16, 4, 1):
        statement = f"INSERT INTO {table}({columns}) VALUES " + ",".join([place] * size)  # noqa: S608 - names of ours
        while len(rows) - done >= size:
            connection.execute(statement, [value for row in rows[done : done + size] for value in row])
            done += size


def keys_array(keys: Iterable[bytes]) -> apsw.CArrayBinding | None:
    """Keys for `carray(?)`; None when there are none, which SQLite cannot bind."""
    held = tuple(keys)
    return apsw.carray(held) if held else None


class Readers:
    """One reading connection per thread, closed together."""

    def __init__(self, path: Path, vfs: str | None) -> None:
        self._path = path
        self._vfs = vfs
        self._local = threading.local()
        self._all: weakref.WeakSet[apsw.Connection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._closed = False

    def get(self) -> apsw.Connection:
        """The connection of this thread. Raises `TryAgain` when the log is closed."""
        connection: apsw.Connection | None = getattr(self._local, "connection", None)
        if connection is not None and not self._closed:
            return connection
        with self._lock:
            if self._closed:
                raise TryAgain("AMANA-BUS-001", "the log is closed")
            connection = open_connection(self._path, self._vfs)
            connection.pragma("query_only", True)
            self._all.add(connection)
        self._local.connection = connection
        return connection

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for connection in list(self._all):
                connection.close()
