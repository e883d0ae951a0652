"""Holds an older schema against a newer one by meaning: compatible only if every value of the one is proved one of the other.

Rule: what cannot be proved is refused, at the place that could not be proved. A schema that refers to itself without
going deeper into the value means nothing: `refuse_endless` comes before any proof, and no proof ends without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from schemas.compatibility.budget import Budget
from schemas.compatibility.dialects import subschemas
from schemas.compatibility.document import Library, Site
from schemas.compatibility.located import Located
from schemas.compatibility.patterns import matches
from schemas.compatibility.sound import arrays, objects
from schemas.compatibility.sound.atoms import Atom, Elements, Members, OneOf, Pattern, Required
from schemas.compatibility.sound.evaluated import followed
from schemas.compatibility.sound.known import Known
from schemas.compatibility.sound.prover import Prover
from schemas.compatibility.sound.reader import Read
from schemas.compatibility.verdict import BudgetExceeded, UnusableSchema

MOST_DIFFERENCES: Final = 50
_KINDS: Final = {
    "Types": "TYPE_CHANGED", "Values": "ENUM_NARROWED", "Range": "RANGE_NARROWED", "Multiple": "MULTIPLE_OF_NARROWED",
    "Length": "LENGTH_NARROWED", "Pattern": "PATTERN_CHANGED", "Format": "FORMAT_ADDED", "Unique": "UNIQUE_ITEMS_ADDED",
    "Elements": "ITEMS_NARROWED", "Contains": "CONTAINS_NARROWED", "Required": "REQUIRED_ADDED",
    "Names": "PROPERTY_NAMES_NARROWED", "Needs": "DEPENDENCY_NARROWED", "Implies": "DEPENDENCY_NARROWED",
    "AnyOf": "BRANCHES_NARROWED", "Not": "NOT_NARROWED", "If": "CONDITION_NARROWED", "Opaque": "UNSUPPORTED",
}  # fmt: skip


class Sound:
    """One comparison, in one direction."""

    def __init__(self, original: Library, update: Library, budget: Budget) -> None:
        self._prover = Prover(original.interner, budget)
        self._known = Known(self._prover.reader.atoms(original.root))
        self._wanted = self._prover.reader.read(update.root)

    def compatible(self) -> bool:
        """The verdict. Raises `BudgetExceeded`."""
        return all(self._prover.holds(self._known, read.atom) for read in self._wanted)

    def differences(self) -> list[Located]:
        """Where the proof failed; at least one place if it did."""
        found: dict[Located, None] = {}
        seen: set[tuple[Known, Atom]] = set()
        todo = [(self._known, read) for read in reversed(self._wanted)]
        try:
            while todo and len(found) < MOST_DIFFERENCES:
                known, read = todo.pop()
                if (known, read.atom) in seen or self._prover.holds(known, read.atom):
                    continue
                seen.add((known, read.atom))
                known = self._case(known, read.atom)
                inner = list(self._inside(known, read.atom))
                if inner:
                    todo.extend(reversed(inner))
                else:
                    found[self._locate(known, read)] = None
        except BudgetExceeded:
            pass  # the verdict stands; places that were not reached are not told
        return list(found) or ([] if self._proved() else [Located("VALUE_REFUSED", "#", True)])

    def _proved(self) -> bool:
        try:
            return self.compatible()
        except BudgetExceeded:
            return False

    def _case(self, known: Known, wanted: Atom) -> Known:
        """The first case of the older schema in which the proof fails."""
        followed_cases = {known}
        while True:
            facts = self._prover.facts(known)
            for case in self._prover.alternatives(facts):
                if case not in followed_cases and not self._prover.holds(case, wanted):
                    followed_cases.add(case)
                    known = case
                    break
            else:
                return facts.known

    def _inside(self, known: Known, wanted: Atom) -> Iterator[tuple[Known, Read]]:
        facts = self._prover.facts(known)
        pairs: list[tuple[Known, Site]] = []
        if isinstance(wanted, Members):
            pairs = [(each.known, site) for each, site in objects.obligations(self._prover, facts, wanted) or ()]
        elif isinstance(wanted, Elements):
            pairs = list(arrays.obligations(self._prover, facts, wanted))
        for inner, site in pairs:
            for read in self._prover.reader.read(site):
                if not self._prover.holds(inner, read.atom):
                    yield inner, read

    def _locate(self, known: Known, read: Read) -> Located:
        atom = read.atom
        detail = ""
        match atom:
            case OneOf(branches):
                fits = [
                    b for b in branches if all(self._prover.holds(known, r.atom) for r in self._prover.reader.read(b))
                ]
                kind = "BRANCHES_OVERLAP" if fits else "BRANCHES_NARROWED"
            case Required(name):
                kind, detail = "REQUIRED_ADDED", f"the member {name!r} must now be there and could be missing"
            case Pattern(text) if matches(text, "") is None:
                kind = "UNSUPPORTED"
            case Members():
                kind = "UNSUPPORTED"
            case _:
                name = type(atom).__name__
                kind = _KINDS.get(name) or ("VALUE_REFUSED" if name == "Never" else f"{_of(atom)}_COUNT_NARROWED")
        return Located(kind, read.path, True, detail)


def _of(atom: Atom) -> str:
    return "ITEMS" if getattr(atom, "of", "") == "array" else "PROPERTIES"


def refuse_endless(library: Library) -> None:
    """Raises `UnusableSchema` for a schema that applies itself to the same value."""
    done: set[str] = set()
    open_: set[str] = set()
    todo: list[tuple[Site, bool]] = [(site, False) for site in library.sites()]
    while todo:
        site, leaving = todo.pop()
        place = library.place(site)
        if leaving:
            open_.discard(place)
            done.add(place)
            continue
        if place in open_:
            raise UnusableSchema("endless", f"{site.path} applies itself to the same value without end")
        if place not in done:
            open_.add(place)
            todo.append((site, True))
            todo.extend((inner, False) for inner in _in_place(site) if library.place(inner) not in done)


def _in_place(site: Site) -> Iterator[Site]:
    if isinstance(site.value, bool):
        return
    target, bare = followed(site)
    if target is not None:
        yield target
    if not bare:
        for tokens, value, in_place in subschemas(site.value, site.dialect):
            if in_place and isinstance(value, dict):
                yield site.child(*tokens)
