"""Reference rules for arrays: elements with a schema by position behave as properties do.

Rule: the schema of `contains` is not compared, its counts are; the reference does so. The policy SOUND does not.
"""

from __future__ import annotations

from schemas.compatibility import keywords as kw
from schemas.compatibility.dialects import Dialect
from schemas.compatibility.document import Site
from schemas.compatibility.reference.model import Node, says
from schemas.compatibility.reference.objects import compare_rest, rest
from schemas.compatibility.reference.scalars import bound
from schemas.compatibility.reference.steps import Ask, Found, Pair, Part, Steps


def compare_arrays(a: Node, b: Node) -> Steps:
    """All that is said about an array."""
    for kind, keyword in (("MAX_ITEMS", "maxItems"), ("MIN_ITEMS", "minItems")):
        yield from bound(kind, keyword, kw.count(a.site, keyword), kw.count(b.site, keyword))
    for kind, keyword in (("MAX_CONTAINS", "maxContains"), ("MIN_CONTAINS", "minContains")):
        yield from bound(kind, keyword, _contained(a, keyword), _contained(b, keyword))
    was, now = kw.flag(a.site, "uniqueItems"), kw.flag(b.site, "uniqueItems")
    if was != now:
        yield Found("UNIQUE_ITEMS_REMOVED" if was else "UNIQUE_ITEMS_ADDED", ("uniqueItems",))
    yield from _one_for_all(a, b)
    yield from _by_position(a, b)
    yield from compare_rest(a, b, others(a.site), others(b.site), "ADDITIONAL_ITEMS", _word(b.site))
    original, update = (rest(node.site, "unevaluatedItems", "unevaluatedItems") for node in (a, b))
    yield from compare_rest(a, b, original, update, "UNEVALUATED_ITEMS", "unevaluatedItems")


def _contained(node: Node, keyword: str) -> kw.Number | None:
    return kw.count(node.site, keyword) if says(node.site, keyword) and says(node.site, "contains") else None


def _one_for_all(a: Node, b: Node) -> Steps:
    original, update = _all(a.site), _all(b.site)
    if original is not None and update is not None:
        yield Part(Pair(a.model.node(original), b.model.node(update)), ("items",))
    elif original is not None:
        yield Found("SCHEMA_REMOVED", ("items",))
    elif update is not None:
        yield Found("SCHEMA_ADDED", ("items",))


def _by_position(a: Node, b: Node) -> Steps:
    original, update = kw.tuple_and_rest(a.site)[0] or (), kw.tuple_and_rest(b.site)[0] or ()
    keyword = "prefixItems" if b.site.dialect >= Dialect.DRAFT2020 else "items"
    for index in range(max(len(original), len(update))):
        at = (keyword, str(index))
        if index >= len(update):
            yield from _removed(a.model.node(original[index]), b, at)
        elif index >= len(original):
            yield from _added(a, b.model.node(update[index]), at)
        else:
            yield Part(Pair(a.model.node(original[index]), b.model.node(update[index])), at)


def _added(a: Node, new: Node, at: tuple[str, ...]) -> Steps:
    model = _content_model(a.site)
    if model is True:
        empty = new.kind == "any"
        yield Found(f"ITEM_{'WITH_EMPTY_SCHEMA_' if empty else ''}ADDED_TO_OPEN_CONTENT_MODEL", at)
    elif model is False:
        yield Found("ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", at)
    else:
        covered = yield Ask(Pair(a.model.node(model), new))
        yield Found(f"ITEM_ADDED_{'IS' if covered else 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", at)


def _removed(gone: Node, b: Node, at: tuple[str, ...]) -> Steps:
    model = _content_model(b.site)
    if model is True:
        yield Found("ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", at)
    elif model is False:
        false = gone.kind == "never"
        yield Found(f"ITEM_{'WITH_FALSE_' if false else ''}REMOVED_FROM_CLOSED_CONTENT_MODEL", at)
    else:
        covered = yield Ask(Pair(gone, b.model.node(model)))
        yield Found(f"ITEM_REMOVED_{'IS' if covered else 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", at)


def _all(site: Site) -> Site | None:
    prefix, schema = kw.tuple_and_rest(site)
    return schema if prefix is None else None


def others(site: Site) -> bool | Site:
    """What holds for elements behind those with a position: free (True), none (False), or a schema."""
    prefix, schema = kw.tuple_and_rest(site)
    if prefix is None and site.dialect < Dialect.DRAFT2020:
        return rest(site, "additionalItems", "additionalItems")
    if prefix is None or schema is None:
        return True
    return schema.value if isinstance(schema.value, bool) else schema


def _content_model(site: Site) -> bool | Site:
    found = others(site)
    return rest(site, "unevaluatedItems", "unevaluatedItems") if found is True else found


def _word(site: Site) -> str:
    return "items" if site.dialect >= Dialect.DRAFT2020 else "additionalItems"
