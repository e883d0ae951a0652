"""Days from punches: every rule line that decides a day, one claim each. October 2026; the 5th is a Monday."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from hub.runs.attendance import derive_days, read_schedule, read_tap, zone_of
from hub.runs.outages import read_window
from schemas.rulesets import load
from tests.unit.runs.records import EMPLOYEE, INSTITUTION, calendar, outage, punch

RULES = load("permenaker-15-2024")
MONDAY = "2026-10-05"
FRIDAY = "2026-10-09"
SUNDAY = "2026-10-04"


def derive(
    punches: Sequence[Mapping[str, Any]],
    day: str = MONDAY,
    *,
    outages: Sequence[Mapping[str, Any]] = (),
    leave: Mapping[date, str] | None = None,
    **calendar_members: Any,
) -> dict[str, Any]:
    """The day's value, from a schedule of October 2026."""
    schedule = read_schedule(calendar(**calendar_members))
    assert schedule is not None
    taps = [read_tap(value, schedule) for value in punches]
    windows = [read_window(value) for value in outages]
    days = derive_days(EMPLOYEE, INSTITUTION, schedule, taps, leave or {}, windows, RULES)
    (found,) = (value for value in days if value["date"] == day)
    return found


def taps(*times: str, day: str = MONDAY) -> list[dict[str, Any]]:
    return [punch(f"{day}T{time}") for time in times]


def charged(value: Mapping[str, Any]) -> tuple[str, int, int, int, int]:
    """Status, missing taps, late, early, away."""
    members = ("status", "missingTaps", "lateMinutes", "earlyMinutes", "awayMinutes")
    status, missing, late, early, away = (value[m] for m in members)
    return status, missing, late, early, away


def test_a_full_day_is_charged_nothing() -> None:
    """In before 07:30 and out after 16:00."""
    assert charged(derive(taps("07:29:59", "16:00:00"))) == ("present", 0, 0, 0, 0)


def test_a_day_without_tap_is_an_absence() -> None:
    """No tap, no leave, no outage."""
    value = derive([])
    assert (charged(value), value["firstTap"], value["lastTap"]) == (("absent", 0, 0, 0, 0), None, None)


@pytest.mark.parametrize(
    ("arrival", "late"), [("08:30:00", 0), ("08:30:59", 0), ("08:31:00", 1), ("09:00:00", 30), ("07:31:00", 0)]
)
def test_sixty_minutes_are_subtracted_from_lateness(arrival: str, late: int) -> None:
    """Art. 9: the tolerance is subtracted, whole minutes count."""
    assert derive(taps(arrival, "16:00:00"))["lateMinutes"] == late


def test_lateness_before_tolerance_is_noted() -> None:
    """A person can see the measured lateness although the charged one is zero."""
    assert derive(taps("08:15:00", "16:00:00"))["notes"] == ["45 minute(s) late before tolerance"]


@pytest.mark.parametrize(("departure", "early"), [("15:59:30", 0), ("15:59:00", 1), ("15:00:00", 60)])
def test_leaving_early_has_no_tolerance(departure: str, early: int) -> None:
    """Each whole minute before 16:00 is charged."""
    assert derive(taps("07:00:00", departure))["earlyMinutes"] == early


def test_friday_lasts_half_an_hour_longer() -> None:
    """16:00 on a Friday is 30 minutes early."""
    assert derive(taps("07:00:00", "16:00:00", day=FRIDAY), FRIDAY)["earlyMinutes"] == 30


def test_arriving_after_the_end_is_charged_the_hours_and_no_more() -> None:
    """Lateness ends with the hours: 8 h 30 min less tolerance."""
    assert charged(derive(taps("20:00:00", "21:00:00"))) == ("present", 0, 450, 0, 0)


def test_several_taps_count_by_time() -> None:
    """First and last count, those between do not."""
    value = derive(taps("12:05:00", "07:10:00", "16:20:00", "13:00:00"))
    assert (value["firstTap"], value["lastTap"]) == (f"{MONDAY}T07:10:00", f"{MONDAY}T16:20:00")


def test_the_state_key_does_not_decide() -> None:
    """Out pressed in the morning and in pressed in the evening is a full day."""
    value = derive([punch(f"{MONDAY}T07:10:00", 1), punch(f"{MONDAY}T16:20:00", 0)])
    assert charged(value) == ("present", 0, 0, 0, 0)


