"""Every line of the rule set is read by the pay core: another value gives another result, a value unknown is refused."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from hub.runs.allowance import price
from hub.runs.attendance import derive_days, read_schedule, read_tap
from hub.runs.compute import add_days, compute_run
from hub.runs.leaves import join_leaves, leave_days, replace_result
from hub.runs.outages import excusing_windows
from schemas.rulesets import Lines, RuleSet
from tests.unit.runs.records import (
    EMPLOYEE,
    INSTITUTION,
    SERIAL,
    Ordered,
    calendar,
    enrolment,
    fact,
    leave,
    month,
    outage,
    payee,
    punch,
    review,
    sanction,
    weekdays,
)

TEXT = resources.files("schemas").joinpath("rulesets/id/permenaker-15-2024.toml").read_text(encoding="utf-8")
PAGE = (Path(__file__).parents[3] / "docs" / "rulesets.md").read_text(encoding="utf-8")
MONDAY = "2026-10-05"
SECOND = "CONTOH0000002"
Probe = Callable[[RuleSet], Any]


def rules_with(line: str | None = None, value: Any = None) -> RuleSet:
    """The rule set that comes with the hub, one line of it changed."""
    content = tomllib.loads(TEXT)
    if line is not None:
        content["lines"][line]["value"] = value
    return RuleSet.model_validate(content)


def day(
    *times: str | tuple[str, int],
    outages: Sequence[Mapping[str, Any]] = (),
    enrolments: Sequence[Mapping[str, Any]] = (),
    flags: Sequence[str] = (),
    ceremony: bool = False,
) -> Probe:
    """Status, missing taps, late, early and away minutes, and missed ceremony of a Monday with these taps."""

    def probe(rules: RuleSet) -> tuple[Any, ...]:
        schedule = read_schedule(calendar(ceremonies=[MONDAY] if ceremony else []))
        assert schedule is not None
        pressed = [(time, 0) if isinstance(time, str) else time for time in times]
        taps = [read_tap(punch(f"{MONDAY}T{time}", key, flags=list(flags)), schedule) for time, key in pressed]
        windows = excusing_windows(outages, enrolments, rules)
        days = derive_days(EMPLOYEE, INSTITUTION, schedule, taps, {}, windows, rules)
        (value,) = (one for one in days if one["date"] == MONDAY)
        members = ("status", "missingTaps", "lateMinutes", "earlyMinutes", "awayMinutes", "missedCeremony")
        return tuple(value[member] for member in members)

    return probe


def pay(
    *sanctions: Mapping[str, Any], tariff: str = "1000000", predicate: str = "baik", **counts: int
) -> Callable[[RuleSet], tuple[Any, ...]]:
    """Gross, cut and net of a month."""

    def probe(rules: RuleSet) -> tuple[Any, ...]:
        facts = add_days([]) | counts
        priced = price(facts, review(predicate=predicate), payee(tariff=tariff), rules, sanctions=sanctions)
        return priced["gross"], priced["cut"], priced["net"]

    return probe


def on_leave(*leaves: Mapping[str, Any]) -> Probe:
    """What October pays in percent, "held", or "not replaced"; and on how many of its days there is leave."""

    def probe(rules: RuleSet) -> tuple[str, int]:
        spells = join_leaves(leaves, rules)
        found = replace_result(spells, weekdays(), rules)
        days = len(leave_days(spells, weekdays()))
        if found is None:
            return "not replaced", days
        return "held" if found.percent is None else str(found.percent), days

    return probe


def held(rules: RuleSet) -> int:
    """Held signals of a month whose punches come from devices."""
    held_: int = compute_run(Ordered(), month(), rules).run["counts"]["held"]
    return held_


def paid(rules: RuleSet) -> str:
    return rules.paid("2026-10")


BOTH = (enrolment(), enrolment(serial=SECOND))
BREAK = (("07:10:00", 0), ("11:30:00", 2), ("13:30:00", 3), ("16:05:00", 1))
MORNING = outage(MONDAY, **{"from": "07:00:00", "to": "09:00:00"})
NEVER = {"months": [], "then": "held"}
WEEK = {"default": {"start": "08:00:00", "end": "16:00:00"}}
NOON = {"default": {"start": "12:00:00", "end": "12:30:00"}}
OCTOBER = ("2026-10-01", "2026-10-31")
PREDICATES = {"sangat-baik": "100", "baik": "90", "butuh-perbaikan": "85", "kurang": "60", "sangat-kurang": "60"}
TWO = (sanction(cutPercent="10"), sanction(cutPercent="20", sanctionId="SANKSI-2"))
UNLIKE = (leave("sick", "2026-09-01", "2026-10-14"), leave("annual", "2026-10-15", "2026-10-31"))

CASES: list[tuple[str, Any, Probe, Any, Any]] = [
    ("absence-rate", "0.04", pay(absentDays=1), ("1000000", "9000", "991000"), ("1000000", "12000", "988000")),
    ("missing-tap-rate", "0.02", pay(missingTaps=1), ("1000000", "3000", "997000"), ("1000000", "6000", "994000")),
    ("minute-rate", "0.0002", pay(lateMinutes=1), ("1000000", "30", "999970"), ("1000000", "60", "999940")),
    ("ceremony-rate", "0", pay(missedCeremonies=1), ("1000000", "9000", "991000"), ("1000000", "0", "1000000")),
    ("attendance-floor", "0.5", pay(absentDays=35), ("1000000", "300000", "700000"), ("1000000", "150000", "850000")),
    ("predicate-percent", PREDICATES, pay(), ("1000000", "0", "1000000"), ("1000000", "70000", "930000")),
    ("hours", WEEK, day("09:10:00", "16:00:00"), ("present", 0, 40, 0, 0, False), ("present", 0, 10, 0, 0, False)),
    ("breaks", NOON, day(*BREAK), ("present", 0, 0, 0, 60, False), ("present", 0, 0, 0, 90, False)),
    (
        "tolerance-minutes",
        0,
        day("08:15:00", "16:00:00"),
        ("present", 0, 0, 0, 0, False),
        ("present", 0, 45, 0, 0, False),
    ),
    (
        "minute-counting",
        "begun",
        day("08:30:01", "15:59:30"),
        ("present", 0, 0, 0, 0, False),
        ("present", 0, 1, 1, 0, False),
    ),
    (
        "tap-choice",
        "by-key",
        day(("07:00:00", 1), ("07:20:00", 0), ("15:30:00", 1), ("16:10:00", 0)),
        ("present", 0, 0, 0, 0, False),
        ("present", 0, 0, 30, 0, False),
    ),
    (
        "double-punch-seconds",
        5,
        day("07:10:00", "07:10:30"),
        ("present", 1, 0, 0, 0, False),
        ("present", 0, 0, 510, 0, False),
    ),
    (
        "day-begins",
        "08:00:00",
        day("07:10:00", "16:00:00"),
        ("present", 0, 0, 0, 0, False),
        ("present", 1, 0, 0, 0, False),
    ),
    ("lone-tap", "absent", day("07:10:00"), ("present", 1, 0, 0, 0, False), ("absent", 0, 0, 0, 0, False)),
    ("away-minutes", "never", day(*BREAK), ("present", 0, 0, 0, 60, False), ("present", 0, 0, 0, 0, False)),
    (
        "ceremony-missed-when",
        "late",
        day("07:31:00", "16:00:00", ceremony=True),
        ("present", 0, 0, 0, 0, False),
        ("present", 0, 0, 0, 0, True),
    ),
    (
        "ignored-flags",
        [],
        day("07:00:00", "16:00:00", flags=["clock-in-future"]),
        ("absent", 0, 0, 0, 0, False),
        ("present", 0, 0, 0, 0, False),
    ),
    (
        "outage-waives-missing-taps",
        False,
        day("07:10:00", outages=[outage(MONDAY)]),
        ("present", 0, 0, 0, 0, False),
        ("present", 1, 0, 0, 0, False),
    ),
    (
        "outage-of-one-device",
        "all",
        day(outages=[outage(MONDAY, serial=SERIAL)], enrolments=BOTH),
        ("outage", 0, 0, 0, 0, False),
        ("absent", 0, 0, 0, 0, False),
    ),
    (
        "outage-without-taps",
        "absent",
        day(outages=[outage(MONDAY)]),
        ("outage", 0, 0, 0, 0, False),
        ("absent", 0, 0, 0, 0, False),
    ),
    (
        "outage-minutes",
        "charged",
        day("10:30:00", "16:00:00", outages=[MORNING]),
        ("present", 0, 30, 0, 0, False),
        ("present", 0, 120, 0, 0, False),
    ),
    ("leave-annual", NEVER, on_leave(leave("annual", *OCTOBER)), ("100", 22), ("held", 22)),
    ("leave-sick", NEVER, on_leave(leave("sick", *OCTOBER)), ("100", 22), ("held", 22)),
    ("leave-maternity", NEVER, on_leave(leave("maternity", *OCTOBER)), ("100", 22), ("held", 22)),
    ("leave-important-reason", NEVER, on_leave(leave("important-reason", *OCTOBER)), ("100", 22), ("held", 22)),
    ("leave-long", NEVER, on_leave(leave("long", *OCTOBER)), ("50", 22), ("held", 22)),
    ("leave-miscarriage", NEVER, on_leave(leave("miscarriage", *OCTOBER)), ("100", 22), ("held", 22)),
    ("leave-replaces", "days", on_leave(leave("sick", *OCTOBER)), ("100", 22), ("not replaced", 22)),
    ("leave-month", "calendar-month", on_leave(leave("sick", "2026-09-20", "2026-10-31")), ("100", 22), ("50", 22)),
    (
        "leave-decrease",
        "to-first-day",
        on_leave(leave("miscarriage", "2026-09-01", "2026-10-31")),
        ("held", 22),
        ("99", 22),
    ),
    (
        "leave-joins",
        "never",
        on_leave(leave("sick", "2026-09-01", "2026-10-02"), leave("sick", "2026-10-05", "2026-10-31")),
        ("50", 22),
        ("held", 22),
    ),
    ("leave-mixed", "lowest", on_leave(*UNLIKE), ("held", 22), ("50", 22)),
    ("leave-mixed", "highest", on_leave(*UNLIKE), ("held", 22), ("100", 22)),
    (
        "sanction-light",
        "5",
        pay(sanction(level="light")),
        ("1000000", "0", "1000000"),
        ("1000000", "50000", "950000"),
    ),
    (
        "sanction-medium",
        "30",
        pay(sanction()),
        ("1000000", "250000", "750000"),
        ("1000000", "300000", "700000"),
    ),
    ("sanction-heavy", "75", pay(sanction(level="heavy")), (None, None, None), ("1000000", "750000", "250000")),
    ("sanctions-combine", "sum", pay(*TWO), ("1000000", "200000", "800000"), ("1000000", "300000", "700000")),
    ("gross", "earned", pay(absentDays=1), ("1000000", "9000", "991000"), ("991000", "0", "991000")),
    (
        "rounding",
        {"mode": "down", "unit": "1"},
        pay(tariff="150", absentDays=1),  # 148.65
        ("150", "1", "149"),
        ("150", "2", "148"),
    ),
    (
        "rounding",
        {"mode": "half-even", "unit": "1"},
        pay(sanction(cutPercent="75"), tariff="10"),  # 2.5
        ("10", "7", "3"),
        ("10", "8", "2"),
    ),
    (
        "rounding",
        {"mode": "half-up", "unit": "1000"},
        pay(tariff="5079200", absentDays=1),  # 5033487.2
        ("5079200", "45713", "5033487"),
        ("5079000", "46000", "5033000"),
    ),
    ("cut", "rounded", pay(sanction(), tariff="10"), ("10", "2", "8"), ("10", "3", "7")),
    ("paid-offset-months", 2, paid, "2026-11", "2026-12"),
    (
        "assurance",
        {**tomllib.loads(TEXT)["lines"]["assurance"]["value"], "attendance.punch": "signed"},
        held,
        0,
        1,
    ),
]


@pytest.mark.parametrize(("line", "value", "probe", "before", "after"), CASES, ids=[case[0] for case in CASES])
def test_another_value_gives_another_result(line: str, value: Any, probe: Probe, before: Any, after: Any) -> None:
    """What a line says is what happens: it is not written a second time in code."""
    assert before != after
    assert (probe(rules_with()), probe(rules_with(line, value))) == (before, after)


def test_the_weights_share_the_tariff() -> None:
    """Both weights change together: with half for attendance an absence costs 1.5 % of the tariff."""
    content = tomllib.loads(TEXT)
    for line in ("attendance-weight", "performance-weight"):
        content["lines"][line]["value"] = "0.50"
    assert pay(absentDays=1)(RuleSet.model_validate(content)) == ("1000000", "15000", "985000")


def test_no_line_is_without_such_a_test() -> None:
    """A line added to the rule set needs its reader."""
    lines = {name.replace("_", "-") for name in Lines.model_fields}
    assert lines - {case[0] for case in CASES} == {"attendance-weight", "performance-weight", "performance-score"}


@pytest.mark.parametrize("line", sorted(tomllib.loads(TEXT)["lines"]))
def test_a_value_unknown_is_refused(line: str) -> None:
    """A reading that the pay core does not have cannot be asked for, and the message names the line."""
    with pytest.raises(ValidationError, match=line):
        rules_with(line, "nonsense")


def test_every_choice_is_on_the_page() -> None:
    """Who writes a rule set finds the values that a line may take."""
    choices = {}
    for name, field in Lines.model_fields.items():
        line = next((one for one in get_args(field.annotation) if one is not type(None)), field.annotation)
        assert line is not None
        values = get_args(line.model_fields["value"].annotation)
        if values and all(isinstance(value, str) for value in values):
            choices[name.replace("_", "-")] = ", ".join(f"`{value}`" for value in values)
    assert "lone-tap" in choices
    missing = [name for name, values in choices.items() if f"\n| `{name}` | {values} |" not in PAGE]
    assert missing == []


def test_an_outage_of_all_devices_is_where_they_overlap() -> None:
    """Both out from 08:00 to 09:00: of 180 minutes late these 60 are excused, then the tolerance."""
    outages = [
        outage(MONDAY, serial=SERIAL, **{"from": "07:00:00", "to": "09:00:00"}),
        outage(MONDAY, outageId="GANGGUAN-2", serial=SECOND, **{"from": "08:00:00", "to": "10:00:00"}),
    ]
    found = day("10:30:00", "16:00:00", outages=outages, enrolments=BOTH)(rules_with("outage-of-one-device", "all"))
    assert found == ("present", 0, 60, 0, 0, False)


def test_an_outage_of_the_institution_is_one_of_all_devices() -> None:
    """Also for who is enrolled on none."""
    rules = rules_with("outage-of-one-device", "all")
    found = [day(outages=[outage(MONDAY)], enrolments=own)(rules)[0] for own in (BOTH, ())]
    assert found == ["outage", "outage"]


def test_a_device_not_used_that_day_need_not_be_out() -> None:
    """An enrolment that has ended does not count among all devices."""
    ended = (enrolment(), enrolment(serial=SECOND, validTo="2026-10-02"))
    rules = rules_with("outage-of-one-device", "all")
    assert day(outages=[outage(MONDAY, serial=SERIAL)], enrolments=ended)(rules)[0] == "outage"


def test_the_order_names_the_rule_set_and_the_run_obeys_it() -> None:
    """A changed line reaches the signals of a whole run."""
    punches = [one for one in month() if one.contract != "attendance.punch"]
    lone = fact("attendance.punch", punch(f"{MONDAY}T07:10:00"), assurance="device")
    runs = [
        compute_run(Ordered(), [*punches, lone], rules_with(*change)) for change in ((None,), ("lone-tap", "absent"))
    ]
    assert [run.signals[0]["facts"]["absentDays"] for run in runs] == [len(weekdays()) - 1, len(weekdays())]
