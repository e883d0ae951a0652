"""From the bytes of the file to the month and the rows of the recap.

Rule: the columns are known by their names (`labels.py`), and the head rows above them must name exactly one month and its
year. What is bounded, and how a workbook or a CSV file is read, stands in the kit (`adapters/kit/tables`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapters.kit import AdapterError
from adapters.kit.tables import Cell, Row, plain, read_table, text_of

from .labels import COLUMNS, OTHER_NAMES, parse_month, year_of


@dataclass(frozen=True, slots=True)
class Recap:
    """Month of work (YYYY-MM) and the rows that are not blank, with the cells of `COLUMNS`; `ragged`: indexes of rows whose
    cells may stand under wrong names."""

    period: str
    rows: list[list[Cell]]
    ragged: frozenset[int]


def read(content: bytes) -> Recap:
    """The recap in an XLSX or CSV file; `AdapterError` when there is none."""
    table = read_table(content, COLUMNS, OTHER_NAMES)
    places = [table.columns[name] for name in COLUMNS]
    rows = [[cells[place] for place in places] for cells in table.rows]
    return Recap(_period(table.head), rows, table.ragged)


def _period(head: Sequence[Row]) -> str:
    """The month of the row with "Periode"; a row of its own may say the year."""
    lines = [plain(" ".join(filter(None, map(text_of, row.cells)))) for row in head]
    years = {year for line in lines if "periode" not in line and (year := year_of(line)) is not None}
    year = years.pop() if len(years) == 1 else None
    months = {parse_month(line, year) for line in lines if "periode" in line}
    if len(months) != 1 or None in months:
        raise AdapterError("period-unreadable", "the head rows do not name exactly one month and its year")
    (month,) = months
    assert month is not None
    return month
