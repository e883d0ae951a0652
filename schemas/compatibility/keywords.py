"""Reads the values of keywords, each in the form that its dialect demands.

Rule: a keyword whose value has the wrong form is an `UnusableSchema` that names the place, never a guess.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, TypeVar

from schemas.compatibility.dialects import Dialect
from schemas.compatibility.document import Site, check_types
from schemas.compatibility.verdict import UnusableSchema

Number = int | Decimal
T = TypeVar("T")


def wrong(site: Site, keyword: str, expected: str) -> UnusableSchema:
    """The error for a keyword's value."""
    return UnusableSchema("keyword", f"{site.path}/{keyword} must be {expected}")


def number(site: Site, keyword: str) -> Number | None:
    """A number; a boolean is none."""
    if keyword not in site.value:
        return None
    value = site.value[keyword]
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise wrong(site, keyword, "a number")
    return value


def count(site: Site, keyword: str) -> Number | None:
    """A number of things: an integer from 0 (also written 2.0)."""
    value = number(site, keyword)
    if value is not None and (value < 0 or (isinstance(value, Decimal) and value != value.to_integral_value())):
        raise wrong(site, keyword, "an integer from 0")
    return value


def flag(site: Site, keyword: str) -> bool:
    """A boolean, false where it is absent."""
    value = site.value.get(keyword, False)
    if not isinstance(value, bool):
        raise wrong(site, keyword, "true or false")
    return value


def text(site: Site, keyword: str) -> str | None:
    """A text."""
    if keyword not in site.value:
        return None
    value = site.value[keyword]
    if not isinstance(value, str):
        raise wrong(site, keyword, "a text")
    return value


def names(site: Site, keyword: str, value: Any = None) -> tuple[str, ...]:
    """A list of names, empty where it is absent."""
    found = site.value.get(keyword, []) if value is None else value
    if not isinstance(found, list) or any(not isinstance(name, str) for name in found):
        raise wrong(site, keyword, "a list of names")
    return tuple(dict.fromkeys(found))


def members(site: Site, keyword: str) -> dict[str, Any]:
    """An object, empty where it is absent."""
    value = site.value.get(keyword, {})
    if not isinstance(value, dict):
        raise wrong(site, keyword, "an object")
    return value


def entries(site: Site, keyword: str) -> list[Any] | None:
    """A list, None where it is absent."""
    if keyword not in site.value:
        return None
    value = site.value[keyword]
    if not isinstance(value, list):
        raise wrong(site, keyword, "a list")
    return value


def schemas(site: Site, keyword: str) -> tuple[Site, ...]:
    """The schemas in a list (`allOf`)."""
    return tuple(site.child(keyword, str(index)) for index in range(len(entries(site, keyword) or ())))


def schema_map(site: Site, keyword: str) -> dict[str, Site]:
    """The schemas in an object (`properties`)."""
    return {name: site.child(keyword, name) for name in members(site, keyword)}


def schema(site: Site, keyword: str) -> Site | None:
    """The schema that a keyword holds, None where it is absent."""
    return site.child(keyword) if keyword in site.value else None


def tuple_and_rest(site: Site) -> tuple[tuple[Site, ...] | None, Site | None]:
    """(schemas by position or None where no position has its own, schema of the other elements), dialects made alike."""
    if site.dialect >= Dialect.DRAFT2020:
        prefix = schemas(site, "prefixItems") if "prefixItems" in site.value else None
        if isinstance(site.value.get("items"), list):
            raise wrong(site, "items", "a schema (by position: prefixItems)")
        return prefix, schema(site, "items")
    if isinstance(site.value.get("items"), list):
        return schemas(site, "items"), schema(site, "additionalItems")
    return None, schema(site, "items")


def dependencies(site: Site) -> tuple[dict[str, tuple[str, ...]], dict[str, Site]]:
    """(names that a name demands, schema that a name demands). Both newer keywords and the older one."""
    demanded = {name: names(site, "dependentRequired", v) for name, v in _since2019(site, "dependentRequired").items()}
    held = {name: site.child("dependentSchemas", name) for name in _since2019(site, "dependentSchemas")}
    for name, value in members(site, "dependencies").items():
        if isinstance(value, list):
            demanded.setdefault(name, names(site, "dependencies", value))
        elif isinstance(value, str) and site.dialect is Dialect.DRAFT4:
            demanded.setdefault(name, (value,))
        else:
            held.setdefault(name, site.child("dependencies", name))
    return demanded, held


def _since2019(site: Site, keyword: str) -> dict[str, Any]:
    return members(site, keyword) if site.dialect >= Dialect.DRAFT2019 else {}


def check_form(site: Site) -> None:
    """Raises `UnusableSchema` for a keyword of the dialect whose value has the wrong form."""
    if isinstance(site.value, bool):
        return
    check_types(site)
    exclusive = ("exclusiveMinimum", "exclusiveMaximum")
    for keyword in ("minimum", "maximum", "multipleOf", *(() if site.dialect is Dialect.DRAFT4 else exclusive)):
        number(site, keyword)
    for keyword in exclusive if site.dialect is Dialect.DRAFT4 else ():
        flag(site, keyword)
    for keyword in _COUNTS:
        if not keyword.endswith("Contains") or site.dialect >= Dialect.DRAFT2019:
            count(site, keyword)
    flag(site, "uniqueItems")
    for keyword in ("pattern", "format"):
        text(site, keyword)
    for keyword in ("enum", "allOf", "anyOf", "oneOf"):
        entries(site, keyword)
    for keyword in ("properties", "patternProperties"):
        members(site, keyword)
    names(site, "required")
    tuple_and_rest(site)
    dependencies(site)


_COUNTS = (
    "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains",
)  # fmt: skip
