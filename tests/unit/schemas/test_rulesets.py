"""Rule sets: complete, sourced, exact."""

from __future__ import annotations

from decimal import Decimal
from importlib import resources

import pytest

from schemas.errors import SchemaError
from schemas.rulesets import available, load, parse

ID = "permenaker-15-2024"
TEXT = resources.files("schemas").joinpath("rulesets/id/permenaker-15-2024.toml").read_text(encoding="utf-8")


def test_the_rule_set_is_there_and_live() -> None:
    """The one that comes with the hub, by id and version, beside a draft; the version may be given as a number."""
    assert [(r.id, r.version, r.status) for r in available()] == [
        ("halmashauri-contoh", "1", "draft"),
        (ID, "1", "live"),
    ]
    assert load(ID, 1) is load(ID, "1")


def test_published_lines_have_their_values() -> None:
    """The figures of Permenaker 15/2024 and Kepsekjen 82/2025."""
    lines = load(ID).lines
    rates = (lines.absence_rate, lines.missing_tap_rate, lines.minute_rate, lines.ceremony_rate)
    assert [line.value for line in rates] == [Decimal(t) for t in ("0.03", "0.01", "0.0001", "0.03")]
    assert (lines.attendance_weight.value, lines.performance_weight.value) == (Decimal("0.30"), Decimal("0.70"))
    assert lines.tolerance_minutes.value == 60
    assert lines.predicate_percent is not None
    assert lines.predicate_percent.value == {
        "sangat-baik": Decimal(100),
        "baik": Decimal(100),
        "butuh-perbaikan": Decimal(85),
        "kurang": Decimal(60),
        "sangat-kurang": Decimal(60),
    }


def test_friday_ends_later() -> None:
    """16:30 on Fridays, 16:00 otherwise."""
    week = load(ID).lines.hours.value
    assert [str(week.on(day).end) for day in (0, 3, 4, 5)] == ["16:00:00", "16:00:00", "16:30:00", "16:00:00"]


def test_readings_without_a_source_are_marked() -> None:
    """What no text says is marked U: a reader sees what the institution has to confirm."""
    unsure = {name for name, line in load(ID).each() if line.confidence == "U"}
    assert {"lone-tap", "leave-replaces", "rounding", "attendance-floor", "tap-choice"} <= unsure
    assert {"absence-rate", "attendance-weight", "predicate-percent", "gross"}.isdisjoint(unsure)


def test_paid_in_the_month_after() -> None:
    """As the central payroll file says; over the end of the year too."""
    assert [load(ID).paid(month) for month in ("2026-10", "2026-12")] == ["2026-11", "2027-01"]


def test_assurance_has_an_order() -> None:
    """A device's punch is enough for attendance, a file is not; pay data have to be signed."""
    rules = load(ID)
    asked = [("attendance.punch", "device"), ("attendance.punch", "file"), ("payee", "device"), ("payee", "signed")]
    assert [rules.trusts(contract, level) for contract, level in asked] == [True, False, False, True]  # type: ignore[arg-type]


def test_a_contract_without_an_assurance_line_has_to_be_signed() -> None:
    """Forgetting a line makes the rules stricter, not weaker."""
    assert [load(ID).trusts("new.contract", level) for level in ("signed", "device")] == [True, False]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('value = "0.03"\ntext = "Cut of the attendance share for each day', 'value = 0.03\ntext = "Cut for', "float"),
        ('value = "0.30"', 'value = "0.40"', "add up to 1"),
        ('value = "0.30"', "value = 1", "attendance-weight.value"),
        ('butuh-perbaikan = "85"', "", "lacks butuh-perbaikan"),
        ('kurang = "60"', 'kurang = "160"', "predicate-percent.value"),
        ('confidence = "A"', 'confidence = "C"', "attendance-weight.confidence"),
        ('source = "Permenaker 15/2024 Art. 9"\n', "", "tolerance-minutes.source"),
        ("[lines.rounding]", "[lines.roundling]", "rounding"),
        ('end = "16:00:00"', 'end = "06:00:00"', "ends after it starts"),
    ],
)
def test_a_broken_rule_set_does_not_load(old: str, new: str, told: str) -> None:
    """A float, a wrong sum, a missing line or source: refused, and the message names the line."""
    assert TEXT.count(old) >= 1
    with pytest.raises(SchemaError) as caught:
        parse(TEXT.replace(old, new, 1))
    assert (caught.value.kind, told in caught.value.detail) == ("ruleset", True)


def test_an_unknown_rule_set_is_named() -> None:
    """The error says which one there is not."""
    with pytest.raises(SchemaError) as caught:
        load(ID, "9")
    assert caught.value.detail == "there is no rule set permenaker-15-2024 version 9"


def test_performance_is_priced_in_one_way() -> None:
    """By a predicate or by a score: a rule set with both, or with neither, does not load."""
    text = resources.files("schemas").joinpath("rulesets/tz/halmashauri-contoh.toml").read_text(encoding="utf-8")
    assert parse(text).status == "draft"
    score = text[text.index("[lines.performance-score]") : text.index("[lines.hours]")]
    predicates = TEXT[TEXT.index("[lines.predicate-percent]") : TEXT.index("# --- the day")]
    assert parse(text.replace(score, predicates)).lines.performance_score is None
    for wrong in (score + predicates, ""):
        with pytest.raises(SchemaError, match="and not by both"):
            parse(text.replace(score, wrong))
