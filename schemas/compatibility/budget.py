"""How much work one check may cost: steps, which are the same on every machine, and seconds, which bound a lock.

Rule: whoever loops over what a schema's author chose calls `spend`. Running out is an answer (`undecided`), not a fault.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from schemas.compatibility.verdict import BudgetExceeded

_LOOK_AT_CLOCK = 64


@dataclass(frozen=True, slots=True)
class Allowance:
    """The bounds of one check of one pair of schemas in one direction."""

    steps: int = 200_000
    seconds: float = 2.0


class Budget:
    """Counts down an allowance."""

    __slots__ = ("_clock", "_ends", "_left")

    def __init__(self, allowance: Allowance, clock: Callable[[], float] = time.monotonic) -> None:
        self._left = allowance.steps
        self._clock = clock
        self._ends = clock() + allowance.seconds

    def spend(self, steps: int = 1) -> None:
        """Raises `BudgetExceeded` when nothing is left."""
        before = self._left
        self._left = before - steps
        if self._left < 0:
            raise BudgetExceeded("steps")
        if before // _LOOK_AT_CLOCK != self._left // _LOOK_AT_CLOCK and self._clock() > self._ends:
            raise BudgetExceeded("seconds")
