"""Values to XML and back, directed by a schema that they conform to.

Not covered, because XML has no other spelling for them: an absent list beside an empty one that is required, a list
whose only element is empty, null beside absence, and texts in which XML normalises line ends or that it cannot hold.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.xmlvalues import from_xml
from signing import forms, jsontext
from tests.properties.signing.test_forms import XML_NAMES, XML_TEXTS

Pair = tuple[dict[str, Any], Any]
"""A schema and a value that conforms to it."""

LEAVES = st.one_of(
    XML_TEXTS.map(lambda text: ({"type": "string"}, text)),
    st.integers(-(2**53), 2**53).map(lambda number: ({"type": "integer"}, number)),
    st.floats(0.001, 9_999_999.0).map(lambda number: ({"type": "number"}, number)),
    st.booleans().map(lambda truth: ({"type": "boolean"}, truth)),
    st.integers(0, 9).map(lambda number: ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, number)),
    st.sampled_from([7, 8]).map(lambda number: ({"enum": [7, 8]}, number)),
)


def objects(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    def build(members: dict[str, Pair]) -> Pair:
        properties = {name: schema for name, (schema, _) in members.items()}
        return (
            {"type": "object", "properties": properties, "required": list(members), "additionalProperties": False},
            {name: value for name, (_, value) in members.items()},
        )

    return st.dictionaries(XML_NAMES | st.just("item"), inner, min_size=1, max_size=4).map(build)


def lists(inner: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    def build(one: Pair, count: int) -> Pair:
        schema, value = one
        return {"type": "array", "items": schema}, [] if value in ("", [], [[]]) else [value] * count

    return st.builds(build, inner, st.integers(0, 3))


PAIRS = st.recursive(LEAVES, lambda inner: objects(inner) | lists(inner), max_leaves=8)


@given(st.one_of(objects(PAIRS), lists(PAIRS)), st.sampled_from(["request", "response"]))
def test_a_conforming_value_comes_back_from_xml(pair: Pair, kind: forms.Kind) -> None:
    """Rendered as XML, parsed, and directed by its schema, a value is itself again, types included."""
    schema, value = pair
    data = forms.render_data_xml({"esbBody": value}, wrap=kind == "request")
    actual = from_xml(forms.read_data(data, "xml")["esbBody"], schema)
    assert jsontext.render(portable_numbers(actual)) == jsontext.render(portable_numbers(value))


def portable_numbers(value: Any) -> Any:
    """1.0 and 1 are one number, in JSON Schema as in XML."""
    if isinstance(value, dict):
        return {name: portable_numbers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [portable_numbers(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


XML_VALUES = st.recursive(
    st.text(max_size=6),
    lambda inner: st.dictionaries(XML_NAMES, inner, max_size=3) | st.lists(inner, min_size=2, max_size=3),
    max_leaves=8,
)
SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {},
            True,
            {"type": "string"},
            {"type": ["integer", "null"]},
            {"$ref": "#"},
            {"$ref": "#/$defs/x"},
            {"type": "null"},
        ]
    ),
    lambda inner: st.one_of(
        inner.map(lambda schema: {"type": "array", "items": schema}),
        st.dictionaries(XML_NAMES, inner, max_size=3).map(
            lambda each: {"type": "object", "properties": each, "required": list(each)}
        ),
        st.lists(inner, min_size=1, max_size=2).map(lambda each: {"anyOf": each}),
    ),
    max_leaves=6,
)


@given(XML_VALUES, SCHEMAS)
def test_whatever_the_schema_no_text_is_lost(value: Any, schema: Any) -> None:
    """Any value under any schema: nothing is raised, and every text that is not blank is still there, read or not."""

    def leaves(inner: Any) -> list[str]:
        if isinstance(inner, dict):
            return [leaf for each in inner.values() for leaf in leaves(each)]
        if isinstance(inner, list):
            return [leaf for each in inner for leaf in leaves(each)]
        return [] if inner is None or not str(inner).strip() else [str(inner).strip()]

    actual = from_xml(value, schema if isinstance(schema, dict) else {"anyOf": [schema]})
    read = {"0", "-0", "null"}  # may be written otherwise, or be nothing
    assert [leaf for leaf in leaves(actual) if leaf not in read] == [leaf for leaf in leaves(value) if leaf not in read]
