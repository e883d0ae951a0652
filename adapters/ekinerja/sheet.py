"""From the bytes of the workbook to the month and the rows of the recap.

Rule: the header row decides. Exactly one sheet must have it; the head rows above it must name exactly one month;
a sheet that does not say so is refused whole, because a row under a wrong header is a wrong mark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapters.kit import AdapterError

from .labels import parse_month, plain
from .workbook import Cell, Row, read_sheets

HEADER: Final = (
    "no",
    "nip",
    "nama",
    "jabatan",
    "rating hasil kinerja",
    "rating perilaku kerja",
    "predikat kinerja periodik",
)
HEAD_ROWS: Final = 12
"""How far down the header row is looked for; exports have it in row 5."""


@dataclass(frozen=True, slots=True)
class Recap:
    """Month of work (YYYY-MM) and the rows below the header that are not blank, seven cells each."""

    period: str
    rows: list[list[Cell]]


def read(content: bytes) -> Recap:
    """The recap in an XLSX file; `AdapterError` when there is none."""
    found = [(rows, at) for rows in read_sheets(content) if (at := _header_row(rows)) is not None]
    if not found:
        raise AdapterError("header-missing", "no sheet has the header No, NIP, Nama, Jabatan, ratings, predicate")
    if len(found) > 1:
        raise AdapterError("header-repeated", "more than one sheet has the header; send one recap in a file")
    rows, at = found[0]
    period = _period(rows[:at])
    return Recap(period, [cells for row in rows[at + 1 :] if any(map(_text, cells := _seven(row)))])


def _header_row(rows: list[Row]) -> int | None:
    """Index of the header among `rows`."""
    for at, row in enumerate(rows):
        if row.number > HEAD_ROWS:
            break
        if tuple(plain(_text(cell)) for cell in _seven(row)) == HEADER:
            return at
    return None


def _seven(row: Row) -> list[Cell]:
    cells = row.cells[: len(HEADER)]
    return cells + [""] * (len(HEADER) - len(cells))


def _period(head: list[Row]) -> str:
    lines = [plain(" ".join(filter(None, map(_text, row.cells)))) for row in head]
    months = {parse_month(line) for line in lines if "periode" in line}
    if len(months) != 1 or None in months:
        raise AdapterError("period-unreadable", "the head rows do not name exactly one month and its year")
    (month,) = months
    assert month is not None
    return month


def _text(cell: Cell) -> str:
    return cell.strip() if isinstance(cell, str) else str(cell)
