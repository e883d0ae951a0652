"""What SOUND calls compatible is never refuted: not by a document, not by an independent oracle."""

from __future__ import annotations

import random
from typing import Any, Final

import jsonschema_rs
import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas.compatibility import Level, Policy, SchemaText, UnusableSchema, Verdict, check
from tests import soak
from tests.properties.schemas.strategies import ADDRESS, DOCUMENTS, Maker

VALIDATORS: Final[dict[int, Any]] = {
    4: jsonschema_rs.Draft4Validator,
    6: jsonschema_rs.Draft6Validator,
    7: jsonschema_rs.Draft7Validator,
    2019: jsonschema_rs.Draft201909Validator,
    2020: jsonschema_rs.Draft202012Validator,
}
SEEDS: Final = st.integers(0, 2**40)
ROUNDS: Final = soak.rounds(16)
"""Steps per example: a schema is drawn in microseconds, an example of the search costs more."""


def step(seed: int) -> tuple[int, Any, Any]:
    """(dialect, older version, newer version)."""
    chance = random.Random(seed)
    dialect = chance.choice(sorted(ADDRESS))
    maker = Maker(chance, dialect, refs=chance.random() < 0.4)
    old = maker.document()
    return dialect, old, maker.edited(old) if chance.random() < 0.85 else maker.document()


def sound(old: Any, new: Any) -> Verdict | None:
    """The verdict; None where a schema refers to itself without end."""
    texts = [SchemaText(msgspec.json.encode(schema).decode()) for schema in (old, new)]
    try:
        return check(texts[:1], texts[1], Level.BACKWARD, Policy.SOUND)
    except UnusableSchema as error:
        if error.kind != "endless":
            raise
        return None


@given(SEEDS)
def test_no_document_refutes_a_proof(seed: int) -> None:
    """No document of the pool is valid under the older version and invalid under the newer one."""
    for number in range(ROUNDS):
        dialect, old, new = step(seed + number)
        verdict = sound(old, new)
        if verdict is None or not verdict.compatible:
            continue
        validators = [VALIDATORS[dialect](schema, validate_formats=True) for schema in (old, new)]
        refuting = [d for d in DOCUMENTS if validators[0].is_valid(d) and not validators[1].is_valid(d)]
        assert refuting == [], (old, new)


@given(SEEDS)
def test_the_oracle_never_says_no_to_a_proof(seed: int) -> None:
    """`jsonschema_rs` finds no value that the older version has and the newer one has not."""
    for number in range(ROUNDS):
        _, old, new = step(seed + number)
        verdict = sound(old, new)
        if verdict is None or not verdict.compatible:
            continue
        try:
            canonical = [jsonschema_rs.canonicalize(schema, validate_formats=True) for schema in (old, new)]
            answer = canonical[1].covers(canonical[0])
        except (jsonschema_rs.canonical.UnsupportedOperand, jsonschema_rs.canonical.UnsupportedResult):
            continue
        assert answer is not jsonschema_rs.canonical.Containment.NO, (old, new)


@given(SEEDS)
def test_refusals_name_a_place_and_a_remedy(seed: int) -> None:
    """Whatever is refused says where, what and what to do; what is equal is never refused."""
    _, old, new = step(seed)
    verdict = sound(old, new)
    if verdict is not None and not verdict.compatible:
        assert verdict.refusals
        assert all(d.path.startswith("#") and d.message and d.hint for d in verdict.refusals)
    same = sound(old, {**old, "title": "another"})
    assert same is None or same.compatible


def test_words_change_nothing() -> None:
    """A title, a description or a comment anywhere in a schema is never why a version is refused, nor are members called so."""
    of_items = {"anyOf": [{"minItems": 1}, {"uniqueItems": True}], "unevaluatedItems": {"type": "number", "minimum": 2}}
    schema = {"$schema": ADDRESS[2020], "properties": {"title": {"type": "string"}, "list": of_items}}
    words = {"title": "other", "description": "more", "$comment": "why"}
    members: dict[str, Any] = {"title": {"type": "string", **words}, "list": {**of_items, **words}}
    said = {**schema, **words, "properties": members}
    verdicts = [sound(old, new) for old, new in ((schema, said), (said, schema))]
    assert [verdict is not None and verdict.compatible for verdict in verdicts] == [True, True]
    changed = {**said, "properties": {**members, "title": {"type": "number"}}}
    refused = sound(schema, changed)
    assert refused is not None
    assert [found.path for found in refused.refusals] == ["#/properties/title/type"]


def test_most_steps_are_told_apart() -> None:
    """The property is not empty: proofs are found and documents refute steps; of the steps that no document refutes,
    nearly all are proved."""
    proved = refuted = open_ = 0
    for seed in range(400):
        dialect, old, new = step(seed)
        verdict = sound(old, new)
        if verdict is None:
            continue
        validators = [VALIDATORS[dialect](schema, validate_formats=True) for schema in (old, new)]
        if any(validators[0].is_valid(d) and not validators[1].is_valid(d) for d in DOCUMENTS):
            refuted += 1
        elif verdict.compatible:
            proved += 1
        else:
            open_ += 1
    assert refuted > 60
    assert open_ < proved / 20
