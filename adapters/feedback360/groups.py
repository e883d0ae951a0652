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

from adapters.kit.marking import MarkScale
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
_NOTHING: Final = Decimal(0)
_decimal = lru_cache(maxsize=4096)(Decimal)

Answers = Sequence[Mapping[str, Any]]


class Survey:
    """What holds for a whole survey: its scale, and the weight and least number of raters of each group.

    `on_scale`: the marks that were found to lie on the scale, by their texts.
    """

    __slots__ = ("ends", "groups", "on_scale", "rules", "scale")

    def __init__(self, worst: str, best: str, source: str, rules: ScoreRules) -> None:
        self.rules = rules
        self.scale = MarkScale(worst, best, source)
        self.ends = worst, best
        self.on_scale: dict[str | int, Decimal] = {}
        least, known, weights = rules.lines.least_raters, rules.lines.known_raters, rules.lines.parts.value
        self.groups: dict[str, tuple[str, int, str | None]] = {}
        for kind, name in GROUPS.items():
            enough = 1 if known is not None and name in known.value else LEAST if least is None else least.value
            weight = weights.get(name)
            self.groups[kind] = name, enough, None if weight is None else f"{weight:f}"

    def place(self, given: str | int) -> Decimal:
        """A mark as a number. Raises `ValueError` for one off the scale."""
        value, worst, best = _decimal(str(given)), *map(_decimal, self.ends)
        if not min(worst, best) <= value <= max(worst, best):
            raise ValueError("the mark lies off its scale")
        self.on_scale[given] = value
        return value


def group_of(kind: str, answers: Answers, survey: Survey) -> dict[str, Any]:
    """One group. Raises `ValueError` for a mark off the scale."""
    name, enough, weight = survey.groups[kind]
    known, place = survey.on_scale.get, survey.place
    by_aspect: dict[str, list[Decimal]] = {}
    for answer in answers:
        for aspect, mark in answer["nilai"].items():
            value = known(mark)
            if value is None:
                value = place(mark)
            given = by_aspect.get(aspect)
            if given is None:
                by_aspect[aspect] = [value]
            else:
                given.append(value)
    marks = [_mean(aspect, given, survey) for aspect, given in sorted(by_aspect.items()) if len(given) >= enough]
    return {
        "group": name,
        "raters": len(answers),
        "marks": marks,
        "weight": weight,
        "withheld": len(marks) < len(by_aspect),
    }


def _mean(aspect: str, given: list[Decimal], survey: Survey) -> dict[str, Any]:
    """The mean as the source would have written it on its own scale, to four places."""
    mean = sum(given, _NOTHING) / len(given)
    return survey.scale.mark(aspect, digits(mean.quantize(PLACES, ROUND_HALF_EVEN)))
