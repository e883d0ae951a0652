"""From a file to the one table in it: head rows, column names, rows.

Rule: the header decides. Exactly one sheet must have every column that is needed, each once; a file that does not say so
is refused whole, because a row under a wrong header is a wrong mark.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from adapters.kit.errors import AdapterError
from adapters.kit.tables.separated import DELIMITERS, decode, read_separated
from adapters.kit.tables.workbook import Cell, Row, read_sheets

HEAD_ROWS: Final = 12
"""How far down the header row is looked for."""
_ZIP: Final = b"PK"


@dataclass(frozen=True, slots=True)
class Table:
    """`head`: the rows above the header. `columns`: place of each column by its plain name. `rows`: those below that are
    not blank, as long as the header. `ragged`: indexes of rows that are longer."""

    head: Sequence[Row]
    columns: Mapping[str, int]
    rows: list[list[Cell]]
    ragged: frozenset[int]


def read_table(content: bytes, needed: Collection[str], aliases: Mapping[str, str] | None = None) -> Table:
    """The table whose header has the columns `needed`, as `plain` writes them; `aliases`: other names of columns. Raises
    `AdapterError`."""
    known = aliases or {}
    sheets = read_sheets(content) if content.startswith(_ZIP) else _separated(content, needed, known)
    found = [(rows, at) for rows in sheets if (at := _header_row(rows, needed, known)) is not None]
    if not found:
        raise AdapterError("header-missing", "no sheet has the header with the columns " + ", ".join(needed))
    if len(found) > 1:
        raise AdapterError("header-repeated", "more than one sheet has the header; send one table in a file")
    rows, at = found[0]
    names = _names(rows[at], known)
    columns: dict[str, int] = {}
    for place, name in enumerate(names):
        if name and columns.setdefault(name, place) != place:
            raise AdapterError("header-repeated", "a column stands in the header twice")
    return _table(rows, at, columns, len(names))


def _table(rows: list[Row], at: int, columns: Mapping[str, int], width: int) -> Table:
    kept: list[list[Cell]] = []
    ragged: set[int] = set()
    for row in rows[at + 1 :]:
        cells = row.cells
        if len(cells) != width:
            if any(text_of(cell) for cell in cells[width:]):
                ragged.add(len(kept))
            cells = cells[:width] + [""] * (width - len(cells))
        if any(map(_filled, cells)) or len(kept) in ragged:
            kept.append(cells)
    return Table(rows[:at], columns, kept, frozenset(ragged))


@lru_cache(maxsize=1024)
def plain(text: str) -> str:
    """Lower case, with single spaces: how labels and names of columns are compared. A table says few of them, often."""
    return " ".join(text.lower().split())


def text_of(cell: Cell) -> str:
    """A cell as text, without the spaces around it; a number of a workbook as its digits."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    return f"{Decimal(repr(cell)):f}"


def texts_of(cells: list[Cell]) -> list[str]:
    """The cells of a row as texts."""
    return [cell.strip() if type(cell) is str else text_of(cell) for cell in cells]


def _filled(cell: Cell) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _separated(content: bytes, needed: Collection[str], known: Mapping[str, str]) -> list[list[Row]]:
    """The one reading of a text whose separator shows the header; none where no separator does."""
    text = decode(content)
    for delimiter in DELIMITERS:
        if _header_row(read_separated(text, delimiter, HEAD_ROWS), needed, known) is not None:
            return [read_separated(text, delimiter)]
    return []


def _header_row(rows: list[Row], needed: Collection[str], known: Mapping[str, str]) -> int | None:
    """Index of the header among `rows`."""
    for at, row in enumerate(rows):
        if row.number > HEAD_ROWS:
            break
        if set(needed) <= set(_names(row, known)):
            return at
    return None


def _names(row: Row, known: Mapping[str, str]) -> list[str]:
    names = [plain(text_of(cell)) for cell in row.cells]
    return [known.get(name, name) for name in names]
