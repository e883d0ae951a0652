"""What adapters of attendance devices share: PINs, raw codes, work codes, and a clock that jumped.

Rule: a PIN loses the spaces around it, which pad it, and nothing else: zeros in front are part of it. A code stays raw.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from adapters.kit.values import Canonical, Translated

JUMP: Final = timedelta(minutes=1)
"""A device logs in order; a time this much before the line above it means that the clock was set back."""

JUMPED: Final = "clock-jumped-ahead"
"""Flag of a punch below which the same device says an earlier time: before it was set back, its clock showed more."""

BEFORE: Final = "clock-before-2015"

NO_CODE: Final = -1
"""What `code_of` gives for a text that is no code."""

MAX_WORKCODE: Final = 300


@lru_cache(maxsize=65_536)
def pin_of(text: str) -> str | None:
    """The PIN without the spaces around it, else as it is. None when it is none."""
    pin = text.strip()
    usable = 0 < len(pin) <= 32 and pin.isascii() and pin.isprintable() and " " not in pin
    return pin if usable else None


@lru_cache(maxsize=1024)
def code_of(text: str) -> int | None:
    """A raw code of the device: 0 to 65535 in ASCII digits; empty is None; `NO_CODE` for anything else."""
    bare = text.strip()
    if not bare:
        return None
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 5 and int(bare) <= 65_535):
        return NO_CODE
    return int(bare)


def is_workcode(text: str) -> bool:
    """Whether a work code can be passed on: plain text, or empty."""
    return not text or (len(text) <= MAX_WORKCODE and text.isascii() and text.isprintable())


def flag_jumps(items: Sequence[Translated]) -> None:
    """Flag the punches of one device, in the order in which it logged them, that a later one of the message undercuts by
    more than `JUMP`: the clock had jumped ahead, or was set back wrongly, and a person has to say which. Times that no
    device can have seen undercut nothing."""
    least: str | None = None  # instants of one form compare as texts
    for item in reversed(items):
        if not isinstance(item, Canonical):
            continue
        value = item.value
        flags, instant = value["flags"], value["instant"]
        if least is not None and instant > least:
            if datetime.fromisoformat(instant) - datetime.fromisoformat(least) > JUMP:
                flags.append(JUMPED)
        elif BEFORE not in flags:
            least = instant
