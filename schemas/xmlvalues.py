"""From what XML says to plain JSON values, directed by a JSON Schema.

Rule: pure, and never a guess. A text becomes a number, a boolean or null only where the schema allows no text; what does
not fit stays as it is, so that the contract check names it. XML cannot say how many a list has when it has one or none:
one element becomes a list where a list is due; a required list that is missing is empty, and a required member that may
be null and is missing is null, because neither has another spelling. An empty element is "", {}, [] or null as the
schema says; null for a text that may be null and must not be empty. References reach within the schema only; `anyOf` and
`oneOf` are followed, `allOf` is not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ITEM: Final = "item"
"""Element of a list that has no name of its own."""

MAX_DIGITS: Final = 40
"""Characters of a number; longer texts stay text."""

_DEEPEST: Final = 128
_ANY: Final[Mapping[str, Any]] = {}  # one object: what is due is remembered by identity
_INTEGER = re.compile(r"[ \t\r\n]*(-?(?:0|[1-9][0-9]*))[ \t\r\n]*")
_NUMBER = re.compile(r"[ \t\r\n]*(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?)[ \t\r\n]*")
_BOOLEANS: Final = {"true": True, "false": False}
_NAMES: Final = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}

Schema = Mapping[str, Any]


def from_xml(value: Any, schema: Schema) -> Any:
    """The value that `schema` means by what the XML says: texts, lists of repeated elements, objects."""
    return _Reader(schema).read(value, schema, 0)


@dataclass(frozen=True, slots=True)
class _Due:
    """What may stand at a place: the types together, the objects among them, the schema of a list's items."""

    types: frozenset[str]
    objects: tuple[Schema, ...]
    items: Any
    blank: bool  # whether an empty text fits

    @property
    def only_list(self) -> bool:
        return self.types - {"null"} == {"array"}


class _Reader:
    def __init__(self, root: Schema) -> None:
        self._root = root
        self._due: dict[int, _Due] = {}

    def read(self, value: Any, schema: Any, depth: int) -> Any:
        due = self._what_is_due(schema)
        if depth > _DEEPEST or not due.types:
            return value
        if type(value) is str:
            return self._read_text(value, due, depth)
        if type(value) is dict:
            return self._read_object(value, due, depth)
        if type(value) is list and "array" in due.types:
            return [self.read(each, due.items, depth + 1) for each in value]
        return value

    def _read_text(self, text: str, due: _Due, depth: int) -> Any:
        types = due.types
        if "string" in types:
            return None if not text and "null" in types and not due.blank else text
        if not text.strip() and not types.isdisjoint({"array", "object", "null"}):
            if "array" in types:
                return []
            return self._read_members({}, due.objects[0], depth) if due.objects else None
        if "array" in types and not due.objects:
            return [self.read(text, due.items, depth + 1)]
        return _scalar(text, types)

    def _read_object(self, value: dict[str, Any], due: _Due, depth: int) -> Any:
        if due.objects:
            return self._read_members(value, _fitting(due.objects, value), depth)
        if "array" not in due.types:
            return value
        inner = value[ITEM] if set(value) == {ITEM} else value
        each = inner if type(inner) is list else [inner]
        return [self.read(one, due.items, depth + 1) for one in each]

    def _read_members(self, value: dict[str, Any], schema: Schema, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        rest = schema.get("additionalProperties", True)
        made = {name: self._read_member(inner, properties.get(name, rest), depth + 1) for name, inner in value.items()}
        for name in schema.get("required", ()):
            if name not in made:
                due = self._what_is_due(properties.get(name, _ANY))
                if due.only_list:
                    made[name] = []
                elif "null" in due.types:
                    made[name] = None
        return made

    def _read_member(self, value: Any, schema: Any, depth: int) -> Any:
        """A list's name is its element's. `<item>` in it is a wrapper of some senders, unless the elements have one."""
        if type(value) is dict and set(value) == {ITEM}:
            due = self._what_is_due(schema)
            each = self._what_is_due(due.items)
            if due.only_list and (each.only_list or any(ITEM in one.get("properties", ()) for one in each.objects)):
                value = [value]
        return self.read(value, schema, depth)

    def _what_is_due(self, schema: Any) -> _Due:
        due = self._due.get(id(schema))
        if due is None:
            choices = self._choices(schema, set())
            lists = [choice for choice in choices if "array" in _types(choice)]
            due = self._due[id(schema)] = _Due(
                frozenset(each for choice in choices for each in _types(choice)),
                tuple(choice for choice in choices if "object" in _types(choice)),
                lists[0].get("items", _ANY) if lists else _ANY,
                any(_takes_blank(choice) for choice in choices if "string" in _types(choice)),
            )
        return due

    def _choices(self, schema: Any, met: set[int]) -> list[Schema]:
        """The schemas without references and alternatives that a value may follow. `met`: those that were looked at,
        which have nothing to add and may lead back to themselves."""
        if not isinstance(schema, Mapping) or id(schema) in met:
            return []
        met.add(id(schema))
        if "$ref" in schema:
            return self._choices(self._resolve(schema["$ref"]), met)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return [choice for each in schema[word] for choice in self._choices(each, met)]
        return [schema]

    def _resolve(self, reference: Any) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#"):
            return None
        found: Any = self._root
        for step in reference[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            found = found.get(name) if isinstance(found, Mapping) else None
        return found


def _types(schema: Schema) -> tuple[str, ...]:
    """The types that a schema allows; where it names none, those of its constants, or what its words are about."""
    named = schema.get("type")
    if isinstance(named, str):
        return (named,)
    if isinstance(named, list | tuple):
        return tuple(named)
    constants = schema.get("enum", [schema["const"]] if "const" in schema else [])
    about = [name for word, name in (("properties", "object"), ("items", "array")) if word in schema]
    return tuple({_NAMES.get(type(each), "") for each in constants}) or tuple(about)


def _takes_blank(schema: Schema) -> bool:
    """Whether the schema of a text takes an empty one."""
    if "" not in schema.get("enum", [schema.get("const", "")]) or schema.get("minLength", 0) > 0 or "format" in schema:
        return False
    try:
        return re.search(schema.get("pattern", ""), "") is not None
    except (re.error, TypeError):
        return True


def _fitting(objects: tuple[Schema, ...], value: Mapping[str, Any]) -> Schema:
    """Of several objects the first whose required members are all there."""
    for schema in objects:
        if all(name in value for name in schema.get("required", ())):
            return schema
    return objects[0]


def _scalar(text: str, types: frozenset[str]) -> Any:
    if "boolean" in types and (truth := _BOOLEANS.get(text.strip())) is not None:
        return truth
    if len(text) <= MAX_DIGITS:
        if not types.isdisjoint({"integer", "number"}) and (found := _INTEGER.fullmatch(text)):
            return int(found[1])
        if "number" in types and (found := _NUMBER.fullmatch(text)) and math.isfinite(number := float(found[1])):
            return number
    return None if "null" in types and text.strip() == "null" else text
