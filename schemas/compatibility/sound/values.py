"""Whether one value keeps an atom: yes, no, or not known (None).

Rule: yes is said only if every reading of the schema says so, no only if none does not; where formats, unknown patterns
or draft 4's integers leave a doubt, the answer is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from schemas.compatibility.budget import Budget
from schemas.compatibility.document import Interner, Site
from schemas.compatibility.patterns import has_format, matches
from schemas.compatibility.reference.scalars import divides
from schemas.compatibility.sound.atoms import (
    AnyOf,
    Atom,
    Contains,
    Count,
    Elements,
    Format,
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
    Pattern,
    Range,
    Required,
    Types,
    Unique,
    Values,
)
from schemas.compatibility.sound.reader import Reader

_WIDE: Final = 25
_A_MATCH: Final = 4
"""Steps that a pattern costs: it may have to be compiled."""


def every(answers: Iterable[bool | None]) -> bool | None:
    """All of them: no if one is no."""
    doubt = False
    for answer in answers:
        if answer is False:
            return False
        doubt |= answer is None
    return None if doubt else True


def some(answers: Iterable[bool | None]) -> bool | None:
    """One of them: yes if one is yes."""
    return opposite(every(opposite(answer) for answer in answers))


def opposite(answer: bool | None) -> bool | None:
    """Not; a doubt stays one."""
    return None if answer is None else not answer


class Judge:
    """Holds values against atoms."""

    def __init__(self, reader: Reader, interner: Interner, budget: Budget) -> None:
        self._reader = reader
        self._interner = interner
        self._budget = budget

    def number(self, value: Any) -> int:
        """The number that equal values share."""
        return self._interner.number(value)

    def fits(self, site: Site | None, value: Any) -> bool | None:
        """Whether a value fits a schema."""
        return every(self.keeps(atom, value) for atom in self._reader.atoms(site))

    def keeps(self, atom: Atom, value: Any) -> bool | None:
        """Whether a value keeps an atom."""
        self._budget.spend(1 + len(value) // 8 if isinstance(value, str | list | dict) else 1)
        match atom:
            case Never():
                return False
            case Types(names):
                return _of_type(value, names)
            case Values(numbers):
                return self._interner.number(value) in numbers
            case AnyOf(branches):
                return some(self.fits(branch, value) for branch in branches)
            case OneOf(branches):
                return _exactly_one([self.fits(branch, value) for branch in branches])
            case Not(schema):
                return opposite(self.fits(schema, value))
            case If(condition, then, otherwise):
                met = self.fits(condition, value)
                return some((every((met, self.fits(then, value))), every((opposite(met), self.fits(otherwise, value)))))
            case _:
                return self._keeps_by_type(atom, value)

    def schemas_of(self, atom: Members, name: str) -> tuple[list[Site], list[Site]]:
        """(schemas that a member of that name has to fit, schemas that it may have to fit: a pattern cannot be run)."""
        certain = list(_there([atom.properties.get(name)]))
        possible: list[Site] = []
        found = name in atom.properties
        doubt = False
        for pattern, schema in atom.patterns.items():
            self._budget.spend(_A_MATCH)
            match matches(pattern, name):
                case True:
                    found = True
                    certain.extend(_there([schema]))
                case None:
                    doubt = True
                    possible.extend(_there([schema]))
        if not found:
            (possible if doubt else certain).extend(_there([atom.rest]))
        return certain, possible

    def _keeps_by_type(self, atom: Atom, value: Any) -> bool | None:
        if isinstance(value, str):
            return _text(atom, value)
        if isinstance(value, list):
            return self._array(atom, value)
        if isinstance(value, dict):
            return self._object(atom, value)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return _number(atom, value)
        return True

    def _array(self, atom: Atom, value: list[Any]) -> bool | None:
        match atom:
            case Count("array", low, high):
                return (low is None or len(value) >= low) and (high is None or len(value) <= high)
            case Unique():
                return len({self._interner.number(inner) for inner in value}) == len(value)
            case Elements(prefix=prefix, rest=rest, exact=exact):
                schemas = (*prefix, *[rest] * (len(value) - len(prefix)))
                return _sure(every(self.fits(s, inner) for s, inner in zip(schemas, value, strict=False)), exact)
            case Contains(schema, low, high):
                found = [self.fits(schema, inner) for inner in value]
                least, most = found.count(True), len(found) - found.count(False)
                if most < low or (high is not None and least > high):
                    return False
                return True if least >= low and (high is None or most <= high) else None
        return True

    def _object(self, atom: Atom, value: dict[str, Any]) -> bool | None:
        match atom:
            case Count("object", low, high):
                return (low is None or len(value) >= low) and (high is None or len(value) <= high)
            case Required(name):
                return name in value
            case Names(schema):
                return every(self.fits(schema, name) for name in value)
            case Needs(name, others, legacy):
                return _sure(name not in value or others <= value.keys(), not legacy)
            case Implies(name, schema, legacy):
                return _sure(self.fits(schema, value), not legacy) if name in value else True
            case Members():
                return _sure(every(self._member(atom, name, inner) for name, inner in value.items()), atom.exact)
        return True

    def _member(self, atom: Members, name: str, value: Any) -> bool | None:
        certain, possible = self.schemas_of(atom, name)
        fits = every(self.fits(schema, value) for schema in certain)
        if fits is False or not possible:
            return fits
        return fits if every(self.fits(schema, value) for schema in possible) else None


def _there(sites: Iterable[Site | None]) -> Iterator[Site]:
    yield from (site for site in sites if site is not None)


def _sure(answer: bool | None, exact: bool) -> bool | None:
    """An atom that says more than the schema: what it refuses, the schema may allow."""
    return answer if answer or exact else None


def _exactly_one(answers: list[bool | None]) -> bool | None:
    yes, doubt = answers.count(True), answers.count(None)
    if yes > 1 or yes + doubt == 0:
        return False
    return True if yes == 1 and not doubt else None


def _of_type(value: Any, names: frozenset[str]) -> bool | None:
    match value:
        case None:
            return "null" in names
        case bool():
            return "boolean" in names
        case str():
            return "string" in names
        case list():
            return "array" in names
        case dict():
            return "object" in names
    if "number" in names:
        return True
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > _WIDE:
            return None
        if value != value.to_integral_value():
            return False
    return True if "integer" in names else None if "integer4" in names else False


def _text(atom: Atom, value: str) -> bool | None:
    match atom:
        case Length(low, high):
            return (low is None or len(value) >= low) and (high is None or len(value) <= high)
        case Pattern(text):
            return matches(text, value)
        case Format(name):
            return True if has_format(name, value) else None
    return True


def _number(atom: Atom, value: int | Decimal) -> bool | None:
    match atom:
        case Range(low, low_open, high, high_open):
            above = low is None or value > low or (value == low and not low_open)
            return above and (high is None or value < high or (value == high and not high_open))
        case Multiple(of):
            return divides(of, value) or None
    return True
