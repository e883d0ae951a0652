"""How columns are declared: the metadata, keys, plain values as JSON text.

Rule: every table of the store is declared with these, so that names of keys and indexes are the same on every database.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Dialect, ForeignKey, MetaData, String, Text
from sqlalchemy.types import TypeDecorator

from signing import jsontext


class Json(TypeDecorator[Any]):
    """A plain value as JSON text: the same on every database, strict on the way back."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (interface)
        return None if value is None else jsontext.render(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 (interface)
        return None if value is None else jsontext.parse(value.encode())


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def some(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, nullable=False)


def maybe(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, nullable=True)


def of(name: str, target: str, *, key: bool = False) -> Column[Any]:
    return Column(name, String, ForeignKey(target), primary_key=key, nullable=False)
