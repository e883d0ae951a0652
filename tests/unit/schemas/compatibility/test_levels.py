"""Levels, budgets, kinds of schema: what is held against what, and what happens when it takes too long."""

from __future__ import annotations

import time
from typing import Any

import pytest

from schemas.compatibility import Allowance, Level, Policy, SchemaText, check
from schemas.compatibility.budget import Budget
from schemas.compatibility.verdict import BudgetExceeded
from tests.unit.schemas.compatibility.cases import DRAFT2020, SOUND, STRICT, text

POLICIES = pytest.mark.parametrize("policy", list(Policy))
SHORT, MIDDLE, LONG = (text({"type": "string", "maxLength": n}) for n in (1, 2, 3))


@POLICIES
@pytest.mark.parametrize(
    ("old", "new", "passing"),
    [
        ([SHORT], LONG, {"NONE", "BACKWARD", "BACKWARD_TRANSITIVE"}),
        ([LONG], SHORT, {"NONE", "FORWARD", "FORWARD_TRANSITIVE"}),
        ([LONG], LONG, set(Level)),
        ([], LONG, set(Level)),
        ([LONG, SHORT], MIDDLE, {"NONE", "BACKWARD"}),
        ([SHORT, LONG], MIDDLE, {"NONE", "FORWARD"}),
        ([SHORT, MIDDLE], MIDDLE, set(Level) - {"FORWARD_TRANSITIVE", "FULL_TRANSITIVE"}),
    ],
)
def test_levels(policy: Policy, old: list[SchemaText], new: SchemaText, passing: set[str]) -> None:
    """Which levels let a step pass."""
    assert {level for level in Level if check(old, new, level, policy).compatible} == passing


def test_transitive_levels_stop_at_the_newest_that_fails() -> None:
    """The verdict says to which version the differences are."""
    found = check([LONG, LONG, SHORT], MIDDLE, Level.BACKWARD_TRANSITIVE, STRICT)
    assert (found.against, [d.kind for d in found.refusals]) == (1, ["MAX_LENGTH_DECREASED"])


def entangled(branches: int, *, tweak: bool = False, criterion: str = "oneOf") -> SchemaText:
    """Branches of five members, each of which may be any of the branches again."""
    definitions: dict[str, Any] = {}
    for number in range(branches):
        members: dict[str, Any] = {f"p{n}": {"$ref": "#/$defs/any"} for n in range(5)}
        members["kind"] = {"const": f"k{number}"}
        definitions[f"b{number}"] = {"type": "object", "properties": members, "required": ["kind"]}
    if tweak:
        definitions[f"b{branches - 1}"]["properties"]["p4"] = {"type": "string"}
    definitions["any"] = {criterion: [{"$ref": f"#/$defs/b{n}"} for n in range(branches)]}
    return text({"$schema": DRAFT2020, "$ref": "#/$defs/any", "$defs": definitions})


@POLICIES
@pytest.mark.parametrize("criterion", ["oneOf", "anyOf"])
def test_twelve_entangled_branches_are_compared_to_an_end(policy: Policy, criterion: str) -> None:
    """The circular schema that hung another registry gets its true verdict, well within the budget's steps."""
    old, more, tweaked = (
        entangled(12, criterion=criterion),
        entangled(13, criterion=criterion),
        entangled(12, tweak=True, criterion=criterion),
    )
    patient = Allowance(seconds=60)
    assert check([old], more, Level.BACKWARD, policy, allowance=patient).outcome == "compatible"
    assert check([old], tweaked, Level.BACKWARD, policy, allowance=patient).outcome == "incompatible"


@POLICIES
def test_out_of_budget_is_a_verdict(policy: Policy) -> None:
    """Too few steps: undecided, not compatible, with words and a hint."""
    found = check([entangled(6)], entangled(7), Level.FULL, policy, allowance=Allowance(steps=50))
    assert (found.outcome, found.compatible) == ("undecided", False)
    assert {(d.kind, d.breaks, bool(d.hint)) for d in found.refusals} == {
        ("BUDGET_EXCEEDED", "writers", True),
        ("BUDGET_EXCEEDED", "readers", True),
    }


def test_time_runs_out_too() -> None:
    """The clock is looked at on the way, and is the caller's to choose."""
    ticks = iter(range(10_000))
    found = check(
        [entangled(12)], entangled(13), Level.BACKWARD, SOUND, allowance=Allowance(seconds=3), clock=lambda: next(ticks)
    )
    assert found.outcome == "undecided"


def test_a_budget_counts_steps() -> None:
    """The last step is still allowed, the next is not."""
    budget = Budget(Allowance(steps=2, seconds=60), time.monotonic)
    budget.spend(2)
    with pytest.raises(BudgetExceeded):
        budget.spend()


@POLICIES
def test_a_long_chain_exhausts_no_stack(policy: Policy) -> None:
    """A thousand definitions that lead to each other are compared to the last."""

    def chain(last: str) -> SchemaText:
        size = 1000
        steps = {f"d{n}": {"type": "object", "properties": {"n": {"$ref": f"#/$defs/d{n + 1}"}}} for n in range(size)}
        return text({"$schema": DRAFT2020, "$ref": "#/$defs/d0", "$defs": {**steps, f"d{size}": {"type": last}}})

    patient = Allowance(seconds=60)
    assert check([chain("integer")], chain("number"), Level.BACKWARD, policy, allowance=patient).outcome == "compatible"
    assert (
        check([chain("number")], chain("integer"), Level.BACKWARD, policy, allowance=patient).outcome == "incompatible"
    )


@POLICIES
def test_what_is_too_large_to_be_read_is_undecided(policy: Policy) -> None:
    """Reading spends the budget too; the verdict is the same as for a comparison that is too long."""
    large = text({"$schema": DRAFT2020, "properties": {f"p{n}": {} for n in range(100)}})
    found = check([large], large, Level.FULL, policy, allowance=Allowance(steps=50))
    assert (found.outcome, [d.breaks for d in found.refusals]) == ("undecided", ["writers", "readers"])


@POLICIES
def test_another_kind_of_schema_is_never_compatible(policy: Policy) -> None:
    """JSON Schema does not follow Avro."""
    found = check([SchemaText('"string"', "AVRO")], text({}), Level.BACKWARD, policy)
    assert [d.kind for d in found.refusals] == ["SCHEMA_TYPE_CHANGED"]