def test_a_lone_morning_tap_misses_the_departure() -> None:
    """Presence with one missing tap, not an absence and no minutes early."""
    value = derive(taps("07:10:00"))
    assert (charged(value), value["firstTap"], value["lastTap"]) == (
        ("present", 1, 0, 0, 0),
        f"{MONDAY}T07:10:00",
        None,
    )


def test_a_lone_evening_tap_misses_the_arrival() -> None:
    """Presence with one missing tap and no lateness made up."""
    value = derive(taps("16:10:00"))
    assert (charged(value), value["firstTap"], value["lastTap"]) == (
        ("present", 1, 0, 0, 0),
        None,
        f"{MONDAY}T16:10:00",
    )


def test_a_double_punch_is_one_tap() -> None:
    """Two taps within a minute are a lone tap, not a day of ten seconds."""
    assert charged(derive(taps("07:10:00", "07:10:10"))) == ("present", 1, 0, 0, 0)


def test_two_taps_further_apart_are_two() -> None:
    """A minute and a second apart: arrival and a very early departure."""
    assert charged(derive(taps("07:10:00", "07:11:01"))) == ("present", 0, 0, 510, 0)


def test_a_tap_after_midnight_is_the_departure_of_the_day_before() -> None:
    """Overtime until 00:40 belongs to Monday and leaves Tuesday without tap."""
    punches = [*taps("07:10:00"), *taps("00:40:00", day="2026-10-06")]
    assert charged(derive(punches)) == ("present", 0, 0, 0, 0)
    assert derive(punches, "2026-10-06")["status"] == "absent"


def test_taps_on_a_sunday_are_kept_and_not_charged() -> None:
    """A day without work due is off, whatever the taps."""
    value = derive(taps("09:00:00", "10:00:00", day=SUNDAY), SUNDAY)
    assert (charged(value), value["working"]) == (("off", 0, 0, 0, 0), False)
    assert value["notes"] == ["taps on a day on which no work was due"]


def test_a_holiday_without_taps_makes_no_day() -> None:
    """Days off are only told when somebody tapped."""
    schedule = read_schedule(calendar(workingDays=[MONDAY]))
    assert schedule is not None
    days = derive_days(EMPLOYEE, INSTITUTION, schedule, [], {}, [], RULES)
    assert [value["date"] for value in days] == [MONDAY]


def test_leave_excuses_the_day_taps_or_not() -> None:
    """A tap on a leave day is noted and changes nothing."""
    leave = {date(2026, 10, 5): "annual"}
    value = derive(taps("10:00:00"), leave=leave)
    assert (charged(value), value["leaveKind"]) == (("leave", 0, 0, 0, 0), "annual")
    assert "taps on a day of leave" in value["notes"]
    assert charged(derive([], leave=leave)) == ("leave", 0, 0, 0, 0)


def test_an_outage_of_the_day_excuses_who_has_no_tap() -> None:
    """Art. 10(2): both taps are waived."""
    assert charged(derive([], outages=[outage(MONDAY)])) == ("outage", 0, 0, 0, 0)


def test_an_outage_waives_the_missing_tap() -> None:
    """One tap before the device broke."""
    assert charged(derive(taps("07:10:00"), outages=[outage(MONDAY)])) == ("present", 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("begin", "end", "missing"), [("15:00:00", None, 0), ("15:00:00", "15:30:00", 1), (None, "09:00:00", 1)]
)
def test_an_outage_of_part_of_a_day_waives_what_was_due_in_it(begin: str | None, end: str | None, missing: int) -> None:
    """The departure is waived only when the device was out at 16:00."""
    value = derive(taps("07:10:00"), outages=[outage(MONDAY, **{"from": begin, "to": end})])
    assert value["missingTaps"] == missing


def test_an_outage_of_a_morning_does_not_excuse_a_day() -> None:
    """Nobody who was there at 16:00 had a broken device to blame."""
    value = derive([], outages=[outage(MONDAY, **{"from": None, "to": "09:00:00"})])
    assert (value["status"], value["notes"]) == (
        "absent",
        ["the device outage of this day does not cover both arrival and departure"],
    )


def test_minutes_during_an_outage_are_not_charged() -> None:
    """Late by 180 minutes, 90 of them with the device out: 90 less tolerance."""
    value = derive(taps("10:30:00", "16:00:00"), outages=[outage(MONDAY, **{"from": "07:30:00", "to": "09:00:00"})])
    assert value["lateMinutes"] == 30


