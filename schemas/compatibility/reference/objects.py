"""Reference rules for objects: what a property that comes or goes means depends on the content model.

*Open*: undeclared properties are free. *Closed*: there are none. *Partially open*: they have a schema. The rules look
at the content model of the side that lacks the property.

Rule: `required` is compared for declared properties only, `patternProperties` and `propertyNames` are not compared; the
reference does so. The policy SOUND does not.
"""

from __future__ import annotations

from typing import Final

from schemas.compatibility import keywords as kw
from schemas.compatibility.document import Site
from schemas.compatibility.patterns import matches
from schemas.compatibility.reference.model import Node, says
from schemas.compatibility.reference.scalars import bound
from schemas.compatibility.reference.steps import Ask, Found, Pair, Part, Steps

_A_MATCH: Final = 4


def compare_objects(a: Node, b: Node) -> Steps:
    """All that is said about an object."""
    yield from _properties(a, b)
    yield from additional(a, b, "additionalProperties", "ADDITIONAL_PROPERTIES")
    yield from additional(a, b, "unevaluatedProperties", "UNEVALUATED_PROPERTIES")
    for kind, keyword in (("MAX_PROPERTIES", "maxProperties"), ("MIN_PROPERTIES", "minProperties")):
        yield from bound(kind, keyword, kw.count(a.site, keyword), kw.count(b.site, keyword))
    yield from _dependencies(a, b)


def _properties(a: Node, b: Node) -> Steps:
    original, update = kw.schema_map(a.site, "properties"), kw.schema_map(b.site, "properties")
    was, now = set(required(a.site)), set(required(b.site))
    for name in dict.fromkeys((*original, *update)):
        at = ("properties", name)
        if name not in update:
            yield from _removed(original[name], a, b, name)
        elif name not in original:
            yield from _added(a, b, name, update[name], demanded=name in now)
        else:
            yield Part(Pair(a.model.node(original[name]), b.model.node(update[name])), at)
            if name in now - was:
                default = has_default(update[name])
                yield Found("REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED" if default else "REQUIRED_ATTRIBUTE_ADDED", at)
            elif name in was - now:
                yield Found("REQUIRED_ATTRIBUTE_REMOVED", at)


def _added(a: Node, b: Node, name: str, schema: Site, *, demanded: bool) -> Steps:
    at = ("properties", name)
    default = has_default(schema)
    new = b.model.node(schema)
    bare = demanded and not default
    if open_model(a.site):
        if bare:
            yield Found("REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", at)
        elif new.kind == "any":
            yield Found("PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", at)
        elif demanded:
            yield Found("REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL", at)
        else:
            yield Found("OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", at)
        return
    partial = partial_schema(a.site, name)
    if partial is not None:
        covered = yield Ask(Pair(a.model.node(partial), new))
        yield Found(f"PROPERTY_ADDED_{'IS' if covered else 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", at)
    if bare:
        yield Found("REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", at)
    elif partial is None:
        what = "REQUIRED_PROPERTY_WITH_DEFAULT" if demanded else "OPTIONAL_PROPERTY"
        yield Found(f"{what}_ADDED_TO_UNOPEN_CONTENT_MODEL", at)


def _removed(schema: Site, a: Node, b: Node, name: str) -> Steps:
    at = ("properties", name)
    gone = a.model.node(schema)
    if open_model(b.site):
        yield Found("PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", at)
        return
    partial = partial_schema(b.site, name)
    if partial is not None:
        covered = yield Ask(Pair(gone, b.model.node(partial)))
        yield Found(f"PROPERTY_REMOVED_{'IS' if covered else 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", at)
    elif gone.kind == "never":
        yield Found("PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", at)
    else:
        yield Found("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", at)


def required(site: Site) -> tuple[str, ...]:
    """The demanded names."""
    return kw.names(site, "required")


def has_default(site: Site) -> bool:
    """Whether a property has a default of its own."""
    return isinstance(site.value, dict) and "default" in site.value


def rest(site: Site, keyword: str, fallback: str) -> bool | Site:
    """What holds for members without a schema of their own: free (True), none (False), or a schema. The fallback counts
    where the keyword leaves them free."""
    for word in (keyword, fallback):
        if says(site, word) and site.value[word] is not True:
            value = site.value[word]
            return value if isinstance(value, bool) else site.child(word)
    return True


def open_model(site: Site) -> bool:
    """Whether undeclared properties are free."""
    return rest(site, "additionalProperties", "unevaluatedProperties") is True and not kw.members(
        site, "patternProperties"
    )


def partial_schema(site: Site, name: str) -> Site | None:
    """The schema of an undeclared property of that name, if it has one."""
    for pattern, schema in kw.schema_map(site, "patternProperties").items():
        site.library.spend(_A_MATCH)
        if matches(pattern, name):
            return schema
    found = rest(site, "additionalProperties", "unevaluatedProperties")
    return found if isinstance(found, Site) else None


def additional(a: Node, b: Node, keyword: str, kind: str) -> Steps:
    """What is said about members without a schema of their own (elements: `additionalItems`)."""
    original, update = rest(a.site, keyword, keyword), rest(b.site, keyword, keyword)
    yield from compare_rest(a, b, original, update, kind, keyword)


def compare_rest(a: Node, b: Node, original: bool | Site, update: bool | Site, kind: str, at: str) -> Steps:
    """Free, none or a schema, before and after."""
    if isinstance(original, Site) and isinstance(update, Site):
        yield Part(Pair(a.model.node(original), b.model.node(update)), (at,))
    elif original is update:
        return
    elif original is False:
        yield Found(f"{kind}_ADDED", (at,))
    elif update is False:
        yield Found(f"{kind}_REMOVED", (at,))
    elif update is True:
        yield Found(f"{kind}_EXTENDED", (at,))
    else:
        yield Found(f"{kind}_NARROWED", (at,))


def _dependencies(a: Node, b: Node) -> Steps:
    (names_a, schemas_a), (names_b, schemas_b) = kw.dependencies(a.site), kw.dependencies(b.site)
    for name in dict.fromkeys((*names_a, *names_b)):
        at = ("dependencies", name)
        if name not in names_b:
            yield Found("DEPENDENCY_ARRAY_REMOVED", at)
        elif name not in names_a:
            yield Found("DEPENDENCY_ARRAY_ADDED", at)
        elif (original := set(names_a[name])) != (update := set(names_b[name])):
            narrowed, extended = update < original, original < update
            yield Found(f"DEPENDENCY_ARRAY_{'NARROWED' if narrowed else 'EXTENDED' if extended else 'CHANGED'}", at)
    for name in dict.fromkeys((*schemas_a, *schemas_b)):
        at = ("dependencies", name)
        if name not in schemas_b:
            yield Found("DEPENDENCY_SCHEMA_REMOVED", at)
        elif name not in schemas_a:
            yield Found("DEPENDENCY_SCHEMA_ADDED", at)
        else:
            yield Part(Pair(a.model.node(schemas_a[name]), b.model.node(schemas_b[name])), at)
