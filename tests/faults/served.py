"""`amana serve` as a process that can be killed at any moment, and started again on the same data and port.

Rule: only processes of this hub are touched, by their ids. `orphans` looks for what a dead parent left behind.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import psutil

from hub.demo.hubprocess import HubProcess
from hub.serve.readiness import await_ready

Victim = Literal["parent", "everything", "gateway", "worker"]
WITHIN: Final = 30.0
"""Seconds for what must happen soon on a machine that is busy with other tests."""


def alive(process: psutil.Process) -> bool:
    """Whether it still runs; one that is dead and not yet reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(true: Callable[[], bool], what: str, within: float = WITHIN) -> None:
    """Wait for a condition, or fail with its name."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        time.sleep(0.01)


class Served:
    """One hub. `kill` ends one of its processes or all of them, with -9."""

    def __init__(self, data: Path) -> None:
        self.hub = HubProcess(data)
        self.hub.port = quiet_port()
        self.data = data

    @property
    def url(self) -> str:
        return self.hub.url

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self.hub.start()

    def await_ready(self) -> None:
        """After a child was killed: until its gateway is there again."""
        assert await_ready(self.data, WITHIN), "the hub did not get ready again"

    def stop(self) -> None:
        self.hub.stop()

    def children(self) -> list[psutil.Process]:
        """Its processes but the parent."""
        try:
            return psutil.Process(self.hub.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def child(self, role: str) -> psutil.Process | None:
        """The process of a role, if it runs at this moment."""
        for process in self.children():
            try:
                words = process.cmdline()
            except psutil.NoSuchProcess:
                continue
            if "--role" in words and words[words.index("--role") + 1] == role and alive(process):
                return process
        return None

    def kill(self, victim: Victim) -> None:
        """Kill it now. On return the killed are dead, and after "parent" and "everything" nothing of the hub is left
        and it has been started again."""
        if victim in {"gateway", "worker"}:
            self._kill_child(victim)
            return
        children = self.children()
        os.kill(self.hub.pid, signal.SIGKILL)
        if victim == "everything":
            for process in children:
                process.kill()
        self.hub.wait()
        until(lambda: not any(alive(process) for process in children), "children end with their parent")
        until(lambda: orphans(self.data) == [], "nothing of the hub outlives its parent")
        self.start()

    def _kill_child(self, role: str) -> None:
        found: list[psutil.Process] = []

        def running() -> bool:
            process = self.child(role)
            if process is not None:
                found.append(process)
            return process is not None

        until(running, f"a {role} to kill")
        found[0].kill()
        until(lambda: not alive(found[0]), f"the {role} dies")


def quiet_port() -> int:
    """A free port that the system gives to no caller: one that somebody calls while nobody listens on it could
    otherwise become the caller's own, and the hub would not get it back."""
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


def orphans(data: Path) -> list[int]:
    """Ids of processes that serve this data directory."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if str(data) in words and any(word.startswith("hub.serve") for word in words) and alive(process):
            found.append(process.pid)
    return found


@contextmanager
def serving(data: Path) -> Iterator[Served]:
    """A hub on `data`, stopped at the end however it goes."""
    served = Served(data)
    served.start()
    try:
        yield served
    finally:
        served.stop()
