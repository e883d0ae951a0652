"""Whether this process may be sent requests: `/healthz` says that it lives, `/readyz` that it can store and sign.

Rule: ready only when every part named in `PARTS` is and no stage of the worker has halted; draining makes it unready
before anything else stops.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PARTS: Final = ("bus", "store", "keys")


class Health:
    """Readiness of one process. `reason` names what is not ready, for people."""

    __slots__ = ("_missing", "braked", "draining", "halted")

    def __init__(self) -> None:
        self._missing: set[str] = set(PARTS)
        self.draining = False
        self.halted: Mapping[str, str] = {}  # stage of the worker -> code of what stopped it
        self.braked: Mapping[str, str] = {}  # partition or system -> code of the dead-letter brake; ready all the same

    def up(self, part: str) -> None:
        """This part works."""
        if part not in PARTS:
            raise ValueError(part)
        self._missing.discard(part)

    def down(self, part: str) -> None:
        """This part does not work (any more)."""
        if part not in PARTS:
            raise ValueError(part)
        self._missing.add(part)

    def drain(self) -> None:
        """From now on for ever: unready."""
        self.draining = True

    @property
    def ready(self) -> bool:
        return not self._missing and not self.halted and not self.draining

    def reason(self) -> str:
        """The missing parts, the stages that halted with their codes, `draining`, or `ready`."""
        if self.draining:
            return "draining"
        if self.ready:
            return "ready"
        parts = [" ".join(sorted(self._missing))] if self._missing else []
        return "; ".join([*parts, *(f"stage {stage} halted: {code}" for stage, code in sorted(self.halted.items()))])
