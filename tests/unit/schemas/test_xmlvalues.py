"""From XML's texts to values, case by case. Generated round trips are in tests/properties/schemas."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.xmlvalues import from_xml

INTEGER = {"type": "integer"}
TEXT = {"type": "string"}
ROW = {
    "type": "object",
    "properties": {"n": INTEGER, "tags": {"type": "array", "items": TEXT}},
    "required": ["n", "tags"],
}


@pytest.mark.parametrize(
    ("value", "schema", "expected"),
    [
        ("12", INTEGER, 12),
        (" -3\n", INTEGER, -3),
        ("12", TEXT, "12"),
        ("012", INTEGER, "012"),
        ("1.0", INTEGER, "1.0"),
        ("1_0", INTEGER, "1_0"),
        ("٣", INTEGER, "٣"),
        ("1" * 41, INTEGER, "1" * 41),
        ("1.5", {"type": "number"}, 1.5),
        ("2", {"type": "number"}, 2),
        ("1e999", {"type": "number"}, "1e999"),
        ("NaN", {"type": "number"}, "NaN"),
        ("true", {"type": "boolean"}, True),
        ("TRUE", {"type": "boolean"}, "TRUE"),
        ("true", {"type": ["boolean", "string"]}, "true"),
        ("", {"type": "null"}, None),
        ("", {"anyOf": [INTEGER, {"type": "null"}]}, None),
        ("", {"anyOf": [TEXT, {"type": "null"}]}, ""),
        ("", {"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]}, None),
        ("", {"anyOf": [{"type": "string", "pattern": "^[0-9]+$"}, {"type": "null"}]}, None),
        ("", {"type": ["string", "null"], "format": "date"}, None),
        ("", {"type": ["string", "null"], "pattern": "("}, ""),
        ("", {"enum": ["a", None]}, None),
        ("", {"type": "string", "minLength": 1}, ""),
        ("7", {"anyOf": [INTEGER, {"type": "null"}]}, 7),
        ("7", {"enum": [7, 8]}, 7),
        ("7", {"const": "7"}, "7"),
        ("7", {}, "7"),
        ("7", True, "7"),
        ("", {"type": "array", "items": TEXT}, []),
        ("x", {"type": "array", "items": TEXT}, ["x"]),
        (["1", "2"], {"type": "array", "items": INTEGER}, [1, 2]),
        (["1", "2"], INTEGER, ["1", "2"]),
        ({"item": ["1", "2"]}, {"type": "array", "items": INTEGER}, [1, 2]),
        ({"item": "1"}, {"type": "array", "items": INTEGER}, [1]),
        ({"n": "1"}, {"type": "array", "items": ROW}, [{"n": 1, "tags": []}]),
        ({"n": "1", "tags": "a"}, ROW, {"n": 1, "tags": ["a"]}),
        ({"n": "x", "tags": ["a", "b"]}, ROW, {"n": "x", "tags": ["a", "b"]}),
        ("", ROW, {"tags": []}),
        ({"a": "1"}, {"type": "object", "additionalProperties": INTEGER}, {"a": 1}),
        ({"a": "1"}, {"type": "object", "additionalProperties": False}, {"a": "1"}),
        (
            {},
            {"type": "object", "required": ["a"], "properties": {"a": {"type": ["integer", "null"]}}},
            {"a": None},
        ),
        ({"n": 1, "tags": ["a"]}, ROW, {"n": 1, "tags": ["a"]}),
        ({"@k": "1", "#text": "2"}, INTEGER, {"@k": "1", "#text": "2"}),
    ],
)
def test_a_text_becomes_what_the_schema_means(value: Any, schema: Any, expected: Any) -> None:
    """Only where the schema allows no text; what does not fit stays for the contract check to name."""
    actual = from_xml(value, schema)
    assert actual == expected
    assert type(actual) is type(expected)


def test_references_are_followed_within_the_schema() -> None:
    """`$defs` and `#` are found; what leads out of the schema, in circles or nowhere directs nothing."""
    tree: dict[str, Any] = {
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {"v": INTEGER, "below": {"type": "array", "items": {"$ref": "#"}}},
            },
        },
    }
    assert from_xml({"v": "1", "below": {"v": "2"}}, tree) == {"v": 1, "below": [{"v": 2}]}
    for nowhere in ({"$ref": "#/x/y"}, {"$ref": "https://example.test/"}, {"$ref": "#"}, {"$ref": 1}):
        assert from_xml("1", nowhere) == "1"


def test_alternatives_of_objects_are_told_by_what_they_require() -> None:
    """The first object whose required members are there directs the reading."""
    schema = {
        "oneOf": [
            {"type": "object", "required": ["a"], "properties": {"a": TEXT, "n": TEXT}},
            {"type": "object", "required": ["b"], "properties": {"b": TEXT, "n": INTEGER}},
        ]
    }
    assert from_xml({"b": "x", "n": "1"}, schema) == {"b": "x", "n": 1}


def test_alternatives_that_lead_back_to_themselves_are_looked_at_once() -> None:
    """A schema that names itself in each of its alternatives costs no more than one that does not."""
    again = {"$ref": "#/$defs/a"}
    schema = {"$defs": {"a": {"anyOf": [again, again, {"anyOf": [again, again, INTEGER]}]}}, **again}
    assert from_xml("12", schema) == 12
