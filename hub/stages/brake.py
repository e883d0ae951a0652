"""The dead-letter brake. Rule: failures of the hub's own side stop the partition they are met in; failures of a
sender never stop anybody, they are counted for that sender and told.

What is decided is always stored: a message behind a dead letter keeps its place and its body in the inbox, so a halt
saves no message, it saves an operator from finding a topic of dead letters that one repair could have avoided. See
docs/adr/0012-dead-letter-brake.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

Place = tuple[str, int]
"""Topic and partition."""

OURS: Final = frozenset({"AMANA-TRANS-003"})
"""Codes of failures that no sender can mend: an adapter that raised, broke its contract with the hub or is gone."""

HALTED: Final = "AMANA-BRAKE-001"
FAILING: Final = "AMANA-BRAKE-002"


class Verdict(NamedTuple):
    """What became of one message: the `code` of its failure, or "" when it was taken. `system`: its sender; "" for
    records of the hub itself, whose failures are the hub's."""

    code: str = ""
    system: str = ""

    @property
    def ours(self) -> bool:
        """Whether the hub's side failed."""
        return self.code in OURS or (self.code != "" and not self.system)


@dataclass(slots=True)
class _Count:
    """How often, lately, and how often in a row."""

    in_row: int = 0
    failed: int = 0
    last: deque[bool] = field(default_factory=deque)

    def note(self, failed: bool, window: int) -> None:
        self.in_row = self.in_row + 1 if failed else 0
        self.last.append(failed)
        self.failed += failed
        if len(self.last) > window:
            self.failed -= self.last.popleft()


@dataclass(slots=True)
class Brake:
    """Past the limit: `run` failures in a row, or more than `ratio` of the last `window` messages.

    `halted`: partitions that are read no more, until a new runner begins with a new brake. `failing`: systems that
    are past the limit now; one leaves it when its messages are taken again.
    """

    run: int = 100
    ratio: float = 0.5
    window: int = 1000
    halted: set[Place] = field(default_factory=set)
    _ours: dict[Place, _Count] = field(default_factory=dict)
    _theirs: dict[tuple[Place, str], _Count] = field(default_factory=dict)
    _failing: set[tuple[Place, str]] = field(default_factory=set)

    @property
    def failing(self) -> frozenset[str]:
        return frozenset(system for _, system in self._failing)

    def note(self, place: Place, verdicts: Iterable[Verdict]) -> None:
        """Take the verdicts of what was read from `place`, in order, once they are stored."""
        for verdict in verdicts:
            if verdict.ours or not verdict.code:
                count = self._ours.setdefault(place, _Count())
                count.note(verdict.ours, self.window)
                if self._past(count):
                    self.halted.add(place)
            if verdict.system and not verdict.ours:
                sender = (place, verdict.system)
                count = self._theirs.setdefault(sender, _Count())
                count.note(verdict.code != "", self.window)
                (self._failing.add if self._past(count) else self._failing.discard)(sender)

    def _past(self, count: _Count) -> bool:
        full = len(count.last) == self.window
        return count.in_row >= self.run or (full and count.failed > self.ratio * self.window)
