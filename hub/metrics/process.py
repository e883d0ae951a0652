"""What a process is: its processor time, memory, open files, start and version. Rule: looked at only when asked."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from hub.metrics.measures import Measures
from hub.ports import Clock

_STATUS: Final = Path("/proc/self/statm")
_FILES: Final = Path("/proc/self/fd")


def watch_process(measures: Measures, clock: Clock) -> None:
    """Have every snapshot show this process; it counts as begun now."""
    try:
        measures.set("amana_info", 1, version("amana-hub"))
    except PackageNotFoundError:
        measures.set("amana_info", 1, "0")
    measures.set("amana_up", 1)
    measures.set("amana_process_start_time_seconds", clock.now() / 1000)
    measures.probe(_look(measures))


def _look(measures: Measures) -> Callable[[], None]:
    page = os.sysconf("SC_PAGE_SIZE")

    def look() -> None:
        times = os.times()
        measures.set("amana_process_cpu_seconds_total", times.user + times.system)
        if _STATUS.exists():  # Linux
            resident = int(_STATUS.read_text("ascii").split()[1]) * page
            measures.set("amana_process_resident_bytes", resident)
            measures.set("amana_process_open_files", len(os.listdir(_FILES)))  # noqa: PTH208 - names are enough

    return look
