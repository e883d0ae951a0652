"""What a property that comes or goes means in an open, closed and partially open object: all combinations."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.compatibility import Policy
from tests.unit.schemas.compatibility.cases import LENIENT, STRICT, compatible, kinds

MODELS: dict[str, Any] = {"open": True, "closed": False, "partial": {"type": "string"}}
NEEDS = ("optional", "required with default", "required")


def schema(model: str, need: str | None) -> dict[str, Any]:
    """An object of a content model, with the property `p` or without it (None)."""
    found: dict[str, Any] = {
        "type": "object",
        "properties": {"k": {"type": "integer"}},
        "additionalProperties": MODELS[model],
    }
    if need is not None:
        found["properties"]["p"] = {"type": "string", **({"default": "x"} if "default" in need else {})}
    if need is not None and need.startswith("required"):
        found["required"] = ["p"]
    return found


ADDED = {
    (STRICT, "open"): (False, False, False),
    (STRICT, "closed"): (True, True, False),
    (STRICT, "partial"): (True, True, False),
    (LENIENT, "open"): (True, True, False),
    (LENIENT, "closed"): (True, True, False),
    (LENIENT, "partial"): (True, True, False),
}
REMOVED = {
    (STRICT, "open"): True,
    (STRICT, "closed"): False,
    (STRICT, "partial"): True,
    (LENIENT, "open"): True,
    (LENIENT, "closed"): True,
    (LENIENT, "partial"): True,
}
ADDITIONS = [
    (*key, need, answer) for key, answers in ADDED.items() for need, answer in zip(NEEDS, answers, strict=True)
]
REMOVALS = [(*key, need, answer) for key, answer in REMOVED.items() for need in NEEDS]


@pytest.mark.parametrize(("policy", "model", "need", "answer"), ADDITIONS)
def test_a_property_is_added(policy: Policy, model: str, need: str, *, answer: bool) -> None:
    """Adding depends on the model of the older version, on whether the property is demanded, and on its default."""
    assert compatible(schema(model, None), schema(model, need), policy) is answer


@pytest.mark.parametrize(("policy", "model", "need", "answer"), REMOVALS)
def test_a_property_is_removed(policy: Policy, model: str, need: str, *, answer: bool) -> None:
    """Removing depends on the model of the newer version alone."""
    assert compatible(schema(model, need), schema(model, None), policy) is answer


def test_the_table_is_whole() -> None:
    """Two policies, three models, three needs, two directions; 24 of them are open or closed."""
    cases = [(policy, model) for policy, model, _, _ in [*ADDITIONS, *REMOVALS]]
    assert (len(cases), sum(model != "partial" for _, model in cases)) == (36, 24)


@pytest.mark.parametrize("policy", [STRICT, LENIENT])
def test_an_empty_schema_may_be_added_to_an_open_object(policy: Policy) -> None:
    """A property that allows everything restricts nothing, unless it is demanded."""
    free: dict[str, Any] = {"type": "object", "properties": {"p": {}}}
    assert compatible({"type": "object"}, free, policy)
    assert not compatible({"type": "object"}, {**free, "required": ["p"]}, policy)


def test_a_forbidden_property_may_be_removed_from_a_closed_object() -> None:
    """`false` for a property and no such property in a closed object are the same."""
    closed = {"type": "object", "additionalProperties": False}
    assert compatible({**closed, "properties": {"p": False}}, closed)


@pytest.mark.parametrize(("policy", "answer"), [(STRICT, False), (LENIENT, True)])
def test_a_property_that_the_partial_schema_does_not_cover(policy: Policy, *, answer: bool) -> None:
    """STRICT compares the property with the schema of undeclared ones, LENIENT lets it pass; both ways."""
    partial = schema("partial", None)
    declared = {**partial, "properties": {**partial["properties"], "p": {"type": "integer"}}}
    assert compatible(partial, declared, policy) is answer
    assert compatible(declared, partial, policy) is answer


def test_a_pattern_makes_an_object_partially_open_for_its_names() -> None:
    """The schema of a matching pattern is what an added property is held against."""
    old = {"type": "object", "patternProperties": {"^s_": {"type": "string"}}, "additionalProperties": False}
    assert compatible(old, {**old, "properties": {"s_a": {"type": "string"}}})
    assert kinds(old, {**old, "properties": {"s_a": {"type": "integer"}}}) == [
        "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/s_a"
    ]


@pytest.mark.parametrize("keyword", ["additionalProperties", "unevaluatedProperties"])
def test_undeclared_properties_are_widened_and_narrowed(keyword: str) -> None:
    """From nothing to a schema to everything is compatible; the way back only for LENIENT."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    steps: list[Any] = [False, {"type": "string"}, True]
    versions = [{"$schema": dialect, "type": "object", keyword: step} for step in steps]
    for older, newer in ((0, 1), (1, 2), (0, 2)):
        assert compatible(versions[older], versions[newer])
        assert not compatible(versions[newer], versions[older])
        assert compatible(versions[newer], versions[older], LENIENT)


def test_unevaluated_properties_count_where_additional_ones_are_free() -> None:
    """`additionalProperties: true` beside `unevaluatedProperties: false` is a closed object to these rules."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    old = {"$schema": dialect, "type": "object", "additionalProperties": True, "unevaluatedProperties": False}
    assert compatible(old, {**old, "properties": {"p": {"type": "string"}}})


ITEMS = [
    (STRICT, True, False, True),
    (STRICT, False, True, False),
    (STRICT, {"type": "string"}, True, True),
    (STRICT, {"type": "integer"}, False, False),
    (LENIENT, True, True, True),
    (LENIENT, False, True, True),
    (LENIENT, {"type": "string"}, True, True),
    (LENIENT, {"type": "integer"}, True, True),
]


@pytest.mark.parametrize(("policy", "rest", "added", "removed"), ITEMS)
@pytest.mark.parametrize("newest", [False, True])
def test_positions_of_arrays_behave_as_properties(
    policy: Policy, rest: Any, *, added: bool, removed: bool, newest: bool
) -> None:
    """A position with a schema comes or goes as a property does, in both spellings of tuples."""
    if newest:
        dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "array", "items": rest}
        short = {**dialect, "prefixItems": [{"type": "null"}]}
        long = {**dialect, "prefixItems": [{"type": "null"}, {"type": "string"}]}
    else:
        short = {"type": "array", "items": [{"type": "null"}], "additionalItems": rest}
        long = {"type": "array", "items": [{"type": "null"}, {"type": "string"}], "additionalItems": rest}
    assert (compatible(short, long, policy), compatible(long, short, policy)) == (added, removed)
