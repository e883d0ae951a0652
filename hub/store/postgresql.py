"""PostgreSQL behind the store: its connections, its errors, and calls that end though the server is silent.

Rule: every connection reads back what durability rests on when it is made, and refuses another value, as the SQLite side
does. A server that is gone, or freezes, is `TryAgain` within `PATIENCE_S`; one that comes back is used without a restart.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection, Engine, create_engine, event

from hub.errors import ConfigError

OLDEST: Final = 15
STATEMENT_MS: Final = 20_000
"""How long one statement may take: the server ends it."""

LOCK_MS: Final = 10_000
"""How long a writer waits for another one, and how long the server keeps the locks of a process that stopped half-way."""

PATIENCE_S: Final = 30.0
"""How long a call may take when the server says nothing at all: it is cut off."""

CONNECT: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "amana",
    "client_encoding": "UTF8",
}

SETTINGS: Final = (
    f"SET statement_timeout = {STATEMENT_MS}",
    f"SET lock_timeout = {LOCK_MS}",
    f"SET idle_in_transaction_session_timeout = {LOCK_MS}",
    "SET default_transaction_isolation = 'read committed'",
    "SET random_page_cost = 1.1",
)
"""What a connection begins with. The last: what is looked up by key is nearly always in memory, and a look-up that the server
takes for dear makes it read a whole table for each batch."""

DURABLE: Final[dict[str, frozenset[str]]] = {
    "synchronous_commit": frozenset({"on", "remote_apply"}),
    "fsync": frozenset({"on"}),
    "full_page_writes": frozenset({"on"}),
    "server_encoding": frozenset({"UTF8"}),
}
"""Settings that durability rests on, and the values that keep it."""


def normalize(url: URL) -> URL:
    """The address with the driver that the hub uses."""
    return url.set(drivername="postgresql+psycopg") if url.get_backend_name() == "postgresql" else url


def engine(url: URL, connections: int, *, reads: bool = False) -> Engine:
    """A pool of at most so many connections. `reads`: each statement stands alone, which saves two ways to the server."""
    made = create_engine(
        normalize(url),
        pool_size=connections,
        max_overflow=0,
        pool_use_lifo=True,
        connect_args=CONNECT,
        hide_parameters=True,  # an error's text goes to a log
        isolation_level="AUTOCOMMIT" if reads else "READ COMMITTED",
    )

    @event.listens_for(made, "connect")
    def _settings(connection: psycopg.Connection[Any], _: Any) -> None:
        assert_settings(connection)

    return made


QUESTION: Final = "SELECT current_setting('server_version_num'), " + ", ".join(
    f"current_setting('{n}')" for n in DURABLE
)
"""What a connection is asked before it is used; `judge` reads the answer."""


def judge(row: Sequence[str] | None) -> None:
    """Raises `ConfigError` (AMANA-CONF-003) naming the setting that durability rests on and that is another one, or a server
    that is too old."""
    version, *values = row or ()
    if int(version) // 10_000 < OLDEST:
        raise ConfigError("AMANA-CONF-003", f"PostgreSQL {int(version) // 10_000}, {OLDEST} or newer expected")
    for name, value in zip(DURABLE, values, strict=True):
        if value not in DURABLE[name]:
            raise ConfigError("AMANA-CONF-003", f"{name} is {value}")


def assert_settings(connection: psycopg.Connection[Any]) -> None:
    """Set how long things may take, and read back what durability rests on. Raises `ConfigError` as `judge` does."""
    before = connection.autocommit
    connection.autocommit = True
    connection.execute("; ".join(SETTINGS))
    judge(connection.execute(QUESTION).fetchone())
    connection.autocommit = before


def passes(error: BaseException | None) -> bool:
    """Whether an error of the driver may be gone at the next try: no connection, no space, a lock, a conflict of two
    transactions, a server that shuts down or was made a standby."""
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return True
    state = getattr(error, "sqlstate", None) or ""
    return state in {"25006", "25P03", "57P01"} or state[:2] in {"08", "40", "53", "57"}


def describe(error: psycopg.Error) -> str:
    """What failed and where, without the values that the server's own text quotes."""
    place = [part for part in (error.diag.table_name, error.diag.column_name, error.diag.constraint_name) if part]
    return f"{type(error).__name__} {error.sqlstate or ''} {'.'.join(place)}".strip()


class Line:
    """The connection that one call is on, so that the call can be cut off from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    @contextmanager
    def on(self, connection: Connection) -> Iterator[None]:
        """While the block lasts `cut` ends what happens on this connection; nothing is done for another driver's."""
        held = connection.connection.driver_connection
        if isinstance(held, psycopg.Connection):
            self._connection = held
        try:
            yield
        finally:
            with self._lock:
                self._connection = None

    @contextmanager
    def watched(self, loop: asyncio.AbstractEventLoop, patience: float) -> Iterator[None]:
        """Cut the call off when the block lasts longer than `patience` seconds, and again later if it did not begin yet."""

        timers: list[asyncio.TimerHandle] = []

        def late() -> None:
            self.cut()
            timers[:] = [loop.call_later(patience, late)]

        timers.append(loop.call_later(patience, late))
        try:
            yield
        finally:
            timers[0].cancel()

    def cut(self) -> None:
        """End the call: its thread gets an error of the driver at once."""
        with self._lock:
            if self._connection is not None:
                with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(self._connection.fileno())) as other:
                    other.shutdown(socket.SHUT_RDWR)
