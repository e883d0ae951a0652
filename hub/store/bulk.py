"""Many rows in one statement, for PostgreSQL: columns travel as arrays. So do the positions of several partitions.

Rule: of rows with one primary key in a write the last one is put and the first one added, as if they came one by one; the
others are written in the order of their keys, so two writers lock rows in one order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Integer, String, Table
from sqlalchemy.dialects import postgresql

from hub.errors import Conflict
from hub.ports import How, Progress
from hub.store.arrays import render_array, render_values
from hub.store.columns import Json
from hub.store.queries import VERSION, checked_keys

Place = tuple[str, int]
"""A topic and a partition."""

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
_JSON: Final = Json()
_QUOTE = _DIALECT.identifier_preparer.quote


_MOVE: Final = (
    "UPDATE stage_progress AS p SET position = u.position, watermarks = u.watermarks"
    " FROM unnest(%s::varchar[], %s::integer[], %s::bigint[], %s::bigint[], %s::varchar[])"
    " AS u(topic, partition, epoch, position, watermarks)"
    " WHERE p.stage = %s AND p.topic = u.topic AND p.partition = u.partition AND p.epoch = u.epoch"
    " RETURNING p.topic, p.partition"
)


def move(
    connection: Connection, stage: str, epochs: Mapping[Place, int], progress: Mapping[Place, Progress]
) -> set[Place]:
    """Put the positions of partitions whose epoch is the latest, in the order of their names; returns which those are."""
    if len(progress) < 2:
        return set()
    places = sorted(progress)
    made = [progress[place] for place in places]
    arrays = (
        render_array([topic for topic, _ in places]),
        render_values(Integer(), [partition for _, partition in places]),
        render_values(Integer(), [epochs[place] for place in places]),
        render_values(Integer(), [one.position for one in made]),
        render_array(
            [_JSON.process_bind_param({s: list(m) for s, m in one.watermarks.items()}, _DIALECT) for one in made]
        ),
    )
    return {(topic, partition) for topic, partition in connection.exec_driver_sql(_MOVE, (*arrays, stage))}


def write_rows(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    how: How,
    rows: Iterable[Mapping[str, Any]],
) -> None:
    """Rows that all have these columns."""
    keys = checked_keys(table, columns)
    names = keys if how == "drop" else columns
    one_each: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        if how != "add" or key not in one_each:
            one_each[key] = row
    if not one_each:
        return
    ordered = [one_each[key] for key in sorted(one_each)]
    arrays = tuple(_values(table, name, ordered) for name in names)
    result = connection.exec_driver_sql(statement(table, names, keys, how), arrays)
    if how == "swap" and result.rowcount != len(ordered):
        raise Conflict(table.name)


def statement(table: Table, names: Sequence[str], keys: Sequence[str], how: How) -> str:
    """SQL with one array per column."""
    arrays = ", ".join(f"%s::{_kind(table, name)}[]" for name in names)
    listed = ", ".join(map(_QUOTE, names))
    if how == "drop":
        return f"DELETE FROM {_QUOTE(table.name)} WHERE ({listed}) IN (SELECT * FROM unnest({arrays}))"  # noqa: S608 - own names
    rest = [_QUOTE(name) for name in names if name not in keys]
    sets = ", ".join(f"{name} = excluded.{name}" for name in rest)
    what = f"UPDATE SET {sets}" if how in {"put", "swap"} and rest else "NOTHING"
    if how == "swap":
        what += f" WHERE {_QUOTE(table.name)}.{VERSION} = excluded.{VERSION} - 1"
    return (
        f"INSERT INTO {_QUOTE(table.name)} ({listed}) SELECT * FROM unnest({arrays})"  # noqa: S608 - own names
        f" ON CONFLICT ({', '.join(map(_QUOTE, keys))}) DO {what}"
    )


def _kind(table: Table, name: str) -> str:
    return str(table.c[name].type.compile(_DIALECT))


def _values(table: Table, name: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    kind = table.c[name].type
    if isinstance(kind, Json):
        return render_array([kind.process_bind_param(row[name], _DIALECT) for row in rows])
    values = [row[name] for row in rows]
    return render_values(kind, values) if isinstance(kind, String | Integer) else values
