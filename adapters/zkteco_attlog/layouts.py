"""The layouts of an attlog.dat: which column is which, detected per file and confirmed by the folder's option.

Rule: a layout is never guessed. What the bytes of a file rule out is out; what they leave open somebody has to say
(option `layout`); what somebody says and the bytes rule out refuses the file. Reading a verify code as a device number, or
a device number as a verify code, harms nobody; reading a state from the wrong column turns arrivals into departures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.kit import AdapterError

LAYOUT: Final = "layout"
COLUMNS: Final = 6
STATES: Final = frozenset({"0", "1", "2", "3", "4", "5", "255"})
VERIFY: Final = frozenset(map(str, range(26)))
"""Verify codes that are common (domain facts 3.1); a third column beyond them is a device number."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of state, verify and work code; PIN and time are always the first two."""

    name: str
    state: int
    verify: int
    workcode: int


DEVICE_THIRD: Final = Layout("device-third", state=3, verify=4, workcode=5)
"""PIN, time, device number, state, verify, work code."""

VERIFY_THIRD: Final = Layout("verify-third", state=3, verify=2, workcode=4)
"""PIN, time, verify, state, work code, reserved."""

LAYOUTS: Final = {layout.name: layout for layout in (DEVICE_THIRD, VERIFY_THIRD)}


@dataclass(frozen=True, slots=True)
class Log:
    """A file taken apart: its punch lines in columns, and the serial number that a black-and-white model writes first."""

    rows: Sequence[Sequence[str]]
    serial: str | None


def read_log(body: bytes) -> Log:
    """Lines of the file. Black-and-white models write their serial number first and a checksum last: lines without a tab.
    Raises `AdapterError` "file-unsuitable" for what is no attlog.dat."""
    text = body.decode("ascii", "replace").replace("\r\n", "\n")
    lines = [line for line in text.split("\n") if line and not line.isspace()]
    serial = None
    if lines and "\t" not in lines[0]:
        serial = lines.pop(0).strip()
        if not lines or "\t" in lines[-1]:
            raise AdapterError("file-unsuitable", "the file has a first line without columns and no last one like it")
        lines.pop()
    if not lines:
        raise AdapterError("file-unsuitable", "the file has no punches")
    return Log([line.split("\t") for line in lines], serial)


def layout_of(rows: Sequence[Sequence[str]], said: str | None) -> Layout:
    """The layout of a file. `said`: the option. Raises `AdapterError`."""
    possible = possible_layouts(rows)
    if said is not None:
        layout = LAYOUTS.get(said)
        if layout is None:
            raise AdapterError("option-malformed", f"the option {LAYOUT} is one of: {', '.join(LAYOUTS)}")
        if layout not in possible:
            raise AdapterError("layout-contradicted", "the columns of the file are not those of the option layout")
        return layout
    if len(possible) == 1:
        return possible[0]
    if not possible:
        raise AdapterError("layout-unknown", "the columns of the file are of no layout that is known")
    raise AdapterError(
        "layout-unconfirmed", "the columns of the file fit two layouts; the option layout has to say which"
    )


def possible_layouts(rows: Sequence[Sequence[str]]) -> list[Layout]:
    """What the columns do not rule out. A device number is the same in every line of a file; a verify code is a common
    one; a state is one of the seven. Lines that are damaged rule out nothing."""
    whole = [row for row in rows if len(row) == COLUMNS]
    if not whole:
        return []
    third = {row[2].strip() for row in whole}
    if {row[3].strip() for row in whole} - STATES:
        return []
    found: list[Layout] = []
    if len(third) == 1:
        found.append(DEVICE_THIRD)
    if third <= VERIFY:
        found.append(VERIFY_THIRD)
    return found
