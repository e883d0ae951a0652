"""What a comparison of two nodes says, step by step: differences, parts that must hold too, and questions.

Rule: a comparison is written once, as a generator of steps; one reader of the steps only wants the verdict, another the
list of differences.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

from schemas.compatibility.reference.model import Node


class Pair:
    """An original and an update. Pairs of equal schemas are equal."""

    __slots__ = ("_hash", "_key", "original", "update")

    def __init__(self, original: Node, update: Node) -> None:
        self.original, self.update = original, update
        self._key = (original.key, update.key)
        self._hash = hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and self._hash == other._hash and self._key == other._key

    def __hash__(self) -> int:
        return self._hash


@dataclass(frozen=True, slots=True)
class Found:
    """A difference of a kind, at the tokens below the nodes that are compared."""

    kind: str
    at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Two nodes below that have to be compatible too; their differences belong to this comparison."""

    pair: Pair
    at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ask:
    """Whether two nodes are compatible; the answer is sent back, and their differences do not count."""

    pair: Pair


Steps = Generator[Found | Part | Ask, bool, None]
