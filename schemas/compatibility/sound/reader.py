"""Reads the atoms of a schema at its place, through `$ref` and `allOf`.

Rule: a keyword of a newer dialect is no keyword in an older one; in drafts 4 to 7 nothing beside a `$ref` counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from schemas.compatibility import keywords as kw
from schemas.compatibility.dialects import Dialect
from schemas.compatibility.document import Site, check_types, references
from schemas.compatibility.located import below
from schemas.compatibility.sound.atoms import (
    AnyOf,
    Atom,
    Contains,
    Count,
    Elements,
    Format,
    If,
    Implies,
    Length,
    Members,
    Multiple,
    Names,
    Needs,
    Never,
    Not,
    OneOf,
    Opaque,
    Pattern,
    Range,
    Required,
    Types,
    Unique,
    Values,
)
from schemas.compatibility.sound.evaluated import evaluated_elements, evaluated_members, followed


class Read(NamedTuple):
    """An atom and where it stands."""

    atom: Atom
    path: str


class Reader:
    """Reads each place once."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Site, tuple[Read, ...]]] = {}

    def read(self, site: Site) -> tuple[Read, ...]:
        """The atoms of a schema with their places."""
        found = self._read.get(id(site))
        if found is None:
            found = self._read[id(site)] = (site, tuple(self._flat(site)))
        return found[1]

    def atoms(self, site: Site | None) -> tuple[Atom, ...]:
        """The atoms alone; none for no schema."""
        return () if site is None else tuple(read.atom for read in self.read(site))

    def _flat(self, start: Site) -> Iterator[Read]:
        todo, seen = [start], set[Site]()
        while todo:
            site = todo.pop()
            if site in seen:
                continue
            seen.add(site)
            if isinstance(site.value, bool):
                if not site.value:
                    yield Read(Never(), site.path)
                continue
            target, bare = followed(site)
            if target is not None:
                todo.append(target)
            elif references(site):
                yield Read(Opaque((site.library.identity, site.path)), site.path)
            if not bare:
                yield from (Read(atom, below(site.path, keyword)) for atom, keyword in _own(site))
                todo.extend(reversed(kw.schemas(site, "allOf")))


_Own = Iterator[tuple[Atom, str]]


def _own(site: Site) -> _Own:
    yield from _any_type(site)
    yield from _numbers(site)
    if (shortest := kw.count(site, "minLength")) is not None:
        yield Length(shortest, None), "minLength"
    if (longest := kw.count(site, "maxLength")) is not None:
        yield Length(None, longest), "maxLength"
    for keyword, atom in (("pattern", Pattern), ("format", Format)):
        if (text := kw.text(site, keyword)) is not None:
            yield atom(text), keyword
    if site.dialect in {Dialect.DRAFT6, Dialect.DRAFT7}:  # newer ones: for information only
        content = [str(site.value.get(word, "")) for word in ("contentEncoding", "contentMediaType")]
        if any(content):
            yield Format("content " + " ".join(content)), "contentEncoding" if content[0] else "contentMediaType"
    yield from _arrays(site)
    yield from _objects(site)
    for keyword, combined in (("anyOf", AnyOf), ("oneOf", OneOf)):
        if keyword in site.value:
            yield combined(kw.schemas(site, keyword)), keyword
    if "not" in site.value:
        yield Not(site.child("not")), "not"
    if site.dialect >= Dialect.DRAFT7 and "if" in site.value and ("then" in site.value or "else" in site.value):
        yield If(site.child("if"), kw.schema(site, "then"), kw.schema(site, "else")), "if"


def _any_type(site: Site) -> _Own:
    types = check_types(site)
    if types is not None:
        exact = site.dialect is Dialect.DRAFT4
        yield Types(frozenset("integer4" if exact and name == "integer" else name for name in types)), "type"
    number = site.library.number
    if (values := kw.entries(site, "enum")) is not None:
        listed = {number(value): value for value in values}
        yield Values(frozenset(listed), listed), "enum"
    if "const" in site.value and site.dialect >= Dialect.DRAFT6:
        only = {number(site.value["const"]): site.value["const"]}
        yield Values(frozenset(only), only), "const"


def _numbers(site: Site) -> _Own:
    low, high = kw.number(site, "minimum"), kw.number(site, "maximum")
    if site.dialect is Dialect.DRAFT4:
        low_open, high_open = kw.flag(site, "exclusiveMinimum"), kw.flag(site, "exclusiveMaximum")
        above = under = None
    else:
        low_open = high_open = False
        above, under = kw.number(site, "exclusiveMinimum"), kw.number(site, "exclusiveMaximum")
    if low is not None:
        yield Range(low=low, low_open=low_open), "minimum"
    if high is not None:
        yield Range(high=high, high_open=high_open), "maximum"
    if above is not None:
        yield Range(low=above, low_open=True), "exclusiveMinimum"
    if under is not None:
        yield Range(high=under, high_open=True), "exclusiveMaximum"
    multiple = kw.number(site, "multipleOf")
    if multiple is not None:
        yield Multiple(multiple), "multipleOf"


def _arrays(site: Site) -> _Own:
    prefix, rest = kw.tuple_and_rest(site)
    if prefix or rest is not None:
        yield Elements((prefix or (), rest), prefix or (), rest), "items" if "items" in site.value else "prefixItems"
    if (low := kw.count(site, "minItems")) is not None:
        yield Count("array", low, None), "minItems"
    if (high := kw.count(site, "maxItems")) is not None:
        yield Count("array", None, high), "maxItems"
    if kw.flag(site, "uniqueItems"):
        yield Unique(), "uniqueItems"
    if site.dialect >= Dialect.DRAFT6 and "contains" in site.value:
        newer = site.dialect >= Dialect.DRAFT2019
        least = kw.count(site, "minContains") if newer else None
        most = kw.count(site, "maxContains") if newer else None
        yield Contains(site.child("contains"), 1 if least is None else least, most), "contains"
    if site.dialect >= Dialect.DRAFT2019 and "unevaluatedItems" in site.value:
        yield evaluated_elements(site), "unevaluatedItems"


_MEMBERS: Final = ("properties", "patternProperties", "additionalProperties")


def _objects(site: Site) -> _Own:
    said = [keyword for keyword in _MEMBERS if keyword in site.value]
    if said:
        properties, patterns = kw.schema_map(site, "properties"), kw.schema_map(site, "patternProperties")
        rest = kw.schema(site, "additionalProperties")
        key = (frozenset(properties.items()), frozenset(patterns.items()), rest)
        yield Members(key, dict(properties), dict(patterns), rest), said[-1]
    yield from ((Required(name), "required") for name in kw.names(site, "required"))
    if (low := kw.count(site, "minProperties")) is not None:
        yield Count("object", low, None), "minProperties"
    if (high := kw.count(site, "maxProperties")) is not None:
        yield Count("object", None, high), "maxProperties"
    if site.dialect >= Dialect.DRAFT6 and "propertyNames" in site.value:
        yield Names(site.child("propertyNames")), "propertyNames"
    demanded, held = kw.dependencies(site)
    newer = site.dialect >= Dialect.DRAFT2019
    for name, others in demanded.items():
        legacy = newer and name not in site.value.get("dependentRequired", {})
        yield Needs(name, frozenset(others), legacy), "dependencies" if legacy or not newer else "dependentRequired"
    for name, schema in held.items():
        legacy = newer and name not in site.value.get("dependentSchemas", {})
        yield Implies(name, schema, legacy), "dependencies" if legacy or not newer else "dependentSchemas"
    if newer and "unevaluatedProperties" in site.value:
        yield evaluated_members(site), "unevaluatedProperties"
