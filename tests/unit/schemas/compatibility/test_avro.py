"""Avro by Apache's own checker, behind the same verdict."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from schemas.compatibility import Level, Policy, SchemaText, UnusableSchema, check


def avro(schema: Any, **references: Any) -> SchemaText:
    """An Avro schema as it is registered."""
    named = {name: msgspec.json.encode(value).decode() for name, value in references.items()}
    return SchemaText(msgspec.json.encode(schema).decode(), "AVRO", named)


def record(*fields: Any) -> dict[str, Any]:
    """A record `r`."""
    return {"type": "record", "name": "r", "fields": list(fields)}


A, B = {"name": "a", "type": "int"}, {"name": "b", "type": "string"}

CASES: list[tuple[str, Any, Any, list[str], list[str]]] = [
    ("promotion", "int", "long", [], ["AVRO_TYPE_MISMATCH"]),
    ("a field with a default", record(A), record(A, {**B, "default": ""}), [], []),
    ("a field without one", record(A), record(A, B), ["AVRO_READER_FIELD_MISSING_DEFAULT_VALUE"], []),
    ("a union with more", ["int"], ["int", "null"], [], ["AVRO_MISSING_UNION_BRANCH"]),
    ("symbols", {"type": "enum", "name": "e", "symbols": ["A"]}, {"type": "enum", "name": "e", "symbols": ["A", "B"]}, [], ["AVRO_MISSING_ENUM_SYMBOLS"]),
    ("size", {"type": "fixed", "name": "f", "size": 2}, {"type": "fixed", "name": "f", "size": 3}, ["AVRO_FIXED_SIZE_MISMATCH"], ["AVRO_FIXED_SIZE_MISMATCH"]),
    ("name", record(A), {**record(A), "name": "s"}, ["AVRO_NAME_MISMATCH"], ["AVRO_NAME_MISMATCH"]),
    ("recursion", record(A, {"name": "n", "type": ["null", "r"]}), record(A, {"name": "n", "type": ["null", "r"]}), [], []),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "backward", "forward"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
@pytest.mark.parametrize("policy", list(Policy))
def test_rules(policy: Policy, old: Any, new: Any, backward: list[str], forward: list[str]) -> None:
    """Both directions, the same under every policy; each refusal with words and a hint."""
    for level, expected in ((Level.BACKWARD, backward), (Level.FORWARD, forward)):
        found = check([avro(old)], avro(new), level, policy)
        assert [d.kind for d in found.refusals] == expected
        assert found.compatible is (expected == [])
        assert all(d.message and d.hint and d.path.startswith("#") for d in found.refusals)


def test_types_are_given_as_texts() -> None:
    """A name is answered by the references, never by anything else."""
    part = {"type": "record", "name": "p", "fields": [A]}
    whole = record({"name": "part", "type": "p"})
    new = avro(whole, p={**part, "fields": [A, {**B, "default": ""}]})
    assert check([avro(whole, p=part)], new, Level.FULL, Policy.STRICT).compatible
    with pytest.raises(UnusableSchema) as raised:
        check([], avro(whole), Level.NONE, Policy.STRICT)
    assert (raised.value.kind, raised.value.which) == ("avro", "new")


@pytest.mark.parametrize(
    "broken", ["", "{", '"nothing"', "[]]", '{"type":"record"}', '{"type":"enum","name":"e"}', "1", "null"]
)
def test_what_is_no_schema(broken: str) -> None:
    """Whatever the parser raises is an error of this engine."""
    with pytest.raises(UnusableSchema):
        check([], SchemaText(broken, "AVRO"), Level.BACKWARD, Policy.SOUND)


def test_deep_texts_raise_nothing_else() -> None:
    """Nesting beyond what the parser takes."""
    with pytest.raises(UnusableSchema):
        check([], SchemaText('{"type":"array","items":' * 400 + '"int"' + "}" * 400, "AVRO"), Level.NONE, Policy.STRICT)


def test_a_logical_type_without_meaning_is_ignored() -> None:
    """As the specification says; no warning reaches anybody."""
    strange = {"type": "int", "logicalType": "strange"}
    assert check([avro(strange)], avro("int"), Level.FULL, Policy.STRICT).compatible


def test_unions_too_wide_are_undecided() -> None:
    """Apache's checker knows no budget: what might take it too long is not given to it."""
    wide = [{"type": "fixed", "name": f"f{n}", "size": 1} for n in range(2000)]
    found = check([avro(wide)], avro([*wide, "null"]), Level.BACKWARD, Policy.STRICT)
    assert (found.outcome, [d.kind for d in found.refusals]) == ("undecided", ["BUDGET_EXCEEDED"])
    assert check([avro(wide[:60])], avro([*wide[:60], "null"]), Level.BACKWARD, Policy.STRICT).compatible
