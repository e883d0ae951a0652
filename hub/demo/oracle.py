"""What must come out of the month, worked out from the plan alone.

Rule: nothing of `hub.runs` and no rule set is used here. Two ways to the same digits are worth more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from adapters.kit.sample import Mark
from hub.demo.plan import PersonPlan
from hub.demo.preset import Oracle


@dataclass(frozen=True, slots=True)
class Expected:
    """Control totals that the run must show; money in whole units as digit strings. `scored`: how many are told a score, and
    what these come to together."""

    employees: int
    ready: int
    held: int
    gross: str
    cut: str
    net: str
    scored: tuple[int, str]


def expect(
    oracle: Oracle, plans: Sequence[PersonPlan], tariffs: Sequence[str], marks: Sequence[Mark], ceremony: date
) -> Expected:
    """Totals over all persons; those without mark or pay data are held and count in no amount."""
    ready = gross = net = scored = 0
    scores = Decimal(0)
    for plan, tariff, mark in zip(plans, tariffs, marks, strict=True):
        if not plan.paid or (not plan.marked and not _replaced(plan)):
            continue
        ready += 1
        gross += int(tariff)
        net += _net(oracle, plan, Decimal(tariff), mark, ceremony)
        if oracle.score is not None and not _replaced(plan):
            scored += 1
            scores += earned(oracle, mark)
    totals = str(gross), str(gross - net), str(net)
    return Expected(len(plans), ready, len(plans) - ready, *totals, (scored, f"{scores.normalize():f}"))


def _replaced(plan: PersonPlan) -> bool:
    return plan.leave is not None and plan.leave.percent is not None


def earned(oracle: Oracle, mark: Mark) -> Decimal:
    """What a mark earns of the performance share, in percent: the predicate's percent, or the score of the items."""
    how = oracle.score
    if how is None:
        return Decimal(oracle.predicates[mark.predicate])
    plain = how.behaviour * how.ratings[mark.behaviour] + (1 - how.behaviour) * how.ratings[mark.result]
    total = sum((item.weight * (plain - item.less) for item in how.items), Decimal(0))
    whole = sum((item.weight for item in how.items), Decimal(0))
    return (total / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _net(oracle: Oracle, plan: PersonPlan, tariff: Decimal, mark: Mark, ceremony: date) -> int:
    if plan.leave is not None and plan.leave.percent is not None:
        exact = tariff * plan.leave.percent / 100
    else:
        late = sum(max(0, day.minutes - oracle.tolerance) for day in plan.days if day.kind == "late")
        early = sum(day.minutes for day in plan.days if day.kind == "early")
        absent = sum(day.kind == "absent" for day in plan.days)
        missing = sum(day.kind in {"lone-in", "lone-out"} for day in plan.days)
        missed = sum(day.kind == "absent" and day.date == ceremony for day in plan.days)
        cut = oracle.absence * absent + oracle.missing_tap * missing + oracle.minute * (late + early)
        cut += oracle.ceremony * missed
        attendance = oracle.attendance_weight * max(Decimal(0), 1 - cut)
        exact = tariff * (attendance + oracle.performance_weight * earned(oracle, mark) / 100)
    if plan.sanctioned:
        exact *= oracle.sanction_keeps
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
