"""What is known about a value: a set of atoms, and what follows from them at once.

Rule: everything here may say less than the atoms do, never more. The order of atoms is the order in which they were read,
so that two machines take the same steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from schemas.compatibility.budget import Budget
from schemas.compatibility.keywords import Number
from schemas.compatibility.sound.atoms import (
    AnyOf,
    Atom,
    Contains,
    Count,
    Elements,
    If,
    Implies,
    Length,
    Members,
    Multiple,
    Names,
    Needs,
    Never,
    Not,
    OneOf,
    Range,
    Required,
    Types,
    Values,
)
from schemas.compatibility.sound.reader import Reader

ALL_TYPES: Final = ("null", "boolean", "object", "array", "number", "string")
_FEW: Final = 32
_WIDE: Final = 10**15


class Known:
    """An ordered set of atoms; equal sets are equal."""

    __slots__ = ("_hash", "_set", "atoms")

    def __init__(self, atoms: Iterable[Atom]) -> None:
        self.atoms = tuple(dict.fromkeys(atoms))
        self._set = frozenset(self.atoms)
        self._hash = hash(self._set)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Known) and self._hash == other._hash and self._set == other._set

    def __hash__(self) -> int:
        return self._hash

    def __contains__(self, atom: object) -> bool:
        return atom in self._set

    def with_(self, *atoms: Atom) -> Known:
        """More is known."""
        return Known((*self.atoms, *atoms))

    def without(self, atom: Atom) -> Known:
        """Less is known."""
        return Known(known for known in self.atoms if known != atom)


@dataclass(slots=True)
class Facts:
    """What follows from what is known. `known` holds what members imply too (`dependentSchemas` of a required one)."""

    known: Known
    never: bool = False
    types: tuple[str, ...] = ALL_TYPES
    listed: dict[int, Any] | None = None
    values: tuple[Any, ...] | None = None
    low: Number | None = None
    low_open: bool = False
    high: Number | None = None
    high_open: bool = False
    multiples: list[Number] = field(default_factory=list)
    shortest: Number = 0
    longest: Number | None = None
    fewest: dict[str, Number] = field(default_factory=lambda: {"array": 0, "object": 0})
    most: dict[str, Number] = field(default_factory=dict)
    elements: list[Elements] = field(default_factory=list)
    contains: list[Contains] = field(default_factory=list)
    members: list[Members] = field(default_factory=list)
    required: dict[str, None] = field(default_factory=dict)
    names: list[Names] = field(default_factory=list)
    nots: list[Not] = field(default_factory=list)
    splits: list[AnyOf | OneOf | If] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether every number that fits is whole."""
        return {"integer", "integer4"}.issuperset(t for t in self.types if t in _NUMBERS) or any(
            of == int(of) for of in self.multiples if abs(Decimal(of).adjusted()) < 40
        )


_NUMBERS: Final = {"number", "integer", "integer4"}
_WITHIN: Final = {("integer", "number"), ("integer4", "number"), ("integer4", "integer")}


def within(name: str, names: Iterable[str]) -> bool:
    """Whether every value of a type is of one of the types."""
    return any(name == other or (name, other) in _WITHIN for other in names)


