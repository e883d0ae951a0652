"""Rows of one message under one id: said twice, or contradicting each other.

Rule: the same row again is counted as repeating its first; two different rows under one id are both refused, because
nobody here can know which is right.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from adapters.kit.values import Refused, Repeated


def repeats(keys: Sequence[Hashable], rows: Sequence[Any], code: str, reason: str) -> dict[int, Refused | Repeated]:
    """What becomes of the rows whose key stands more than once, by index; `code` and `reason` for contradicting ones."""
    if len(set(keys)) == len(keys):
        return {}
    places: dict[Hashable, list[int]] = {}
    for at, key in enumerate(keys):
        places.setdefault(key, []).append(at)
    found: dict[int, Refused | Repeated] = {}
    for first, *others in places.values():
        if all(rows[at] == rows[first] for at in others):
            found.update((at, Repeated(at, first)) for at in others)
        else:
            found.update((at, Refused(at, code, reason)) for at in (first, *others))
    return found
