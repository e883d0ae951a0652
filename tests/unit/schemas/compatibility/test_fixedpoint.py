"""The driver of circular questions, and the matching of branches, by themselves."""

from __future__ import annotations

from collections.abc import Generator, Hashable

import pytest

from schemas.compatibility.budget import Allowance, Budget
from schemas.compatibility.fixedpoint import Below, FixedPoint
from schemas.compatibility.reference.matching import largest_matching
from schemas.compatibility.verdict import BudgetExceeded


def truth(rules: dict[str, list[list[str]]], steps: int = 1000) -> FixedPoint:
    """A question holds if all questions of one of its lists do; an empty list holds, no list does not. They are asked
    about a part of the value, those that begin with `=` about the value itself."""

    def answer(question: Hashable) -> Generator[Hashable, bool, bool]:
        for choice in rules[str(question)]:
            for part in choice:
                if not (yield part[1:] if part.startswith("=") else Below(part)):
                    break
            else:
                return True
        return False

    return FixedPoint(answer, Budget(Allowance(steps=steps, seconds=60)))


def test_a_circle_without_a_contradiction_holds() -> None:
    """Nothing speaks against it."""
    rules = {"a": [["b"]], "b": [["c"]], "c": [["a"]]}
    assert [truth(rules).ask(name) for name in "abc"] == [True, True, True]


def test_a_circle_on_the_same_value_proves_nothing() -> None:
    """Only by way of a part may a question lean on itself; an answer from further below is not taken for one here."""
    rules = {"a": [["=b"]], "b": [["=a"]]}
    assert [truth(rules).ask(name) for name in "ab"] == [False, False]
    mixed = {"a": [["=b"]], "b": [["a"]]}
    assert [truth(mixed).ask(name) for name in "ab"] == [True, True]
    shared = {"a": [["p", "=p"]], "p": [["=a"]]}
    assert truth(shared).ask("a") is False


def test_what_was_concluded_from_a_wrong_assumption_is_forgotten() -> None:
    """`b` holds only if `a` does; `a` fails after `b` was believed."""
    rules: dict[str, list[list[str]]] = {"root": [["a"], ["b"]], "a": [["b", "no"]], "b": [["a"]], "no": []}
    asked = truth(rules)
    assert [asked.ask(name) for name in ("root", "a", "b")] == [False, False, False]


def test_conclusions_of_conclusions_are_forgotten_too() -> None:
    """A chain of answers below a failing assumption, one of them a circle of its own."""
    rules: dict[str, list[list[str]]] = {
        "root": [["a"], ["d"]],
        "a": [["b", "no"]],
        "b": [["c"]],
        "c": [["b", "d"]],
        "d": [["a"], ["b"]],
        "no": [],
    }
    assert [truth(rules).ask(name) for name in ("a", "no")] == [False, False]
    assert [truth(rules).ask(name) for name in ("b", "c", "d")] == [True, True, True]


def test_an_answer_does_not_depend_on_the_order_of_asking() -> None:
    """The greatest fixed point is one; every order finds it."""
    rules: dict[str, list[list[str]]] = {
        "a": [["b", "c"], ["d"]],
        "b": [["a"], ["no"]],
        "c": [["b"], ["a", "no"]],
        "d": [["c", "no"]],
        "e": [["d"], ["f"]],
        "f": [["e", "a"]],
        "no": [],
    }
    fresh = {name: truth(rules).ask(name) for name in rules}
    for first in rules:
        asked = truth(rules)
        asked.ask(first)
        assert {name: asked.ask(name) for name in rules} == fresh


def test_the_budget_ends_it_and_leaves_nothing_behind() -> None:
    """After running out nothing half-believed is left: asking again finds the truth."""
    rules = {"a": [["b"]], "b": [["a", "no"]], "no": list[list[str]]()}
    asked = truth(rules, steps=2)
    with pytest.raises(BudgetExceeded):
        asked.ask("a")
    with pytest.raises(BudgetExceeded):
        asked.ask("b")


@pytest.mark.parametrize(
    ("edges", "size"),
    [
        ({}, 0),
        ({0: [0], 1: [0]}, 1),
        ({0: [0, 1], 1: [0]}, 2),
        ({0: [0], 1: [0, 1], 2: [1, 2]}, 3),
        ({0: [1, 2], 1: [0, 1], 2: [0], 3: [2, 3]}, 4),
        ({0: [0, 1], 1: [0, 1], 2: [0, 1]}, 2),
    ],
)
def test_matching_is_largest_and_one_to_one(edges: dict[int, list[int]], size: int) -> None:
    """No branch is taken twice, and others move so that all who can find a place."""
    found = largest_matching(edges)
    assert (len(found), len(set(found.values()))) == (size, size)
    assert all(right in edges[left] for left, right in found.items())
