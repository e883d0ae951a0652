"""One score out of an assessment's marks, for a pay rule set that prices performance by it.

Rule: pure. The score is made by the score rule set that the pay rule set names, a draft only where the operator allows
drafts; what a source says the whole comes to is never priced. Marks that do not come to one score hold the
signal. Where an appeal was decided and says the mark that holds now, that mark is the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from hub.runs.selection import Fact, Person
from schemas.errors import SchemaError
from schemas.rulesets import RuleSet
from schemas.scores import Item, ScoreRules, score
from schemas.scores import load as load_score

WORST: Final = Decimal(0)
BEST: Final = Decimal(100)
_DECIDED: Final = frozenset({"upheld", "partly-upheld"})


@dataclass(frozen=True, slots=True)
class Scoring:
    """How marks become a score. `drafts`: whether the operator allows drafts."""

    rules: ScoreRules
    kind: str
    drafts: bool


@dataclass(frozen=True, slots=True)
class Score:
    """What an assessment came to: percent of what performance earns, None where its marks come to no score. `used`: the
    records that it was made from."""

    percent: Decimal | None
    text: str
    used: tuple[Fact, ...]


def scoring_of(rules: RuleSet, institution: str, *, drafts: bool = False) -> Scoring | None:
    """How this rule set has performance scored; None: it goes by predicates. Raises `SchemaError` for a score rule set that
    is not there, is a draft where none is allowed, is another institution's, or whose scale is not 0 to 100."""
    line = rules.lines.performance_score
    if line is None:
        return None
    found = load_score(line.value.id, line.value.version)
    name = f"{found.id} version {found.version}"
    if found.status == "draft" and not drafts:
        raise SchemaError("ruleset", f"{name} is a draft: its formula is not published")
    if not found.is_for(institution):
        raise SchemaError("ruleset", f"{name} is another institution's")
    if (found.lines.scale.value.worst, found.lines.scale.value.best) != (WORST, BEST):
        raise SchemaError("ruleset", f"{name} does not score from 0 to 100")
    return Scoring(found, line.value.assessment, drafts)


def score_person(person: Person, scoring: Scoring) -> Score | None:
    """The score of the month; None: there is no assessment of that kind. Several of them come to no score."""
    found = [fact for fact in person.assessments if fact.value["kind"] == scoring.kind]
    if not found:
        return None
    if len(found) > 1:
        return Score(None, f"{len(found)} assessments", tuple(found))
    [assessment] = found
    id_ = assessment.value["assessmentId"]
    decided = [
        fact
        for fact in person.appeals
        if fact.value["assessmentId"] == id_ and fact.value["status"] in _DECIDED and fact.value["overall"] is not None
    ]
    rules = scoring.rules
    said = f"{rules.id} version {rules.version}{' (draft)' if rules.status == 'draft' else ''}"
    if decided:
        appeal = max(decided, key=lambda fact: (fact.value["decidedOn"] or "", fact.age))
        return Score(_on_scale(appeal.value["overall"]), "the mark after an appeal", (assessment, appeal))
    items = items_of(assessment.value["marks"], rules)
    percent = None
    if items is not None:
        try:
            percent = score(rules, items, drafts=scoring.drafts)
        except SchemaError:
            percent = None
    if percent is not None and not WORST <= percent <= BEST:
        percent = None
    return Score(percent, f"the score that {said} makes of the marks", (assessment,))


def items_of(marks: Sequence[Mapping[str, Any]], rules: ScoreRules) -> list[Item] | None:
    """The marks as the rules join them: by task, a part being the kind of a mark where the rules name kinds, else its
    aspect. None where marks contradict each other or lie on another scale."""
    by_kind = rules.lines.parts.value.keys() <= {"quantitative", "qualitative", "overall"}
    found: dict[str | None, tuple[Decimal | None, dict[str, Decimal]]] = {}
    for mark in marks:
        value = _on_scale(mark)
        weight = None if mark["weight"] is None else Decimal(mark["weight"])
        own, parts = found.setdefault(mark["item"], (weight, {}))
        part = mark["kind"] if by_kind else mark["aspect"]
        if value is None or own != weight or part in parts:
            return None
        parts[part] = value
    return list(found.values())


def _on_scale(mark: Mapping[str, Any]) -> Decimal | None:
    """A mark on 0 to 100; None for one on another scale."""
    ends = Decimal(mark["scale"]["worst"]), Decimal(mark["scale"]["best"])
    value = Decimal(mark["value"])
    return value if ends == (WORST, BEST) and WORST <= value <= BEST else None
