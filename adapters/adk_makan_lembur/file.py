"""The two ADK files: bytes <-> lines.

Rule: `NIP TAB YYYY-MM-DD`, for overtime a tab and whole hours more; no header, no total, no rupiah. CR LF ends every line.
Lines stand in order of NIP and day, none twice. `parse` accepts exactly what `render` writes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from adapters.kit import AdapterError
from schemas.canonical.identifiers import check_nip
from schemas.canonical.text import DATE_PATTERN

HOURS: Final = range(1, 25)
_DATE: Final = re.compile(DATE_PATTERN, re.ASCII)
_HOURS: Final = re.compile(r"[1-9][0-9]?", re.ASCII)


class Line(NamedTuple):
    """One line. `hours` is None in the file for meal money."""

    nip: str
    day: str
    hours: int | None


def render(lines: Sequence[Line], *, overtime: bool) -> bytes:
    """The file of `lines`; `AdapterError` for one that it cannot hold."""
    for line in lines:
        check(line, overtime=overtime)
    ordered = sorted(lines)
    if len({(line.nip, line.day) for line in ordered}) < len(ordered):
        raise AdapterError("day-repeated", "a NIP stands twice on one day")
    rows = ((line.nip, line.day, *(() if line.hours is None else (str(line.hours),))) for line in ordered)
    return "".join("\t".join(row) + "\r\n" for row in rows).encode("ascii")


def parse(content: bytes, *, overtime: bool) -> list[Line]:
    """The lines of a file; `AdapterError` "file-malformed" for anything that `render` would not have written."""
    try:
        lines = [_line(text) for text in content.decode("ascii").split("\r\n")[:-1]]
        same = render(lines, overtime=overtime) == content
    except (UnicodeDecodeError, ValueError):
        same = False
    if not same:
        raise AdapterError("file-malformed", "the file has another form than ADK lines, in order and each once")
    return lines


def check(line: Line, *, overtime: bool) -> None:
    """What one line has to keep. A NIP is read as far as NIP and NI PPPK agree: 18 digits that begin with a birth date."""
    if check_nip(line.nip, pppk=True) is not None:
        raise AdapterError("nip-malformed", "somebody has no NIP of 18 digits, or one that a spreadsheet destroyed")
    if not _DATE.fullmatch(line.day):
        raise AdapterError("file-malformed", "a day is no date")
    if overtime and line.hours not in HOURS:
        raise AdapterError("hours-impossible", "the overtime of one day has more than 24 hours, or none")
    if not overtime and line.hours is not None:
        raise AdapterError("file-malformed", "a line for meal money has hours")


def _line(text: str) -> Line:
    nip, day, *rest = text.split("\t")
    if len(rest) > 1 or (rest and not _HOURS.fullmatch(rest[0])):
        raise ValueError("not a line")
    return Line(nip, day, int(rest[0]) if rest else None)
