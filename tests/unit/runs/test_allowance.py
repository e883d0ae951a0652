"""The price of a month: the published figures to the last digit, and what is held."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from hub.runs.allowance import HELD, digits, price
from hub.runs.leaves import Replacement
from schemas.rulesets import load
from tests.unit.runs.records import payee, review, sanction

RULES = load("permenaker-15-2024")


COUNTS = (
    "workingDays",
    "presentDays",
    "absentDays",
    "leaveDays",
    "outageDays",
    "missingTaps",
    "lateMinutes",
    "earlyMinutes",
    "awayMinutes",
    "missedCeremonies",
)


def facts(**counts: int) -> dict[str, int]:
    return {**dict.fromkeys(COUNTS, 0), "workingDays": 22, **counts}


def amounts(priced: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(priced[member] for member in ("status", "gross", "exact", "cut", "net"))


def codes(priced: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in priced["reasons"]]


def test_first_published_vector() -> None:
    """T 5,079,200, 2 absences, 47 charged minutes late, Baik."""
    priced = price(facts(absentDays=2, lateMinutes=47), review(), payee(), RULES)
    assert amounts(priced) == ("ready", "5079200", "4980612.728", "98587", "4980613")


def test_second_published_vector() -> None:
    """T 8,757,600, 1 absence, 2 missing taps, 30 charged minutes, Butuh Perbaikan."""
    priced = price(
        facts(absentDays=1, missingTaps=2, lateMinutes=30),
        review(predicate="butuh-perbaikan"),
        payee(tariff="8757600"),
        RULES,
    )
    assert amounts(priced) == ("ready", "8757600", "7698806.16", "1058794", "7698806")


def test_minutes_of_every_kind_cost_the_same() -> None:
    """Late, early and away add up."""
    split = price(facts(lateMinutes=10, earlyMinutes=17, awayMinutes=20, absentDays=2), review(), payee(), RULES)
    assert split["exact"] == "4980612.728"


@pytest.mark.parametrize(
    ("counts", "exact"),
    [
        ({}, "1000000"),
        ({"absentDays": 1}, "991000"),
        ({"missingTaps": 1}, "997000"),
        ({"lateMinutes": 1}, "999970"),
        ({"missedCeremonies": 1}, "991000"),
    ],
)
def test_each_rate_is_of_the_attendance_share_only(counts: dict[str, int], exact: str) -> None:
    """3 % of the 30 % share is 0.9 % of the tariff, not 3 %."""
    assert price(facts(**counts), review(), payee(tariff="1000000"), RULES)["exact"] == exact


@pytest.mark.parametrize(
    ("predicate", "exact"),
    [
        ("sangat-baik", "1000000"),
        ("baik", "1000000"),
        ("butuh-perbaikan", "895000"),
        ("kurang", "720000"),
        ("sangat-kurang", "720000"),
    ],
)
def test_each_predicate_earns_its_percent_of_the_performance_share(predicate: str, exact: str) -> None:
    """Kepsekjen 82/2025: 100, 100, 85, 60, 60."""
    assert price(facts(), review(predicate=predicate), payee(tariff="1000000"), RULES)["exact"] == exact


def test_a_cut_above_one_is_floored_and_shown() -> None:
    """The attendance share ends at nothing; the explanation says what the cuts add up to."""
    priced = price(facts(absentDays=35), review(), payee(tariff="1000000"), RULES)
    floored = [step for step in priced["steps"] if step["rule"] == "attendance-floor"]
    assert (priced["exact"], floored) == (
        "700000",
        [{"rule": "attendance-floor", "text": "the cuts add up to 1.05: floored", "value": "0"}],
    )


def test_no_floor_is_shown_where_none_was_needed() -> None:
    """33 absences are 0.99: nothing to floor."""
    steps = price(facts(absentDays=33), review(), payee(), RULES)["steps"]
    assert "attendance-floor" not in [step["rule"] for step in steps]


@pytest.mark.parametrize(("tariff", "net"), [("100.5", "101"), ("101.5", "102"), ("100.49", "100")])
def test_rounding_is_half_up(tariff: str, net: str) -> None:
    """Not half to even: 100.5 is 101 and 101.5 is 102."""
    assert price(facts(), review(), payee(tariff=tariff), RULES)["net"] == net


def test_tariffs_with_many_places_stay_exact() -> None:
    """No digit is lost before the one rounding."""
    priced = price(facts(lateMinutes=1), review(), payee(tariff="999999999999999.999999999999"), RULES)
    assert priced["exact"] == "999969999999999.99999999999900003"


def test_the_explanation_names_each_line_that_was_used() -> None:
    """In the order of the calculation, with its value."""
    priced = price(facts(absentDays=2, lateMinutes=47), review(), payee(), RULES)
    assert [(step["rule"], step["value"]) for step in priced["steps"]] == [
        ("gross", "5079200"),
        ("absence-rate", "0.06"),
        ("minute-rate", "0.0047"),
        ("tolerance-minutes", "60"),
        ("attendance-weight", "0.28059"),
        ("predicate-percent", "100"),
        ("performance-weight", "0.7"),
        ("rounding", "4980613"),
        ("cut", "98587"),
    ]


def test_every_step_is_a_line_of_the_rule_set() -> None:
    """An explanation can be looked up, sanction and floor included."""
    known = {name for name, _ in RULES.each()}
    priced = price(
        facts(absentDays=40, missingTaps=1, lateMinutes=1, missedCeremonies=1), review(), payee(), RULES,
        sanctions=[sanction()],
    )  # fmt: skip
    assert {step["rule"] for step in priced["steps"]} - known == set()
    assert len(priced["steps"]) == 13


def test_leave_replaces_the_result_on_the_whole_tariff() -> None:
    """50 % of the tariff, whatever attendance and predicate say; no predicate is needed."""
    half = Replacement("leave-sick", Decimal(50), "leave (sick), month 2 pays 50 % of the tariff")
    priced = price(facts(absentDays=5), None, payee(), RULES, leave=half)
    assert (amounts(priced), priced["performancePercent"]) == (
        ("ready", "5079200", "2539600", "2539600", "2539600"),
        None,
    )


def test_leave_that_pays_nothing_is_ready_with_nothing() -> None:
    """Zero because a rule says zero is an answer, not a hold."""
    nothing = Replacement("leave-sick", Decimal(0), "leave (sick), month 4 pays 0 % of the tariff")
    assert amounts(price(facts(), None, payee(), RULES, leave=nothing)) == ("ready", "5079200", "0", "5079200", "0")


@pytest.mark.parametrize(
    ("members", "net"),
    [
        ({"level": "medium"}, "750000"),
        ({"level": "light"}, "1000000"),
        ({"level": "heavy", "cutPercent": "60"}, "400000"),
    ],
)
def test_a_sanction_cuts_the_result(members: dict[str, Any], net: str) -> None:
    """By the decree's percentage, or by the level's where the decree names none."""
    priced = price(facts(), review(), payee(tariff="1000000"), RULES, sanctions=[sanction(**members)])
    assert priced["net"] == net


def test_of_several_sanctions_the_highest_cuts() -> None:
    """They do not add up."""
    both = [sanction(cutPercent="40"), sanction(), sanction(cutPercent="10")]
    assert price(facts(), review(), payee(tariff="1000000"), RULES, sanctions=both)["net"] == "600000"


@pytest.mark.parametrize("members", [{"level": "heavy"}, {"cutPercent": "100.1"}])
def test_a_sanction_without_a_usable_cut_is_held(members: dict[str, Any]) -> None:
    """Neither paid in full nor made up."""
    priced = price(facts(), review(), payee(), RULES, sanctions=[sanction(**members)])
    assert (codes(priced), priced["net"]) == (["HELD-SANCTION"], None)


def test_what_is_missing_is_held_with_every_reason() -> None:
    """All reasons at once, in a fixed order, so that one round of correction is enough."""
    priced = price(None, None, None, RULES, sanctions=[sanction(level="heavy")], reasons=["HELD-ASSURANCE"])
    expected = ["HELD-PAYEE", "HELD-CALENDAR", "HELD-REVIEW", "HELD-SANCTION", "HELD-ASSURANCE"]
    assert (codes(priced), amounts(priced)) == (expected, ("held", None, None, None, None))


def test_each_reason_alone_is_enough() -> None:
    """Every code of the list holds the signal and takes every amount away."""
    held = [price(facts(), review(), payee(), RULES, reasons=[code]) for code in HELD]
    assert [(codes(p), amounts(p), p["steps"]) for p in held] == [
        ([code], ("held", None, None, None, None), []) for code in HELD
    ]


@pytest.mark.parametrize(
    ("members", "code"),
    [({"tariff": "0"}, "HELD-TARIFF"), ({"tariff": "0.00"}, "HELD-TARIFF"), ({"currency": "TZS"}, "HELD-CURRENCY")],
)
def test_a_tariff_that_cannot_be_priced_is_held(members: dict[str, Any], code: str) -> None:
    """A zero tariff is a missing one; another currency is not converted."""
    assert codes(price(facts(), review(), payee(**members), RULES)) == [code]


@pytest.mark.parametrize(("value", "text"), [("1E+6", "1000000"), ("1.500", "1.5"), ("0.00", "0"), ("100", "100")])
def test_digits_are_canonical(value: str, text: str) -> None:
    """No exponent and no trailing zeros, so equal amounts have equal bytes."""
    assert digits(Decimal(value)) == text
