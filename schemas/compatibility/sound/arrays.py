"""What is proved about arrays: elements by position and the others, what is contained, how many, whether they differ.

Rule: positions that a schema mentions are looked at one by one, all later ones as one; a position that no element can
take ends the array there.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from typing import TYPE_CHECKING

from schemas.compatibility.document import Site
from schemas.compatibility.sound.atoms import Atom, Contains, Count, Elements, Unique
from schemas.compatibility.sound.known import Facts, Known

if TYPE_CHECKING:
    from schemas.compatibility.sound.prover import Prover

Proof = Generator[Hashable, bool, bool]


def positions(facts: Facts, wanted: Elements | None = None) -> int:
    """How many positions are mentioned; the position of this number stands for all later ones."""
    groups = [*facts.elements, *([wanted] if wanted else [])]
    return max((len(group.prefix) for group in groups), default=0)


def at(group: Elements, position: int) -> Site | None:
    """The schema of a position."""
    return group.prefix[position] if position < len(group.prefix) else group.rest


def element(prover: Prover, facts: Facts, position: int) -> Known:
    """What is known of the element at a position."""
    return Known(atom for group in facts.elements for atom in prover.reader.atoms(at(group, position)))


def obligations(prover: Prover, facts: Facts, wanted: Elements) -> Iterator[tuple[Known, Site]]:
    """(what is known of an element, what it has to fit), by position."""
    for position in range(positions(facts, wanted) + 1):
        if position >= facts.most.get("array", position + 1):
            return
        site = at(wanted, position)
        if site is not None:
            yield element(prover, facts, position), site


def entailed(prover: Prover, facts: Facts, wanted: Atom) -> Proof:
    """Whether every array that keeps what is known keeps the wanted atom."""
    match wanted:
        case Elements():
            for position in range(positions(facts, wanted) + 1):
                known = element(prover, facts, position)
                if position >= facts.most.get("array", position + 1):
                    return True
                if not (yield from prover.part_fits(known, at(wanted, position))):
                    return False
                if (yield from prover.part_empty(known)):
                    return True
            return True
        case Unique():
            return facts.most.get("array", 2) <= 1 or any(isinstance(atom, Unique) for atom in facts.known.atoms)
        case Count(_, low, high):
            if low is not None and facts.fewest["array"] < low:
                return False
            if high is None or facts.most.get("array", high + 1) <= high:
                return True
            return (yield from _ends_at(prover, facts, int(high)))
        case Contains():
            return (yield from _contains(prover, facts, wanted))
    return False


def _ends_at(prover: Prover, facts: Facts, length: int) -> Proof:
    """Whether no array can be longer: the element behind cannot be, or one before it."""
    for position in range(min(length, positions(facts)) + 1):
        if (yield from prover.part_empty(element(prover, facts, position))):
            return True
    return False


def _contains(prover: Prover, facts: Facts, wanted: Contains) -> Proof:
    if not (yield from _enough(prover, facts, wanted)):
        return False
    if wanted.high is None or facts.most.get("array", wanted.high + 1) <= wanted.high:
        return True
    wanted_atoms = Known(prover.reader.atoms(wanted.schema))
    for contained in facts.contains:
        enough = contained.high is not None and contained.high <= wanted.high
        if enough and (yield from prover.part_fits(wanted_atoms, contained.schema)):
            return True
    for position in range(positions(facts) + 1):
        if not (yield from prover.part_empty(element(prover, facts, position).with_(*wanted_atoms.atoms))):
            return False
    return True


def _enough(prover: Prover, facts: Facts, wanted: Contains) -> Proof:
    if wanted.low <= 0:
        return True
    for contained in facts.contains:
        if contained.low >= wanted.low and (
            yield from prover.part_fits(Known(prover.reader.atoms(contained.schema)), wanted.schema)
        ):
            return True
    last, sure = positions(facts), 0
    fewest = int(facts.fewest["array"])
    for position in range(min(fewest, last + 1)):
        if (yield from prover.part_fits(element(prover, facts, position), wanted.schema)):
            sure += fewest - position if position == last else 1
    return sure >= wanted.low


def contradicted(prover: Prover, facts: Facts) -> Proof:
    """Whether no array keeps what is known: an element that has to be there cannot be."""
    last = positions(facts)
    for position in range(min(int(facts.fewest["array"]), last + 1)):
        if (yield from prover.part_empty(element(prover, facts, position))):
            return True
    for contained in facts.contains:
        if contained.low > 0 and (yield from _nowhere(prover, facts, contained, last)):
            return True
    return False


def _nowhere(prover: Prover, facts: Facts, contained: Contains, last: int) -> Proof:
    atoms = prover.reader.atoms(contained.schema)
    for position in range(last + 1):
        if position >= facts.most.get("array", position + 1):
            break
        if not (yield from prover.part_empty(element(prover, facts, position).with_(*atoms))):
            return False
    return True
