"""Which stages of the worker have stopped, and what the dead-letter brake holds, as small files beside the sockets of
the hub.

Rule: readiness and `amana doctor` read them, the worker alone writes them; codes only, nothing of a message. What is
braked makes the hub unready for nobody: admission and every other partition and system go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from hub.rundir import run_directory

FILE: Final = "halted.json"
BRAKED: Final = "braked.json"


def write_halted(data: Path, halted: Mapping[str, str]) -> None:
    """Replace the list: stage -> code. Atomic: a reader sees the old or the new one."""
    _write(run_directory(data) / FILE, halted)


def forget_halted(data: Path) -> None:
    """Before any worker runs: what an earlier one wrote says nothing about the next."""
    (run_directory(data) / FILE).unlink(missing_ok=True)
    (run_directory(data) / BRAKED).unlink(missing_ok=True)


def read_halted(data: Path) -> dict[str, str]:
    """Stages that have stopped, by name, with the code of the reason. Empty when all run, or none has started."""
    return _read(run_directory(data) / FILE)


def write_braked(data: Path, braked: Mapping[str, str]) -> None:
    """Replace the list: "partition <stage> <topic>/<n>" or "system <code>" -> code of the brake."""
    _write(run_directory(data) / BRAKED, braked)


def read_braked(data: Path) -> dict[str, str]:
    """Partitions that the brake halted and systems whose messages keep failing. Empty when there are none."""
    return _read(run_directory(data) / BRAKED)


def _write(path: Path, found: Mapping[str, str]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(dict(found)))
    fresh.replace(path)


def _read(path: Path) -> dict[str, str]:
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return {}
    return msgspec.json.decode(text, type=dict[str, str])
