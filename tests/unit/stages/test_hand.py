"""What was in hand when a process died, as the next one reads it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from hub.stages.hand import LIST, PAGE, Hand

DIES = """
import os, sys
from pathlib import Path
from hub.stages.hand import Hand
hand = Hand(Path(sys.argv[1]), float(sys.argv[2]))
hand.take("inbox.a/0/6"); hand.lay_down()
hand.take("inbox.a/0/7")
{}
"""


def _die(directory: Path, how: str, seconds: float = 0) -> int:
    command = [sys.executable, "-c", DIES.format(how), str(directory), str(seconds)]
    return subprocess.run(command, check=False, timeout=60).returncode


def test_two_deaths_in_hand_are_too_many(tmp_path: Path) -> None:
    """An abort and a kill count alike, for the message in hand and for no other."""
    assert _die(tmp_path, "os.abort()") == -signal.SIGABRT
    hand = Hand(tmp_path)
    assert not hand.killed("inbox.a/0/7")
    hand.close()
    assert _die(tmp_path, "os.kill(os.getpid(), 9)") == -signal.SIGKILL
    hand = Hand(tmp_path)
    assert [hand.killed(f"inbox.a/0/{n}") for n in (6, 7, 8)] == [False, True, False]
    hand.close()


def test_what_was_laid_down_is_not_counted(tmp_path: Path) -> None:
    """A worker that dies between messages, or in another stage, accuses none."""
    for _ in range(3):
        assert _die(tmp_path, "hand.lay_down(); os.abort()") == -signal.SIGABRT
    hand = Hand(tmp_path)
    assert not hand.killed("inbox.a/0/7")
    assert not (tmp_path / LIST).exists()
    hand.close()


def test_a_call_that_does_not_come_back_ends_the_process(tmp_path: Path) -> None:
    """The timer runs while something is in hand, and only then."""
    assert _die(tmp_path, "while True: pass", 0.2) == -signal.SIGALRM
    assert _die(tmp_path, "hand.lay_down(); import time; time.sleep(0.5); os._exit(5)", 0.2) == 5


def test_deaths_are_forgotten_behind_the_message(tmp_path: Path) -> None:
    """Once the stage asks for what lies behind it, the message is as any other; elsewhere nothing changes."""
    for _ in range(2):
        _die(tmp_path, "os.abort()")
    hand = Hand(tmp_path)
    hand.passed("inbox.a", 0, 7)
    hand.passed("inbox.a", 1, 9)
    hand.passed("inbox.ab", 0, 9)
    assert hand.killed("inbox.a/0/7")
    hand.passed("inbox.a", 0, 8)
    assert not hand.killed("inbox.a/0/7")
    hand.close()
    again = Hand(tmp_path)
    assert not again.killed("inbox.a/0/7")
    again.close()


def test_a_damaged_list_or_page_is_begun_anew(tmp_path: Path) -> None:
    """Neither is worth a worker that does not start."""
    (tmp_path / LIST).write_bytes(b"{")
    (tmp_path / PAGE).write_bytes(b"\x01\x02")
    hand = Hand(tmp_path)
    hand.take("inbox.a/0/1")
    hand.lay_down()
    assert ((tmp_path / PAGE).stat().st_size, hand.killed("inbox.a/0/1")) == (512, False)
    hand.close()
    (tmp_path / PAGE).write_bytes(b"\x01\x02\xff\xff" + bytes(508))
    Hand(tmp_path).close()
