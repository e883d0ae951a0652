"""`amana demo`: one month over real HTTP with real signatures, from onboarding to a paid and reconciled run.

Rule: the hub is a separate process that gets nothing but commands and messages; what it says at the end is held against
the generator's own books, and every difference is shown. Exit 0 only if there is none.
"""

from __future__ import annotations

import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final

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

ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP)

LAST_ZONE: Final = timezone(timedelta(hours=-12))
"""Where a month ends last: a run is opened once it is over there."""


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
    """Run it; returns the exit status. Raises ValueError for a month that cannot be, `ConfigError` for other arguments."""
    from rich.console import Console

    check_arguments(employees, month, data)
    console = Console(highlight=False)
    chosen = presets.load(preset)
    console.print(f"{chosen.title}: {employees} employees, {month}, seed {seed}. Everything in it is made up.")
    console.print(f"{chosen.story}.")
    if chosen.draft_rules:
        console.print(f"{chosen.rule_set.id} is a draft: this hub alone is told that drafts may pay.")
    with stopped_like_ctrl_c(), tempfile.TemporaryDirectory(prefix="amana-demo-") as temporary:
        hub = HubProcess((data or Path(temporary) / "data").absolute(), chosen.settings())
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


@contextmanager
def stopped_like_ctrl_c() -> Iterator[None]:
    """Meanwhile SIGTERM and SIGHUP raise KeyboardInterrupt, once, so that the hub and the directory with its keys go as
    after Ctrl-C. In another thread than the main one, where no handler can be set, nothing changes."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        for number in ENDINGS:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def check_month(month: str) -> None:
    """Raises ValueError, with a text for people, unless it is a month that has ended."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise ValueError("a month is written YYYY-MM, such as 2026-10") from None
    now = datetime.fromtimestamp(SystemClock().now() / 1000, LAST_ZONE).date()  # as the hub counts it
    if first >= now.replace(day=1):
        raise ValueError("the month has not ended yet: taps of the future are not believed")


def check_arguments(employees: int, month: str, data: Path | None) -> None:
    """What cannot be run is said before anything is started."""
    check_month(month)
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
