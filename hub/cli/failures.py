"""What a person reads when a command fails: what happened, what was expected, what to do. Never a traceback.

Exit status: 1 failed, 2 used wrongly, 3 configured wrongly. Stack traces only with AMANA_DEBUG=1.
"""

from __future__ import annotations

import os
import traceback
from typing import TextIO

from hub.control.client import Refused, Unreachable
from hub.errors import CODES, ConfigError, HubError

FAILED = 1
USAGE = 2
CONFIGURATION = 3


class CommandError(Exception):
    """An expected failure without a stable code: something on this side of the hub."""

    def __init__(self, happened: str, remedy: str = "", *, status: int = FAILED) -> None:
        self.happened = happened
        self.remedy = remedy
        self.status = status
        super().__init__(happened)


def report(error: BaseException, stream: TextIO) -> int:
    """Print an error for people; returns the exit status."""
    if os.environ.get("AMANA_DEBUG"):
        traceback.print_exception(error, file=stream)
    match error:
        case Refused():
            _write(stream, f"{error.code}: {error.happened}", error.detail, error.expected, error.remedy)
            return CONFIGURATION if error.code.startswith("AMANA-CONF") else FAILED
        case HubError():
            spec = CODES.get(error.code)
            if spec is None:
                _write(stream, error.code, error.detail, "", "")
            else:
                _write(stream, f"{error.code}: {spec.happened}", error.detail, spec.expected, spec.remedy)
            return CONFIGURATION if isinstance(error, ConfigError) else FAILED
        case Unreachable() | CommandError():
            _write(stream, error.happened, "", "", error.remedy)
            return error.status if isinstance(error, CommandError) else FAILED
        case OSError():
            name = f" ({error.filename})" if error.filename else ""
            _write(stream, f"{error.strerror or type(error).__name__}{name}", "", "", "Check the path and its rights")
            return FAILED
        case _:
            _write(
                stream,
                f"The command failed unexpectedly ({type(error).__name__})",
                "",
                "",
                "Run it again with AMANA_DEBUG=1 for the details, and report them",
            )
            return FAILED


def _write(stream: TextIO, happened: str, detail: str, expected: str, remedy: str) -> None:
    lines = [f"amana: {happened}"]
    if detail:
        lines.append(f"  detail:   {detail}")
    if expected:
        lines.append(f"  expected: {expected}")
    if remedy:
        lines.append(f"  do:       {remedy}")
    stream.write("\n".join(lines) + "\n")
