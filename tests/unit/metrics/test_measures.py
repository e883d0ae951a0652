"""Counting, and the page that is made of it."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families as read

from hub.metrics import measures as module
from hub.metrics.exposition import render_metrics
from hub.metrics.measures import MORE, Measures
from hub.records import Ms


def samples(page: bytes) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every sample of a page, by name and labels; read by the library's own parser."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in read(page.decode())
        for sample in family.samples
    }


def test_what_was_counted_is_on_the_page() -> None:
    """Counters, gauges and histograms come out as they were counted, with their labels and the role."""
    counted = Measures("gateway")
    counted.inc("amana_admitted_total", "SIASN-EMP")
    counted.inc("amana_admitted_total", "SIASN-EMP", by=2)
    counted.set("amana_ready", 1)
    for seconds in (0.001, 0.004, 99):
        counted.observe("amana_commit_seconds", seconds, "translate")
    found = samples(render_metrics([counted.snapshot()]))
    role = ("role", "gateway")
    writer = ("writer", "translate")
    assert found["amana_admitted_total", (("code", "SIASN-EMP"), role)] == 3
    assert found["amana_ready", (role,)] == 1
    assert found["amana_commit_seconds_bucket", (("le", "0.001"), role, writer)] == 1
    assert found["amana_commit_seconds_bucket", (("le", "0.005"), role, writer)] == 2
    assert found["amana_commit_seconds_bucket", (("le", "10.0"), role, writer)] == 2
    assert found["amana_commit_seconds_bucket", (("le", "+Inf"), role, writer)] == 3
    assert found["amana_commit_seconds_sum", (role, writer)] == pytest.approx(99.005)


def test_two_roles_share_one_page() -> None:
    """A metric that two roles count is on the page once, its samples told apart by the role."""
    gateway, worker = Measures("gateway"), Measures("worker")
    gateway.set("amana_up", 1)
    worker.set("amana_up", 1)
    page = render_metrics([gateway.snapshot(), worker.snapshot()])
    assert page.count(b"# TYPE amana_up gauge") == 1
    assert len(samples(page)) == 2


def test_series_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Past the bound, what has no series yet is counted together; what has one goes on."""
    monkeypatch.setattr(module, "MOST", 2)
    counted = Measures()
    for code in ("A", "B", "C", "D", "A"):
        counted.inc("amana_admitted_total", code)
        counted.observe("amana_commit_seconds", 0.1, code)
    assert [counted.value("amana_admitted_total", code) for code in ("A", "B", "C", MORE)] == [2, 1, 0, 2]
    assert [counted.value("amana_commit_seconds", code) for code in ("A", "B", "C", MORE)] == [2, 1, 0, 2]


def test_labels_are_those_of_the_metric() -> None:
    """A label too many or too few is a defect that shows at once."""
    with pytest.raises(ValueError, match="amana_admitted_total has the labels code"):
        Measures().inc("amana_admitted_total", "A", "B")
    with pytest.raises(ValueError, match="amana_ready has the labels"):
        Measures().set("amana_ready", 1, "A")


def test_a_gauge_forgets_what_is_gone() -> None:
    """Replacing all values of a gauge drops the series that have none any more, and no other metric's."""
    counted = Measures()
    counted.set("amana_ready", 1)
    counted.replace("amana_waiting", {("KPPN", "due"): 3, ("DJA", "dead"): 1})
    counted.replace("amana_waiting", {("DJA", "dead"): 2})
    assert counted.snapshot().numbers == [(("amana_ready",), 1), (("amana_waiting", "DJA", "dead"), 2)]


def test_probes_look_when_asked() -> None:
    """What is only to be looked at is set when a snapshot is taken, and not before."""
    counted = Measures()
    calls = 0

    def look() -> None:
        nonlocal calls
        calls += 1
        counted.set("amana_pulls_running", calls)

    counted.probe(look)
    assert calls == 0
    assert [counted.snapshot().numbers[0][1] for _ in range(2)] == [1, 2]


def test_ages_need_a_clock() -> None:
    """An age is the time since a moment in seconds, never below 0; without a clock it is not counted."""
    counted = Measures("", lambda: Ms(10_000))
    counted.observe_age("amana_stage_delay_seconds", 4_000, "translate")
    counted.observe_age("amana_stage_delay_seconds", 11_000, "translate")
    assert counted.snapshot().histograms[0][1][-1] == 6.0
    timeless = Measures()
    timeless.observe_age("amana_stage_delay_seconds", 4_000, "translate")
    assert timeless.snapshot().histograms == []
