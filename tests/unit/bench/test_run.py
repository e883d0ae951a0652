"""The driver of the benchmarks: what is below its floor, what is written. Nothing is timed here."""

from __future__ import annotations

import importlib
import inspect
import platform
import sys
from pathlib import Path
from typing import Any

import pytest

from signing.jsontext import parse, render
from tests.bench import run

ROW = {"name": "log.append", "value": 5000, "unit": "1/s", "limit": 10_000, "limit_name": "raw", "ratio": 0.5}


@pytest.mark.parametrize(
    ("goals", "below", "word"),
    [
        ({}, False, ""),
        ({"floor": None}, False, ""),
        ({"floor": 0.5, "aim": 0.7}, False, "on its way"),
        ({"floor": 0.51, "aim": 0.7}, True, "below its floor"),
        ({"floor": 0.3, "aim": 0.5}, False, "at its aim"),
        ({"floor": 5000, "aim": 6000}, False, "on its way"),
        ({"floor": 5001, "aim": 6000}, True, "below its floor"),
        ({"floor": 1000, "aim": 5000}, False, "at its aim"),
    ],
)
def test_a_row_is_held_against_its_floor_and_aim(goals: dict[str, float], below: bool, word: str) -> None:
    """Up to 1 a goal is a share of the limit, above it is in the row's unit; a row without a floor is never below."""
    row = ROW | goals
    assert run.misses(row) is below
    assert run.verdict(row) == word


@pytest.mark.parametrize(
    ("value", "below", "word"),
    [
        (15.1, True, "below its floor"),
        (15, False, "on its way"),
        (10.1, False, "on its way"),
        (9.9, False, "at its aim"),
    ],
)
def test_a_row_of_which_less_is_better_is_held_the_other_way_round(value: float, below: bool, word: str) -> None:
    """Floor and aim are the most that it may be, in its own unit."""
    row = {"name": "pull.added", "value": value, "unit": "ms", "better": "less", "floor": 15, "aim": 10, "ratio": 0.1}
    assert run.misses(row) is below
    assert run.verdict(row) == word


def test_every_benchmark_can_be_driven() -> None:
    """Each module of the folder has `run(seconds)` and is imported without measuring anything."""
    assert len(run.names()) >= 4
    for name in run.names():
        first = next(iter(inspect.signature(importlib.import_module(f"tests.bench.{name}").run).parameters))
        assert (name, first) == (name, "seconds")


def test_the_machine_is_described_and_not_named() -> None:
    """Kind of processor and versions; neither the host's name nor a directory of it."""
    described = run.machine()
    assert sorted(described) == ["cpus", "model", "python", "sqlite", "system"]
    text = render(described).decode()
    assert platform.node() not in text
    assert [path for path in (Path.home(), Path.cwd(), Path(sys.prefix)) if f"{path}/" in text + "/"] == []


def driven(rows: list[dict[str, Any]] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Any]:
    """The driver with one benchmark that gives `rows`: exit status, and what it wrote."""
    monkeypatch.setattr(run, "run_apart", lambda *_: rows)
    out = tmp_path / "bench.json"
    status = run.main(["--only", run.names()[0], "--out", str(out)])
    return status, parse(out.read_bytes())


def test_a_missed_floor_or_a_failure_is_exit_status_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And 0 otherwise; what was measured is written in every case."""
    good, bad = ROW | {"floor": 0.4, "aim": 0.7}, ROW | {"floor": 0.6, "aim": 0.7}
    assert driven([good], tmp_path, monkeypatch) == (0, {"machine": run.machine(), "results": [good]})
    assert driven([good, bad], tmp_path, monkeypatch) == (1, {"machine": run.machine(), "results": [good, bad]})
    assert driven(None, tmp_path, monkeypatch) == (1, {"machine": run.machine(), "results": []})
