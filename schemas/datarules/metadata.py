"""Metadata of a contract: tags by path, properties, which of them are sensitive; and the masking that tags ask for.

A path is dotted: `address.street`; `*` stands for one member, `**` for any number of them, none too. Lists are walked
through without a step of their own. A leading `$.` is taken off.

Rule: where nothing says which members are personal, all of them are: a value of a contract without tags is masked whole.
Masking keeps the structure and the kinds of brackets, never a value, its length or its kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from schemas.errors import SchemaError

PERSONAL: Final = frozenset({"pii", "phi", "sensitive"})
"""Tags, in small letters, that ask for masking."""
MASK: Final = "\N{BULLET}" * 3
DIGITS: Final = 5
"""So many in the name of a member make it a number of somebody's."""
MOST_TAGS: Final = 1000
MOST_NESTED: Final = 64

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metadata:
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    sensitive: frozenset[str] = frozenset()

    @property
    def owner(self) -> str:
        return self.properties.get("owner", "")

    @property
    def shown_properties(self) -> dict[str, str]:
        """The properties, those that are sensitive masked."""
        return {name: MASK if name in self.sensitive else value for name, value in self.properties.items()}

    @property
    def personal(self) -> tuple[Path, ...]:
        """Paths of what is personal."""
        return tuple(split(path) for path, tags in self.tags.items() if {tag.lower() for tag in tags} & PERSONAL)


def read_metadata(raw: object) -> Metadata:
    """Metadata as the registry takes it; None is none. Raises `SchemaError` of kind `metadata`."""
    if raw is None:
        return Metadata()
    if not isinstance(raw, dict) or not raw.keys() <= {"tags", "properties", "sensitive"}:
        raise SchemaError("metadata", "tags, properties and sensitive expected")
    tags, properties = raw.get("tags") or {}, raw.get("properties") or {}
    sensitive = raw.get("sensitive") or []
    if not isinstance(tags, dict) or not all(_texts(value) for value in tags.values()):
        raise SchemaError("metadata", "tags: an object of lists of texts expected")
    if sum(len(value) for value in tags.values()) > MOST_TAGS:
        raise SchemaError("metadata", f"tags: more than {MOST_TAGS}")
    if not isinstance(properties, dict) or not all(isinstance(value, str) for value in properties.values()):
        raise SchemaError("metadata", "properties: an object of texts expected")
    if not _texts(sensitive):
        raise SchemaError("metadata", "sensitive: a list of texts expected")
    return Metadata({path: tuple(found) for path, found in tags.items()}, dict(properties), frozenset(sensitive))


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def split(path: str) -> Path:
    """The steps of a path."""
    return tuple(step for step in path.removeprefix("$").strip(".").split(".") if step)


def inline_tags(schema: Any) -> dict[str, tuple[str, ...]]:
    """Tags that stand in a JSON Schema itself (`confluent:tags` on a property), by path."""
    return dict(_inline(schema, (), 0))


def _inline(schema: Any, path: Path, depth: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    if not isinstance(schema, dict) or depth > MOST_NESTED:
        return
    tags: Any = schema.get("confluent:tags")
    if path and _texts(tags):
        yield ".".join(path), tuple(tags)
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        yield from _inline(inner, (*path, name), depth + 1)
    items = schema.get("items")
    for inner in items if isinstance(items, list) else (items,):
        yield from _inline(inner, path, depth + 1)


def mask(value: Any, personal: Iterable[Path] | None) -> Any:
    """A copy of `value` in which what is personal is masked. `personal` None: nobody has said what is, so all is."""
    if personal is None:
        return _mask_all(value, 0)
    return _mask(value, tuple(personal), 0)


def _mask_all(value: Any, depth: int) -> Any:
    if depth > MOST_NESTED:
        return MASK
    if isinstance(value, dict):
        return {_name(name, n): _mask_all(inner, depth + 1) for n, (name, inner) in enumerate(value.items(), 1)}
    if isinstance(value, list):
        return [_mask_all(inner, depth + 1) for inner in value]
    return None if value is None else MASK


def _mask(value: Any, paths: tuple[Path, ...], depth: int) -> Any:
    if any(not path or set(path) == {"**"} for path in paths):
        return _mask_all(value, depth)
    if depth > MOST_NESTED:
        return MASK
    if isinstance(value, list):
        return [_mask(inner, paths, depth + 1) for inner in value]
    if isinstance(value, dict):
        shown = enumerate(value.items(), 1)
        return {_name(name, n): _mask(inner, _below(paths, name), depth + 1) for n, (name, inner) in shown}
    return value


def _name(name: str, n: int) -> str:
    """The name of a member, which may be somebody's number."""
    return f"{MASK}{n}" if sum(c.isdigit() for c in name) >= DIGITS else name


def _below(paths: tuple[Path, ...], name: str) -> tuple[Path, ...]:
    """What is left of the paths one member further down."""
    found: list[Path] = []
    for path in paths:
        step, rest = path[0], path[1:]
        if step == "**":
            found.append(path)
            if rest and rest[0] in {name, "*"}:
                found.append(rest[1:])
        elif step in {name, "*"}:
            found.append(rest)
    return tuple(dict.fromkeys(found))
