"""Reference rules for two nodes of any kind: the same kind is compared by its own rules, combined schemas by branches.

Rule: nothing may become everything and everything may stay; any other change of kind breaks.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Final

from schemas.compatibility.reference.arrays import compare_arrays
from schemas.compatibility.reference.matching import largest_matching
from schemas.compatibility.reference.model import Node
from schemas.compatibility.reference.objects import compare_objects
from schemas.compatibility.reference.scalars import compare_constants, compare_enums, compare_numbers, compare_strings
from schemas.compatibility.reference.steps import Ask, Found, Pair, Part, Steps

_ANNOTATIONS: Final = (
    ("$id", "ID_CHANGED"),
    ("title", "TITLE_CHANGED"),
    ("description", "DESCRIPTION_CHANGED"),
    ("default", "DEFAULT_CHANGED"),
)


def compare_nodes(a: Node, b: Node) -> Steps:
    """What changed from the original `a` to the update `b`."""
    if a.key == b.key:
        return
    if (a.kind == "combined") != (b.kind == "combined") and (yield from _one_branch(a, b)):
        return
    yield from _annotations(a, b)
    if a.kind == b.kind:
        if (rules := _RULES.get(a.kind)) is not None:
            yield from rules(a, b)
    elif a.kind == "never" or b.kind == "any":
        yield Found("TYPE_EXTENDED")
    else:
        yield Found("TYPE_CHANGED")


def _one_branch(a: Node, b: Node) -> Generator[Found | Part | Ask, bool, bool]:
    """Whether one branch is enough: of the update's alternatives, or of what the original demands together."""
    if b.kind == "combined":
        pairs = {index: Pair(a, b.branch(index)) for index in _single(b, "anyOf", "oneOf")}
        kind, many = "SUM_TYPE_EXTENDED", len(b.branches) > 1
    else:
        pairs = {index: Pair(a.branch(index), b) for index in _single(a, "allOf")}
        kind, many = "PRODUCT_TYPE_NARROWED", len(a.branches) > 1
    for index, pair in pairs.items():
        if b.kind != "any" and (yield Ask(pair)):
            if many:
                yield Found(kind)
            yield Part(pair, _branch(b, index) if b.kind == "combined" else ())
            return True
    return False


def _single(combined: Node, *criteria: str) -> range:
    """The branches of which one is enough: for these criteria, or where there is one branch only."""
    size = len(combined.branches)
    return range(size if combined.criterion in criteria or size == 1 else 0)


def _annotations(a: Node, b: Node) -> Steps:
    if not isinstance(a.site.value, dict) or not isinstance(b.site.value, dict):
        return
    for keyword, kind in _ANNOTATIONS:
        original, update = a.site.value.get(keyword), b.site.value.get(keyword)
        if a.site.library.number(original) != b.site.library.number(update):
            yield Found(kind, (keyword,))


def _compare_not(a: Node, b: Node) -> Steps:
    """What is forbidden may only become less: the comparison runs the other way round."""
    inner_a, inner_b = a.model.node(a.site.child("not")), b.model.node(b.site.child("not"))
    if inner_a.key != inner_b.key:
        narrowed = yield Ask(Pair(inner_b, inner_a))
        yield Found("NOT_TYPE_NARROWED" if narrowed else "NOT_TYPE_EXTENDED", ("not",))


def _compare_combined(a: Node, b: Node) -> Steps:
    if a.criterion != b.criterion:
        single_a, single_b = len(a.branches) == 1, len(b.branches) == 1
        extended = (
            b.criterion == "anyOf"
            or (single_a and single_b)
            or (single_a and b.criterion == "oneOf")
            or (a.criterion == "allOf" and single_b)
        )
        if not extended:
            yield Found("COMBINED_TYPE_CHANGED")
            return
        yield Found("COMBINED_TYPE_EXTENDED")
    if len(a.branches) < len(b.branches):
        yield Found("PRODUCT_TYPE_EXTENDED" if b.criterion == "allOf" else "SUM_TYPE_EXTENDED", (b.criterion,))
    elif len(a.branches) > len(b.branches):
        yield Found("PRODUCT_TYPE_NARROWED" if a.criterion == "allOf" else "SUM_TYPE_NARROWED", (b.criterion,))
    edges: dict[int, list[int]] = {}
    for left in range(len(a.branches)):
        edges[left] = []
        for right in range(len(b.branches)):
            if (yield Ask(Pair(a.branch(left), b.branch(right)))):
                edges[left].append(right)
    matching = largest_matching(edges)
    if len(matching) < min(len(a.branches), len(b.branches)):
        yield Found("COMBINED_TYPE_SUBSCHEMAS_CHANGED", (b.criterion,))
        return
    for left, right in matching.items():
        yield Part(Pair(a.branch(left), b.branch(right)), _branch(b, right))


def _branch(node: Node, index: int) -> tuple[str, ...]:
    return (node.criterion, str(index))


_RULES: Final[dict[str, Callable[[Node, Node], Steps]]] = {
    "string": compare_strings,
    "number": compare_numbers,
    "object": compare_objects,
    "array": compare_arrays,
    "enum": compare_enums,
    "const": compare_constants,
    "not": _compare_not,
    "combined": _compare_combined,
}
