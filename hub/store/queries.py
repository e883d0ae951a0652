"""Statements of the store, built from plain values: upserts, filters, keyset pages.

Rule: dialect-neutral. What differs between SQLite and PostgreSQL is the class of the insert, chosen once. No text that is
kept holds NUL, which PostgreSQL has no place for: it is kept as U+FFFD on both, and a filter that holds one finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    BinaryExpression,
    Column,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    false,
    func,
    or_,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.base import Executable

from hub.ports import How
from hub.store.arrays import render_values
from hub.store.columns import Json
from hub.store.tables import metadata

MAX_VALUES: Final = 30_000
"""Values that one IN may hold: both databases take this many parameters in a statement."""

VERSION: Final = "version"
"""Column that counts how often a row was swapped."""

FEW_VALUES: Final = 16
"""Values that are written out, so that an index whose later column they are is used."""

NUL: Final = "\x00"

_COMPARE: Final = frozenset({"<", "<=", ">", ">="})


def table_of(name: str) -> Table:
    """A table by name. Raises `ValueError` for one that does not exist."""
    table = metadata.tables.get(name)
    if table is None:
        raise ValueError(f"no table {name}")
    return table


def column_of(table: Table, name: str) -> Column[Any]:
    if name not in table.c:
        raise ValueError(f"no column {table.name}.{name}")
    return table.c[name]


def write_statement(dialect: str, table: Table, columns: Sequence[str], how: How) -> Executable:
    """For rows that all have these columns; run with a list of rows."""
    keys = checked_keys(table, columns)
    if how == "drop":
        return delete(table).where(and_(*(table.c[name] == bindparam(f"k_{name}") for name in keys)))
    insert = sqlite_insert(table) if dialect == "sqlite" else postgresql_insert(table)
    rest = [name for name in columns if name not in keys]
    if how == "add" or not rest:
        return insert.on_conflict_do_nothing(index_elements=keys)
    sets = {name: insert.excluded[name] for name in rest}
    as_read = table.c[VERSION] == insert.excluded[VERSION] - 1 if how == "swap" else None
    return insert.on_conflict_do_update(index_elements=keys, set_=sets, where=as_read)


def checked_keys(table: Table, columns: Sequence[str]) -> list[str]:
    """The primary key of rows that have these columns. Raises `ValueError` for rows that lack it or have columns that do
    not exist."""
    keys = [column.name for column in table.primary_key]
    for name in columns:
        column_of(table, name)
    missing = [name for name in keys if name not in columns]
    if missing:
        raise ValueError(f"rows of {table.name} lack {', '.join(missing)}")
    return keys


def storable(table: Table, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row as it is kept. Values of JSON columns stay: their text escapes what is no text."""
    if not any(type(value) is str and NUL in value for value in row.values()):
        return row
    return {
        name: value.replace(NUL, "\ufffd") if type(value) is str and not isinstance(table.c[name].type, Json) else value
        for name, value in row.items()
    }


def condition(table: Table, where: Mapping[str, Any] | None, *, arrays: bool = False) -> list[ColumnElement[bool]]:
    """The filter as `Store.rows` describes it. `arrays`: many values travel as one, as PostgreSQL can."""
    return [_one(column_of(table, name), value, arrays=arrays) for name, value in (where or {}).items()]


def _one(column: Column[Any], value: Any, *, arrays: bool = False) -> ColumnElement[bool]:
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str) and value[0] in _COMPARE:
        return _compare(column, value[0], value[1])
    if isinstance(value, list | tuple | set | frozenset):
        if len(value) > MAX_VALUES:
            raise ValueError(f"{column.name}: more than {MAX_VALUES} values")
        values = [one for one in value if not _has_nul(one)]
        if arrays and len(values) > FEW_VALUES and isinstance(column.type, String | Integer):
            # a join: `= ANY` looks at the values one by one for each row where it thinks that there are few rows
            text = bindparam(None, render_values(column.type, values), type_=Text)
            return column.in_(select(func.unnest(cast(text, postgresql.ARRAY(column.type)))))
        return column.in_(values)
    if isinstance(value, range):
        return and_(column >= value.start, column < value.stop)
    if value is None:
        return column.is_(None)
    if _has_nul(value):
        return false()
    equal: ColumnElement[bool] = column == value
    return equal


def _compare(column: Column[Any], operator: str, value: Any) -> ColumnElement[bool]:
    result: BinaryExpression[bool]
    if _has_nul(value):  # between its beginning and whatever else begins so
        operator, value = ("<=" if operator in {"<", "<="} else ">"), value.partition(NUL)[0]
    if operator == "<":
        result = column < value
    elif operator == "<=":
        result = column <= value
    elif operator == ">":
        result = column > value
    else:
        result = column >= value
    return result


def _has_nul(value: Any) -> bool:
    return isinstance(value, str) and NUL in value


def page(
    table: Table,
    where: Mapping[str, Any] | None,
    order: Sequence[str],
    limit: int | None,
    after: Mapping[str, Any] | None,
    *,
    arrays: bool = False,
) -> Select[Any]:
    """Rows in order, from behind `after` on. The order columns of a paged listing hold no nulls and end with what
    makes a row unique, or rows with equal values at the cut would be passed over."""
    statement = select(table).where(*condition(table, where, arrays=arrays))
    columns = [(column_of(table, name.removeprefix("-")), name.startswith("-")) for name in order]
    if after is not None:
        statement = statement.where(_behind(columns, after))
    statement = statement.order_by(*(column.desc() if descends else column.asc() for column, descends in columns))
    return statement if limit is None else statement.limit(limit)


def _behind(columns: Sequence[tuple[Column[Any], bool]], after: Mapping[str, Any]) -> ColumnElement[bool]:
    """What comes after a place in an order of columns, those with True descending."""
    if set(after) != {column.name for column, _ in columns}:
        raise ValueError("after holds the values of the order columns")
    behind: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for column, descends in columns:
        value = after[column.name]
        behind.append(and_(*equal, _compare(column, "<" if descends else ">", value)))
        equal.append(_one(column, value))
    return or_(*behind)


def counts(table: Table, where: Mapping[str, Any] | None, by: Sequence[str], *, arrays: bool = False) -> Select[Any]:
    """Group columns, then the number of rows."""
    columns = [column_of(table, name) for name in by]
    return (
        select(*columns, func.count())
        .select_from(table)
        .where(*condition(table, where, arrays=arrays))
        .group_by(*columns)
    )


def totals(
    table: Table,
    where: Mapping[str, Any] | None,
    by: Sequence[str],
    total: str,
    span: str,
    limit: int,
    after: Mapping[str, Any] | None,
    *,
    arrays: bool = False,
) -> Select[Any]:
    """Group columns in their order, then the number of rows, a sum, the least and the greatest value."""
    columns = [column_of(table, name) for name in by]
    sum_, over = func.sum(column_of(table, total)), column_of(table, span)
    measures = (func.count(), cast(sum_, BigInteger), func.min(over), func.max(over))
    statement = select(*columns, *measures).where(*condition(table, where, arrays=arrays))
    if after is not None:
        statement = statement.where(_behind([(column, False) for column in columns], after))
    return statement.group_by(*columns).order_by(*columns).limit(limit)
