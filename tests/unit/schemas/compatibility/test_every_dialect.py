"""The reference's rules, sentence by sentence, in every dialect and without one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from schemas.compatibility import Level, check
from tests.unit.schemas.compatibility.cases import LENIENT, STRICT, text

DIALECTS = {
    "4": "http://json-schema.org/draft-04/schema#",
    "6": "http://json-schema.org/draft-06/schema#",
    "7": "http://json-schema.org/draft-07/schema#",
    "2019": "https://json-schema.org/draft/2019-09/schema",
    "2020": "https://json-schema.org/draft/2020-12/schema",
    "none": None,
}
S, W, N, A = ({"type": name} for name in ("string", "integer", "number", "array"))
DEFAULT = {"type": "integer", "default": 1}


class Step(NamedTuple):
    """One change and what the two policies say to it."""

    old: Any
    new: Any
    strict: bool
    lenient: bool


def step(old: Any, new: Any, answer: bool, lenient: bool | None = None) -> Step:
    return Step(old, new, answer, answer if lenient is None else lenient)


def obj(properties: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **members}


def models() -> Iterator[Step]:
    """Properties that come and go: twelve with three models, and what covers them."""
    one, two = {"a": S}, {"a": S, "b": W}
    kinds: list[tuple[dict[str, Any], bool, bool]] = [
        ({"additionalProperties": False}, False, False),
        ({}, True, False),
        ({"additionalProperties": W}, False, True),
    ]
    for more, open_, partial in kinds:
        before, fine = obj(one, **more), not open_
        yield step(before, obj(two, **more), fine, True)
        yield step(before, obj({**one, "b": DEFAULT}, required=["b"], **more), fine, True)
        yield step(before, obj(two, required=["b"], **more), False)
        yield step(obj(two, **more), before, open_ or partial, True)
        yield step(obj(two, required=["b"], **more), before, open_ or partial, True)
    yield step(obj(one), obj({**one, "b": {}}), True)
    for other in ({"additionalProperties": N}, {"patternProperties": {"^b": N}}):
        yield step(obj(one, **other), obj(two, **other), False, True)
        yield step(obj(two, **other), obj(one, **other), True)
    yield step(obj(one), obj(one, required=["a"]), False)
    yield step(obj(one), obj({"a": {**S, "default": "x"}}, required=["a"]), True)
    yield step(obj(one), obj(one, required=["undeclared"]), True)
    yield step(obj(one, required=["a"]), obj(one), True)
    ways: list[Any] = [False, W, N, True]
    for low, less in enumerate(ways):
        for more_ in ways[low + 1 :]:
            before, after = obj(one, additionalProperties=less), obj(one, additionalProperties=more_)
            yield step(before, after, True)
            yield step(after, before, False, not (less is W and more_ is N))


def bounds() -> Iterator[Step]:
    """Rules on values: added or tightened no, loosened or removed yes."""
    for base, most, least in ((S, "maxLength", "minLength"), (N, "maximum", "minimum"), (A, "maxItems", "minItems")):
        for keyword, loose, tight in ((most, 5, 3), (least, 3, 5)):
            yield step(base, {**base, keyword: loose}, False)
            yield step({**base, keyword: loose}, {**base, keyword: tight}, False)
            yield step({**base, keyword: tight}, {**base, keyword: loose}, True)
            yield step({**base, keyword: tight}, base, True)
    yield step(S, {**S, "pattern": "a"}, False)
    yield step({**S, "pattern": "a"}, {**S, "pattern": "b"}, False)
    yield step({**S, "pattern": "a"}, S, True)
    for before, after, answer in ((10, 5, True), (5, 10, False), (7, 5, False)):
        yield step({**N, "multipleOf": before}, {**N, "multipleOf": after}, answer)
    yield step(W, N, True)
    yield step(N, W, False)
    yield step(A, {**A, "uniqueItems": True}, False)
    yield step({**S, "enum": ["a"]}, {**S, "enum": ["a", "b"]}, True)
    yield step({**S, "enum": ["a", "b"]}, {**S, "enum": ["a", "c"]}, False)
    yield step({"not": S}, {"not": {**S, "maxLength": 3}}, True)
    yield step({"not": {**S, "maxLength": 3}}, {"not": S}, False)
    yield step(S, W, False)
    yield step(S, {}, True)
    yield step({**S, "title": "a", "default": "b"}, {**S, "title": "c", "description": "d"}, True)
    yield step(A, {**A, "items": W}, False)
    yield step({**A, "items": W}, {**A, "items": N}, True)
    yield step({**A, "items": W}, A, True)


def branches() -> Iterator[Step]:
    """Combined schemas: which criterion may become which, and which branches may come and go."""
    for criterion in ("oneOf", "anyOf"):
        yield step({criterion: [S]}, {criterion: [S, W]}, True)
        yield step({criterion: [S, W]}, {criterion: [W, S]}, True)
        yield step({criterion: [S, W]}, {criterion: [S]}, False)
        yield step(S, {criterion: [S, W]}, True)
        yield step({"type": "boolean"}, {criterion: [S, W]}, False)
        yield step({criterion: [S, W]}, S, False)
        yield step({criterion: [S, W]}, {"allOf": [S, W]}, False)
    yield step({"allOf": [S]}, {"allOf": [S, {"maxLength": 3}]}, False)
    yield step({"allOf": [S, {**S, "maxLength": 3}]}, {"allOf": [S]}, True)
    yield step({"oneOf": [S, W]}, {"anyOf": [S, W]}, True)
    yield step({"allOf": [S, W]}, {"anyOf": [S, W]}, True)
    yield step({"anyOf": [S, W]}, {"oneOf": [S, W]}, False)
    yield step({"oneOf": [S]}, {"allOf": [S]}, True)
    yield step({"anyOf": [S]}, {"oneOf": [S, W]}, True)
    yield step({"allOf": [S, W]}, {"oneOf": [S]}, True)
    yield step({"allOf": [S, {**S, "maxLength": 2}]}, S, True)
    yield step({"allOf": [W, N]}, S, False)
    yield step(S, {"type": ["string", "integer"]}, True)
    yield step({"type": ["string", "integer"]}, S, False)


@pytest.mark.parametrize("make", [models, bounds, branches])
@pytest.mark.parametrize("dialect", list(DIALECTS))
def test_the_rules_hold_in_every_dialect(dialect: str, make: Any) -> None:
    """What the rules say does not depend on how new a schema is."""
    head = {} if DIALECTS[dialect] is None else {"$schema": DIALECTS[dialect]}
    disagreed = []
    for found in make():
        old, new = text({**head, **found.old}), text({**head, **found.new})
        for policy, answer in ((STRICT, found.strict), (LENIENT, found.lenient)):
            if check([old], new, Level.BACKWARD, policy).compatible is not answer:
                disagreed.append((policy, found.old, found.new, answer))
    assert disagreed == []
