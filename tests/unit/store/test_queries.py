"""Statements mean the same on both databases."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateTable

from hub.store import queries
from hub.store.tables import metadata

COLUMNS = ("id", "at", "state", "detail")
DIALECTS: dict[str, Any] = {name: registry.load(name)() for name in ("sqlite", "postgresql")}


def _sql(name: str, statement: Any) -> str:
    return " ".join(str(statement.compile(dialect=DIALECTS[name])).split())


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ("put", "ON CONFLICT (id, at, state) DO UPDATE SET detail = excluded.detail"),
        ("add", "ON CONFLICT (id, at, state) DO NOTHING"),
    ],
)
def test_upserts_are_the_same_statement(dialect: str, how: Literal["put", "add"], ending: str) -> None:
    """Both dialects put and add by the primary key."""
    statement = queries.write_statement(dialect, queries.table_of("message_event"), COLUMNS, how)
    assert _sql(dialect, statement).endswith(ending)


@pytest.mark.parametrize(("values", "as_one"), [(queries.FEW_VALUES, False), (queries.FEW_VALUES + 1, True)])
def test_few_values_are_written_out_so_that_an_index_by_them_serves(values: int, as_one: bool) -> None:
    """On PostgreSQL a state that is asked for beside others is part of what an index is searched by; many values are one."""
    where = {"subscription": "S", "state": [str(n) for n in range(values)]}
    statement = queries.page(queries.table_of("delivery"), where, (), None, None, arrays=True)
    assert ("unnest" in _sql("postgresql", statement)) is as_one


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_table_can_be_made(dialect: str) -> None:
    """No table needs a type that one of the databases lacks."""
    statements = [_sql(dialect, CreateTable(table)) for table in metadata.sorted_tables]
    assert [s for s in statements if not s.startswith("CREATE TABLE")] == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_page_is_cut_by_all_order_columns(dialect: str) -> None:
    """The condition of a later page compares column by column, each in its direction."""
    statement = queries.page(
        queries.table_of("message_event"), None, ("-at", "id"), 2, {"at": 5, "id": "x"}
    ).with_only_columns(queries.table_of("message_event").c.id)
    where = _sql(dialect, statement).partition("WHERE ")[2].partition(" ORDER BY")[0]
    bare = where.replace("message_event.", "")
    for placeholder in ("?", "%(at_1)s", "%(at_2)s", "%(id_1)s"):
        bare = bare.replace(placeholder, "_")
    assert bare.replace("::BIGINT", "").replace("::VARCHAR", "") == "at < _ OR at = _ AND id > _"


def test_too_many_values_are_refused() -> None:
    """More values than a statement takes is an error of the caller, not of the database."""
    with pytest.raises(ValueError, match="more than 30000 values"):
        queries.condition(queries.table_of("message"), {"id": [str(n) for n in range(30_001)]})
