"""No schema makes the engine raise anything but its own error, or work past its budget."""

from __future__ import annotations

import random
import time
from typing import Any, Final

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.compatibility import Allowance, Level, Policy, SchemaText, UnusableSchema, check
from tests import soak
from tests.properties.schemas.strategies import ADDRESS, Maker

KEYWORDS: Final = (
    "$schema", "$id", "id", "$ref", "$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$defs",
    "definitions", "type", "enum", "const", "properties", "patternProperties", "additionalProperties", "propertyNames",
    "required", "dependencies", "dependentRequired", "dependentSchemas", "items", "prefixItems", "additionalItems", "contains",
    "minContains", "maxContains", "unevaluatedItems", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "not", "if", "then",
    "else", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "pattern",
    "format", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties", "contentEncoding", "default",
)  # fmt: skip
TEXTS: Final = st.sampled_from([
    "#", "#/", "#/$defs/a", "#/definitions/a", "a", "#a", "", "(", "(?=x)", "^a", "string", "object", "integer", "date", "//[",
    "urn:a", "http://a/b#c", "#/allOf/0", "%zz", "#/%24defs/a", *ADDRESS.values(),
])  # fmt: skip
NUMBERS: Final = (
    st.integers(-3, 5) | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([10**40, 1e300, 1e-300])
)
LEAVES: Final = st.none() | st.booleans() | NUMBERS | TEXTS
ANYTHING: Final = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYWORDS) | st.sampled_from(["a", "b"]), inner, max_size=4)
    ),
    max_leaves=25,
)
SCHEMAS: Final = st.dictionaries(st.sampled_from(KEYWORDS), ANYTHING, max_size=6) | st.booleans()
SMALL: Final = Allowance(steps=20_000, seconds=0.5)


def text(schema: Any) -> SchemaText:
    """A schema as text, with one named reference."""
    return SchemaText(msgspec.json.encode(schema).decode(), references={"a": '{"$defs":{"a":{"type":"string"}}}'})


def ask(old: SchemaText, new: SchemaText) -> None:
    """Every policy; within the budget, with room for a busy machine."""
    for policy in Policy:
        began = time.monotonic()
        try:
            verdict = check([old], new, Level.FULL, policy, allowance=SMALL)
        except UnusableSchema as error:
            if error.which not in {"new", "old 0"}:
                raise
        else:
            assert verdict.compatible is not bool(verdict.refusals)
        assert time.monotonic() - began < 10 * SMALL.seconds


@given(SCHEMAS, SCHEMAS)
def test_keywords_with_any_values(old: Any, new: Any) -> None:
    """Right words with wrong, odd and hostile values."""
    ask(text(old), text(new))


@given(st.integers(0, 2**40), st.sampled_from(KEYWORDS), ANYTHING)
def test_schemas_with_one_odd_keyword(seed: int, keyword: str, value: Any) -> None:
    """A good schema next to the same with something odd in it."""
    chance = random.Random(seed)
    schema = Maker(chance, chance.choice(sorted(ADDRESS))).document()
    ask(text(schema), text({**schema, keyword: value}))


@given(st.binary(max_size=60), st.sampled_from(["JSON", "AVRO"]))
def test_any_bytes(junk: bytes, kind: Any) -> None:
    """Bytes that are no schema at all."""
    ask(SchemaText(junk, kind), SchemaText(junk, kind))


@given(ANYTHING, ANYTHING)
def test_avro_of_any_shape(old: Any, new: Any) -> None:
    """JSON that is hardly Avro."""
    ask(*(SchemaText(msgspec.json.encode(schema).decode(), "AVRO") for schema in (old, new)))


@settings(max_examples=soak.rounds(15))
@given(st.integers(2, 12), st.integers(1, 5), st.sampled_from(["oneOf", "anyOf", "allOf"]), st.booleans())
def test_entangled_schemas(branches: int, members: int, criterion: str, widened: bool) -> None:
    """Branches whose members are all branches again, of any size: an answer within the budget."""

    def graph(last: Any) -> Any:
        definitions: dict[str, Any] = {
            f"b{n}": {"properties": {f"p{k}": {"$ref": "#/$defs/any"} for k in range(members)}} for n in range(branches)
        }
        definitions["b0"]["properties"]["p0"] = last
        definitions["any"] = {criterion: [{"$ref": f"#/$defs/b{n}"} for n in range(branches)]}
        return {"$schema": ADDRESS[2020], "$ref": "#/$defs/any", "$defs": definitions}

    ask(text(graph({"type": "integer"})), text(graph({"type": "number"} if widened else {"type": "string"})))
