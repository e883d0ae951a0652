"""What leave does to a month: which days it excuses, and what it pays where it covers all of them.

Rule: pure; percentages and readings are lines of the rule set. What no line says is held, never guessed.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from schemas.canonical.schedule import LeaveKind
from schemas.rulesets import LeavePay, RuleSet

_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


@dataclass(frozen=True, slots=True)
class Spell:
    """Leaves of one kind that follow each other, as one."""

    kind: LeaveKind
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Replacement:
    """What leave pays instead of the result: percent of the tariff, or None where the month has to be held."""

    line: str
    percent: Decimal | None
    text: str


def join_leaves(leaves: Iterable[Mapping[str, Any]], rules: RuleSet) -> list[Spell]:
    """Spells from `leave` values, in order; cancelled ones and such as end before they begin are left out."""
    parts = sorted(
        (leave["from"], leave["to"], leave["kind"])
        for leave in leaves
        if not leave["cancelled"] and leave["from"] <= leave["to"]
    )
    joins = rules.lines.leave_joins.value == "over-weekends"
    spells: list[Spell] = []
    latest: dict[str, int] = {}
    for begin, finish, kind in parts:
        start, end = date.fromisoformat(begin), date.fromisoformat(finish)
        index = latest.get(kind)
        if index is not None and joins and start <= _next_weekday(spells[index].end):
            spells[index] = Spell(kind, spells[index].start, max(end, spells[index].end))
        else:
            latest[kind] = len(spells)
            spells.append(Spell(kind, start, end))
    return spells


def matters(leave: Mapping[str, Any], spells: Sequence[Spell], first: date) -> bool:
    """Whether a `leave` value is part of a spell that reaches the month beginning on `first`."""
    start = date.fromisoformat(leave["from"])
    return any(s.kind == leave["kind"] and s.start <= start <= s.end and s.end >= first for s in spells)


def leave_days(spells: Sequence[Spell], working: Sequence[date]) -> dict[date, str]:
    """Kind of leave on each working day that has one; of several, the one that began first."""
    days: dict[date, str] = {}
    for day in working:
        spell = _covering(spells, day)
        if spell is not None:
            days[day] = spell.kind
    return days


def replace_result(spells: Sequence[Spell], working: Sequence[date], rules: RuleSet) -> Replacement | None:
    """What leave pays where it covers every one of these working days of a month; None where it does not, or where the
    rules only excuse its days."""
    if rules.lines.leave_replaces.value == "days":
        return None
    covering: dict[Spell, date] = {}
    for day in working:
        spell = _covering(spells, day)
        if spell is None:
            return None
        covering.setdefault(spell, day)
    answers = [_pay(spell, day, rules) for spell, day in covering.items()]
    if not answers:
        return None
    if len({answer.percent for answer in answers}) > 1:
        return _mixed([answer.percent for answer in answers], rules)
    return answers[0]


def _mixed(percents: Sequence[Decimal | None], rules: RuleSet) -> Replacement:
    """What a month pays that is covered by leaves which pay different percentages."""
    known = [percent for percent in percents if percent is not None]
    reading = rules.lines.leave_mixed.value
    if reading == "held" or len(known) < len(percents):
        return Replacement("leave-mixed", None, "the month is covered by leaves that pay different percentages")
    percent = min(known) if reading == "lowest" else max(known)
    return Replacement("leave-mixed", percent, f"leaves that pay differently: the {reading} counts, {percent} %")


def _covering(spells: Sequence[Spell], day: date) -> Spell | None:
    return next((spell for spell in spells if spell.start <= day <= spell.end), None)


def _pay(spell: Spell, first: date, rules: RuleSet) -> Replacement:
    """`first`: the first working day of the pay month that the spell covers."""
    name, line = rules.leave(spell.kind)
    pay = line.value
    if pay.short is not None and spell.end < add_months(spell.start, 1) - _DAY:
        return Replacement(name, pay.short, f"leave ({spell.kind}) of less than one month")
    number = _months_before(spell.start, first, rules)
    label = f"leave ({spell.kind}), month {number + 1}"
    percent = _of_month(pay, number) if pay.daily_decrease is None else _decreased(pay, spell, first, number, rules)
    if percent is None:
        return Replacement(name, None, f"{label}: the rules do not say what it pays")
    return Replacement(name, percent, f"{label} pays {percent} % of the tariff")


def _of_month(pay: LeavePay, number: int) -> Decimal | None:
    if number < len(pay.months):
        return pay.months[number]
    return None if pay.then == "held" else pay.then


def _months_before(start: date, day: date, rules: RuleSet) -> int:
    """Months of a leave that came before the one that `day` falls in: full ones, or as the calendar counts."""
    if rules.lines.leave_month.value == "first-working-day":
        return months_between(start, day)
    return (day.year - start.year) * 12 + day.month - start.month


def _decreased(pay: LeavePay, spell: Spell, first: date, number: int, rules: RuleSet) -> Decimal | None:
    """Days are counted to the last day of the leave in the pay month, or to its first working day there."""
    of_month = min(spell.end, first.replace(day=monthrange(first.year, first.month)[1]))
    last = of_month if rules.lines.leave_decrease.value == "to-last-day" else first
    over = (last - add_months(spell.start, len(pay.months))).days + 1
    if over <= 0:
        return _of_month(pay, number)
    if over > pay.decrease_days or pay.daily_decrease is None or not pay.months:
        return None if pay.then == "held" else pay.then
    return max(Decimal(0), pay.months[-1] - pay.daily_decrease * over)


def add_months(day: date, months: int) -> date:
    """The same day so many months later; the last day of a shorter month."""
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def months_between(start: date, day: date) -> int:
    """Full months from `start` to `day`."""
    months = (day.year - start.year) * 12 + day.month - start.month
    return months if add_months(start, months) <= day else months - 1


def _next_weekday(day: date) -> date:
    following = day + _DAY
    while following.weekday() >= _SATURDAY:
        following += _DAY
    return following
