"""When the devices of an employee were out: `device-outage` records in, the parts of days that excuse out.

Rule: pure; whether one device out of several is enough is a line of the rule set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from schemas.rulesets import RuleSet


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a day in which devices were out."""

    start: datetime
    end: datetime

    def covers(self, moment: datetime) -> bool:
        return self.start <= moment <= self.end


def read_window(outage: Mapping[str, Any]) -> Window:
    """A `device-outage` value; open ends reach to the ends of its day."""
    day = date.fromisoformat(outage["date"])
    start = time.fromisoformat(outage["from"]) if outage["from"] else time.min
    end = time.fromisoformat(outage["to"]) if outage["to"] else time.max
    return Window(datetime.combine(day, start), datetime.combine(day, end))


def excusing_windows(
    outages: Sequence[Mapping[str, Any]], enrolments: Iterable[Mapping[str, Any]], rules: RuleSet
) -> list[Window]:
    """What excuses an employee with these `enrolment` values. `outages`: of any device that the employee uses."""
    if rules.lines.outage_of_one_device.value == "any":
        return [read_window(outage) for outage in outages]
    enrolments = list(enrolments)
    windows: list[Window] = []
    for day in sorted({outage["date"] for outage in outages}):
        of_day = [outage for outage in outages if outage["date"] == day]
        devices = sorted({e["serial"] for e in enrolments if _valid_on(e, day)})
        common = [read_window(outage) for outage in of_day if not devices and outage["serial"] is None]
        for n, device in enumerate(devices):
            own = [read_window(outage) for outage in of_day if outage["serial"] in {None, device}]
            common = _overlaps(common, own) if n else own
        windows += common
    return windows


def _valid_on(enrolment: Mapping[str, Any], day: str) -> bool:
    return bool((enrolment["validFrom"] or day) <= day <= (enrolment["validTo"] or day))


def _overlaps(some: Sequence[Window], others: Sequence[Window]) -> list[Window]:
    pairs = ((max(a.start, b.start), min(a.end, b.end)) for a in some for b in others)
    return [Window(start, end) for start, end in pairs if start <= end]
