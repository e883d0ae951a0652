"""Keyset pages: a cursor is the last row's place in the order, so a page stays right while rows are added.

Rule: a cursor comes from outside; one that does not read, or holds what no row can hold, is a refusal (AMANA-HTTP-004),
never a crash.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from hub.errors import BadMessage
from hub.ports import Store
from hub.reads.rows import Page
from hub.store.tables import metadata
from signing import jsontext
from signing.errors import SigningError

T = TypeVar("T")
MAX_CURSOR = 1000
_NO_CURSOR = "after: not a cursor of this listing"
LARGEST = 2**63 - 1  # what a column of a database holds


def render_cursor(values: Sequence[Any]) -> str:
    """Text of a place in an order."""
    return base64.urlsafe_b64encode(jsontext.render(list(values))).decode().rstrip("=")


def parse_cursor(text: str, parts: int) -> list[Any]:
    """Inverse of `render_cursor`; `parts` values of text or integers of 64 bits."""
    values = None
    if len(text) <= MAX_CURSOR:
        with suppress(SigningError, binascii.Error, ValueError):
            values = jsontext.parse(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    if not isinstance(values, list) or len(values) != parts or not all(map(_usable, values)):
        raise BadMessage("AMANA-HTTP-004", _NO_CURSOR)
    return values


def _usable(value: Any) -> bool:
    if type(value) is int:
        return -LARGEST <= value <= LARGEST
    return type(value) is str and "\x00" not in value


def page_values(
    values: Iterable[T], key: Callable[[T], tuple[str, ...]], limit: int, after: str | None
) -> tuple[list[T], str | None]:
    """A page of values in memory, in the order of their keys."""
    ordered = sorted(values, key=key)
    if after is not None:
        # the number of parts is that of the keys; of an empty listing every cursor is at the end
        parts = len(key(ordered[0])) if ordered else 1
        start = tuple(str(part) for part in parse_cursor(after, parts))
        ordered = [value for value in ordered if key(value) > start]
    more = len(ordered) > limit
    ordered = ordered[:limit]
    return ordered, render_cursor(key(ordered[-1])) if more else None


async def page_rows(
    store: Store,
    table: str,
    where: Mapping[str, Any],
    order: Sequence[str],
    limit: int,
    after: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """A page of a table. `order` ends with the primary key; a leading "-" descends."""
    columns = [name.removeprefix("-") for name in order]
    place = None
    if after is not None:
        place = dict(zip(columns, parse_cursor(after, len(columns)), strict=True))
        kinds = {name: metadata.tables[table].c[name].type.python_type for name in columns}
        if any(type(place[name]) is not kinds[name] for name in columns):
            raise BadMessage("AMANA-HTTP-004", _NO_CURSOR)
    rows = await store.rows(table, where, order=order, limit=limit + 1, after=place)
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, render_cursor([rows[-1][name] for name in columns]) if more else None


def page(items: list[T], cursor: str | None) -> Page[T]:
    return {"items": items, "next": cursor}
