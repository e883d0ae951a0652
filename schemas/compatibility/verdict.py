"""What is asked of the compatibility engine and what it answers: schema texts, levels, policies, differences, verdicts.

Rule: a verdict that is not `compatible` names at least one difference that breaks something, and each such difference
carries a hint that a person can act on. What could not be decided within the budget is refused, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from schemas.errors import SchemaError

NO_REFERENCES: Final[Mapping[str, str]] = MappingProxyType({})

Breaks = Literal["readers", "writers"]
Outcome = Literal["compatible", "incompatible", "undecided"]


class Level(StrEnum):
    """Which versions a new one is held against, and in which direction."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def transitive(self) -> bool:
        """Whether all older versions count, not the last alone."""
        return self.value.endswith("_TRANSITIVE")

    @property
    def backward(self) -> bool:
        """Whether what was written under the older version must pass the new one."""
        return self.value.startswith(("BACKWARD", "FULL"))

    @property
    def forward(self) -> bool:
        """Whether what is written under the new version must pass the older one."""
        return self.value.startswith(("FORWARD", "FULL"))


class Policy(StrEnum):
    """By which rules two JSON Schemas are compared. Avro has one set of rules, whatever the policy."""

    STRICT = "STRICT"
    LENIENT = "LENIENT"
    SOUND = "SOUND"


@dataclass(frozen=True, slots=True)
class SchemaText:
    """A schema as it was registered. `references`: the texts that its `$ref`s (Avro: its type names) may name, by name;
    nothing else is ever looked up, and nothing is fetched."""

    text: str | bytes
    kind: Literal["JSON", "AVRO"] = "JSON"
    references: Mapping[str, str | bytes] = field(default_factory=lambda: NO_REFERENCES)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between an older version and the new one.

    `kind`: a name of `schemas.compatibility.kinds`. `path`: JSON Pointer fragment into the schema that asks for more
    (the new one, or the older one where readers break). `breaks`: "writers" (a document of the older version is
    refused by the new schema), "readers" (a document of the new version is refused by who still reads with the
    older schema), None (breaks nobody). `hint` is empty only where nothing breaks.
    """

    kind: str
    path: str
    message: str
    hint: str
    breaks: Breaks | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`against`: which of the older versions (index into what was given) the differences are to; None if there was
    nothing to compare. `outcome` "undecided": the budget ran out first, which counts as not compatible."""

    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    against: int | None = None

    @property
    def compatible(self) -> bool:
        """Whether the new version may be registered."""
        return self.outcome == "compatible"

    @property
    def refusals(self) -> tuple[Difference, ...]:
        """The differences that break somebody."""
        return tuple(d for d in self.differences if d.breaks is not None)


class UnusableSchema(SchemaError):
    """A text that is no schema of its kind. `kind`: "json" (not JSON), "size", "keyword" (a keyword's value has the wrong
    form), "type" (no such JSON type), "reference" (a `$ref` that no given text answers), "endless" (a schema that refers
    to itself without going deeper), "avro". `which`: "new", or "old N" (index)."""

    def __init__(self, kind: str, detail: str, which: str = "new") -> None:
        super().__init__(kind, detail)
        self.which = which


class BudgetExceeded(Exception):
    """Inside the engine only: the comparison needed more steps or time than it was given."""
