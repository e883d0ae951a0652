"""What happens to each made-up person in the month: planned first, so that what must come out is known beforehand.

Rule: the plan says facts (absent, late by so many minutes, on leave); taps are made from it, and the oracle prices
it. Neither uses the hub's own rules.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

DayKind = Literal["normal", "late", "early", "lone-in", "lone-out", "absent", "leave", "outage"]


@dataclass(frozen=True, slots=True)
class Day:
    """One working day of one person; `minutes` late or early before any tolerance."""

    date: date
    kind: DayKind
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """A leave from `start` to `end`, both included; `percent` set when it replaces the whole month's result."""

    kind: str
    start: date
    end: date
    percent: int | None = None


@dataclass(slots=True)
class PersonPlan:
    """A person's month. `marked` and `paid` False make the signal held."""

    days: list[Day] = field(default_factory=list)
    leave: Leave | None = None
    marked: bool = True
    paid: bool = True
    sanctioned: bool = False


def working_days(period: str, holidays: Sequence[str]) -> list[date]:
    """Monday to Friday of the month, without holidays."""
    year, month = (int(part) for part in period.split("-"))
    day = date(year, month, 1)
    free = {date.fromisoformat(text) for text in holidays}
    days = []
    while day.month == month:
        if day.weekday() < 5 and day not in free:
            days.append(day)
        day += timedelta(days=1)
    return days


def plan_month(
    rng: random.Random, people: int, days: Sequence[date], device_of: Sequence[int], outage: tuple[int, date]
) -> list[PersonPlan]:
    """Plans for `people` persons; `outage` is the device that is out on a date."""
    plans = []
    for index in range(people):
        plan = PersonPlan()
        plan.leave = _leave(rng, index, days)
        plan.marked = index % 61 != 17
        plan.paid = index % 83 != 29
        plan.sanctioned = index == 11
        for day in days:
            if plan.leave and plan.leave.start <= day <= plan.leave.end:
                plan.days.append(Day(day, "leave"))
            elif (device_of[index], day) == outage:
                plan.days.append(Day(day, "outage"))
            else:
                plan.days.append(_day(rng, day))
        plans.append(plan)
    return plans


_ODDS: Mapping[DayKind, int] = {"late": 40, "early": 15, "lone-in": 6, "lone-out": 4, "absent": 7}
"""Per thousand working days."""


def _day(rng: random.Random, day: date) -> Day:
    throw = rng.randrange(1000)
    for kind, share in _ODDS.items():
        if throw < share:
            minutes = {"late": rng.randint(5, 150), "early": rng.randint(5, 60)}.get(kind, 0)
            return Day(day, kind, minutes)
        throw -= share
    return Day(day, "normal")


def _leave(rng: random.Random, index: int, days: Sequence[date]) -> Leave | None:
    month_start = days[0].replace(day=1)
    previous = (month_start - timedelta(days=1)).replace(day=1)
    month_end = (month_start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    whole = {
        3: Leave("maternity", month_start, month_end, 100),
        7: Leave("sick", month_start, month_end, 100),
        13: Leave("long", previous, month_end, 25),
        19: Leave("sick", previous, month_end, 50),
    }
    if index in whole:
        return whole[index]
    if rng.randrange(100) < 6:
        first = rng.randrange(max(1, len(days) - 5))
        last = min(len(days) - 2, first + rng.randrange(5))
        return Leave(rng.choice(("annual", "important-reason", "sick")), days[first], days[max(first, last)])
    return None
