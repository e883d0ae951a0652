"""The five dialects of JSON Schema, and which keywords hold schemas in each.

Rule: what a dialect does not know is no keyword there: it holds no schema and constrains nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Any, Final


class Dialect(IntEnum):
    """Ordered by age, so that "since draft 6" is a comparison."""

    DRAFT4 = 4
    DRAFT6 = 6
    DRAFT7 = 7
    DRAFT2019 = 2019
    DRAFT2020 = 2020


_BY_ADDRESS: Final = {
    "json-schema.org/draft-04/schema": Dialect.DRAFT4,
    "json-schema.org/draft-06/schema": Dialect.DRAFT6,
    "json-schema.org/draft-07/schema": Dialect.DRAFT7,
    "json-schema.org/draft/2019-09/schema": Dialect.DRAFT2019,
    "json-schema.org/draft/2020-12/schema": Dialect.DRAFT2020,
}
TYPES: Final = frozenset({"null", "boolean", "object", "array", "number", "string", "integer"})

_SINGLE: Final = {
    "additionalProperties": (4, 9999),
    "additionalItems": (4, 2019),
    "not": (4, 9999),
    "contains": (6, 9999),
    "propertyNames": (6, 9999),
    "if": (7, 9999),
    "then": (7, 9999),
    "else": (7, 9999),
    "unevaluatedProperties": (2019, 9999),
    "unevaluatedItems": (2019, 9999),
}
_LISTS: Final = {"allOf": (4, 9999), "anyOf": (4, 9999), "oneOf": (4, 9999), "prefixItems": (2020, 9999)}
_MAPS: Final = {
    "properties": (4, 9999),
    "patternProperties": (4, 9999),
    "definitions": (4, 9999),
    "dependencies": (4, 9999),
    "$defs": (2019, 9999),
    "dependentSchemas": (2019, 9999),
}
_IN_PLACE: Final = frozenset(
    {"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependencies", "dependentSchemas"}
)


def dialect_of(schema: Any, default: Dialect) -> Dialect:
    """What `$schema` names; `default` where it is absent or names a meta-schema of somebody's own."""
    named = schema.get("$schema") if isinstance(schema, dict) else None
    if not isinstance(named, str):
        return default
    return _BY_ADDRESS.get(named.rstrip("#").partition("://")[2], default)


def subschemas(schema: dict[str, Any], dialect: Dialect) -> Iterator[tuple[tuple[str, ...], Any, bool]]:
    """(tokens, value, in place) of each schema that stands directly in `schema`. *In place*: it applies to the same value,
    not to a part of it. Values are not checked: they may be anything."""
    for keyword, value in schema.items():
        in_place = keyword in _IN_PLACE
        if keyword == "items":
            if isinstance(value, list):
                if dialect < Dialect.DRAFT2020:
                    yield from (((keyword, str(index)), inner, False) for index, inner in enumerate(value))
            else:
                yield (keyword,), value, False
        elif _known(_SINGLE, keyword, dialect):
            yield (keyword,), value, in_place
        elif _known(_LISTS, keyword, dialect) and isinstance(value, list):
            yield from (((keyword, str(index)), inner, in_place) for index, inner in enumerate(value))
        elif _known(_MAPS, keyword, dialect) and isinstance(value, dict):
            yield from (((keyword, name), inner, in_place) for name, inner in value.items())


def _known(table: dict[str, tuple[int, int]], keyword: str, dialect: Dialect) -> bool:
    since, until = table.get(keyword, (9999, 0))
    return since <= dialect <= until
