"""What `amana demo` says to arguments that cannot be."""

from __future__ import annotations

import pytest

from hub.cli.main import invoke


@pytest.mark.parametrize(
    ("month", "told"),
    [
        ("2026-13", "a month is written YYYY-MM"),
        ("October", "a month is written YYYY-MM"),
        ("2026-1", "a month is written YYYY-MM"),
        ("9999-12", "the month has not ended yet"),
    ],
)
def test_a_month_that_cannot_be_is_a_usage_error(month: str, told: str) -> None:
    """Exit status 2 and words about the option, not about a setting of the hub."""
    status, printed = invoke(["demo", "--month", month])
    assert status == 2
    assert "Invalid value for '--month': " + told in printed
    assert "AMANA-CONF" not in printed
