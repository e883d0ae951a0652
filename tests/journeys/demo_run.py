"""One run of `amana demo` that several test files look at: its data, its report, what it printed, what it took.

Rule: made once for all workers of a test session, and not changed by whoever looks; who serves or edits takes a copy.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from hub.demo.preset import load
from hub.demo.world import Month, make_month
from signing.jsontext import parse, render

PEOPLE: Final = 250
SEED: Final = 7
PERIOD: Final = "2026-10"
PRESET: Final = "kementerian"
LOOK_EVERY: Final = 0.2  # seconds between two looks at the memory


@dataclass(frozen=True, slots=True)
class DemoRun:
    """`peak`: the most memory that all its processes had together at one look (PSS, bytes). `secrets`: by kind."""

    folder: Path
    status: int
    peak: int
    looks: int
    preset: str = PRESET
    people: int = PEOPLE

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def printed(self) -> bytes:
        return (self.folder / "printed").read_bytes()

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = parse((self.folder / "report.json").read_bytes())
        return report

    @property
    def secrets(self) -> dict[str, list[str]]:
        secrets: dict[str, list[str]] = parse((self.folder / "secrets.json").read_bytes())
        return secrets

    def month(self) -> Month:
        """What was made up for it."""
        return make_month(load(self.preset), PERIOD, self.people, SEED)

    def copy(self, target: Path) -> Path:
        """Its data directory, to be served or edited."""
        shutil.copytree(self.data, target, ignore=shutil.ignore_patterns("run"))
        return target


def run_demo(folder: Path, people: int = PEOPLE, seed: int = SEED, preset: str = PRESET) -> DemoRun:
    """Run it into a new folder, looking at its memory meanwhile."""
    folder.mkdir()
    module = ["-m", "tests.journeys.recorded_demo", str(folder / "secrets.json")]
    options = ["--employees", str(people), "--seed", str(seed), "--data", str(folder / "data")]
    command = [sys.executable, *module, *options, "--preset", preset, "--report", str(folder / "report.json")]
    peak = looks = 0
    with (folder / "printed").open("wb") as printed:
        demo = subprocess.Popen(command, stdout=printed, stderr=printed, stdin=subprocess.DEVNULL)
        try:
            watched = psutil.Process(demo.pid)
            while demo.poll() is None:
                peak = max(peak, memory_of(watched))
                looks += 1
                time.sleep(LOOK_EVERY)
        finally:
            if demo.poll() is None:
                demo.terminate()
            demo.wait()
    return DemoRun(folder, demo.returncode, peak, looks, preset, people)


def memory_of(process: psutil.Process) -> int:
    """Proportional set size of a process and all its descendants, in bytes; of those that end meanwhile, nothing."""
    found = 0
    try:
        tree = [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for one in tree:
        try:
            found += one.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied, FileNotFoundError):
            continue
    return found


def shared_demo(factory: pytest.TempPathFactory, worker: str) -> DemoRun:
    """The run of this session: the first who asks makes it, on whatever worker, the others wait for it."""
    root = factory.getbasetemp() if worker == "master" else factory.getbasetemp().parent
    folder, done = root / "shared-demo", root / "shared-demo.json"
    with (root / "shared-demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            made = run_demo(folder)
            done.write_bytes(render({"status": made.status, "peak": made.peak, "looks": made.looks}))
    return DemoRun(folder, **parse(done.read_bytes()))


def worker_of(request: pytest.FixtureRequest) -> str:
    """Name of the test worker; "master" when there is one process only."""
    given = getattr(request.config, "workerinput", None)
    return "master" if given is None else str(given["workerid"])
