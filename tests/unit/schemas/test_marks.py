"""Marks on their scales, and scales that are turned."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.canonical.marks import digits, ends, turn

NUMBERS = st.decimals(min_value=Decimal(-1000), max_value=Decimal(1000), places=3).map(digits)


@pytest.mark.parametrize(
    ("value", "worst", "best", "turned"),
    [
        ("1", "5", "1", "5"),
        ("5", "5", "1", "1"),
        ("2.5", "5", "1", "3.5"),
        ("90", "0", "120", "90"),
        ("1.50", "1", "5", "1.5"),
    ],
)
def test_a_mark_is_turned_so_that_more_is_better(value: str, worst: str, best: str, turned: str) -> None:
    """OPRAS counts 1 best and 5 worst; a scale that counts up stays as it is."""
    assert turn(value, worst, best) == turned


@pytest.mark.parametrize(
    ("value", "worst", "best"), [("0.9", "5", "1"), ("121", "0", "120"), ("x", "0", "1"), ("1e1", "0", "20")]
)
def test_what_lies_off_its_scale_is_no_mark(value: str, worst: str, best: str) -> None:
    """Neither a number off the scale nor a text that is none is turned."""
    with pytest.raises(ValueError):
        turn(value, worst, best)


@given(a=NUMBERS, b=NUMBERS, c=NUMBERS)
def test_turning_twice_gives_the_mark_back(a: str, b: str, c: str) -> None:
    """Turning loses nothing: a mark turned on an inverted scale and turned back is the same number."""
    low, middle, high = sorted((a, b, c), key=Decimal)
    turned = turn(middle, high, low)
    assert digits(Decimal(low) + Decimal(high) - Decimal(turned)) == middle
    assert ends(high, low) == (low, high)
