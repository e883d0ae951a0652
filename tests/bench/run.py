"""`python -m tests.bench.run [--full]`: every benchmark of this folder, one table, and `bench.json`.

Each `*_bench.py` has `run(seconds) -> rows` and runs in a process of its own, so that none warms or burdens another.
Exit status 1 when a floor is missed or a benchmark failed.

Rule: numbers are held against a limit measured in the same run. A floor or aim of at most 1 is a share of that limit, a
larger one is in the row's own unit. A row with `better: less` is turned round: floor and aim are the most, in its own unit,
that it may be. What is written names the machine's kind, never the machine.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from signing.jsontext import parse, render

FOLDER: Final = Path(__file__).parent
DEFAULT: Final = 360.0
FULL: Final = 660.0
"""Seconds for all benchmarks together; with what starting them takes, 10 and 16 minutes."""

SHARES: Final[Mapping[str, int]] = {"cluster_bench": 4}
"""Shares of the time, where it is not one: that one starts workers again and again."""

SETTING_UP: Final = 8.0  # seconds that a benchmark is expected to need besides measuring
GRACE: Final = 60.0  # seconds over its share after which it has failed
GRACES: Final[Mapping[str, float]] = {"cluster_bench": 420.0}
"""Where it is another one: broker, server and workers start, and a group settles for seconds after each that comes or goes."""

PIPE_WIDTH: Final = 160  # columns when nobody looks

Row = dict[str, Any]


def names() -> list[str]:
    """Benchmarks of this folder."""
    return sorted(path.stem for path in FOLDER.glob("*_bench.py"))


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.run", description="Run the benchmarks.")
    parser.add_argument("--full", action="store_true", help="full sizes: about 16 minutes instead of 10")
    parser.add_argument("--only", choices=names(), action="append", help="this benchmark only; may be given again")
    parser.add_argument("--seconds", type=float, help="for all benchmarks together")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    parser.add_argument("--one", metavar="MODULE", help=argparse.SUPPRESS)  # the process of one benchmark
    given = parser.parse_args(argv)
    if given.one:
        return run_one(given.one, given.seconds, given.out)
    chosen: list[str] = given.only or names()
    seconds = given.seconds or (FULL if given.full else DEFAULT)
    console = Console(width=None if sys.stdout.isatty() else PIPE_WIDTH)
    rows: list[Row] = []
    failed: list[str] = []
    share = seconds / sum(SHARES.get(name, 1) for name in chosen)
    for name in chosen:
        began = time.monotonic()
        console.print(f"{name} ...", end=" ")
        found = run_apart(name, share * SHARES.get(name, 1))
        console.print(f"{time.monotonic() - began:.0f} s")
        if found is None:
            failed.append(name)
        else:
            rows += found
    given.out.write_bytes(render(document(rows)) + b"\n")
    console.print(table(rows))
    missed = [row["name"] for row in rows if misses(row)]
    for name in missed:
        console.print(f"{name} is below its floor", style="red")
    for name in failed:
        console.print(f"{name} failed", style="red")
    return 1 if missed or failed else 0


def run_one(name: str, seconds: float, out: Path) -> int:
    """What the process of one benchmark does."""
    rows = importlib.import_module(f"tests.bench.{name}").run(seconds)
    out.write_bytes(render(rows))
    return 0


def run_apart(name: str, share: float) -> list[Row] | None:
    """The rows of one benchmark, from a process of its own; None when it failed, and its own words are on the screen."""
    measuring = max(share - SETTING_UP, share / 2)
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as folder:
        out = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "tests.bench.run", "--one", name]
        command += ["--seconds", f"{measuring:.1f}", "--out", str(out)]
        try:
            done = subprocess.run(command, check=False, timeout=share + GRACES.get(name, GRACE))
        except subprocess.TimeoutExpired:
            print(f"{name} took longer than {share + GRACES.get(name, GRACE):.0f} s", file=sys.stderr)  # noqa: T201
            return None
        if done.returncode != 0:
            return None
        rows: list[Row] = parse(out.read_bytes())
        return rows


def measured(row: Mapping[str, Any], goal: float) -> float:
    """What of a row a goal is held against."""
    return float(row["ratio"] if goal <= 1 else row["value"])


def misses(row: Mapping[str, Any]) -> bool:
    """Whether a row is below its floor; one without a floor never is."""
    floor = row.get("floor")
    return floor is not None and not reaches(row, floor)


def reaches(row: Mapping[str, Any], goal: float) -> bool:
    """Whether a row is as good as a goal, or better."""
    if row.get("better") == "less":
        return float(row["value"]) <= goal
    return measured(row, goal) >= goal


def document(rows: Sequence[Row]) -> dict[str, Any]:
    """`bench.json`."""
    return {"machine": machine(), "results": list(rows)}


def machine() -> dict[str, Any]:
    """What kind of machine this is: no host name, no path."""
    import apsw

    return {
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "model": cpu_model(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": apsw.sqlite_lib_version(),
    }


def cpu_model() -> str:
    """The processor's name where the system says it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.machine()
    found = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return found[0] if found else platform.machine()


def table(rows: Sequence[Row]) -> Table:
    """The rows for people."""
    made = Table(title="Measured", title_justify="left")
    for head in ("name", "value", "unit", "limit", "against", "ratio", "floor", "aim", ""):
        made.add_column(head, justify="left" if head in {"name", "unit", "against", ""} else "right")
    for row in rows:
        made.add_row(
            row["name"],
            _number(row["value"]),
            row["unit"],
            _number(row.get("limit")),
            row.get("limit_name", ""),
            _number(row.get("ratio")),
            _number(row.get("floor")),
            _number(row.get("aim")),
            verdict(row),
        )
    return made


def verdict(row: Mapping[str, Any]) -> str:
    """One word for where a row stands."""
    if misses(row):
        return "below its floor"
    aim = row.get("aim")
    return "" if aim is None else "at its aim" if reaches(row, aim) else "on its way"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value > 1.5 else f"{value:.2f}"


if __name__ == "__main__":
    sys.exit(main())