def common(names: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The types of values that are of a type on both sides."""
    both = [
        a if a == b or (a, b) in _WITHIN else b
        for a in names
        for b in others
        if a == b or (a, b) in _WITHIN or (b, a) in _WITHIN
    ]
    return tuple(name for name in dict.fromkeys(both) if not any((name, other) in _WITHIN for other in both))


def facts_of(known: Known, reader: Reader, budget: Budget) -> Facts:
    """What follows at once. What a required member implies is taken over, once: a case split later must not find it again."""
    while True:
        budget.spend(1 + len(known.atoms) // 8)
        facts = Facts(known)
        for atom in known.atoms:
            _take(facts, atom)
        met = [atom for atom in known.atoms if _is_met(facts, atom)]
        if not met:
            break
        known = Known(atom for old in known.atoms for atom in (_implied(old, reader) if old in met else (old,)))
    _finish(facts)
    return facts


def _is_met(facts: Facts, atom: Atom) -> bool:
    conditional = isinstance(atom, Needs | Implies) and not atom.legacy
    return conditional and facts.types == ("object",) and getattr(atom, "name", None) in facts.required


def _implied(atom: Atom, reader: Reader) -> tuple[Atom, ...]:
    if isinstance(atom, Needs):
        return tuple(Required(name) for name in sorted(atom.others))
    return reader.atoms(atom.schema) if isinstance(atom, Implies) else ()


def _take(facts: Facts, atom: Atom) -> None:
    match atom:
        case Never():
            facts.never = True
        case Types(names):
            facts.types = common(facts.types, sorted(names))
        case Values():
            _take_values(facts, atom)
        case Range(low, low_open, high, high_open):
            if low is not None and (facts.low is None or (low, low_open) > (facts.low, facts.low_open)):
                facts.low, facts.low_open = low, low_open
            if high is not None and (facts.high is None or (high, not high_open) < (facts.high, not facts.high_open)):
                facts.high, facts.high_open = high, high_open
        case Multiple(of):
            facts.multiples.append(of)
        case Length(low, high):
            facts.shortest = max(facts.shortest, low or 0)
            facts.longest = (
                high if facts.longest is None else facts.longest if high is None else min(facts.longest, high)
            )
        case Count(of, low, high):
            facts.fewest[of] = max(facts.fewest[of], low or 0)
            if high is not None:
                facts.most[of] = min(facts.most.get(of, high), high)
        case _:
            _take_structure(facts, atom)


def _take_structure(facts: Facts, atom: Atom) -> None:
    match atom:
        case Elements(exact=True):
            facts.elements.append(atom)
        case Members(exact=True):
            facts.members.append(atom)
        case Contains():
            facts.contains.append(atom)
        case Required(name):
            facts.required[name] = None
        case Names():
            facts.names.append(atom)
        case Not():
            facts.nots.append(atom)
        case AnyOf() | OneOf() | If():
            facts.splits.append(atom)
        case _:
            pass


def _take_values(facts: Facts, atom: Values) -> None:
    if facts.listed is None:
        facts.listed = atom.values
    else:
        facts.listed = {number: value for number, value in facts.listed.items() if number in atom.numbers}


def _finish(facts: Facts) -> None:
    types = facts.types
    if facts.listed is not None:
        facts.values = tuple(facts.listed.values())
    if types == ("null",):
        facts.values = (None,) if facts.values is None else facts.values
    elif types == ("boolean",):
        facts.values = (False, True) if facts.values is None else facts.values
    elif types and _NUMBERS.issuperset(types) and facts.whole:
        _whole_bounds(facts)
    for contained in facts.contains:
        facts.fewest["array"] = max(facts.fewest["array"], contained.low)
    facts.fewest["object"] = max(facts.fewest["object"], len(facts.required))
    facts.never |= not types or facts.values == () or _too_narrow(facts)


def _whole_bounds(facts: Facts) -> None:
    """Bounds of whole numbers are whole; few of them can be told one by one (1 and 1.0 are one value, except in draft 4)."""
    if facts.low is not None and -_WIDE < facts.low < _WIDE:
        floor = _floor(facts.low)
        facts.low, facts.low_open = floor + 1 if facts.low_open or floor != facts.low else floor, False
    if facts.high is not None and -_WIDE < facts.high < _WIDE:
        floor = _floor(facts.high)
        facts.high, facts.high_open = floor - 1 if facts.high_open and floor == facts.high else floor, False
    if (
        isinstance(facts.low, int)
        and isinstance(facts.high, int)
        and facts.values is None
        and 0 <= facts.high - facts.low < _FEW
    ):
        facts.values = tuple(range(facts.low, facts.high + 1))


def _floor(number: Number) -> int:
    cut = int(number)
    return cut if cut <= number else cut - 1


def _too_narrow(facts: Facts) -> bool:
    match facts.types:
        case ("string",):
            return facts.longest is not None and facts.shortest > facts.longest
        case ("array",) | ("object",):
            kind = facts.types[0]
            return kind in facts.most and facts.fewest[kind] > facts.most[kind]
        case _ if _NUMBERS.issuperset(facts.types) and facts.low is not None and facts.high is not None:
            return facts.low > facts.high or (facts.low == facts.high and (facts.low_open or facts.high_open))
    return False
