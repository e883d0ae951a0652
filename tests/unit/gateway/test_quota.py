"""Budgets: so much per name and span, and never more names than the table may hold."""

from __future__ import annotations

from hub.gateway.quota import MINUTE, Budget
from hub.records import Ms


def test_budget_is_spent_once_and_comes_back_with_the_next_span() -> None:
    """What does not fit is refused and takes nothing; the next span begins full."""
    budget = Budget(10, MINUTE)
    assert [budget.spend("a", amount, Ms(0)) for amount in (6, 5, 4, 1)] == [True, False, True, False]
    assert budget.spend("b", 10, Ms(0)) is True
    assert budget.spend("a", 10, Ms(MINUTE)) is True


def test_table_of_names_is_bounded() -> None:
    """Inventing names only makes the oldest one forgotten; memory does not grow."""
    budget = Budget(1, MINUTE, names=3)
    assert [budget.spend(name, 1, Ms(0)) for name in "abcd"] == [True] * 4
    assert budget.spend("d", 1, Ms(0)) is False
    assert budget.spend("a", 1, Ms(0)) is True


def test_waiting_time_ends_with_the_span() -> None:
    """Retry-After is whole seconds, at least one, and never past the span."""
    budget = Budget(1, MINUTE)
    assert [budget.seconds_left(Ms(at)) for at in (0, 1, 59_000, 59_999)] == [60, 60, 1, 1]
