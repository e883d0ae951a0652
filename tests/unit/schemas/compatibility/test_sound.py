"""SOUND: the holes of the reference rules are closed, and what breaks nobody passes."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.compatibility import Level
from tests.unit.schemas.compatibility.cases import DRAFT2020, SOUND, compatible, kinds, valid, verdict

S, WHOLE, NUMBER, OBJECT, A = ({"type": name} for name in ("string", "integer", "number", "object", "array"))
NEWEST = {"$schema": DRAFT2020}
CLOSED = {**OBJECT, "additionalProperties": False}

REFUSED: list[tuple[str, Any, Any, Any, list[str]]] = [
    ("required, undeclared", OBJECT, {**OBJECT, "required": ["bar"]}, {}, ["REQUIRED_ADDED #/required"]),
    ("required, with default", OBJECT, {**OBJECT, "properties": {"a": {"default": 1}}, "required": ["a"]}, {}, ["REQUIRED_ADDED #/required"]),
    (
        "patternProperties",
        {**OBJECT, "patternProperties": {"^x": S}},
        {**OBJECT, "patternProperties": {"^x": WHOLE}},
        {"x": "a"},
        ["TYPE_CHANGED #/patternProperties/^x/type"],
    ),
    (
        "a property under a pattern",
        {**OBJECT, "patternProperties": {"^x": S}},
        {**OBJECT, "properties": {"xa": {**S, "maxLength": 0}}},
        {"xa": "a"},
        ["LENGTH_NARROWED #/properties/xa/maxLength"],
    ),
    ("propertyNames", OBJECT, {**OBJECT, "propertyNames": {"maxLength": 1}}, {"ab": 1}, ["PROPERTY_NAMES_NARROWED #/propertyNames"]),
    ("contains", {**A, "contains": NUMBER}, {**A, "contains": S}, [1], ["CONTAINS_NARROWED #/contains"]),
    ("format", S, {**S, "format": "date"}, "a", ["FORMAT_ADDED #/format"]),
    ("then", {**OBJECT, "if": {"required": ["a"]}, "then": {}}, {**OBJECT, "if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, ["CONDITION_NARROWED #/if"]),
    ("if", {"if": S, "then": {"maxLength": 1}}, {"if": {}, "then": {"maxLength": 1}, "else": False}, None, []),
    ("else", {**OBJECT, "if": {"required": ["a"]}}, {**OBJECT, "if": {"required": ["a"]}, "else": {"required": ["b"]}}, {}, ["CONDITION_NARROWED #/if"]),
    ("exclusive", {**NUMBER, "exclusiveMaximum": 5}, {**NUMBER, "exclusiveMaximum": 4}, 4.5, ["RANGE_NARROWED #/exclusiveMaximum"]),
    ("inclusive to exclusive", {**NUMBER, "maximum": 5}, {**NUMBER, "exclusiveMaximum": 5}, 5, ["RANGE_NARROWED #/exclusiveMaximum"]),
    ("a branch narrows", {"anyOf": [S, NUMBER]}, {"anyOf": [S, WHOLE]}, 1.5, ["BRANCHES_NARROWED #/anyOf"]),
    ("branches overlap", {"oneOf": [S, WHOLE]}, {"oneOf": [S, NUMBER, WHOLE]}, 1, ["BRANCHES_OVERLAP #/oneOf"]),
    ("any type without `type`", {"minLength": 1}, {**S, "minLength": 1}, 1, ["TYPE_CHANGED #/type"]),
    ("more is forbidden", {"not": {**S, "maxLength": 1}}, {"not": S}, "ab", ["NOT_NARROWED #/not"]),
    ("an open object gets a property", OBJECT, {**OBJECT, "properties": {"a": S}}, {"a": 1}, ["TYPE_CHANGED #/properties/a/type"]),
    ("a closed object loses a property", {**CLOSED, "properties": {"a": S}}, CLOSED, {"a": ""}, ["VALUE_REFUSED #/additionalProperties"]),
    ("a new demand", OBJECT, {**OBJECT, "dependencies": {"a": ["b"]}}, {"a": 1}, ["DEPENDENCY_NARROWED #/dependencies"]),
    ("unevaluated", {**NEWEST, **OBJECT}, {**NEWEST, **OBJECT, "unevaluatedProperties": False}, {"a": 1}, ["VALUE_REFUSED #/unevaluatedProperties"]),
    ("position", {**A, "items": [S]}, {**A, "items": [WHOLE]}, ["a"], ["TYPE_CHANGED #/items/0/type"]),
    ("further elements", {**A, "items": [S]}, {**A, "items": [S], "additionalItems": WHOLE}, ["a", "a"], ["TYPE_CHANGED #/additionalItems/type"]),
    ("draft 4 takes 1.0 for a fraction", WHOLE, {"$schema": "http://json-schema.org/draft-04/schema#", **WHOLE}, 1.0, ["TYPE_CHANGED #/type"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "witness", "expected"), [c[1:] for c in REFUSED if c[4]], ids=[c[0] for c in REFUSED if c[4]]
)
def test_what_breaks_is_refused_at_its_place(old: Any, new: Any, witness: Any, expected: list[str]) -> None:
    """The place is named, every refusal has a hint, and the witness shows that the refusal is right."""
    assert kinds(old, new, SOUND) == expected
    assert all(d.hint and d.breaks == "writers" for d in verdict(old, new, SOUND).refusals)
    assert (valid(old, witness), valid(new, witness)) == (True, False)


ALLOWED: list[tuple[str, Any, Any]] = [
    ("a closed object gets an optional property", CLOSED, {**CLOSED, "properties": {"a": S}}),
    ("values within bounds", {"enum": [1, 2]}, {**WHOLE, "minimum": 0, "maximum": 5}),
    ("few whole numbers", {**WHOLE, "minimum": 1, "maximum": 2}, {"enum": [1, 2]}),
    ("exclusive to inclusive", {**NUMBER, "exclusiveMaximum": 5}, {**NUMBER, "maximum": 5}),
    ("whole numbers by multiples", {**NUMBER, "multipleOf": 2}, WHOLE),
    ("whole bounds", {**WHOLE, "exclusiveMinimum": 0}, {**WHOLE, "minimum": 1}),
    ("a required member that cannot be", {**OBJECT, "properties": {"a": False}, "required": ["a"]}, S),
    ("alternatives in another order", {"oneOf": [S, WHOLE]}, {"oneOf": [WHOLE, S]}),
    ("alternatives that a member keeps apart", {"oneOf": [{**OBJECT, "properties": {"k": {"const": 1}}, "required": ["k"]}]},
     {"oneOf": [{**OBJECT, "properties": {"k": {"const": 1}}, "required": ["k"]}, {**OBJECT, "properties": {"k": {"const": 2}}, "required": ["k"]}]}),
    ("overlapping alternatives, widened alike", {"oneOf": [S, {"minLength": 3}]}, {"oneOf": [{"minLength": 3}, S]}),
    ("a condition by cases", {"if": S, "then": {"minLength": 2}, "else": WHOLE}, {"anyOf": [{**S, "minLength": 1}, NUMBER]}),
    ("not by its reverse", {"not": {"type": ["string", "null"]}}, {"not": S}),
    ("all types but one", {"not": S}, {"type": ["null", "boolean", "object", "array", "number"]}),
    ("dependencies follow", {**OBJECT, "dependencies": {"a": ["b"]}, "required": ["a"]}, {**OBJECT, "required": ["b"]}),
    ("a dependent schema follows", {**OBJECT, "dependencies": {"a": {"required": ["b"]}}, "required": ["a"]}, {**OBJECT, "required": ["b"]}),
    ("names are listed", {**OBJECT, "propertyNames": {"enum": ["a", "b"]}}, {**OBJECT, "maxProperties": 2}),
    ("closed by its properties", {**CLOSED, "properties": {"a": {}}}, {**OBJECT, "propertyNames": {"const": "a"}}),
    ("patterns that exclude each other", {**OBJECT, "patternProperties": {"^a": S, "^b": WHOLE}, "additionalProperties": False},
     {**OBJECT, "patternProperties": {"^a": S, "^b": NUMBER}, "additionalProperties": False}),
    ("elements are contained", {**A, "items": S, "minItems": 1}, {**A, "contains": S}),
    ("an array that ends", {**A, "items": [S], "additionalItems": False}, {**A, "maxItems": 1}),
    ("one element is unique", {**A, "maxItems": 1}, {**A, "uniqueItems": True}),
    ("allOf is taken together", {"allOf": [{"minLength": 2}, {"maxLength": 5}, S]}, {**S, "minLength": 1, "maxLength": 9}),
    ("unevaluated is closed", {**NEWEST, **OBJECT, "allOf": [{"properties": {"a": S}}], "unevaluatedProperties": False}, {**NEWEST, **CLOSED, "properties": {"a": S}}),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in ALLOWED], ids=[case[0] for case in ALLOWED])
def test_what_follows_is_proved(old: Any, new: Any) -> None:
    """What follows from the older schema passes, however it is written."""
    assert kinds(old, new, SOUND) == []


REFUTED: list[tuple[str, Any, Any, Any]] = [
    (
        "what a branch evaluates is not forbidden",
        {**NEWEST, **OBJECT, "anyOf": [{"properties": {"a": S}}], "unevaluatedProperties": False},
        {**NEWEST, **CLOSED},
        {"a": "x"},
    ),
    (
        "elements that a branch evaluates are not forbidden",
        {**NEWEST, **A, "anyOf": [{"prefixItems": [S]}], "unevaluatedItems": False},
        {**NEWEST, **A, "maxItems": 0},
        ["x"],
    ),
    (
        "what is evaluated in one branch is forbidden in the other",
        {**NEWEST, **OBJECT, "properties": {"a": S}},
        {
            **NEWEST,
            **OBJECT,
            "anyOf": [{"properties": {"a": S}, "required": ["b"]}, {}],
            "unevaluatedProperties": False,
        },
        {"a": "x"},
    ),
    ("listed values are held against the format", {"enum": ["x"]}, {"format": "date"}, "x"),
    (
        "a name that a pattern matches does not fall to the rest",
        {**OBJECT, "patternProperties": {"^a": S}, "additionalProperties": False},
        CLOSED,
        {"ab": "x"},
    ),
    (
        "the rest does not hold for what a pattern matches",
        {**OBJECT, "patternProperties": {"^a": S}, "additionalProperties": WHOLE},
        {**OBJECT, "additionalProperties": WHOLE},
        {"ab": "x"},
    ),
    (
        "a condition that is not met says nothing",
        {"if": S, "then": {"minLength": 2}},
        {"minLength": 2, "type": "string"},
        1,
    ),
    ("one branch of two", {"anyOf": [S, WHOLE]}, {"not": WHOLE}, 1),
    (
        "the dependency of a member that may be missing",
        {**OBJECT, "dependencies": {"a": ["b"]}},
        {**OBJECT, "required": ["b"]},
        {},
    ),
    ("whole numbers between halves", {**NUMBER, "minimum": 0.5, "maximum": 0.9}, WHOLE, 0.5),
    ("an open bound", {**NUMBER, "minimum": 5}, {**NUMBER, "exclusiveMinimum": 5}, 5),
    ("a type within another one", {"type": ["integer", "number"]}, WHOLE, 1.5),
    (
        "cases of what a member implies",
        {**OBJECT, "required": ["a"], "dependencies": {"a": {"anyOf": [{"required": ["b"]}, {"required": ["c"]}]}}},
        {**OBJECT, "required": ["b"]},
        {"a": 1, "c": 1},
    ),
    ("values of another kind", {"enum": [True]}, {"enum": [1]}, True),
    (
        "enough elements, but not of that kind",
        {**A, "minItems": 2, "items": [S]},
        {**A, "contains": S, "maxItems": 5},
        ["a"] * 6,
    ),
]


@pytest.mark.parametrize(("old", "new", "witness"), [case[1:] for case in REFUTED], ids=[case[0] for case in REFUTED])
def test_what_a_document_refutes_is_never_proved(old: Any, new: Any, witness: Any) -> None:
    """Tempting conclusions that a document shows to be wrong."""
    assert (valid(old, witness), valid(new, witness)) == (True, False)
    assert not compatible(old, new, SOUND)


def test_forward_breaks_readers() -> None:
    """FORWARD asks the other way round and blames no writer; FULL tells both sides."""
    old, new = {**S, "maxLength": 5}, {**S, "maxLength": 9}
    assert [(d.breaks, d.path) for d in verdict(old, new, SOUND, Level.FORWARD).refusals] == [
        ("readers", "#/maxLength")
    ]
    assert compatible(old, new, SOUND)
    both = verdict({**S, "maxLength": 5}, {**S, "minLength": 1}, SOUND, Level.FULL).refusals
    assert [(d.breaks, d.path) for d in both] == [("writers", "#/minLength"), ("readers", "#/maxLength")]


def test_too_many_patterns_are_refused_in_words() -> None:
    """More patterns than can be told apart: refused as not comparable, unless nothing changed."""
    patterns = {f"p{n}": S for n in range(7)}
    old = {**OBJECT, "patternProperties": patterns}
    assert kinds(old, {**OBJECT, "patternProperties": {**patterns, "p0": {}}}, SOUND) == [
        "UNSUPPORTED #/patternProperties"
    ]
    assert compatible(old, {**old, "title": "t"}, SOUND)


def test_a_pattern_that_no_linear_engine_runs() -> None:
    """It is compared as text: the same passes, another is refused as not comparable."""
    old = {**S, "pattern": "(?=a)b"}
    assert compatible(old, {"pattern": "(?=a)b"}, SOUND)
    assert kinds(S, old, SOUND) == ["UNSUPPORTED #/pattern"]
