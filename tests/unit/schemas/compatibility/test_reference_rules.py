"""The reference rules, one line each: what STRICT lets pass and what it refuses, with kind and path."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.compatibility import Level
from tests.unit.schemas.compatibility.cases import DRAFT2020, LENIENT, SOUND, compatible, kinds, verdict

S, WHOLE, N, OBJECT, A = ({"type": name} for name in ("string", "integer", "number", "object", "array"))

BOUNDS = [
    (S, "maxLength", 5, 4), (S, "minLength", 2, 3), (N, "maximum", 5, 4.5), (N, "minimum", 2, 2.5),
    (N, "exclusiveMaximum", 5, 4), (N, "exclusiveMinimum", 2, 3), (A, "maxItems", 3, 2), (A, "minItems", 1, 2),
    (OBJECT, "maxProperties", 3, 2), (OBJECT, "minProperties", 1, 2),
]  # fmt: skip


@pytest.mark.parametrize(("base", "keyword", "loose", "tight"), BOUNDS)
def test_bounds(base: dict[str, Any], keyword: str, loose: float, tight: float) -> None:
    """A bound may be loosened or removed; added or tightened it breaks."""
    none, wide, narrow = base, {**base, keyword: loose}, {**base, keyword: tight}
    assert compatible(narrow, wide)
    assert compatible(wide, none)
    assert [line.split()[1] for line in kinds(wide, narrow) + kinds(none, wide)] == [f"#/{keyword}"] * 2


@pytest.mark.parametrize("keyword", ["minContains", "maxContains"])
def test_counts_of_contained_elements(keyword: str) -> None:
    """They are bounds like the others."""
    base = {"$schema": DRAFT2020, "type": "array", "contains": S}
    loose, tight = (1, 2) if keyword == "minContains" else (2, 1)
    assert compatible({**base, keyword: tight}, {**base, keyword: loose})
    assert not compatible({**base, keyword: loose}, {**base, keyword: tight})
    assert not compatible(base, {**base, keyword: loose})


CASES: list[tuple[str, Any, Any, list[str]]] = [
    ("pattern added", S, {**S, "pattern": "a"}, ["PATTERN_ADDED #/pattern"]),
    ("pattern changed", {**S, "pattern": "b"}, {**S, "pattern": "a"}, ["PATTERN_CHANGED #/pattern"]),
    ("pattern removed", {**S, "pattern": "b"}, S, []),
    ("format is no rule", S, {**S, "format": "date"}, []),
    ("a divisor", {**N, "multipleOf": 10}, {**N, "multipleOf": 2.5}, []),
    ("a multiple", {**N, "multipleOf": 5}, {**N, "multipleOf": 10}, ["MULTIPLE_OF_EXPANDED #/multipleOf"]),
    ("neither", {**N, "multipleOf": 7}, {**N, "multipleOf": 13}, ["MULTIPLE_OF_CHANGED #/multipleOf"]),
    ("whole to any number", WHOLE, N, []),
    ("any number to whole", N, WHOLE, ["TYPE_NARROWED #"]),
    ("another type", S, WHOLE, ["TYPE_CHANGED #"]),
    ("anything allowed", S, {}, []),
    ("nothing was allowed", {"type": "object", "properties": {"a": False}}, {"type": "object", "properties": {"a": S}}, []),
    ("unique", A, {**A, "uniqueItems": True}, ["UNIQUE_ITEMS_ADDED #/uniqueItems"]),
    ("items added", A, {**A, "items": S}, ["SCHEMA_ADDED #/items"]),
    ("items removed", {**A, "items": S}, A, []),
    ("items narrowed", {**A, "items": N}, {**A, "items": WHOLE}, ["TYPE_NARROWED #/items"]),
    ("values added", {"enum": [1, 2]}, {"enum": [2, 1, 3]}, []),
    ("values removed", {"enum": [1, 2]}, {"enum": [1]}, ["ENUM_ARRAY_NARROWED #/enum"]),
    ("values replaced", {"enum": [1, 2]}, {"enum": [1, 3]}, ["ENUM_ARRAY_CHANGED #/enum"]),
    ("1 and 1.0 are one value", {"enum": [1]}, {"enum": [1.0]}, []),
    ("true is not 1", {"enum": [True]}, {"enum": [1]}, ["ENUM_ARRAY_CHANGED #/enum"]),
    ("enum and type are combined", {**S, "enum": ["a", "b"]}, {**S, "enum": ["a"]}, ["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/allOf"]),
    ("constant changed", {"const": 1}, {"const": 2}, ["CONST_CHANGED #/const"]),
    ("less is forbidden", {"not": {**S, "maxLength": 10}}, {"not": {**S, "maxLength": 5}}, []),
    ("more is forbidden", {"not": {**S, "maxLength": 5}}, {"not": {**S, "maxLength": 10}}, ["NOT_TYPE_EXTENDED #/not"]),
    ("one type to several", S, {"type": ["string", "null"]}, []),
    ("a list of one type to that type", {"type": ["string"]}, S, []),
    ("several types to one", {"type": ["string", "null"]}, S, ["TYPE_CHANGED #"]),
    ("allOf to one of its parts", {"allOf": [S, {"maxLength": 5}]}, S, []),
    ("anyOf to one of its parts", {"anyOf": [S, WHOLE]}, S, ["TYPE_CHANGED #"]),
    ("more alternatives", {"oneOf": [S]}, {"oneOf": [S, WHOLE]}, []),
    ("fewer alternatives", {"anyOf": [S, WHOLE]}, {"anyOf": [S]}, ["SUM_TYPE_NARROWED #/anyOf"]),
    ("fewer demands", {"allOf": [S, {"enum": ["a"]}]}, {"allOf": [S]}, []),
    ("more demands", {"allOf": [S]}, {"allOf": [S, {"enum": ["a"]}]}, ["PRODUCT_TYPE_EXTENDED #/allOf"]),
    ("any criterion to anyOf", {"oneOf": [S, WHOLE]}, {"anyOf": [S, WHOLE]}, []),
    ("anyOf to oneOf", {"anyOf": [S, WHOLE]}, {"oneOf": [S, WHOLE]}, ["COMBINED_TYPE_CHANGED #"]),
    ("a single alternative to oneOf", {"anyOf": [S]}, {"oneOf": [S, WHOLE]}, []),
    ("allOf to a single alternative", {"allOf": [S, {"enum": ["a"]}]}, {"oneOf": [S]}, []),
    ("a branch fits nowhere", {"anyOf": [S, WHOLE]}, {"anyOf": [WHOLE, {"type": "null"}]}, ["COMBINED_TYPE_SUBSCHEMAS_CHANGED #/anyOf"]),
    (
        "branches are matched so that all find a place",
        {"anyOf": [{**N, "maximum": 1}, {**N, "maximum": 5}]},
        {"anyOf": [{**N, "maximum": 5}, {**N, "maximum": 1}, S]},
        [],
    ),
    ("a condition is not compared", {**OBJECT, "if": {}, "then": {}}, {**OBJECT, "if": {}, "then": {"required": ["a"]}}, []),
    ("dependency added", OBJECT, {**OBJECT, "dependencies": {"a": ["b"]}}, ["DEPENDENCY_ARRAY_ADDED #/dependencies/a"]),
    (
        "dependency extended",
        {**OBJECT, "dependencies": {"a": ["b"]}},
        {**OBJECT, "dependencies": {"a": ["b", "c"]}},
        ["DEPENDENCY_ARRAY_EXTENDED #/dependencies/a"],
    ),
    ("dependency narrowed", {**OBJECT, "dependencies": {"a": ["b", "c"]}}, {**OBJECT, "dependencies": {"a": ["b"]}}, []),
    ("dependency removed", {**OBJECT, "dependencies": {"a": ["b"], "c": {}}}, OBJECT, []),
    ("dependent schema added", OBJECT, {**OBJECT, "dependencies": {"a": {}}}, ["DEPENDENCY_SCHEMA_ADDED #/dependencies/a"]),
    (
        "a property becomes required",
        {**OBJECT, "properties": {"a": S}},
        {**OBJECT, "properties": {"a": S}, "required": ["a"]},
        ["REQUIRED_ATTRIBUTE_ADDED #/properties/a"],
    ),
    (
        "a property with a default becomes required",
        {**OBJECT, "properties": {"a": {**S, "default": ""}}},
        {**OBJECT, "properties": {"a": {**S, "default": ""}}, "required": ["a"]},
        [],
    ),
    ("a property becomes optional", {**OBJECT, "properties": {"a": S}, "required": ["a"]}, {**OBJECT, "properties": {"a": S}}, []),
    ("an undeclared name becomes required", OBJECT, {**OBJECT, "required": ["a"]}, []),
    ("a name that has to be escaped", {**OBJECT, "properties": {"a/~": S}}, {**OBJECT, "properties": {"a/~": WHOLE}}, ["TYPE_CHANGED #/properties/a~1~0"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_rules(old: Any, new: Any, expected: list[str]) -> None:
    """Each rule, with the differences that break."""
    assert kinds(old, new) == expected


def test_what_breaks_nobody_is_told_too() -> None:
    """Compatible differences are listed without a hint and without whom they break."""
    found = verdict({**S, "title": "a", "maxLength": 3}, {**S, "title": "b"}).differences
    assert [(d.kind, d.path, d.hint, d.breaks) for d in found] == [
        ("TITLE_CHANGED", "#/title", "", None),
        ("MAX_LENGTH_REMOVED", "#/maxLength", "", None),
    ]


def test_every_refusal_says_what_to_do() -> None:
    """A refusal has words, a hint, and whom it breaks."""
    refusals = [d for _, old, new, _ in CASES for d in verdict(old, new, level=Level.FULL).refusals]
    assert refusals
    assert all(d.message and d.hint and d.breaks for d in refusals)


def test_lenient_reaches_into_branches() -> None:
    """A policy holds for the branches of combined schemas as well."""
    old = {"allOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"type": "object", "properties": {"a": S}}}}
    new = {
        "allOf": [{"$ref": "#/definitions/a"}],
        "definitions": {"a": {"type": "object", "properties": {"a": S, "b": S}}},
    }
    assert (compatible(old, new), compatible(old, new, LENIENT)) == (False, True)


def test_draft_4_flags_are_exclusive_bounds() -> None:
    """`exclusiveMaximum: true` beside `maximum` tightens it."""
    old = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "maximum": 5}
    assert kinds(old, {**old, "exclusiveMaximum": True}) == ["EXCLUSIVE_MAXIMUM_ADDED #/exclusiveMaximum"]
    assert compatible({**old, "exclusiveMaximum": True}, old)


def test_a_decreased_exclusive_maximum_is_held_against_the_inclusive_one() -> None:
    """The reference's hole: below an inclusive maximum nothing is seen; above it, or without one, the break is told."""
    old = {**N, "maximum": 20, "exclusiveMaximum": 10}
    assert compatible(old, {**old, "exclusiveMaximum": 5})
    assert not compatible(old, {**old, "exclusiveMaximum": 5}, SOUND)
    low = {**old, "maximum": 8}
    assert kinds(low, {**low, "exclusiveMaximum": 5}) == ["EXCLUSIVE_MAXIMUM_DECREASED #/exclusiveMaximum"]
    assert kinds({**N, "exclusiveMaximum": 10}, {**N, "exclusiveMaximum": 5}) == [
        "EXCLUSIVE_MAXIMUM_DECREASED #/exclusiveMaximum"
    ]


def test_keywords_of_newer_dialects_are_none_in_older_ones() -> None:
    """`const` in draft 4 and `dependentRequired` in draft 7 say nothing."""
    draft4 = {"$schema": "http://json-schema.org/draft-04/schema#", "type": "string"}
    assert compatible({**draft4, "const": "a"}, {**draft4, "const": "b"})
    assert compatible(OBJECT, {**OBJECT, "dependentRequired": {"a": ["b"]}})
    assert not compatible(
        {**OBJECT, "$schema": DRAFT2020}, {**OBJECT, "$schema": DRAFT2020, "dependentRequired": {"a": ["b"]}}
    )
