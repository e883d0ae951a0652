"""What `unevaluatedProperties` and `unevaluatedItems` are about, as far as it does not depend on the value.

Rule: what neighbours evaluate for certain (`properties` here and below `allOf` and `$ref`) is taken out; where it depends
on the value (`anyOf`, `if`, `contains`, ...), the atom is not exact: wanted, it is taken to hold for these members too;
known, it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from schemas.compatibility import keywords as kw
from schemas.compatibility.dialects import Dialect
from schemas.compatibility.document import Site, references
from schemas.compatibility.sound.atoms import Elements, Members

_DEPENDS: Final = (
    "anyOf", "oneOf", "if", "then", "else", "dependentSchemas", "dependencies", "contains", "$dynamicRef", "$recursiveRef",
)  # fmt: skip


def followed(site: Site) -> tuple[Site | None, bool]:
    """(what a schema refers to, whether nothing beside the reference counts). No target where it depends on the way."""
    found = references(site)
    if not found:
        return None, False
    older = site.dialect < Dialect.DRAFT2019
    if "$ref" in site.value:
        return site.library.target(site, site.value["$ref"]), older
    keyword = "$dynamicRef" if "$dynamicRef" in site.value else "$recursiveRef"
    return site.library.dynamic_target(site, site.value[keyword], keyword), False


def certain(start: Site) -> Iterator[Site]:
    """The schema and those that apply to the same value in any case."""
    todo, seen = [start], set[Site]()
    while todo:
        site = todo.pop()
        if site in seen or isinstance(site.value, bool):
            continue
        seen.add(site)
        target, bare = followed(site)
        if target is not None:
            todo.append(target)
        if not bare:
            yield site
            todo.extend(kw.schemas(site, "allOf"))


@dataclass(slots=True)
class _Taken:
    """What is evaluated for certain, and whether more may be."""

    properties: dict[str, Site | None] = field(default_factory=dict)
    patterns: dict[str, Site | None] = field(default_factory=dict)
    prefix: int = 0
    everything: bool = False
    exact: bool = True


def evaluated_members(site: Site) -> Members:
    """The atom of `unevaluatedProperties`."""
    taken = _Taken()
    for here in certain(site):
        taken.properties.update(dict.fromkeys(kw.members(here, "properties")))
        taken.patterns.update(dict.fromkeys(kw.members(here, "patternProperties")))
        inner = here is not site and "unevaluatedProperties" in here.value
        taken.everything |= "additionalProperties" in here.value or inner
        taken.exact &= not any(word in here.value for word in _DEPENDS if word != "contains")
        taken.exact &= not _unknown(here)
    rest = None if taken.everything else site.child("unevaluatedProperties")
    key = (site, "unevaluatedProperties")
    return Members(key, taken.properties, taken.patterns, rest, taken.exact or taken.everything)


def evaluated_elements(site: Site) -> Elements:
    """The atom of `unevaluatedItems`."""
    taken = _Taken()
    for here in certain(site):
        prefix, rest = kw.tuple_and_rest(here)
        taken.prefix = max(taken.prefix, len(prefix or ()))
        inner = here is not site and "unevaluatedItems" in here.value
        taken.everything |= rest is not None or inner
        taken.exact &= not any(word in here.value for word in _DEPENDS) and not _unknown(here)
    outside = None if taken.everything else site.child("unevaluatedItems")
    free: tuple[Site | None, ...] = (None,) * taken.prefix
    return Elements((site, "unevaluatedItems"), free, outside, taken.exact or taken.everything)


def _unknown(site: Site) -> bool:
    return bool(references(site)) and followed(site)[0] is None
