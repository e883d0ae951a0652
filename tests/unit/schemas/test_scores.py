"""Score rule sets: what comes with the hub, its arithmetic, and that a draft makes no mark unless drafts are allowed."""

from __future__ import annotations

from decimal import Decimal
from importlib import resources

import pytest

from schemas.errors import SchemaError
from schemas.rulesets import available as pay_rules
from schemas.scores import available, find, fits, parse, score

TEXT = resources.files("schemas").joinpath("rulesets/tz/pepmis-contoh.score.toml").read_text(encoding="utf-8")
TWO = [
    (Decimal(60), {"qualitative": Decimal(80), "quantitative": Decimal(90)}),
    (Decimal(40), {"qualitative": Decimal(70), "quantitative": Decimal("70.5")}),
]


def test_score_rule_sets_are_found_and_are_no_pay_rules() -> None:
    """Both kinds lie in the same folders and are told apart by their names."""
    assert {(r.id, r.status) for r in available().values()} == {
        ("pepmis-contoh", "draft"),
        ("feedback-contoh", "draft"),
        ("pp30-2019", "live"),
        ("pp30-2019-360", "live"),
    }
    assert not {rules.id for rules in pay_rules()} & {name for name, _ in available()}


def test_a_draft_makes_no_mark_unless_drafts_are_allowed() -> None:
    """A formula that nobody has published is applied only where the operator says so."""
    rules = find("pepmis-contoh", "1")
    assert rules is not None
    with pytest.raises(SchemaError, match="draft"):
        score(rules, TWO)
    assert score(rules, TWO, drafts=True) == Decimal("79.10")
    assert rules.formula == {"id": "pepmis-contoh", "version": "1", "status": "draft"}


def test_a_senders_mark_is_held_against_the_rules_within_their_tolerance() -> None:
    """79.10 it comes to; a cent of rounding is taken, more is not."""
    rules = find("pepmis-contoh", "1")
    assert rules is not None
    assert fits(rules, TWO, Decimal("79.11"))
    assert not fits(rules, TWO, Decimal("79.12"))


def test_items_without_what_the_rules_need_make_no_mark() -> None:
    """A part or a weight that is missing is not taken for zero."""
    rules = find("pepmis-contoh", "1")
    assert rules is not None
    for items in ([], [(None, TWO[0][1])], [(Decimal(1), {"qualitative": Decimal(1)})], [(Decimal(0), TWO[0][1])]):
        with pytest.raises(SchemaError):
            fits(rules, items, Decimal(1))


@pytest.mark.parametrize(
    ("mark", "given", "band"),
    [
        ("110", {"new-idea"}, "sangat-baik"),
        ("110", set(), "baik"),
        ("109.99", {"new-idea"}, "baik"),
        ("90", set(), "baik"),
        ("89.99", set(), "cukup"),
        ("70", set(), "cukup"),
        ("69.99", set(), None),
        ("49.99", set(), None),
        ("120.01", {"new-idea"}, None),
    ],
)
def test_bands_of_pp30(mark: str, given: set[str], band: str | None) -> None:
    """The bands that were read give a word; the two that were not (U) give none."""
    rules = find("pp30-2019", "1")
    assert rules is not None
    assert rules.band_of(Decimal(mark), frozenset(given)) == band


def test_weights_of_pp30() -> None:
    """70/30, and 60/40 where peers and subordinates are asked."""
    marks = [(None, {"result": Decimal(100), "behaviour": Decimal(80)})]
    found = [rules for name in ("pp30-2019", "pp30-2019-360") if (rules := find(name, "1"))]
    assert [score(rules, marks) for rules in found] == [Decimal("94.00"), Decimal("92.00")]


@pytest.mark.parametrize(
    ("was", "now", "place"),
    [
        ('quantitative = "50"', 'quantitative = "60"', "100 percent"),
        ('tolerance]\nvalue = "0.01"', "tolerance]\nvalue = 0.01", "float"),
        ('status = "draft"', 'status = "official"', "status"),
        ('confidence = "B"', 'confidence = "C"', "scale"),
    ],
)
def test_a_rule_set_that_is_wrong_does_not_load(was: str, now: str, place: str) -> None:
    """What is wrong is named by its line."""
    assert was in TEXT
    with pytest.raises(SchemaError, match=place):
        parse(TEXT.replace(was, now))
