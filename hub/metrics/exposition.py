"""Snapshots as the text that Prometheus reads, every metric once, the label `role` on every sample.

Rule: the library writes the format; the registry is made for each answer, so nothing that another part of the process
registers anywhere is ever shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from hub.metrics.measures import Snapshot
from hub.metrics.names import SPECS, Name

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
_MAKE: Final = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}


def render_metrics(snapshots: Sequence[Snapshot]) -> bytes:
    """The whole page."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Taken(snapshots))
    return generate_latest(registry)


class _Taken(Collector):
    """What was taken, as the library's families."""

    def __init__(self, snapshots: Sequence[Snapshot]) -> None:
        self._snapshots = snapshots

    def describe(self) -> Iterable[Family]:
        return ()

    def collect(self) -> Iterator[Family]:
        families: dict[Name, Family] = {}
        for snapshot in self._snapshots:
            for key, value in snapshot.numbers:
                family = _family(families, key[0])
                assert not isinstance(family, HistogramMetricFamily)
                family.add_metric([*key[1:], snapshot.role], value)
            for key, counts in snapshot.histograms:
                family = _family(families, key[0])
                assert isinstance(family, HistogramMetricFamily)
                family.add_metric([*key[1:], snapshot.role], _buckets(key[0], counts), counts[-1])
        for _, family in sorted(families.items()):
            yield family


def _family(families: dict[Name, Family], text: str) -> Family:
    name: Name = text  # type: ignore[assignment]  # SPECS has it, or this raises
    found = families.get(name)
    if found is None:
        spec = SPECS[name]
        found = families[name] = _MAKE[spec.kind](name, spec.meaning, labels=[*spec.labels, "role"])
    return found


def _buckets(text: str, counts: Sequence[float]) -> list[tuple[str, float]]:
    bounds = [*SPECS[text].buckets, float("inf")]  # type: ignore[index]
    texts = [floatToGoString(bound) for bound in bounds]  # type: ignore[no-untyped-call]
    return list(zip(texts, accumulate(counts[:-1]), strict=True))
