"""Commands of which devices have said a result, as this process has heard.

Rule: a hint only. It is lost with the process and not shared with another, so a command may be given to a device twice; an
adapter lets only such commands out as may be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final


class Heard:
    """Ids of answered commands by device."""

    MOST: Final = 1000

    def __init__(self) -> None:
        self._ids: dict[str, frozenset[str]] = {}

    def of(self, device: str) -> frozenset[str]:
        """Ids of a device's commands."""
        return self._ids.get(device, frozenset())

    def note(self, device: str, ids: Sequence[str]) -> None:
        """Results came."""
        if ids:
            known = self.of(device) | frozenset(ids)
            self._ids[device] = known if len(known) <= self.MOST else frozenset(ids[: self.MOST])
