"""Holds an original against an update by the reference rules, under STRICT or LENIENT.

Rule: compatible means that every difference found is one of the policy's allowed kinds. First the verdict is found as a
fixed point over pairs of nodes; only then are the differences listed.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator

from schemas.compatibility.budget import Budget
from schemas.compatibility.document import Library
from schemas.compatibility.fixedpoint import Below, FixedPoint
from schemas.compatibility.kinds import allowed
from schemas.compatibility.located import Located, below
from schemas.compatibility.reference.model import Model
from schemas.compatibility.reference.nodes import compare_nodes
from schemas.compatibility.reference.steps import Ask, Found, Pair, Part
from schemas.compatibility.verdict import BudgetExceeded, Policy

MOST_DIFFERENCES = 200


class Reference:
    """One comparison."""

    def __init__(self, original: Library, update: Library, policy: Policy, budget: Budget) -> None:
        self._root = Pair(Model(original).root, Model(update).root)
        self._allowed = allowed(policy)
        self._truth = FixedPoint(self._answer, budget)
        self._budget = budget

    def compatible(self) -> bool:
        """The verdict. Raises `BudgetExceeded`."""
        return self._truth.ask(self._root)

    def differences(self) -> list[Located]:
        """Every difference once, in the order of the schema, compatible ones too; what the budget leaves of them."""
        found: dict[Located, None] = {}
        try:
            self._collect(found)
        except BudgetExceeded:
            found[Located("BUDGET_EXCEEDED", "#", True)] = None
        return list(found)

    def _collect(self, found: dict[Located, None]) -> None:
        seen: set[Pair] = set()
        todo: list[tuple[str, Pair]] = [("#", self._root)]
        while todo and len(found) < MOST_DIFFERENCES:
            path, pair = todo.pop()
            if pair in seen:
                continue
            seen.add(pair)
            inner = []
            for step in self._steps(pair):
                if isinstance(step, Found):
                    found[Located(step.kind, below(path, *step.at), step.kind not in self._allowed)] = None
                else:
                    inner.append((below(path, *step.at), step.pair))
            todo.extend(reversed(inner))

    def _steps(self, pair: Pair) -> Iterator[Found | Part]:
        self._budget.spend()
        steps = compare_nodes(pair.original, pair.update)
        reply: bool | None = None
        while True:
            try:
                step = steps.send(reply) if reply is not None else next(steps)
            except StopIteration:
                return
            reply = None
            if isinstance(step, Ask):
                reply = self._truth.ask(step.pair)
            else:
                yield step

    def _answer(self, question: Hashable) -> Generator[Hashable, bool, bool]:
        assert isinstance(question, Pair)
        steps = compare_nodes(question.original, question.update)
        reply: bool | None = None
        while True:
            self._budget.spend()
            try:
                step = steps.send(reply) if reply is not None else next(steps)
            except StopIteration:
                return True
            reply = None
            if isinstance(step, Found):
                if step.kind not in self._allowed:
                    return False
            else:
                answer = yield Below(step.pair)  # these rules believe every circle
                if isinstance(step, Ask):
                    reply = answer
                elif not answer:
                    return False
