"""Schemas of every dialect, edits that turn one into the next version, and documents to refute a verdict with."""

from __future__ import annotations

import copy
import random
from functools import partial
from itertools import combinations, product
from typing import Any, Final

ADDRESS: Final = {
    4: "http://json-schema.org/draft-04/schema#",
    6: "http://json-schema.org/draft-06/schema#",
    7: "http://json-schema.org/draft-07/schema#",
    2019: "https://json-schema.org/draft/2019-09/schema",
    2020: "https://json-schema.org/draft/2020-12/schema",
}
NAMES: Final = ("a", "b", "x_1", "x_b")
PATTERNS: Final = ("^x_", "^a", "b$", "1")
FORMATS: Final = ("date", "ipv4")
TYPES: Final = ("null", "boolean", "object", "array", "number", "string", "integer")
SCALARS: Final[tuple[Any, ...]] = (
    None, True, False, 0, 1, 2, 3, 5, 10, -1, 1.5, 0.5, 2.0, "", "a", "ab", "x_1", "abc", "2020-01-01", "1.2.3.4", "é",
)  # fmt: skip


def documents() -> list[Any]:
    """A pool that meets the small schemas below from every side."""
    few: list[Any] = [None, True, 0, 1, 2, 1.5, "", "a", "ab", "x_1"]
    arrays: list[Any] = [
        [],
        *([v] for v in few),
        *(list(pair) for pair in product(few[:1] + few[2:5] + few[7:9], repeat=2)),
    ]
    arrays += [[1, "a", 2], [1, 1, 1], ["a", "a", 1], [0, 1, 2], ["ab", 1, "a", None], [[]], [[1]], [{"a": 1}], [{}]]
    objects: list[Any] = [{}]
    for size in (1, 2):
        for names in combinations(NAMES, size):
            objects += [
                dict(zip(names, values, strict=True))
                for values in product((None, 1, 2, 1.5, "a", "ab", ""), repeat=size)
            ]
    objects += [
        {"a": 1, "b": 1, "x_1": 1},
        dict.fromkeys(NAMES, "a"),
        dict.fromkeys(NAMES, 1),
        {"c": 1},
        {"ab": "a"},
    ]
    objects += [
        {name: inner} for name in NAMES for inner in ([], [1], ["a", 1], {}, {"a": 1}, {"b": "a"}, {"a": {"a": 1}})
    ]
    return [*SCALARS, *arrays, *objects]


DOCUMENTS: Final = documents()


