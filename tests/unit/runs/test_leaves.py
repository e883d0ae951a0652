"""Leave: when it replaces the month's result and what it pays then. October 2026 has 22 working days."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.runs.leaves import Replacement, add_months, join_leaves, leave_days, months_between, replace_result
from schemas.rulesets import load
from tests.unit.runs.records import leave, weekdays

RULES = load("permenaker-15-2024")


def replaced(*leaves: dict[str, Any], period: str = "2026-10") -> Replacement | None:
    return replace_result(join_leaves(leaves, RULES), weekdays(period), RULES)


def percent(*leaves: dict[str, Any], period: str = "2026-10") -> str:
    """What the month pays, "held", or "not replaced"."""
    found = replaced(*leaves, period=period)
    if found is None:
        return "not replaced"
    return "held" if found.percent is None else str(found.percent)


@pytest.mark.parametrize(
    ("kind", "first", "last", "pays"),
    [
        ("annual", "2026-10-01", "2026-10-31", "100"),
        ("important-reason", "2026-09-01", "2026-11-30", "100"),
        ("maternity", "2026-10-01", "2026-12-31", "100"),
        ("maternity", "2026-08-01", "2026-10-31", "100"),
        ("maternity", "2026-07-01", "2026-10-31", "held"),
        ("sick", "2026-10-01", "2026-10-31", "100"),
        ("sick", "2026-09-01", "2026-10-31", "50"),
        ("sick", "2026-08-01", "2026-10-31", "25"),
        ("sick", "2026-07-01", "2026-10-31", "0"),
        ("sick", "2020-01-01", "2026-10-31", "0"),
        ("long", "2026-10-01", "2026-10-30", "100"),
        ("long", "2026-10-01", "2026-10-31", "50"),
        ("long", "2026-09-01", "2026-10-31", "25"),
        ("long", "2026-08-01", "2026-10-31", "10"),
        ("long", "2026-07-01", "2026-10-31", "held"),
        ("miscarriage", "2026-10-01", "2026-10-31", "100"),
        ("miscarriage", "2026-09-20", "2026-10-31", "88"),
        ("miscarriage", "2026-09-17", "2026-10-31", "85"),
        ("miscarriage", "2026-09-16", "2026-10-31", "held"),
    ],
)
def test_what_each_kind_pays_in_each_of_its_months(kind: str, first: str, last: str, pays: str) -> None:
    """Art. 14, on the whole tariff; what no line says is held."""
    assert percent(leave(kind, first, last)) == pays


@pytest.mark.parametrize(("first", "last"), [("2026-10-02", "2026-10-31"), ("2026-10-01", "2026-10-29")])
def test_leave_of_part_of_the_month_replaces_nothing(first: str, last: str) -> None:
    """One working day is enough to have the month priced; the other days are excused."""
    assert percent(leave("sick", first, last)) == "not replaced"


def test_weekends_need_no_leave() -> None:
    """From the first to the last working day is every working day."""
    assert percent(leave("annual", "2026-10-01", "2026-10-30")) == "100"


def test_a_cancelled_leave_is_none() -> None:
    """As if it had never been granted."""
    assert percent(leave("annual", "2026-10-01", "2026-10-31", cancelled=True)) == "not replaced"


def test_a_leave_that_ends_before_it_begins_is_none() -> None:
    """A mistyped record covers nothing."""
    assert percent(leave("annual", "2026-10-31", "2026-10-01")) == "not replaced"


def test_renewed_sick_leave_goes_on_counting() -> None:
    """Two certificates with a weekend between are one leave: October is its second month."""
    assert percent(leave("sick", "2026-09-01", "2026-10-02"), leave("sick", "2026-10-05", "2026-10-31")) == "50"


def test_leaves_with_a_working_day_between_are_two() -> None:
    """Friday the 2nd was worked, so the month is priced."""
    assert percent(leave("sick", "2026-09-01", "2026-10-01"), leave("sick", "2026-10-05", "2026-10-31")) == (
        "not replaced"
    )


def test_leaves_of_two_kinds_that_pay_the_same_replace() -> None:
    """Annual, then important reason: 100 % either way."""
    parts = (leave("annual", "2026-10-01", "2026-10-14"), leave("important-reason", "2026-10-15", "2026-10-31"))
    assert percent(*parts) == "100"


def test_leaves_that_pay_differently_are_held() -> None:
    """Half the month at 50 %, half at 100 %: nobody guesses a mixture."""
    parts = (leave("sick", "2026-09-01", "2026-10-14"), leave("annual", "2026-10-15", "2026-10-31"))
    found = replaced(*parts)
    assert found is not None
    assert (found.line, found.percent) == ("leave-mixed", None)


def test_an_overlap_belongs_to_the_leave_that_began_first() -> None:
    """The kind shown on a day does not depend on the order of the records."""
    parts = [leave("sick", "2026-10-06", "2026-10-08"), leave("annual", "2026-10-05", "2026-10-07")]
    kinds = [leave_days(join_leaves(order, RULES), weekdays()) for order in (parts, parts[::-1])]
    expected = {date(2026, 10, d): k for d, k in ((5, "annual"), (6, "annual"), (7, "annual"), (8, "sick"))}
    assert kinds == [expected, expected]


def test_no_working_days_is_not_replaced() -> None:
    """A month without schedule is held elsewhere, not paid in full by a leave."""
    assert replace_result(join_leaves([leave("annual", "2026-10-01", "2026-10-31")], RULES), [], RULES) is None


def test_months_end_where_the_month_is_shorter() -> None:
    """31 January and one month is 28 February; a month is full on that day."""
    assert (add_months(date(2027, 1, 31), 1), months_between(date(2027, 1, 31), date(2027, 2, 28))) == (
        date(2027, 2, 28),
        1,
    )
    assert months_between(date(2026, 10, 15), date(2026, 11, 14)) == 0
