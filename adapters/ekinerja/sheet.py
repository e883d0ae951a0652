"""From the bytes of the workbook to the month and the rows of the recap.

Rule: the header row decides. Exactly one sheet must have it; the head rows above it must name exactly one month;
a sheet that does not say so is refused whole, because a row under a wrong header is a wrong mark.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

from python_calamine import CalamineWorkbook

from adapters.kit import AdapterError

from . import bounds
from .labels import parse_month, plain

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
    rows: list[list[Any]]


def read(content: bytes) -> Recap:
    """The recap in an XLSX file; `AdapterError` when there is none."""
    bounds.check(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names]
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise AdapterError("file-unsuitable", "the workbook cannot be read") from error
    found = [(cells, at) for cells in sheets if (at := _header_row(cells)) is not None]
    if not found:
        raise AdapterError("header-missing", "no sheet has the header No, NIP, Nama, Jabatan, ratings, predicate")
    if len(found) > 1:
        raise AdapterError("header-repeated", "more than one sheet has the header; send one recap in a file")
    cells, at = found[0]
    period = _period(cells[:at])
    width = len(HEADER)
    rows = [row[:width] for row in cells[at + 1 :] if any(_text(cell) for cell in row[:width])]
    return Recap(period, rows)


def _header_row(cells: list[list[Any]]) -> int | None:
    for at, row in enumerate(cells[:HEAD_ROWS]):
        if tuple(plain(_text(cell)) for cell in row[: len(HEADER)]) == HEADER:
            return at
    return None


def _period(head: list[list[Any]]) -> str:
    lines = [plain(" ".join(filter(None, map(_text, row)))) for row in head]
    months = {parse_month(line) for line in lines if "periode" in line}
    if len(months) != 1 or None in months:
        raise AdapterError("period-unreadable", "the head rows do not name exactly one month and its year")
    (month,) = months
    assert month is not None
    return month


def _text(cell: object) -> str:
    return cell.strip() if isinstance(cell, str) else "" if cell is None else str(cell)
