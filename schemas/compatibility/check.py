"""Whether a new schema may follow older ones: levels, directions, policies.

Rule: transitive levels hold the new schema against all older versions, newest first, and stop at the first that fails.
No input and no clock of the caller's is touched; the whole check shares one budget.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from schemas.compatibility.avro import compare_avro, parse_avro
from schemas.compatibility.budget import Allowance, Budget
from schemas.compatibility.dialects import Dialect
from schemas.compatibility.document import Interner, Library
from schemas.compatibility.keywords import check_form
from schemas.compatibility.kinds import hint, message
from schemas.compatibility.located import Located
from schemas.compatibility.reference.compare import Reference
from schemas.compatibility.sound.compare import Sound, refuse_endless
from schemas.compatibility.verdict import (
    Breaks,
    BudgetExceeded,
    Difference,
    Level,
    Outcome,
    Policy,
    SchemaText,
    UnusableSchema,
    Verdict,
)

DEFAULT_DIALECT: Final = {
    Policy.STRICT: Dialect.DRAFT7,
    Policy.LENIENT: Dialect.DRAFT7,
    Policy.SOUND: Dialect.DRAFT2020,
}
"""What a schema without `$schema` is: the reference takes draft 7, the hub's own checker 2020-12."""


def check(
    old: Sequence[SchemaText],
    new: SchemaText,
    level: Level,
    policy: Policy,
    *,
    allowance: Allowance = Allowance(),  # noqa: B008 - frozen
    clock: Callable[[], float] = time.monotonic,
) -> Verdict:
    """Whether `new` may follow `old` (oldest first). Raises `UnusableSchema`, and nothing else.

    Level NONE and an empty `old` compare nothing, but `new` still has to be a schema.
    """
    bench = _Bench(policy, Budget(allowance, clock))
    try:
        return _held(bench, old, new, level)
    except BudgetExceeded:  # while reading: later it is told by version
        sides: list[Breaks] = ["writers"] if level.backward or not level.forward else []
        sides += ["readers"] if level.forward else []
        return Verdict("undecided", tuple(_difference(Located("BUDGET_EXCEEDED", "#", True), side) for side in sides))


def _held(bench: _Bench, old: Sequence[SchemaText], new: SchemaText, level: Level) -> Verdict:
    bench.load(new, "new")
    if level is Level.NONE:
        return Verdict("compatible")
    harmless: tuple[Difference, ...] = ()
    against: int | None = None
    for index in _indexes(old, level):
        bench.load(old[index], f"old {index}")
        outcome, differences = bench.compare(old[index], new, level)
        if outcome != "compatible":
            return Verdict(outcome, differences, index)
        if against is None:
            harmless, against = differences, index
    return Verdict("compatible", harmless, against)


def _indexes(old: Sequence[SchemaText], level: Level) -> Iterator[int]:
    last = len(old) - 1
    yield from range(last, -1 if level.transitive else max(last - 1, -1), -1)


class _Bench:
    """What one check needs: loaded schemas by text, the policy, the budget."""

    def __init__(self, policy: Policy, budget: Budget) -> None:
        self._policy = policy
        self._budget = budget
        self._interner = Interner()
        self._libraries: dict[int, Library] = {}

    def load(self, source: SchemaText, which: str) -> None:
        """Reads a schema. Raises `UnusableSchema` that says which."""
        try:
            if source.kind == "AVRO":
                parse_avro(source)
            elif id(source) not in self._libraries:
                self._libraries[id(source)] = self._library(source)
        except UnusableSchema as error:
            raise UnusableSchema(error.kind, error.detail, which) from None
        except RecursionError:
            raise UnusableSchema("size", "nested too deeply", which) from None

    def _library(self, source: SchemaText) -> Library:
        words = self._policy is not Policy.SOUND
        library = Library(source, DEFAULT_DIALECT[self._policy], self._interner, self._budget, words=words)
        for site in library.sites():
            check_form(site)
        if self._policy is Policy.SOUND:
            refuse_endless(library)
        return library

    def compare(self, old: SchemaText, new: SchemaText, level: Level) -> tuple[Outcome, tuple[Difference, ...]]:
        """Both directions that the level asks for."""
        worst: Outcome = "compatible"
        found: list[Difference] = []
        for wanted, original, update, breaks in (
            (level.backward, old, new, "writers"),
            (level.forward, new, old, "readers"),
        ):
            if wanted:
                outcome, located = self._one_way(original, update)
                side: Breaks = "writers" if breaks == "writers" else "readers"
                found.extend(_difference(place, side) for place in located)
                worst = outcome if worst == "compatible" else worst
        return worst, tuple(found)

    def _one_way(self, original: SchemaText, update: SchemaText) -> tuple[Outcome, list[Located]]:
        if original.kind != update.kind:
            return "incompatible", [Located("SCHEMA_TYPE_CHANGED", "#", True)]
        try:
            if original.kind == "AVRO":
                found = compare_avro(original, update, self._budget)
                return ("incompatible" if found else "compatible"), found
            before, after = self._libraries[id(original)], self._libraries[id(update)]
            if before.same_as(after):
                return "compatible", []
            comparison: Reference | Sound
            if self._policy is Policy.SOUND:
                comparison = Sound(before, after, self._budget)
            else:
                comparison = Reference(before, after, self._policy, self._budget)
            compatible = comparison.compatible()
            return ("compatible" if compatible else "incompatible"), comparison.differences()
        except (BudgetExceeded, RecursionError):
            return "undecided", [Located("BUDGET_EXCEEDED", "#", True)]


def _difference(place: Located, breaks: Breaks) -> Difference:
    text = place.detail or message(place.kind)
    if not place.breaks:
        return Difference(place.kind, place.path, text, "", None)
    return Difference(place.kind, place.path, text, hint(place.kind), breaks)
