"""Migrations and tables say the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, make_url, text

from hub.errors import ConfigError
from hub.store import migrate
from hub.store.engines import writing_engine
from hub.store.sql import SqlStore
from hub.store.tables import REVISION, metadata
from tests.clusters import postgres


@pytest.fixture(params=["file", pytest.param("postgres", marks=pytest.mark.needs("postgres"))])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return postgres.shared().create() if request.param == "postgres" else f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def engine(address: str) -> Engine:
    return writing_engine(make_url(address))


def test_migrating_an_empty_database_gives_the_tables(engine: Engine) -> None:
    """After all migrations Alembic finds no difference to the metadata, types and indexes included."""
    migrate.upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_the_comparison_can_fail(engine: Engine) -> None:
    """A table that differs is found, so the test above says something."""
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE run ADD COLUMN stray TEXT"))
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()
    assert [difference[0] for difference in differences] == ["remove_column"]


def test_the_code_knows_the_head(engine: Engine) -> None:
    """The revision that the code asks for is the one head of the migrations."""
    with engine.connect() as connection:
        heads = ScriptDirectory.from_config(migrate.config(connection)).get_heads()
    engine.dispose()
    assert list(heads) == [REVISION]


def test_migrating_twice_is_once(engine: Engine) -> None:
    """A database at the head is left as it is."""
    migrate.upgrade(engine)
    migrate.upgrade(engine)
    with engine.connect() as connection:
        found = migrate.revision(connection)
    engine.dispose()
    assert found == REVISION


def test_downgrade_leaves_nothing(engine: Engine) -> None:
    """Going back to the base drops every table, and going forth again works."""
    migrate.upgrade(engine)
    migrate.downgrade(engine, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    migrate.upgrade(engine)
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_a_migration_that_fails_leaves_nothing(engine: Engine) -> None:
    """A migration is one transaction: a table in its way stops it without a trace."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE system (x TEXT)"))
    with pytest.raises(Exception, match=r"system\"? already exists"):
        migrate.upgrade(engine)
    assert inspect(engine).get_table_names() == ["system"]
    engine.dispose()


def test_a_store_of_a_newer_version_is_refused(address: str, engine: Engine) -> None:
    """A revision that this code does not know stops the start."""
    migrate.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(ConfigError) as refused:
        SqlStore.open(address)
    assert (refused.value.code, refused.value.detail) == ("AMANA-STORE-002", f"revision 9999, head {REVISION}")
