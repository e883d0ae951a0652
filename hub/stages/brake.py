"""The dead-letter brake. Rule: a stage that fails too often stops instead of draining its topic into dead letters."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.errors import Halt


@dataclass(slots=True)
class Brake:
    """Trips after `run` failures in a row, or when more than `ratio` of the last `window` messages failed."""

    run: int = 100
    ratio: float = 0.5
    window: int = 1000
    _row: int = 0
    _last: deque[bool] = field(default_factory=deque)
    _failed: int = 0

    def note(self, verdicts: Iterable[bool]) -> None:
        """Take the verdicts of one batch, in order; raises `Halt` AMANA-BRAKE-001 when the brake trips."""
        for taken in verdicts:
            self._row = 0 if taken else self._row + 1
            self._last.append(taken)
            self._failed += not taken
            if len(self._last) > self.window:
                self._failed -= not self._last.popleft()
            if self._row >= self.run:
                raise Halt("AMANA-BRAKE-001", f"{self._row} in a row")
            if len(self._last) == self.window and self._failed > self.ratio * self.window:
                raise Halt("AMANA-BRAKE-001", f"{self._failed} of the last {self.window}")
