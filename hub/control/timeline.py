"""Values with a past: what an object is now, and what it was at any position of the control log.

Rule: a value is never changed in place; a new one is put at a higher or equal position. Reading the present is a
plain dictionary look-up (the gateway does it per request), reading the past one bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class History(Generic[K, V]):
    """One table of the directory over all positions."""

    __slots__ = ("_current", "_lines")

    def __init__(self) -> None:
        self._current: dict[K, V] = {}
        self._lines: dict[K, tuple[list[int], list[V]]] = {}

    def put(self, position: int, key: K, value: V) -> None:
        """From `position` on `key` has `value`. Positions never go back."""
        self._current[key] = value
        positions, values = self._lines.setdefault(key, ([], []))
        if positions and positions[-1] == position:
            values[-1] = value
            return
        positions.append(position)
        values.append(value)

    def now(self) -> Mapping[K, V]:
        """The present, read-only and live."""
        return MappingProxyType(self._current)

    def at(self, position: int) -> Mapping[K, V]:
        """The table as it was after `position` was applied; later puts do not show."""
        return AsOf(self._lines, position)


class AsOf(Mapping[K, V]):
    """A table as of one position. A key that was put later only is not there."""

    __slots__ = ("_lines", "_position")

    def __init__(self, lines: Mapping[K, tuple[list[int], list[V]]], position: int) -> None:
        self._lines = lines
        self._position = position

    def __getitem__(self, key: K) -> V:
        positions, values = self._lines[key]
        n = bisect_right(positions, self._position)
        if n == 0:
            raise KeyError(key)
        return values[n - 1]

    def __iter__(self) -> Iterator[K]:
        return (key for key, (positions, _) in self._lines.items() if positions[0] <= self._position)

    def __len__(self) -> int:
        return sum(1 for _ in self)
