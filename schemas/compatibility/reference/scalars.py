"""Reference rules for texts, numbers, enumerations and constants: a bound that is added or tightened breaks.

Rule: patterns and formats are never compared by what they contain; a pattern that differs is a change, a format is none.
Holes of the reference are kept: they are listed in departures.json, and SOUND closes them.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from schemas.compatibility import keywords as kw
from schemas.compatibility.dialects import Dialect
from schemas.compatibility.keywords import Number
from schemas.compatibility.reference.model import Node
from schemas.compatibility.reference.steps import Found, Steps

_WIDEST = 400


def bound(kind: str, keyword: str, original: Number | None, update: Number | None) -> Steps:
    """A largest or smallest value: `kind` is `MAX_LENGTH`, `MINIMUM`, ... Which change breaks, the rules know."""
    if original == update:
        return
    if original is None:
        yield Found(f"{kind}_ADDED", (keyword,))
    elif update is None:
        yield Found(f"{kind}_REMOVED", (keyword,))
    elif update < original:
        yield Found(f"{kind}_DECREASED", (keyword,))
    else:
        yield Found(f"{kind}_INCREASED", (keyword,))


def compare_strings(a: Node, b: Node) -> Steps:
    """Lengths and pattern."""
    yield from bound("MAX_LENGTH", "maxLength", kw.count(a.site, "maxLength"), kw.count(b.site, "maxLength"))
    yield from bound("MIN_LENGTH", "minLength", kw.count(a.site, "minLength"), kw.count(b.site, "minLength"))
    original, update = kw.text(a.site, "pattern"), kw.text(b.site, "pattern")
    if original != update:
        yield Found(
            "PATTERN_ADDED" if original is None else "PATTERN_REMOVED" if update is None else "PATTERN_CHANGED",
            ("pattern",),
        )


def compare_numbers(a: Node, b: Node) -> Steps:
    """Bounds, multiples, whole numbers."""
    yield from bound("MAXIMUM", "maximum", kw.number(a.site, "maximum"), kw.number(b.site, "maximum"))
    yield from bound("MINIMUM", "minimum", kw.number(a.site, "minimum"), kw.number(b.site, "minimum"))
    yield from _exclusive_maximum(a, b)
    lowest = _limit(a, "minimum"), _limit(b, "minimum")
    yield from bound("EXCLUSIVE_MINIMUM", "exclusiveMinimum", *lowest)
    original, update = kw.number(a.site, "multipleOf"), kw.number(b.site, "multipleOf")
    if original != update:
        yield Found(f"MULTIPLE_OF_{_multiples(original, update)}", ("multipleOf",))
    if a.integer != b.integer:
        yield Found("TYPE_EXTENDED" if a.integer else "TYPE_NARROWED")


def _limit(node: Node, bound: str) -> Number | None:
    """The exclusive bound, also where draft 4 writes it as a flag beside the inclusive one."""
    keyword = "exclusive" + bound.capitalize()
    if node.site.dialect is not Dialect.DRAFT4:
        return kw.number(node.site, keyword)
    return kw.number(node.site, bound) if kw.flag(node.site, keyword) else None


def _exclusive_maximum(a: Node, b: Node) -> Steps:
    """As the other bounds, but for a hole of the reference: whether it decreased is asked of the update's inclusive
    maximum. Where there is none, the reference fails; a decrease is told there."""
    keyword = "exclusiveMaximum"
    original, update = _limit(a, "maximum"), _limit(b, "maximum")
    if original is not None and update is not None and update < original:
        inclusive = kw.number(b.site, "maximum")
        if inclusive is not None and original <= inclusive:
            return
    yield from bound("EXCLUSIVE_MAXIMUM", keyword, original, update)


def _multiples(original: Number | None, update: Number | None) -> str:
    if original is None:
        return "ADDED"
    if update is None:
        return "REMOVED"
    if divides(update, original):
        return "REDUCED"
    return "EXPANDED" if divides(original, update) else "CHANGED"


def divides(part: Number, whole: Number) -> bool:
    """Whether `whole` is a multiple of `part`; no for numbers too wide to say so cheaply."""
    if part <= 0 or any(isinstance(n, Decimal) and abs(n.adjusted()) > _WIDEST for n in (part, whole)):
        return False
    return (Fraction(whole) / Fraction(part)).denominator == 1


def compare_enums(a: Node, b: Node) -> Steps:
    """Values by equality, order and repetition aside."""
    original, update = ({node.site.library.number(v) for v in node.site.value["enum"]} for node in (a, b))
    a.site.library.spend((len(original) + len(update)) // 16)
    if original == update:
        return
    if original < update:
        yield Found("ENUM_ARRAY_EXTENDED", ("enum",))
    elif update < original:
        yield Found("ENUM_ARRAY_NARROWED", ("enum",))
    else:
        yield Found("ENUM_ARRAY_CHANGED", ("enum",))


def compare_constants(a: Node, b: Node) -> Steps:
    """One value each."""
    if a.site.library.number(a.site.value["const"]) != b.site.library.number(b.site.value["const"]):
        yield Found("CONST_CHANGED", ("const",))
