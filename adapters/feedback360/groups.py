"""From the answers on one employee to groups of raters that show nobody.

Rule: what leaves here is how many answered and the mean of each aspect. Of a group with fewer raters than the rule set asks for
no mark leaves, and no group's aspect that fewer than so many marked. Who answered, in which order and with which words does not
leave at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Any, Final

from adapters.kit.marking import make_mark
from schemas.canonical.marks import digits
from schemas.scores import ScoreRules

GROUPS: Final = {
    "atasan": "superior",
    "rekan": "peer",
    "bawahan": "subordinate",
    "diri": "self",
    "publik": "public",
    "lain": "other",
}
LEAST: Final = 3
"""Raters of a group whose rule set says no number."""
PLACES: Final = Decimal("0.0001")
_decimal = lru_cache(maxsize=4096)(Decimal)

Scale = tuple[str, str, str]
Answers = Sequence[Mapping[str, Any]]


def group_of(kind: str, answers: Answers, scale: Scale, rules: ScoreRules) -> dict[str, Any]:
    """One group. Raises `ValueError` for a mark off the scale."""
    name = GROUPS[kind]
    least, known = rules.lines.least_raters, rules.lines.known_raters
    enough = 1 if known is not None and name in known.value else LEAST if least is None else least.value
    by_aspect: dict[str, list[Decimal]] = {}
    for answer in answers:
        for aspect, mark in answer["nilai"].items():
            by_aspect.setdefault(aspect, []).append(_on_scale(str(mark), scale))
    marks = [_mean(aspect, given, scale) for aspect, given in sorted(by_aspect.items()) if len(given) >= enough]
    weight = rules.lines.parts.value.get(name)
    return {
        "group": name,
        "raters": len(answers),
        "marks": marks,
        "weight": None if weight is None else f"{weight:f}",
        "withheld": len(marks) < len(by_aspect),
    }


def _mean(aspect: str, given: list[Decimal], scale: Scale) -> dict[str, Any]:
    """The mean as the source would have written it on its own scale, to four places."""
    mean = sum(given, Decimal(0)) / len(given)
    return make_mark(aspect, digits(mean.quantize(PLACES, ROUND_HALF_EVEN)), *scale)


def _on_scale(mark: str, scale: Scale) -> Decimal:
    value, ends = _decimal(mark), (_decimal(scale[0]), _decimal(scale[1]))
    if not min(ends) <= value <= max(ends):
        raise ValueError("the mark lies off its scale")
    return value
