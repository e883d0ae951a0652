"""A demo that is stopped half way leaves nothing behind: no process, no directory with keys."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def processes_in(folder: Path) -> list[int]:
    """Ids of processes that name this folder in their command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(folder) in word for word in line):
            found.append(process.pid)
    return found


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A demo in a temporary directory of its own, stopped as soon as its hub is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli.main", "demo", "--employees", "20"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    yield process
    process.kill()
    process.wait()
    for left in processes_in(tmp_path):
        os.kill(left, signal.SIGKILL)


def half_way(tmp_path: Path) -> bool:
    """Whether the hub of a demo in this directory has a gateway and a worker."""
    roles = set()
    for number in processes_in(tmp_path):
        try:
            line = psutil.Process(number).cmdline()
        except psutil.Error:
            continue
        roles |= {"gateway", "worker"}.intersection(line)
    return len(roles) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_told_to_stop_cleans_up(
    tmp_path: Path, demo: subprocess.Popen[bytes], number: signal.Signals
) -> None:
    """As after Ctrl-C: its hub drains and ends, and the directory with its keys is gone."""
    assert wait_for(lambda: half_way(tmp_path), 80)
    demo.send_signal(number)
    assert demo.wait(30) == 1
    assert processes_in(tmp_path) == []
    assert list(tmp_path.glob("amana-demo-*")) == []


def test_the_hub_of_a_demo_that_is_killed_ends(tmp_path: Path, demo: subprocess.Popen[bytes]) -> None:
    """Nobody could tell it to: it notices by its lifeline."""
    assert wait_for(lambda: half_way(tmp_path), 80)
    demo.kill()
    demo.wait(10)
    assert wait_for(lambda: processes_in(tmp_path) == [], 20)