def test_overlapping_outages_excuse_each_minute_once() -> None:
    """Two records of the same breakdown are one breakdown."""
    part = {"from": "07:30:00", "to": "09:00:00"}
    both = [outage(MONDAY, **part), outage(MONDAY, outageId="GANGGUAN-2", **part)]
    assert derive(taps("10:30:00", "16:00:00"), outages=both)["lateMinutes"] == 30


def test_an_outage_that_ends_before_it_begins_excuses_nothing() -> None:
    """A mistyped record neither waives nor breaks the run."""
    value = derive([], outages=[outage(MONDAY, **{"from": "17:00:00", "to": "06:00:00"})])
    assert value["status"] == "absent"


def test_an_outage_of_another_day_excuses_nothing() -> None:
    """Only its own day."""
    assert derive([], outages=[outage("2026-10-06")])["status"] == "absent"


def test_minutes_away_come_from_clean_pairs_outside_the_break() -> None:
    """Out 11:30, back 13:30 on a Monday: two hours less the break from 12:00 to 13:00."""
    states = (("07:10:00", 0), ("11:30:00", 2), ("13:30:00", 3), ("16:05:00", 1))
    value = derive([punch(f"{MONDAY}T{time}", state) for time, state in states])
    assert charged(value) == ("present", 0, 0, 0, 60)


@pytest.mark.parametrize("states", [(3, 2), (2, 2), (2,), (3,), (2, 3, 2)])
def test_break_keys_out_of_step_charge_nothing(states: tuple[int, ...]) -> None:
    """No guess is made about who was away."""
    punches = taps("07:10:00", "16:05:00") + [punch(f"{MONDAY}T{9 + n:02d}:00:00", s) for n, s in enumerate(states)]
    value = derive(punches)
    assert (value["awayMinutes"], value["notes"]) == (0, ["break keys not in pairs: no minutes away charged"])


def test_taps_of_a_wrong_clock_are_left_out() -> None:
    """A flagged tap neither makes presence nor ends the day."""
    flagged = punch(f"{MONDAY}T23:00:00", flags=["clock-in-future"])
    value = derive([flagged, *taps("07:10:00", "16:00:00")])
    assert (value["lastTap"], value["notes"]) == (
        f"{MONDAY}T16:00:00",
        ["1 tap(s) left out: the device's clock was wrong"],
    )
    assert derive([flagged])["status"] == "absent"


def test_other_flags_do_not_matter() -> None:
    """Only the flags that the rule set names."""
    assert derive([punch(f"{MONDAY}T07:10:00", flags=["backlog"])])["status"] == "present"


def test_a_device_clock_in_another_zone_is_moved() -> None:
    """09:20 on a device set two hours ahead is 07:20 in Jakarta."""
    ahead = {**punch(f"{MONDAY}T07:20:00"), "at": f"{MONDAY}T09:20:00", "zone": "+09:00"}
    assert derive([ahead])["firstTap"] == f"{MONDAY}T07:20:00"


def test_a_missed_ceremony_goes_with_absence() -> None:
    """Absent without excuse misses it; present, on leave or with devices out does not."""
    day = [MONDAY]
    missed = [
        derive([], ceremonies=day)["missedCeremony"],
        derive(taps("07:00:00", "16:00:00"), ceremonies=day)["missedCeremony"],
        derive([], ceremonies=day, leave={date(2026, 10, 5): "sick"})["missedCeremony"],
        derive([], ceremonies=day, outages=[outage(MONDAY)])["missedCeremony"],
        derive([])["missedCeremony"],
    ]
    assert missed == [True, False, False, False, False]


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "Asia", "Jakarta", "A" * 64])
def test_a_zone_that_does_not_exist_makes_no_schedule(zone: str) -> None:
    """It is an answer, not a crash: the contract cannot know every zone."""
    assert (zone_of(zone), read_schedule(calendar(zone=zone))) == (None, None)


def test_a_month_without_working_days_makes_no_schedule() -> None:
    """Days of another month are not days of this one."""
    assert read_schedule(calendar(workingDays=["2026-09-30", "2026-11-02"])) is None


def test_a_fixed_offset_is_a_zone() -> None:
    """East and west."""
    assert [str(zone_of(text)) for text in ("+07:00", "-03:30")] == ["UTC+07:00", "UTC-03:30"]
