"""`amana demo`: one month over real HTTP with real signatures, from onboarding to a paid and reconciled run.

Rule: the hub is a separate process that gets nothing but commands and messages; what it says at the end is held against
the generator's own books, and every difference is shown. Exit 0 only if there is none.
"""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hub.clock import SystemClock
from hub.demo import preset as presets
from hub.demo.acts import perform
from hub.demo.hubprocess import HubProcess
from hub.demo.report import Report
from hub.demo.traffic import UnexpectedError
from hub.demo.world import make_month
from hub.errors import ConfigError

if TYPE_CHECKING:
    from rich.console import Console


def main(
    *,
    preset: str = "kementerian",
    employees: int = 250,
    month: str = "2026-10",
    seed: int = 7,
    data: Path | None = None,
    report: Path | None = None,
    keep_serving: bool = False,
) -> int:
    """Run it; returns the exit status. Raises `ConfigError` for arguments that cannot be."""
    from rich.console import Console

    check_arguments(employees, month, data)
    console = Console(highlight=False)
    chosen = presets.load(preset)
    console.print(f"{chosen.title}: {employees} employees, {month}, seed {seed}. Everything in it is made up.")
    with tempfile.TemporaryDirectory(prefix="amana-demo-") as temporary:
        hub = HubProcess((data or Path(temporary) / "data").absolute())
        try:
            outcome = perform(hub, chosen, make_month(chosen, month, employees, seed), console)
            show(outcome, console)
            if report is not None:
                outcome.write(report)
            if keep_serving and outcome.reconciled:
                console.print(f"The hub goes on serving at {hub.url} on {hub.data}. Stop it with Ctrl-C.")
                hub.wait()
        except UnexpectedError as error:
            console.print(f"Not as expected: {error}", style="red", markup=False)
            console.print(hub.log_tail(), markup=False)
            return 1
        except KeyboardInterrupt:
            console.print("Stopped.")
            return 1
        finally:
            hub.stop()
    return 0 if outcome.reconciled else 1


def check_arguments(employees: int, month: str, data: Path | None) -> None:
    """What cannot be run is said before anything is started."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise ConfigError("AMANA-CONF-001", "--month is written YYYY-MM") from None
    now = date.fromtimestamp(SystemClock().now() / 1000)  # noqa: DTZ012 - a month has ended or it has not
    if first >= now.replace(day=1):
        raise ConfigError("AMANA-CONF-001", "--month must have ended: taps of the future are not believed")
    if not 20 <= employees <= 20_000:
        raise ConfigError("AMANA-CONF-001", "--employees is a number from 20 to 20000")
    if data is not None and data.exists() and any(data.iterdir()):
        raise ConfigError("AMANA-CONF-005", "--data must be a new or empty directory for a demo")


def show(report: Report, console: Console) -> None:
    """The closing table, then what did not reconcile."""
    from rich.table import Table

    table = Table(title="What was sent, and what came of it", show_header=False, title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    for name, value in report.rows():
        table.add_row(name, value)
    console.print(table)
    for what, expected, actual in report.differences:
        console.print(f"DIFFERENCE {what}: expected {expected}, the hub says {actual}", style="red", markup=False)
    verdict = "Every total reconciles" if report.reconciled else f"{len(report.differences)} totals do not reconcile"
    console.print(f"{verdict}, after {report.seconds:.1f} s.")
