"""What a schema says, taken apart into single rules ("atoms"): a value fits the schema exactly if it keeps them all.

Rule: an atom is read for one of two uses. Where an older schema is what is *known*, an atom may say less than the schema;
where the newer one is what is *wanted*, it may say more. Both only ever refuse too much. Atoms of equal schemas are equal.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, Literal

from schemas.compatibility.document import Site
from schemas.compatibility.keywords import Number


@dataclass(frozen=True, slots=True)
class Never:
    """No value fits."""


@dataclass(frozen=True, slots=True)
class Types:
    """The value is of one of these types; `integer4` is draft 4's integer, which 1.0 is not."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Values:
    """The value equals one of these (`enum`, `const`), each under its number."""

    numbers: frozenset[int]
    values: dict[int, Any] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Range:
    """A number lies between these, with or without them."""

    low: Number | None = None
    low_open: bool = False
    high: Number | None = None
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Multiple:
    """A number is a multiple."""

    of: Number


@dataclass(frozen=True, slots=True)
class Length:
    """A text has so many characters."""

    low: Number | None
    high: Number | None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text contains a match."""

    text: str


@dataclass(frozen=True, slots=True)
class Format:
    """A text is of a format (for those who check formats; for the others it is free)."""

    name: str


@dataclass(frozen=True, slots=True)
class Count:
    """An array or object has so many elements or members."""

    of: Literal["array", "object"]
    low: Number | None
    high: Number | None


@dataclass(frozen=True, slots=True)
class Unique:
    """Elements differ."""


@dataclass(frozen=True, slots=True)
class Elements:
    """Elements fit: by position first, the others the rest (None: anything). `key`: equal for what says the same."""

    key: Hashable
    prefix: tuple[Site | None, ...] = field(compare=False)
    rest: Site | None = field(compare=False)
    exact: bool = field(compare=False, default=True)


@dataclass(frozen=True, slots=True)
class Contains:
    """From `low` to `high` elements fit."""

    schema: Site
    low: Number
    high: Number | None


@dataclass(frozen=True, slots=True)
class Members:
    """Members fit: those of a name, those whose name matches, the others the rest (None: anything)."""

    key: Hashable
    properties: dict[str, Site | None] = field(compare=False)
    patterns: dict[str, Site | None] = field(compare=False)
    rest: Site | None = field(compare=False)
    exact: bool = field(compare=False, default=True)


@dataclass(frozen=True, slots=True)
class Required:
    """A member is there."""

    name: str


@dataclass(frozen=True, slots=True)
class Names:
    """Every member's name fits."""

    schema: Site


@dataclass(frozen=True, slots=True)
class Needs:
    """With one member, others are there. `legacy`: a keyword that newer dialects leave open; known it says nothing."""

    name: str
    others: frozenset[str]
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class Implies:
    """With one member, the object fits a schema."""

    name: str
    schema: Site
    legacy: bool = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One branch at least fits."""

    branches: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """Exactly one branch fits."""

    branches: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The schema does not fit."""

    schema: Site


@dataclass(frozen=True, slots=True)
class If:
    """What fits the condition fits `then`, what does not fits `otherwise`."""

    condition: Site
    then: Site | None
    otherwise: Site | None


@dataclass(frozen=True, slots=True)
class Opaque:
    """A rule that is not understood. Known it says nothing, wanted it is never proved."""

    place: object


Atom = (
    Never | Types | Values | Range | Multiple | Length | Pattern | Format | Count | Unique | Elements | Contains
    | Members | Required | Names | Needs | Implies | AnyOf | OneOf | Not | If | Opaque
)  # fmt: skip
