"""Which stages of the worker have stopped, and why, as one small file beside the sockets of the hub.

Rule: readiness and `amana doctor` read it, the worker alone writes it; codes only, nothing of a message.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from hub.rundir import run_directory

FILE: Final = "halted.json"


def write_halted(data: Path, halted: Mapping[str, str]) -> None:
    """Replace the list: stage -> code. Atomic: a reader sees the old or the new one."""
    path = run_directory(data) / FILE
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(dict(halted)))
    fresh.replace(path)


def forget_halted(data: Path) -> None:
    """Before any worker runs: what an earlier one wrote says nothing about the next."""
    (run_directory(data) / FILE).unlink(missing_ok=True)


def read_halted(data: Path) -> dict[str, str]:
    """Stages that have stopped, by name, with the code of the reason. Empty when all run, or none has started."""
    try:
        text = (run_directory(data) / FILE).read_bytes()
    except FileNotFoundError:
        return {}
    return msgspec.json.decode(text, type=dict[str, str])
