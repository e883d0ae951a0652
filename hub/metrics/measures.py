"""The numbers of one role in one process: counted where things happen, read when somebody asks.

Rule: counting takes no lock and no call into a library, about a third of what the library takes; so each metric with its labels is counted
by one thread. What nobody counts, because it is only to be looked at (open files, calls under way), is set by a probe when
a snapshot is taken. The series of one metric are bounded: past `MOST` what is new is counted together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from hub.metrics.names import SPECS, Name
from hub.records import Ms

MOST: Final = 5000
MORE: Final = "(more)"
"""Label of what is counted together."""

_Key = tuple[str, ...]  # name, then the values of its labels


class Snapshot(msgspec.Struct, frozen=True):
    """All numbers of one role at one moment. `histograms`: counts per bucket (the last above all bounds), then the sum."""

    role: str
    numbers: list[tuple[tuple[str, ...], float]]
    histograms: list[tuple[tuple[str, ...], list[float]]]


class Measures:
    """What one role counts. `role` is the label that every sample gets; `now` the clock that ages are told by."""

    __slots__ = ("_histograms", "_now", "_numbers", "_probes", "_series", "role")

    def __init__(self, role: str = "", now: Callable[[], Ms] | None = None) -> None:
        self.role = role
        self._now = now
        self._numbers: dict[_Key, float] = {}
        self._histograms: dict[_Key, list[float]] = {}
        self._series: dict[str, int] = {}
        self._probes: list[Callable[[], None]] = []

    def inc(self, name: Name, *labels: str, by: float = 1) -> None:
        """One more (or `by`)."""
        key = (name, *labels)
        numbers = self._numbers
        found = numbers.get(key)
        if found is None:
            key = self._admit(key)
            found = numbers.get(key, 0)
        numbers[key] = found + by

    def observe(self, name: Name, value: float, *labels: str) -> None:
        """One value of a histogram."""
        key = (name, *labels)
        found = self._histograms.get(key)
        if found is None:
            key = self._admit(key)
            found = self._histograms.setdefault(key, [0] * (len(SPECS[name].buckets) + 2))
        found[bisect_left(SPECS[name].buckets, value)] += 1
        found[-1] += value

    def observe_age(self, name: Name, since: int, *labels: str) -> None:
        """As `observe`, of the seconds since a time in ms; nothing where there is no clock."""
        if self._now is not None:
            self.observe(name, max(0.0, (self._now() - since) / 1000), *labels)

    def set(self, name: Name, value: float, *labels: str) -> None:
        """A gauge's value now."""
        key = (name, *labels)
        self._numbers[key if key in self._numbers else self._admit(key)] = value

    def replace(self, name: Name, values: Mapping[tuple[str, ...], float]) -> None:
        """All values of a gauge now, by labels: those that are not given are gone."""
        for key in [key for key in self._numbers if key[0] == name and key[1:] not in values]:
            del self._numbers[key]
        self._series[name] = sum(key[0] == name for key in self._numbers)
        for labels, value in values.items():
            self.set(name, value, *labels)

    def value(self, name: Name, *labels: str) -> float:
        """What was counted or set; 0 for nothing. Of a histogram: how many values."""
        key = (name, *labels)
        found = self._histograms.get(key)
        return self._numbers.get(key, 0) if found is None else sum(found[:-1])

    def probe(self, look: Callable[[], None]) -> None:
        """Call `look` before every snapshot: it sets what is only to be looked at."""
        self._probes.append(look)

    def snapshot(self) -> Snapshot:
        for look in self._probes:
            look()
        histograms = [(key, counts.copy()) for key, counts in self._histograms.copy().items()]
        return Snapshot(self.role, list(self._numbers.copy().items()), histograms)

    def _admit(self, key: _Key) -> _Key:
        """A series that is new, or the one that stands for all beyond the bound."""
        spec = SPECS[key[0]]  # type: ignore[index]  # a KeyError for what is no metric
        if len(key) - 1 != len(spec.labels):
            raise ValueError(f"{key[0]} has the labels {', '.join(spec.labels) or '(none)'}")
        count = self._series.get(key[0], 0)
        if count >= MOST:
            return (key[0], *(MORE for _ in spec.labels))
        self._series[key[0]] = count + 1
        return key
