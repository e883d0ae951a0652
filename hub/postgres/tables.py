"""The schema `admissions`, and the format of it that this program reads.

Rule: nothing here can be rebuilt, so it is no part of the store's migrations, which may be dropped and read again. A secret
is a row of `secret` and nowhere else; its table is cut into parts so that erasing one rewrites little.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg

from hub.errors import ConfigError, TryAgain
from hub.store.postgresql import CONNECT, assert_settings

FORMAT: Final = 1
PARTS: Final = 16
"""Of the table of secrets. Fixed for the life of the schema: where a secret lies is a hash of its id."""

_LOCK: Final = 0x414D4E42

TABLES: Final = """
CREATE SCHEMA admissions;
CREATE TABLE admissions.format(version integer NOT NULL, proved bigint NOT NULL DEFAULT 0);

-- time of the last message of a partition
CREATE TABLE admissions.part(
  topic text COLLATE "C" NOT NULL, partition integer NOT NULL, time bigint NOT NULL, PRIMARY KEY (topic, partition)
);

-- records of reservations that nobody has a receipt for yet, as they are appended (again); made: or last swept
CREATE SEQUENCE admissions.reservation;
CREATE TABLE admissions.pending(
  n bigint PRIMARY KEY, made bigint NOT NULL, attempt integer NOT NULL DEFAULT 0, records bytea NOT NULL
);
ALTER TABLE admissions.pending ALTER records SET STORAGE EXTERNAL;  -- sealed: nothing to compress

-- whatever has or had a secret; time, digest and reservation are an admitted message's
CREATE TABLE admissions.known(
  id bytea PRIMARY KEY, time bigint, digest bytea, repeats integer NOT NULL DEFAULT 0, reservation bigint
);
CREATE TABLE admissions.seen(key bytea PRIMARY KEY, message bytea NOT NULL);
CREATE TABLE admissions.request(key bytea PRIMARY KEY, first bytea NOT NULL, message bytea NOT NULL);
CREATE TABLE admissions.latest(scope bytea PRIMARY KEY, first bytea NOT NULL, message bytea NOT NULL);

CREATE TABLE admissions.secret(id bytea PRIMARY KEY, wrapped bytea NOT NULL) PARTITION BY HASH (id);

-- done = false: the secret is deleted, but the files may still hold it
CREATE TABLE admissions.erasure(
  n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE, time bigint NOT NULL, part text NOT NULL, done boolean NOT NULL DEFAULT false
);
"""


def create_tables(address: str) -> None:
    """Make the schema, if it is missing. Blocks. Raises `ConfigError`: AMANA-CONF-003 for a server that does not keep what
    it commits, AMANA-STORE-002 for a schema of a newer version. Raises `TryAgain` for a server that does not answer."""
    try:
        with psycopg.connect(address, **CONNECT) as connection:
            assert_settings(connection)
            found = _create(connection)
    except psycopg.OperationalError as error:
        raise TryAgain("AMANA-STORE-001", f"admissions: {type(error).__name__}") from None
    if found != FORMAT:
        raise ConfigError("AMANA-STORE-002", f"admissions of format {found}, {FORMAT} expected")


def _create(connection: psycopg.Connection[Any]) -> int:
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))  # of several processes, one makes it
    if connection.execute("SELECT to_regclass('admissions.format')").fetchone() == (None,):
        connection.execute(TABLES)
        for part in range(PARTS):
            connection.execute(
                f"CREATE TABLE admissions.secret_{part} PARTITION OF admissions.secret"
                f" FOR VALUES WITH (MODULUS {PARTS}, REMAINDER {part})"
            )
        connection.execute("INSERT INTO admissions.format(version) VALUES (%s)", (FORMAT,))
    row = connection.execute("SELECT version FROM admissions.format").fetchone()
    return int(row[0]) if row else 0
