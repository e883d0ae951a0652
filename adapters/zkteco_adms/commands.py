"""The queue of commands for a device, and what it says became of them.

Rule: a command stands in the registry as the option `command.<id>`, signed like every change; a device gets it with each poll
until it says a result for that id. What was answered is known to the process alone, so a command may be given again after a
restart: only commands are allowed that do the same when they are repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from adapters.kit import AdapterError, DeviceContext
from adapters.kit.punches import NO_CODE, code_of

OPTION: Final = "command."
MOST: Final = 10
LONGEST: Final = 500
ALLOWED: Final = (
    "DATA UPDATE USERINFO ", "DATA DELETE USERINFO ", "DATA QUERY USERINFO", "INFO", "CHECK", "LOG",
)  # fmt: skip
"""Commands that work (domain facts 3.1). None edits or clears a device's log: that would be tampering."""

FAILURES: Final = {
    "-1002": "the device does not understand the command",
    "-1004": "the device does not support the command",
}
_RESULT: Final = re.compile(r"ID=([0-9]{1,5})&Return=(-?[0-9]{1,6})(&.*)?", re.ASCII)


def waiting(device: DeviceContext) -> list[str]:
    """Lines of the answer to a poll: the commands that have no result yet, by their ids."""
    found: list[tuple[int, str]] = []
    for name, text in device.options.items():
        if name.startswith(OPTION):
            number = code_of(name.removeprefix(OPTION))
            if number is None or number == NO_CODE or not _is_allowed(text):
                raise AdapterError("command-malformed", "an option command.<id> of the device is no command it may get")
            if str(number) not in device.answered:
                found.append((number, text.strip()))
    return [f"C:{number}:{text}" for number, text in sorted(found)[:MOST]]


def result_lines(body: bytes) -> list[str]:
    """The lines that say a result; what a command printed stands between them and is left out."""
    text = body.decode("ascii", "replace").replace("\r\n", "\n")
    return [line.strip() for line in text.split("\n") if _RESULT.fullmatch(line.strip())]


def result_of(line: str) -> tuple[str, str] | None:
    """Id and return code of a line."""
    found = _RESULT.fullmatch(line.strip())
    return None if found is None else (str(int(found[1])), found[2])


def failure(code: str, failures: Mapping[str, str] = FAILURES) -> str | None:
    """Why a command failed; None: it did not."""
    return failures.get(code, "the device could not do the command") if code.startswith("-") else None


def _is_allowed(text: str) -> bool:
    bare = text.strip()
    plain = len(bare) <= LONGEST and not any(character in bare for character in "\r\n\x00")
    exact = tuple(command for command in ALLOWED if not command.endswith(" "))
    whole = bare in exact or bare.startswith("DATA QUERY USERINFO ")
    return plain and (whole or bare.startswith(tuple(c for c in ALLOWED if c.endswith(" "))))