class Maker:
    """Draws schemas. `defs`: names that a `$ref` may name."""

    def __init__(self, chance: random.Random, dialect: int, *, refs: bool = True) -> None:
        self.chance, self.dialect, self.refs = chance, dialect, refs
        self.place = "$defs" if dialect >= 2019 else "definitions"

    def document(self) -> dict[str, Any]:
        """A whole schema."""
        drawn = self.schema(3)
        schema: dict[str, Any] = drawn if isinstance(drawn, dict) else {}
        if self.refs:
            schema[self.place] = {name: self.schema(2, guarded=False) for name in ("d1", "d2")}
        schema["$schema"] = ADDRESS[self.dialect]
        return schema

    def schema(self, depth: int, *, guarded: bool = True) -> Any:
        """One schema; references only below a member or element, so that none applies itself for ever."""
        chance = self.chance
        if self.dialect > 4 and chance.random() < 0.06:
            return chance.random() < 0.6
        if self.refs and not guarded and chance.random() < 0.12:
            return {"$ref": f"#/{self.place}/{chance.choice(('d1', 'd2'))}"}
        schema: dict[str, Any] = {}
        if chance.random() < 0.7:
            schema["type"] = chance.choice(TYPES) if chance.random() < 0.7 else chance.sample(TYPES, 2)
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            self.keyword(schema, depth)
        return schema

    def keyword(self, schema: dict[str, Any], depth: int) -> None:
        """Adds a keyword, or replaces it."""
        chance, deep = self.chance, depth > 0
        one = partial(self.schema, depth - 1)
        part = partial(self.schema, depth - 1, guarded=False)
        table: dict[str, Any] = {
            "minimum": lambda: chance.choice((0, 1, 2, 1.5)),
            "maximum": lambda: chance.choice((1, 2, 3, 10)),
            "multipleOf": lambda: chance.choice((1, 2, 3, 0.5)),
            "minLength": lambda: chance.choice((0, 1, 2)),
            "maxLength": lambda: chance.choice((0, 1, 2, 3)),
            "pattern": lambda: chance.choice(PATTERNS),
            "format": lambda: chance.choice(FORMATS),
            "minItems": lambda: chance.choice((0, 1, 2)),
            "maxItems": lambda: chance.choice((0, 1, 2, 3)),
            "uniqueItems": lambda: chance.random() < 0.8,
            "minProperties": lambda: chance.choice((0, 1, 2)),
            "maxProperties": lambda: chance.choice((0, 1, 2, 3)),
            "required": lambda: chance.sample(NAMES, chance.choice((1, 1, 2))),
            "enum": lambda: chance.sample(SCALARS, chance.choice((1, 2, 3))),
        }
        if self.dialect >= 6:
            table |= {
                "const": lambda: chance.choice(SCALARS),
                "exclusiveMinimum": lambda: chance.choice((0, 1, 2)),
                "exclusiveMaximum": lambda: chance.choice((1, 2, 3)),
            }
        if self.dialect >= 2019:
            table["dependentRequired"] = lambda: {chance.choice(NAMES): chance.sample(NAMES, 1)}
        else:
            table["dependencies"] = lambda: {chance.choice(NAMES): chance.sample(NAMES, 1)}
        if deep:
            table |= {
                "properties": lambda: {name: part() for name in chance.sample(NAMES, chance.choice((1, 2)))},
                "additionalProperties": lambda: False if chance.random() < 0.5 else part(),
                "patternProperties": lambda: {
                    name: part() for name in chance.sample(PATTERNS, chance.choice((1, 1, 2)))
                },
                "allOf": lambda: [one() for _ in range(chance.choice((1, 2)))],
                "anyOf": lambda: [one() for _ in range(chance.choice((1, 2, 3)))],
                "oneOf": lambda: [one() for _ in range(chance.choice((1, 2, 3)))],
                "not": one,
                "items": part,
            }
            table |= self._newer(one, part)
        word = chance.choice(sorted(table))
        schema[word] = table[word]()
        if word == "items" and self.dialect < 2020 and chance.random() < 0.4:
            schema["items"] = [part(), part()][: chance.choice((1, 2))]
            schema["additionalItems"] = False if chance.random() < 0.4 else part()
        if word == "if":
            schema["then"], schema["else"] = one(), one()
        if word == "minimum" and self.dialect == 4 and chance.random() < 0.4:
            schema["exclusiveMinimum"] = True

    def _newer(self, one: Any, part: Any) -> dict[str, Any]:
        chance = self.chance
        table: dict[str, Any] = {}
        if self.dialect >= 6:
            table |= {"contains": part, "propertyNames": lambda: {"pattern": chance.choice(PATTERNS)}}
        if self.dialect >= 7:
            table["if"] = one
        if self.dialect >= 2019:
            table |= {
                "dependentSchemas": lambda: {chance.choice(NAMES): one()},
                "unevaluatedProperties": lambda: False if chance.random() < 0.6 else part(),
                "unevaluatedItems": lambda: False if chance.random() < 0.6 else part(),
                "minContains": lambda: chance.choice((0, 1, 2)),
                "maxContains": lambda: chance.choice((1, 2)),
            }
        if self.dialect >= 2020:
            table["prefixItems"] = lambda: [part() for _ in range(chance.choice((1, 2)))]
        return table

    def edited(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A next version: a few edits at random places."""
        new: dict[str, Any] = copy.deepcopy(schema)
        for _ in range(self.chance.choice((1, 1, 1, 2, 3))):
            self._edit(new)
        for place in _schemas(new):
            if isinstance(place, dict) and "minimum" not in place and place.get("exclusiveMinimum") is True:
                del place["exclusiveMinimum"]  # draft 4 demands the bound beside its flag
        return new

    def _edit(self, root: dict[str, Any]) -> None:
        places = [place for place in _schemas(root) if isinstance(place, dict)]
        place = self.chance.choice(places)
        words = [word for word in place if word not in {"$schema", "$defs", "definitions"}]
        if words and self.chance.random() < 0.45:
            del place[self.chance.choice(words)]
        elif "$ref" not in place:
            self.keyword(place, 1)


def _schemas(node: Any) -> list[Any]:
    found = [node]
    if isinstance(node, dict):
        for word, value in node.items():
            if word in {"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"}:
                found += [inner for each in value.values() for inner in _schemas(each)]
            elif word in {"allOf", "anyOf", "oneOf", "prefixItems"} or (word == "items" and isinstance(value, list)):
                found += [inner for each in value for inner in _schemas(each)]
            elif word in {
                "items",
                "additionalItems",
                "additionalProperties",
                "not",
                "contains",
                "if",
                "then",
                "else",
            } or (word.startswith("unevaluated")):
                found += _schemas(value)
    return found
