"""Answers questions that depend on each other, in circles too: the greatest fixed point of "yes unless refuted".

Rule: a question that comes up while it is being answered is assumed to be true, if the way back to it went through a smaller
part of the value (`Below`); a circle on the same value proves nothing and is answered no. Values are finite, so a circle
through parts comes to an end in every value. If an assumption turns out false, everything that was concluded from it is
forgotten and asked again; a false answer is final, because it was found although everything open was assumed true.

A question is answered by a generator that yields other questions and returns bool; the stack is a list, so that no
schema, however deep, exhausts the interpreter's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from typing import Final, NamedTuple

from schemas.compatibility.budget import Budget

Answering = Generator[Hashable, bool, bool]
_NOTHING: Final = 1 << 60


class Below(NamedTuple):
    """A question about a part of the value, not about the value itself."""

    question: Hashable


class _Frame:
    """A question being answered. `depth`: how many parts lie between it and the first question. `lowest`: the outermost
    open question whose truth was assumed so far. `trail`: the provisional answers that were given since it was opened."""

    __slots__ = ("depth", "lowest", "question", "steps", "trail")

    def __init__(self, question: Hashable, steps: Answering, depth: int) -> None:
        self.question, self.steps, self.depth, self.lowest = question, steps, depth, _NOTHING
        self.trail: list[Hashable] = []


class FixedPoint:
    """Keeps what is known for good, and what is known as long as an open assumption holds."""

    def __init__(self, answer: Callable[[Hashable], Answering], budget: Budget) -> None:
        self._answer = answer
        self._budget = budget
        self._known: dict[Hashable, bool] = {}
        self._provisional: dict[Hashable, tuple[int, int]] = {}
        self._open: dict[Hashable, int] = {}

    def ask(self, question: Hashable) -> bool:
        """Whether it holds. Raises `BudgetExceeded`."""
        known = self._known.get(question)
        if known is not None:
            return known
        stack: list[_Frame] = []
        try:
            return self._run(question, stack)
        finally:
            for frame in stack:
                frame.steps.close()
            self._open.clear()
            self._provisional.clear()

    def _run(self, question: Hashable, stack: list[_Frame]) -> bool:
        self._push(question, stack, 0)
        reply: bool | None = None
        while True:
            frame = stack[-1]
            self._budget.spend()
            try:
                asked = frame.steps.send(reply) if reply is not None else next(frame.steps)
            except StopIteration as done:
                reply = bool(done.value)
                self._close(stack, reply)
                if not stack:
                    return reply
                continue
            depth = frame.depth
            if isinstance(asked, Below):
                asked, depth = asked.question, depth + 1
            reply = self._known.get(asked)
            if reply is None:
                reply = self._assumed(asked, depth, stack)
            if reply is None:
                self._push(asked, stack, depth)

    def _assumed(self, asked: Hashable, depth: int, stack: list[_Frame]) -> bool | None:
        """What an open question, or an answer that leans on one, is taken to be; None: it has to be answered (anew)."""
        frame = stack[-1]
        level = self._open.get(asked)
        if level is not None:
            if depth <= stack[level].depth:
                return False
        elif asked in self._provisional and depth >= self._provisional[asked][1]:
            level = self._provisional[asked][0]
        else:
            return None
        frame.lowest = min(frame.lowest, level)
        return True

    def _push(self, question: Hashable, stack: list[_Frame], depth: int) -> None:
        self._open[question] = len(stack)
        stack.append(_Frame(question, self._answer(question), depth))

    def _close(self, stack: list[_Frame], answer: bool) -> None:
        frame = stack.pop()
        del self._open[frame.question]
        level = len(stack)
        if not answer:
            self._known[frame.question] = False
            for question in frame.trail:
                self._provisional.pop(question, None)
        elif frame.lowest >= level:
            self._known[frame.question] = True
            for question in frame.trail:
                if self._provisional.pop(question, None) is not None:
                    self._known[question] = True
        else:
            self._provisional[frame.question] = (frame.lowest, frame.depth)
            parent = stack[-1]
            parent.lowest = min(parent.lowest, frame.lowest)
            parent.trail.extend(frame.trail)
            parent.trail.append(frame.question)
