"""What one employee's days came to: punches, schedule, leave and outages in; `attendance.day` values out.

Rule: pure; whatever a regulation decides is read from the rule set. Minutes are charged minutes: after tolerance,
without what a device outage excuses. All times here are local to the schedule's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.runs.outages import Window
from schemas.rulesets import RuleSet, Span

_MINUTE: Final = timedelta(minutes=1)
_NONE: Final = timedelta(0)
ARRIVAL: Final = 0
DEPARTURE: Final = 1
BREAK_OUT: Final = 2
BREAK_IN: Final = 3


class Tap(NamedTuple):
    """One punch in local time."""

    at: datetime
    state: int | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A calendar read once: the working days of the month in order, and its zone."""

    period: str
    zone_name: str
    zone: tzinfo
    working: tuple[date, ...]
    ceremonies: frozenset[date]


@lru_cache(maxsize=64)
def zone_of(name: str) -> tzinfo | None:
    """The zone of an IANA name or fixed offset; None where there is no such zone."""
    if name[0] in "+-":
        offset = timedelta(hours=int(name[1:3]), minutes=int(name[4:6]))
        return timezone(-offset if name[0] == "-" else offset)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def read_schedule(calendar: Mapping[str, Any]) -> Schedule | None:
    """A `calendar` value; None where its zone does not exist or it has no working day in its month."""
    zone = zone_of(calendar["zone"])
    days = sorted({day for day in calendar["workingDays"] if day[:7] == calendar["period"]})
    if zone is None or not days:
        return None
    ceremonies = frozenset(date.fromisoformat(day) for day in calendar["ceremonies"])
    working = tuple(date.fromisoformat(day) for day in days)
    return Schedule(calendar["period"], calendar["zone"], zone, working, ceremonies)


def read_tap(punch: Mapping[str, Any], schedule: Schedule) -> Tap:
    """An `attendance.punch` value, moved into the schedule's zone where the device's clock is in another one."""
    if punch["zone"] == schedule.zone_name:
        at = datetime.fromisoformat(punch["at"])
    else:
        at = datetime.fromisoformat(punch["instant"]).astimezone(schedule.zone).replace(tzinfo=None)
    return Tap(at.replace(microsecond=0), punch["state"], tuple(punch["flags"]))


def work_day(tap: datetime, rules: RuleSet) -> date:
    """The day that a tap belongs to: a tap after midnight may still be the departure of the day before."""
    begins = rules.lines.day_begins.value
    return tap.date() if tap.time() >= begins else tap.date() - timedelta(days=1)


def derive_days(
    employee_id: str,
    institution: str,
    schedule: Schedule,
    taps: Iterable[Tap],
    leave: Mapping[date, str],
    outages: Iterable[Window],
    rules: RuleSet,
) -> list[dict[str, Any]]:
    """One `attendance.day` for each working day, and for each other day of the month that has a tap, in order.

    `leave`: kind of leave on each day that has one. `outages`: of the devices that this employee uses.
    """
    by_day: dict[date, list[Tap]] = {}
    for tap in taps:
        by_day.setdefault(work_day(tap.at, rules), []).append(tap)
    windows: dict[date, list[Window]] = {}
    for window in outages:
        windows.setdefault(window.start.date(), []).append(window)
    working = frozenset(schedule.working)
    days = sorted(working | {day for day in by_day if day.isoformat()[:7] == schedule.period})
    return [
        _derive_day(
            _blank(employee_id, institution, day),
            day,
            by_day.get(day, []),
            working=day in working,
            ceremony=day in schedule.ceremonies,
            leave_kind=leave.get(day),
            windows=windows.get(day, []),
            rules=rules,
        )
        for day in days
    ]


def _blank(employee_id: str, institution: str, day: date) -> dict[str, Any]:
    return {
        "employeeId": employee_id,
        "institution": institution,
        "date": day.isoformat(),
        "working": False,
        "status": "off",
        "firstTap": None,
        "lastTap": None,
        "lateMinutes": 0,
        "earlyMinutes": 0,
        "awayMinutes": 0,
        "missingTaps": 0,
        "missedCeremony": False,
        "leaveKind": None,
        "notes": [],
    }


def _derive_day(
    value: dict[str, Any],
    day: date,
    taps: list[Tap],
    *,
    working: bool,
    ceremony: bool,
    leave_kind: str | None,
    windows: Sequence[Window],
    rules: RuleSet,
) -> dict[str, Any]:
    notes: list[str] = value["notes"]
    hours = rules.lines.hours.value.on(day.weekday())
    start, end = datetime.combine(day, hours.start), datetime.combine(day, hours.end)
    usable = _usable(taps, rules, notes)
    arrival, departure = _ends(usable, start, end, rules, notes)
    value["firstTap"] = arrival.isoformat() if arrival else None
    value["lastTap"] = departure.isoformat() if departure else None
    value["working"] = working
    if not working:
        notes.append("taps on a day on which no work was due")
        return value
    if leave_kind is not None:
        value["status"], value["leaveKind"] = "leave", leave_kind
        if usable:
            notes.append("taps on a day of leave")
        return value
    waived = rules.lines.outage_waives_missing_taps.value
    arrival_out = waived and any(window.covers(start) for window in windows)
    departure_out = waived and any(window.covers(end) for window in windows)
    lone = (arrival is None and not arrival_out) or (departure is None and not departure_out)
    if not usable or (lone and rules.lines.lone_tap.value == "absent"):
        excused = arrival_out and departure_out and rules.lines.outage_without_taps.value == "excused"
        value["status"] = "outage" if excused else "absent"
        if windows and not excused:
            notes.append("the device outage of this day does not cover both arrival and departure")
    else:
        value["status"] = "present"
        value["missingTaps"] = _missing(arrival, arrival_out, "arrival", notes)
        value["missingTaps"] += _missing(departure, departure_out, "departure", notes)
        _charge_minutes(value, usable, arrival, departure, start, end, windows, rules)
    if ceremony:
        value["missedCeremony"] = _missed_ceremony(value["status"], arrival, start, rules)
    return value


