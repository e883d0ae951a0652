"""Brings a database to the revision that this code needs.

Rule: one transaction, begun as a writer or under a lock: of two processes that open a new store at once, one makes it and the other
finds it made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, Select, inspect, select
from sqlalchemy.sql import column, table

from hub.errors import ConfigError
from hub.store.tables import REVISION, metadata

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS: Final = Path(__file__).parent / "migrations"

_VERSION: Final[Select[Any]] = select(column("version_num")).select_from(table("alembic_version"))


_LOCK: Final = 0x414D4E41  # "AMNA"

_TEXTS: Final = """
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attcollation <> 0 AND a.attcollation <> 'pg_catalog."C"'::regcollation
ORDER BY c.relname, a.attnum
"""


def revision(connection: Connection) -> str | None:
    """Revision of the database; None: empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(_VERSION).scalar_one_or_none()
    return None if found is None else str(found)


def upgrade(engine: Engine) -> None:
    """Migrate to the head, if it is not there. Raises `ConfigError` (AMANA-STORE-002) when the database was made by
    a newer version."""
    with engine.begin() as connection:
        _alone(connection)
        if revision(connection) == REVISION:
            return
        _run(connection, "upgrade", "head")
        _order_by_code_points(connection)


def _alone(connection: Connection) -> None:
    """Of several processes, one migrates. SQLite's transaction begins as a writer; PostgreSQL needs a lock for it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")


def _order_by_code_points(connection: Connection) -> None:
    """Text of every table is compared by code points, as SQLite does and as pages rest on, whatever language the
    database was made for."""
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    for name, text, kind in connection.exec_driver_sql(_TEXTS).fetchall():
        if name not in metadata.tables:
            continue
        connection.exec_driver_sql(f'ALTER TABLE {quote(name)} ALTER COLUMN {quote(text)} TYPE {kind} COLLATE "C"')


def downgrade(engine: Engine, target: str) -> None:
    """Migrate back to `target` ("base": an empty database)."""
    with engine.begin() as connection:
        _run(connection, "downgrade", target)


def config(connection: Connection) -> Config:
    """Alembic's configuration: no file, the connection handed over."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def _run(connection: Connection, direction: str, target: str) -> None:
    from alembic import command
    from alembic.util import CommandError

    found = revision(connection)
    try:
        getattr(command, direction)(config(connection), target)
    except CommandError as error:
        raise ConfigError("AMANA-STORE-002", f"revision {found}, head {REVISION}") from error
