"""When Python looks for garbage in cycles, in a process that serves.

Rule: rarely, and never at what was there at the start. A large file makes a million values that all live until their batch
is stored; looking through them again and again finds nothing and takes an eighth of the time.
"""

from __future__ import annotations

import gc
from typing import Final

EVERY: Final = (50_000, 20, 20)
"""Containers made and not freed until the youngest are looked through; rounds until the older are."""


def look_rarely() -> None:
    """Call it once, when everything that stays is there."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*EVERY)
