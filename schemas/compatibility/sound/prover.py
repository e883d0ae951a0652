"""Proves that whatever keeps the known atoms keeps a wanted one, or that nothing keeps the known ones.

Rule: only yes is a proof. Each rule here is sound for one value if the questions it asks hold for that value or for parts
of it; so a question may lean on itself by way of a part (`FixedPoint`), because values are finite.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable
from typing import NamedTuple

from schemas.compatibility.budget import Budget
from schemas.compatibility.document import Interner, Site
from schemas.compatibility.fixedpoint import Below, FixedPoint
from schemas.compatibility.reference.scalars import divides
from schemas.compatibility.sound import arrays, objects
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
    Not,
    OneOf,
    Pattern,
    Range,
    Required,
    Types,
    Unique,
)
from schemas.compatibility.sound.known import Facts, Known, facts_of, within
from schemas.compatibility.sound.reader import Reader
from schemas.compatibility.sound.values import Judge


class Question(NamedTuple):
    """Whether the known atoms entail the wanted one; None: whether nothing keeps them."""

    known: Known
    wanted: Atom | None


Proof = Generator[Hashable, bool, bool]


class Prover:
    """One proof. Places of both schemas are read by one reader."""

    def __init__(self, interner: Interner, budget: Budget) -> None:
        self.reader = Reader()
        self.judge = Judge(self.reader, interner, budget)
        self.budget = budget
        self._truth = FixedPoint(self._answer, budget)
        self._facts: dict[Known, Facts] = {}

    def holds(self, known: Known, wanted: Atom | None) -> bool:
        """Whether it is proved. Raises `BudgetExceeded`."""
        return self._truth.ask(Question(known, wanted))

    def facts(self, known: Known) -> Facts:
        """What follows at once, computed once."""
        found = self._facts.get(known)
        if found is None:
            found = self._facts[known] = facts_of(known, self.reader, self.budget)
        return found

    def fits(self, known: Known, site: Site | None) -> Proof:
        """Whether what is known of a value entails a whole schema."""
        for atom in self.reader.atoms(site):
            if not (yield Question(known, atom)):
                return False
        return True

    def part_fits(self, known: Known, site: Site | None) -> Proof:
        """The same for a part of the value: a member, an element, a name."""
        for atom in self.reader.atoms(site):
            if not (yield Below(Question(known, atom))):
                return False
        return True

    def part_empty(self, known: Known) -> Proof:
        """Whether nothing can be such a part."""
        return (yield Below(Question(known, None)))

    def question(self, known: Known, wanted: Atom) -> Question:
        """A question about one atom, for rules of other modules to ask."""
        return Question(known, wanted)

    def empty(self, known: Known) -> Proof:
        """Whether nothing keeps what is known."""
        return (yield Question(known, None))

    def alternatives(self, facts: Facts) -> list[Known]:
        """What is known, told apart into cases of which one holds; empty where there is nothing to tell apart."""
        known = facts.known
        if facts.splits:
            split = facts.splits[0]
            self.budget.spend(self._cost(known, split))
            rest = known.without(split)
            match split:
                case AnyOf(branches):
                    return [rest.with_(*self.reader.atoms(branch)) for branch in branches]
                case OneOf(branches):
                    return [
                        rest.with_(*self.reader.atoms(branch), *(Not(b) for k, b in enumerate(branches) if k != place))
                        for place, branch in enumerate(branches)
                    ]
                case If(condition, then, otherwise):
                    met = rest.with_(*self.reader.atoms(condition), *self.reader.atoms(then))
                    return [met, rest.with_(Not(condition), *self.reader.atoms(otherwise))]
        if len(facts.types) > 1:
            return [known.with_(Types(frozenset({name}))) for name in facts.types]
        return []

    def _cost(self, known: Known, split: AnyOf | OneOf | If) -> int:
        """Steps for making the cases: each holds all that is known, those of `oneOf` all other branches too."""
        count = 2 if isinstance(split, If) else len(split.branches)
        return count * (len(known.atoms) + (count if isinstance(split, OneOf) else 0)) // 16

    def _answer(self, question: Hashable) -> Proof:
        assert isinstance(question, Question)
        known, wanted = question
        facts = self.facts(known)
        if facts.never:
            return True
        known = facts.known
        if wanted is None:
            if (yield from self._contradicted(facts)):
                return True
        elif (
            wanted in known
            or self._by_values(facts, wanted)
            or (yield from self._entailed(facts, wanted))
            or (yield Question(known, None))
        ):
            return True
        alternatives = self.alternatives(facts)
        for alternative in alternatives:
            if not (yield Question(alternative, wanted)):
                return False
        return bool(alternatives)

    def _by_values(self, facts: Facts, wanted: Atom) -> bool:
        if facts.values is None:
            return False
        return all(self.judge.keeps(wanted, value) is True or self._excluded(facts, value) for value in facts.values)

    def _excluded(self, facts: Facts, value: object) -> bool:
        return any(self.judge.keeps(atom, value) is False for atom in facts.known.atoms)

    def _contradicted(self, facts: Facts) -> Proof:
        if facts.values is not None and all(self._excluded(facts, value) for value in facts.values):
            return True
        if facts.types == ("object",) and (yield from objects.contradicted(self, facts)):
            return True
        if facts.types == ("array",) and (yield from arrays.contradicted(self, facts)):
            return True
        if facts.nots:  # each by itself: trying them together would take every subset of them
            positive = Known(atom for atom in facts.known.atoms if not isinstance(atom, Not))
            for atom in facts.nots:
                if (yield from self.fits(positive, atom.schema)):
                    return True
        return False

    def _entailed(self, facts: Facts, wanted: Atom) -> Proof:
        match wanted:
            case Types(names):
                return (yield from self._typed(facts, names))
            case AnyOf(branches):
                for branch in branches:
                    if (yield from self.fits(facts.known, branch)):
                        return True
                return False
            case OneOf(branches):
                return (yield from self._exactly_one(facts, branches))
            case Not(schema):
                return (yield from self.empty(facts.known.with_(*self.reader.atoms(schema))))
            case If(condition, then, otherwise):
                met = facts.known.with_(*self.reader.atoms(condition))
                if not (yield from self.fits(met, then)):
                    return False
                return (yield from self.fits(facts.known.with_(Not(condition)), otherwise))
            case _:
                return (yield from self._by_type(facts, wanted))

    def _by_type(self, facts: Facts, wanted: Atom) -> Proof:
        match wanted:
            case Range() | Multiple():
                return not _can_be(facts, "number", "integer", "integer4") or _number(facts, wanted)
            case Length(low, high):
                enough = (low is None or facts.shortest >= low) and (high is None or _at_most(facts.longest, high))
                return enough or not _can_be(facts, "string")
            case Pattern() | Format():
                return not _can_be(facts, "string")
            case Members() | Names() | Required() | Needs() | Implies() | Count("object"):
                return not _can_be(facts, "object") or (yield from objects.entailed(self, facts, wanted))
            case Elements() | Contains() | Unique() | Count("array"):
                return not _can_be(facts, "array") or (yield from arrays.entailed(self, facts, wanted))
        return False

    def _typed(self, facts: Facts, names: frozenset[str]) -> Proof:
        for name in facts.types:
            if within(name, names) or (name == "number" and facts.whole and "integer" in names):
                continue
            if facts.types == (name,) or not (yield from self.empty(facts.known.with_(Types(frozenset({name}))))):
                return False
        return True

    def _exactly_one(self, facts: Facts, branches: tuple[Site, ...]) -> Proof:
        for split in facts.splits:
            if isinstance(split, OneOf) and (yield from self._same_branches(split.branches, branches)):
                return True
        for place, branch in enumerate(branches):
            if not (yield from self.fits(facts.known, branch)):
                continue
            for other_place, other in enumerate(branches):
                if other_place != place and not (yield from self.empty(facts.known.with_(*self.reader.atoms(other)))):
                    return False
            return True
        return False

    def _same_branches(self, old: tuple[Site, ...], new: tuple[Site, ...]) -> Proof:
        """Whether both lists have the same alternatives in any order: then "exactly one" means the same."""
        if len(old) != len(new):
            return False
        free = list(new)
        for before in old:
            for after in sorted(free, key=lambda site: site != before):
                known_before, known_after = Known(self.reader.atoms(before)), Known(self.reader.atoms(after))
                same = before == after
                if same or (
                    (yield from self.fits(known_before, after)) and (yield from self.fits(known_after, before))
                ):
                    free.remove(after)
                    break
            else:
                return False
        return True


def _can_be(facts: Facts, *names: str) -> bool:
    return any(name in facts.types for name in names)


def _at_most(known: object, high: object) -> bool:
    return known is not None and known <= high  # type: ignore[operator]  # both are numbers


def _number(facts: Facts, wanted: Range | Multiple) -> bool:
    if isinstance(wanted, Multiple):
        return any(divides(wanted.of, of) for of in facts.multiples) or (facts.whole and divides(wanted.of, 1))
    if wanted.low is not None and (facts.low is None or (facts.low, facts.low_open) < (wanted.low, wanted.low_open)):
        return False
    if wanted.high is None:
        return True
    return facts.high is not None and (facts.high, not facts.high_open) <= (wanted.high, not wanted.high_open)