def _usable(taps: list[Tap], rules: RuleSet, notes: list[str]) -> list[Tap]:
    """Taps in order of time, without those of a clock that was wrong."""
    ignored = rules.lines.ignored_flags.value
    usable = sorted(
        (tap for tap in taps if not any(flag in ignored for flag in tap.flags)),
        key=lambda tap: (tap.at, -1 if tap.state is None else tap.state),
    )
    if len(usable) < len(taps):
        notes.append(f"{len(taps) - len(usable)} tap(s) left out: the device's clock was wrong")
    return usable


def _ends(
    taps: list[Tap], start: datetime, end: datetime, rules: RuleSet, notes: list[str]
) -> tuple[datetime | None, datetime | None]:
    """Arrival and departure, by the keys pressed or by time. By time, taps close to each other are one, and one alone
    is the end it is nearer to."""
    if not taps:
        return None, None
    if rules.lines.tap_choice.value == "by-key":
        arrival = next((tap.at for tap in taps if tap.state == ARRIVAL), None)
        departures = [tap.at for tap in taps if tap.state == DEPARTURE and (arrival is None or tap.at >= arrival)]
        return arrival, departures[-1] if departures else None
    window = timedelta(seconds=rules.lines.double_punch_seconds.value)
    first = taps[0].at
    for earlier, later in pairwise(taps):
        if later.at - earlier.at > window:
            return first, taps[-1].at
    notes.append("one tap alone")
    return (first, None) if first - start <= end - first else (None, taps[-1].at)


def _missing(tap: datetime | None, waived: bool, which: str, notes: list[str]) -> int:
    if tap is not None:
        return 0
    notes.append(f"{which} tap missing" + (", waived: device outage" if waived else ""))
    return 0 if waived else 1


def _charge_minutes(
    value: dict[str, Any],
    taps: list[Tap],
    arrival: datetime | None,
    departure: datetime | None,
    start: datetime,
    end: datetime,
    windows: Sequence[Window],
    rules: RuleSet,
) -> None:
    excusing = windows if rules.lines.outage_minutes.value == "not-charged" else ()
    if arrival is not None:
        late = _minutes(start, min(arrival, end), excusing, rules)
        value["lateMinutes"] = max(0, late - rules.lines.tolerance_minutes.value)
        if late:
            value["notes"].append(f"{late} minute(s) late before tolerance")
    if departure is not None:
        value["earlyMinutes"] = _minutes(max(departure, start), end, excusing, rules)
    if rules.lines.away_minutes.value == "clean-pairs":
        pause = rules.lines.breaks.value.on(start.weekday())
        value["awayMinutes"] = _away(taps, start, end, pause, excusing, rules, value["notes"])


def _minutes(start: datetime, end: datetime, excusing: Sequence[Window], rules: RuleSet) -> int:
    """Minutes from `start` to `end`, without those inside an outage: the whole ones, or those begun."""
    if end <= start:
        return 0
    span = end - start
    reached = start
    for window in sorted(excusing, key=lambda w: w.start):
        opened, closed = max(window.start, reached), min(window.end, end)
        if closed > opened:
            span -= closed - opened
            reached = closed
    span = max(_NONE, span)
    return span // _MINUTE if rules.lines.minute_counting.value == "whole" else -(-span // _MINUTE)


def _away(
    taps: list[Tap],
    start: datetime,
    end: datetime,
    pause: Span,
    excusing: Sequence[Window],
    rules: RuleSet,
    notes: list[str],
) -> int:
    """Minutes between break-out and break-in within the hours, outside the break; 0 with a note if not in pairs."""
    marks = [tap for tap in taps if tap.state in {BREAK_OUT, BREAK_IN}]
    if not marks:
        return 0
    states = [tap.state for tap in marks]
    if states != [BREAK_OUT, BREAK_IN] * (len(marks) // 2):
        notes.append("break keys not in pairs: no minutes away charged")
        return 0
    rest = Window(datetime.combine(start, pause.start), datetime.combine(start, pause.end))
    pairs = zip(marks[::2], marks[1::2], strict=True)
    return sum(_minutes(max(out.at, start), min(back.at, end), [*excusing, rest], rules) for out, back in pairs)


def _missed_ceremony(status: str, arrival: datetime | None, start: datetime, rules: RuleSet) -> bool:
    when = rules.lines.ceremony_missed_when.value
    if when == "never" or status == "outage":
        return False
    return status == "absent" or (when == "late" and (arrival is None or arrival > start))
