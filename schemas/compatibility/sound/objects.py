"""What is proved about objects: members by name, by pattern and the others, required ones, names, dependencies.

Rule: the names that a schema mentions are looked at one by one; all other names fall into classes by which of the patterns
they match, and every class that can exist is looked at.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from itertools import combinations, product
from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.compatibility.document import Site
from schemas.compatibility.keywords import Number
from schemas.compatibility.patterns import never_both
from schemas.compatibility.sound.atoms import (
    Atom,
    Count,
    Implies,
    Members,
    Names,
    Needs,
    Pattern,
    Required,
    Types,
    Values,
)
from schemas.compatibility.sound.known import Facts, Known

if TYPE_CHECKING:
    from schemas.compatibility.sound.prover import Prover

MOST_PATTERNS: Final = 6
Proof = Generator[Hashable, bool, bool]
_TEXT: Final = Types(frozenset({"string"}))


class Class(NamedTuple):
    """A class of member names: one name, or all that match some patterns and not others."""

    name: str | None
    truth: dict[str, bool]
    known: Known
    """What is known about such a member's value."""
    named: Known
    """What is known about such a name, as a text."""


def classes(prover: Prover, facts: Facts, wanted: Members | None = None) -> list[Class] | None:
    """The classes into which names fall; None where there are too many patterns to tell."""
    groups = [*facts.members, *([wanted] if wanted else [])]
    about_names = _about_names(prover, facts)
    listed = [
        value
        for atom in about_names
        if isinstance(atom, Values)
        for value in atom.values.values()
        if isinstance(value, str)
    ]
    names = dict.fromkeys([*(n for group in groups for n in group.properties), *facts.required, *listed])
    found = [_one(prover, facts, name) for name in names if not _impossible(prover, facts, name)]
    if any(isinstance(atom, Values) for atom in about_names):
        return found
    demanded = [atom.text for atom in about_names if isinstance(atom, Pattern)]
    patterns = list(dict.fromkeys([*(p for group in groups for p in group.patterns), *demanded]))
    if len(patterns) > MOST_PATTERNS:
        return None
    for answers in product((True, False), repeat=len(patterns)):
        truth = dict(zip(patterns, answers, strict=True))
        matched = [pattern for pattern, answer in truth.items() if answer]
        if any(never_both(a, b) for a, b in combinations(matched, 2)) or any(not truth[p] for p in demanded):
            continue
        known = Known(
            atom for group in facts.members for s in _of_class(group, truth) for atom in prover.reader.atoms(s)
        )
        named = Known((_TEXT, *about_names, *(Pattern(pattern) for pattern in matched)))
        found.append(Class(None, truth, known, named))
    return found


def _about_names(prover: Prover, facts: Facts) -> list[Atom]:
    return [atom for constraint in facts.names for atom in prover.reader.atoms(constraint.schema)]


def _one(prover: Prover, facts: Facts, name: str) -> Class:
    schemas = [site for group in facts.members for site in prover.judge.schemas_of(group, name)[0]]
    known = Known(atom for site in schemas for atom in prover.reader.atoms(site))
    number = prover.judge.number(name)
    return Class(name, {}, known, Known((_TEXT, Values(frozenset({number}), {number: name}))))


def _impossible(prover: Prover, facts: Facts, name: str) -> bool:
    return any(prover.judge.fits(constraint.schema, name) is False for constraint in facts.names)


def _of_class(group: Members, truth: dict[str, bool]) -> list[Site]:
    matched = [schema for pattern, schema in group.patterns.items() if truth[pattern]]
    schemas = matched or [group.rest]
    return [schema for schema in schemas if schema is not None]


def obligations(prover: Prover, facts: Facts, wanted: Members) -> Iterator[tuple[Class, Site]] | None:
    """(what is known of a member, what it has to fit), for every class of names; None where they cannot be told."""
    found = classes(prover, facts, wanted)
    if found is None:
        return None
    return ((each, site) for each in found for site in _wanted(prover, wanted, each))


def _wanted(prover: Prover, wanted: Members, each: Class) -> list[Site]:
    if each.name is None:
        return _of_class(wanted, each.truth)
    certain, possible = prover.judge.schemas_of(wanted, each.name)
    return [*certain, *possible]


def entailed(prover: Prover, facts: Facts, wanted: Atom) -> Proof:
    """Whether every object that keeps what is known keeps the wanted atom."""
    match wanted:
        case Members():
            return (yield from _members(prover, facts, wanted))
        case Names(schema):
            return (yield from _names(prover, facts, schema))
        case Required(name):
            return name in facts.required
        case Needs(name, others):
            with_it = facts.known.with_(Required(name))
            for other in sorted(others - {name}):
                if not (yield prover.question(with_it, Required(other))):
                    return False
            return True
        case Implies(name, schema):
            return (yield from prover.fits(facts.known.with_(Required(name)), schema))
        case Count(_, low, high):
            few = low is None or facts.fewest["object"] >= low
            return few and (high is None or (yield from _at_most(prover, facts, high)))
    return False


def _members(prover: Prover, facts: Facts, wanted: Members) -> Proof:
    found = obligations(prover, facts, wanted)
    if found is None:
        return False
    for each, site in found:
        if not (yield from prover.part_fits(each.known, site)):
            return False
    return True


def _names(prover: Prover, facts: Facts, schema: Site) -> Proof:
    found = classes(prover, facts)
    if found is None:
        found = [Class(None, {}, Known(()), Known((_TEXT, *_about_names(prover, facts))))]
    for each in found:
        if not (yield from prover.part_fits(each.named, schema)) and not (yield from prover.part_empty(each.known)):
            return False
    return True


def _at_most(prover: Prover, facts: Facts, high: Number) -> Proof:
    """Whether there are at most so many members: it is said, or there are no more names that a member may have."""
    if facts.most.get("object", high + 1) <= high:
        return True
    found = classes(prover, facts)
    if found is None:
        return False
    possible = 0
    for each in found:
        if not (yield from prover.part_empty(each.known)):
            if each.name is None:
                return False
            possible += 1
    return possible <= high


def contradicted(prover: Prover, facts: Facts) -> Proof:
    """Whether no object keeps what is known: a required member cannot be."""
    for name in facts.required:
        if _impossible(prover, facts, name) or (yield from prover.part_empty(_one(prover, facts, name).known)):
            return True
    return False
