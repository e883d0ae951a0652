"""One child process per role: started, watched, started again, ended.

Rule: standard library only, and no event loop: the parent lives as long as the hub does and must stay small. It waits for
signals and deadlines, never in a poll loop.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

FIRST_PAUSE: Final = 0.1
LONGEST_PAUSE: Final = 5.0
STEADY: Final = 30.0
"""A child that lived so many seconds starts again without having to wait."""

CONFIGURATION: Final = 3
"""Exit status of a child that refuses to start: starting it again cannot help."""

PRIVATE: Final = 0o077
"""The umask of every process of a hub: what it makes is for its owner only."""


@dataclass(slots=True)
class Child:
    """One role's process, over all its lives. `due`: monotonic time of its next start, None while it runs."""

    role: str
    command: Sequence[str]
    inherited: Sequence[int]  # descriptors
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = FIRST_PAUSE
    due: float | None = field(default=0.0)

    def start(self, now: float) -> None:
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
            self.command, pass_fds=tuple(self.inherited), stdin=subprocess.DEVNULL
        )
        self.started = now
        self.due = None

    def reap(self, now: float) -> int | None:
        """Exit status if the process has ended (negative: the signal), and its next start is planned."""
        if self.process is None:
            return None
        status = self.process.poll()
        if status is None:
            return None
        if now - self.started >= STEADY:
            self.pause = FIRST_PAUSE
        self.due = now + self.pause
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        self.process = None
        return status

    def signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)


def command_of(role: str, arguments: Sequence[str]) -> list[str]:
    """How a child is run: the same interpreter, no path that the environment could change."""
    return [sys.executable, "-m", "hub.serve.child", "--role", role, "--parent", str(os.getpid()), *arguments]


def run_once(command: Sequence[str], inherited: Sequence[int]) -> int:
    """Run a child to its end; its exit status (128 + n for signal n)."""
    status = subprocess.run(  # noqa: S603 - our own interpreter and arguments
        command, pass_fds=tuple(inherited), stdin=subprocess.DEVNULL, check=False
    ).returncode
    return status if status >= 0 else 128 - status


def next_due(children: Sequence[Child]) -> float | None:
    """Seconds until the next child is to be started; None when all run."""
    times = [child.due for child in children if child.due is not None]
    return max(0.0, min(times) - time.monotonic()) if times else None
