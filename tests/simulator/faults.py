"""The fault hook of the simulator: every write passes it, and may fail before or after it was stored.

Rule: a fault is planned or drawn from a seed, never from chance; `written` names every write that passed, so that a
test can go through them one by one (the crash table).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from hub.errors import TryAgain

How = Literal["failed", "failed but stored"]


def _cannot_store() -> Exception:
    return TryAgain("AMANA-BUS-001", "a planned fault")


@dataclass(slots=True)
class Faults:
    """Faults to come. `error` makes the exception that the writer gets."""

    error: Callable[[], BaseException] = _cannot_store
    written: list[str] = field(default_factory=list)
    _planned: dict[int, How] = field(default_factory=dict)
    _by_point: dict[str, list[How]] = field(default_factory=dict)
    _draw: Callable[[], How | None] | None = None

    def at_write(self, number: int, how: How) -> None:
        """Let the `number`-th write from now on (0 is the next) go wrong."""
        self._planned[len(self.written) + number] = how

    def at_point(self, point: str, how: How, *, times: int = 1) -> None:
        """Let the next `times` writes of this name go wrong."""
        self._by_point.setdefault(point, []).extend([how] * times)

    def at_random(self, seed: int, rate: float) -> None:
        """Let a seeded part of all writes go wrong, both ways alike; a rate of 0 ends it."""
        chance = random.Random(seed)

        def draw() -> How | None:
            if chance.random() >= rate:
                return None
            return "failed" if chance.random() < 0.5 else "failed but stored"

        self._draw = draw

    @contextmanager
    def write(self, point: str) -> Iterator[None]:
        """Around one write: raises before the body ("failed") or after it ("failed but stored")."""
        how = self._next(point)
        self.written.append(point)
        if how == "failed":
            raise self.error()
        yield
        if how == "failed but stored":
            raise self.error()

    def _next(self, point: str) -> How | None:
        planned = self._planned.pop(len(self.written), None)
        if planned is not None:
            return planned
        waiting = self._by_point.get(point)
        if waiting:
            return waiting.pop(0)
        return self._draw() if self._draw is not None else None
