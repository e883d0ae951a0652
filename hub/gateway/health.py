"""Whether this process may be sent requests: `/healthz` says that it lives, `/readyz` that it can store and sign.

Rule: ready only when every part named in `PARTS` is; draining makes it unready before anything else stops.
"""

from __future__ import annotations

from typing import Final

PARTS: Final = ("bus", "store", "keys")


class Health:
    """Readiness of one process. `missing` names what is not ready, for people."""

    __slots__ = ("_missing", "draining")

    def __init__(self) -> None:
        self._missing: set[str] = set(PARTS)
        self.draining = False

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
        return not self._missing and not self.draining

    def reason(self) -> str:
        """One word per missing part, `draining`, or `ready`."""
        if self.draining:
            return "draining"
        return "ready" if self.ready else " ".join(sorted(self._missing))
