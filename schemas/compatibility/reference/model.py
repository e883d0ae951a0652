"""Schemas in the shape in which the reference rules see them: one kind of node each, everything else combined.

Rule: what says two things at once (`type` and `enum`, `properties` and `anyOf`, several types) is a combined node first;
that is why a path may read `#/allOf/1/enum`. Children are read when they are asked for, so circles need no care here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from schemas.compatibility import keywords as kw
from schemas.compatibility.dialects import Dialect
from schemas.compatibility.document import Library, Site, check_types, references

Kind = Literal[
    "any", "never", "string", "number", "boolean", "null", "object", "array", "enum", "const", "not", "if", "combined"
]  # fmt: skip
Criterion = Literal["allOf", "anyOf", "oneOf"]

_STRING: Final = ("minLength", "maxLength", "pattern", "format")
_NUMBER: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_ARRAY: Final = (
    "items", "additionalItems", "minItems", "maxItems", "uniqueItems", "contains", "prefixItems",
    "minContains", "maxContains", "unevaluatedItems",
)  # fmt: skip
_OBJECT: Final = (
    "properties", "required", "minProperties", "maxProperties", "dependencies", "patternProperties",
    "additionalProperties", "propertyNames", "dependentRequired", "dependentSchemas", "unevaluatedProperties",
)  # fmt: skip
_SNIFFED: Final = {"array": _ARRAY, "object": _OBJECT, "number": _NUMBER, "string": _STRING}
_SINCE: Final = {
    "contains": 6, "propertyNames": 6, "const": 6, "if": 7, "prefixItems": 2020, "minContains": 2019, "maxContains": 2019,
    "unevaluatedItems": 2019, "unevaluatedProperties": 2019, "dependentRequired": 2019, "dependentSchemas": 2019,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """`site`: where it stands. `branches`: of a combined node; `origin`: the keyword that they come from. `integer`: a
    number that must be whole."""

    kind: Kind
    site: Site
    model: Model
    criterion: Criterion = "allOf"
    branches: tuple[Site | Node, ...] = ()
    integer: bool = False
    origin: str = ""

    @property
    def key(self) -> object:
        """Nodes with the same key are the same schema."""
        return (self.kind, self.origin, self.integer, self.site)

    def branch(self, index: int) -> Node:
        """One branch of a combined node."""
        found = self.branches[index]
        return found if isinstance(found, Node) else self.model.node(found)

    def says(self, keyword: str) -> bool:
        """Whether a keyword stands here that its dialect knows."""
        return says(self.site, keyword)


def says(site: Site, keyword: str) -> bool:
    """Whether `site` has a keyword that its dialect knows."""
    return isinstance(site.value, dict) and keyword in site.value and _SINCE.get(keyword, 0) <= site.dialect


class Model:
    """The nodes of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._nodes: dict[Site, Node] = {}

    @property
    def root(self) -> Node:
        """The node of the whole schema."""
        return self.node(self._library.root)

    def node(self, site: Site) -> Node:
        """The node that stands at `site`, references followed."""
        found = self._nodes.get(site)
        if found is None:
            found = self._nodes[site] = self._read(self._resolved(site))
        return found

    def _resolved(self, site: Site) -> Site:
        """Through bare references; a circle of nothing but references says nothing."""
        seen = set()
        while site not in seen:
            seen.add(site)
            target = self._target(site)
            if target is None or (site.dialect >= Dialect.DRAFT2019 and self._parts(site)):
                return site
            site = target
        return site

    def _target(self, site: Site) -> Site | None:
        found = references(site)
        return self._library.target(site, found[0]) if found else None

    def _read(self, site: Site) -> Node:
        if isinstance(site.value, bool):
            return Node("any" if site.value else "never", site, self)
        parts: list[Site | Node] = []
        if (target := self._target(site)) is not None:
            if site.dialect < Dialect.DRAFT2019 or not (rest := self._parts(site)):
                return Node("any", site, self)  # a circle of nothing but references
            parts = [target, *rest]
        else:
            parts.extend(self._parts(site))
        if not parts:
            return Node("any", site, self)
        if len(parts) == 1 and isinstance(parts[0], Node):
            return parts[0]
        return Node("combined", site, self, "allOf", tuple(parts), origin="parts")

    def _parts(self, site: Site) -> list[Node]:
        criteria: tuple[Criterion, ...] = ("allOf", "anyOf", "oneOf")
        parts = [
            Node("combined", site, self, criterion, kw.schemas(site, criterion), origin=criterion)
            for criterion in criteria
            if criterion in site.value
        ]
        types = check_types(site)
        if types is None:
            parts.extend(
                self._typed(site, name) for name, known in _SNIFFED.items() if any(says(site, word) for word in known)
            )
        elif isinstance(site.value["type"], str):
            parts.append(self._typed(site, types[0]))
        else:
            parts.append(self._either(site, types))
        if "enum" in site.value:
            kw.entries(site, "enum")
            parts.append(Node("enum", site, self))
        kinds: tuple[Literal["const", "not", "if"], ...] = ("const", "not", "if")
        parts.extend(Node(kind, site, self) for kind in kinds if says(site, kind))
        return sorted(parts, key=lambda part: part.kind != "combined")

    def _either(self, site: Site, types: tuple[str, ...]) -> Node:
        branches = tuple(self._typed(site, name) for name in types)
        return Node("combined", site, self, "anyOf", branches, origin="type")

    def _typed(self, site: Site, name: str) -> Node:
        if name == "integer":
            return Node("number", site, self, integer=True)
        return Node(name, site, self)  # type: ignore[arg-type]  # check_types knows the names
