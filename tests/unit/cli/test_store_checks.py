"""What the doctor says of PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import psycopg
import pytest

from hub import settings
from hub.cli.checks import Finding, check_store
from hub.clock import SystemClock
from hub.errors import CODES
from hub.postgres.sweeping import OVERDUE_MS
from hub.postgres.tables import create_tables
from hub.store.sql import SqlStore
from tests.clusters import postgres

pytestmark = pytest.mark.needs("postgres")

ALL_WELL = [
    "postgresql", "store durability", "clock of PostgreSQL", "postgresql connections", "store tables", "admissions",
    "postgresql size", "reservations", "erasures",
]  # fmt: skip


def look(address: str) -> dict[str, Finding]:
    """By name."""
    return {found.name: found for found in check_store(settings.load(Path("/nowhere"), store=address))}


def fill(address: str) -> None:
    """The tables of a hub."""
    asyncio.run(SqlStore.open(address).close())
    create_tables(address)


def test_a_database_as_it_has_to_be_is_well() -> None:
    """Reached, new enough, durable, in time, with room and the right tables, nothing unfinished; and sizes are told."""
    found = look(postgres.shared().copy("whole", fill))
    assert list(found) == ALL_WELL
    assert [finding for finding in found.values() if not finding.ok] == []
    assert "synchronous_commit=on" in found["store durability"].found
    assert "MiB" in found["postgresql size"].found


def test_an_empty_database_is_to_be_started_on() -> None:
    """Whoever looks before the first start is told to start."""
    found = look(postgres.shared().create())
    assert {name: f.found for name, f in found.items() if not f.ok} == {
        "store tables": "no tables yet",
        "admissions": "no tables yet",
    }
    assert "start the hub once" in found["store tables"].remedy


def test_what_is_unfinished_shows() -> None:
    """An old reservation, an erasure whose files were not written anew, and tables of another version."""
    address = postgres.shared().copy("whole", fill)
    now = SystemClock().now()
    with psycopg.connect(address) as connection:
        connection.execute("INSERT INTO admissions.pending(n, made, records) VALUES (1, %s, '')", (now,))
    assert look(address)["reservations"].ok
    with psycopg.connect(address) as connection:
        connection.execute("UPDATE admissions.pending SET made = %s", (now - 3 * OVERDUE_MS,))
        connection.execute("INSERT INTO admissions.erasure(id, time, part) VALUES ('x', 1, 'admissions.secret_0')")
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    found = look(address)
    assert {name for name, finding in found.items() if not finding.ok} == {"reservations", "erasures", "store tables"}
    assert found["reservations"].found.startswith("1 without a receipt, the oldest 36")
    assert found["erasures"].found == "1, of which 1 not finished"
    assert "revision 9999" in found["store tables"].found


def test_a_server_that_may_lose_what_it_commits_is_named() -> None:
    """The setting, what it is, and the command that mends it; too few connections show beside it."""
    with postgres.running(synchronous_commit="off", max_connections="12") as server:
        found = look(server.databases.create())
    assert found["store durability"].found == "synchronous_commit is off, on or remote_apply expected"
    assert "ALTER SYSTEM SET synchronous_commit = 'on'" in found["store durability"].remedy
    assert not found["postgresql connections"].ok
    assert "max_connections" in found["postgresql connections"].remedy


def test_a_server_that_is_not_there_shows_no_secret() -> None:
    """What went wrong in the server's words, what to do, and never the password."""
    found = look("postgresql://amana:hunter2@127.0.0.1:1/amana")
    assert [(finding.name, finding.ok) for finding in found.values()] == [("postgresql", False)]
    assert "hunter2" not in str(found)
    assert "AMANA_STORE" in found["postgresql"].remedy


def test_the_code_speaks_of_both_engines() -> None:
    """An operator of either database finds what is expected of it and how to mend it."""
    spec = CODES["AMANA-CONF-003"]
    assert all(name in spec.expected and name in spec.remedy for name in ("SQLite", "PostgreSQL"))
