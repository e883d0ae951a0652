"""Rows per second from runs and records to the files and messages of other systems, in one process, kit included.

`python -m tests.bench.render_rows_bench` prints one line of JSON per exchange. Medians of as many rounds as fit, three at
least.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from adapters.kit.registry import load
from hub.garbage import look_rarely
from signing import jsontext
from tests.bench import other_inputs
from tests.bench import payroll_inputs as made
from tests.bench.translate_rows_bench import AIM, FLOOR, ROUNDS, micros

SIASN: Final = {"quadrants": "sangat-baik=q1,baik=q2", "coefficients": "baik=k2", "periods": "1=p1,3=p3"}
ESS: Final = {"receiver": "MKOPESHAJI", "unsigned": "taken"}
HDL: Final = {"sourceSystemOwner": "HUB", "elementName": "Tunjangan", "legislativeDataGroup": "Contoh"}


def renders() -> dict[str, tuple[Callable[[], object], int]]:
    """What is measured: a call, and how many rows it renders, by adapter and exchange."""
    run, signals = made.run_of_all()
    found: dict[str, tuple[Callable[[], object], int]] = {}
    for system, exchange, options in (
        ("adk_tukin", "files", {}),
        ("payroll_generic", "hdl", HDL),
        ("payroll_generic", "csv", {}),
        ("payroll_generic", "json", {}),
    ):
        adapter = load(system)
        found[f"{system}.{exchange}"] = (
            lambda a=adapter, e=exchange, o=options: a.render(e, run, signals, o),  # type: ignore[misc]
            len(signals),
        )
    taken: tuple[tuple[str, str, list[dict[str, Any]], dict[str, str]], ...] = (
        ("adk_makan_lembur", "meal-days", made.entries("wfo"), {}),
        ("adk_makan_lembur", "overtime-hours", made.entries("lembur"), {}),
        ("hcmis", "notices", made.notices(), {}),
        ("siasn", "skp22", made.assessments("annual", "2025-12-31"), SIASN),
        ("siasn", "kinerjaperiodik", made.assessments("periodic", "2025-03-31"), SIASN),
        ("ess_deduction", "deductions-out", made.deductions("monthly"), ESS),
        ("ess_deduction", "stops-out", made.deductions("stop"), ESS),
        *((system, exchange, records, {}) for (system, exchange), records in other_inputs.outward().items()),
    )
    for system, exchange, records, options in taken:
        adapter = load(system)
        assert adapter.render_records(exchange, records, options)
        found[f"{system}.{exchange}"] = (
            lambda a=adapter, e=exchange, r=records, o=options: a.render_records(e, r, o),  # type: ignore[misc]
            len(records),
        )
    return found


def run(seconds: float) -> list[dict[str, Any]]:
    """One row per exchange; as many rounds as fit, the exchanges interleaved."""
    until = time.monotonic() + seconds
    calls = renders()
    spent: dict[str, list[float]] = {name: [] for name in calls}
    look_rarely()  # as every process of the hub does
    while min(map(len, spent.values())) < ROUNDS or time.monotonic() < until:
        for name, (call, rows) in calls.items():
            spent[name].append(micros(call, rows))
    return [
        {
            "name": f"renders.{name}",
            "value": round(1e6 / statistics.median(found)),
            "unit": "rows/s",
            "limit": None,
            "limit_name": "",
            "ratio": None,
            "floor": FLOOR,
            "aim": AIM,
            "whole_us": f"{statistics.median(found):.2f}",
        }
        for name, found in spent.items()
    ]


if __name__ == "__main__":
    for line in run(0):
        sys.stdout.write(jsontext.render(line).decode() + "\n")
