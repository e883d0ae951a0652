"""From the parts of a workbook to the cells of its sheets.

Rule: a sheet is the rows that it writes, never the rectangle that they span; a cell keeps the place that it says or,
saying none, the one behind its neighbour, and places only grow. What a sheet says of its own size is not read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.kit.errors import AdapterError
from adapters.kit.tables.bounds import Parts
from adapters.kit.tables.markup import Hooks, Markup, Plain, Plains

Cell = str | int | float | bool

MAX_SHEETS: Final = 8
MAX_COLUMNS: Final = 64
MAX_ROWS: Final = 20_000
MAX_CELLS: Final = 400_000
"""Of all sheets together, the empty ones before a cell included."""
MAX_STRINGS: Final = 200_000
MAX_VOLUME: Final = 16 * 1_048_576
"""Characters of all cells together, a shared text counted as often as it is shown; and of all shared texts."""

_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_PLAIN: Final = frozenset({"str", "inlineStr", "e", "d"})
"""Kinds of cells whose text is their value."""
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_ROW: Final = ("worksheet", "sheetData", "row")
_CELL: Final = (*_ROW, "c")
_VALUES: Final = {(*_CELL, "v"), (*_CELL, "is", "t"), (*_CELL, "is", "r", "t")}
_STRING: Final = ("sst", "si")
_STRING_TEXTS: Final = {(*_STRING, "t"), (*_STRING, "r", "t")}

_TEXT: Final = rb"([^<>&\x00-\x1f\xef]{0,8000})"
"""Text that stands for itself: no markup, no line break (which a parser may change), and none of the few characters that XML
has no place for."""
_SHOWN: Final = rb"<t(?: xml:space=\"preserve\")?>" + _TEXT + rb"</t>"
_PLAIN_CELL: Final = (
    rb"<c r=\"([A-Z]{1,3}[1-9][0-9]{0,6})\"(?: s=\"[0-9]+\")?(?: t=\"([a-zA-Z]{1,9})\")?"
    rb"(?:/>|>(?:<v>" + _TEXT + rb"</v>|<is>" + _SHOWN + rb"</is>)?</c>)"
)
_PLAIN_ROW: Final = (
    rb"<row r=\"[1-9][0-9]{0,6}\"%b>" % b"".join(
        rb"(?: %b=\"[0-9a-z.: ]{0,40}\")?" % name
        for name in (b"spans", b"s", b"customFormat", b"ht", b"hidden", b"customHeight", b"outlineLevel", b"collapsed")
    )
    + rb"(?:" + _PLAIN_CELL + rb")*+</row>"
)  # fmt: skip
_PLAIN_STRING: Final = rb"<si>" + _SHOWN + rb"</si>"
_RUN_OF_CELLS: Final = re.compile(rb"(?:" + _PLAIN_CELL + rb")++")
_RUN_OF_ROWS: Final = re.compile(rb"(?:" + _PLAIN_ROW + rb")++")
_RUN_OF_STRINGS: Final = re.compile(rb"(?:" + _PLAIN_STRING + rb")++")
_CELLS: Final = re.compile(
    r"<c r=\"([A-Z0-9]+)\"(?: s=\"[0-9]+\")?(?: t=\"([a-zA-Z]+)\")?/?>(?:<v>|<is><t[^<>]*>)?([^<]*)"
)
"""What such a run says, cell by cell; that it has no other form is known by then."""
_STRINGS: Final = re.compile(_PLAIN_STRING.decode("latin-1").replace(r"\xef", ""))
_BEFORE_ROWS: Final = re.compile(rb"<sheetData(?: [^<>]*)?>|<row(?: [^<>]*)?>|</row>|</c>")
_BEFORE_STRINGS: Final = re.compile(rb"<sst(?: [^<>]*)?>|</si>")


@dataclass(slots=True)
class Row:
    """One row that a sheet writes: its number (from 1) and its cells from column A on, "" where there is none."""

    number: int
    cells: list[Cell] = field(default_factory=list)


def read_sheets(content: bytes) -> list[list[Row]]:
    """The rows of every sheet of an XLSX file. Raises `AdapterError` "file-unsuitable" or "file-too-large"."""
    parts = Parts(content)
    markup, names, relations = Markup(), _Names(), _Relations()
    markup.read(parts.pieces("xl/workbook.xml"), names)
    markup.read(parts.pieces("xl/_rels/workbook.xml.rels"), relations)
    if not 1 <= len(names.found) <= MAX_SHEETS:
        raise AdapterError("file-too-large", f"the workbook has no sheet, or more than {MAX_SHEETS}")
    if len(names.found) != len(set(names.found)):
        raise AdapterError("file-unsuitable", "the workbook names one sheet twice")
    strings = _Strings()
    if relations.strings is not None:
        markup.read(parts.pieces(relations.strings), strings)
    budget = _Budget()
    sheets = []
    for name in names.found:
        sheet = _Sheet(strings.found, budget)
        markup.read(parts.pieces(relations.part(name)), sheet)
        sheets.append(sheet.rows)
    return sheets


class _Names:
    """Ids of the relations to the sheets, in the order of the tabs."""

    plain = None

    def __init__(self) -> None:
        self.found: list[str] = []

    def hooks(self, path: tuple[str, ...]) -> Hooks | None:
        return Hooks(self._sheet) if path == ("workbook", "sheets", "sheet") else None

    def _sheet(self, attributes: Mapping[str, str]) -> None:
        self.found.append(attributes.get(f"{_RELATION} id") or attributes.get(f"{_STRICT} id") or "")


class _Relations:
    """Which part a relation leads to."""

    plain = None

    def __init__(self) -> None:
        self._sheets: dict[str, str] = {}
        self.strings: str | None = None

    def hooks(self, path: tuple[str, ...]) -> Hooks | None:
        return Hooks(self._relation) if path == ("Relationships", "Relationship") else None

    def _relation(self, attributes: Mapping[str, str]) -> None:
        kind, target = attributes.get("Type", ""), attributes.get("Target", "")
        part = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
        if kind.endswith("/worksheet"):
            self._sheets[attributes.get("Id", "")] = part
        elif kind.endswith("/sharedStrings"):
            self.strings = part

    def part(self, relation: str) -> str:
        found = self._sheets.get(relation)
        if found is None:
            raise AdapterError("file-unsuitable", "the workbook has a tab that is no sheet of cells")
        return found


class _Strings:
    """The shared texts; of a text in several fonts the pieces are joined, and how it is pronounced is left out."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.plain = Plains(_BEFORE_STRINGS, {_STRING[:-1]: Plain(b"<sst", _RUN_OF_STRINGS, self._plain)})
        self._pieces: list[str] = []
        self._volume = 0

    def hooks(self, path: tuple[str, ...]) -> Hooks | None:
        if path in _STRING_TEXTS:
            return Hooks(text=self._pieces.append)
        return Hooks(end=self._whole) if path == _STRING else None

    def _whole(self) -> None:
        text = "".join(self._pieces)
        self._pieces.clear()
        self._keep([text])

    def _plain(self, run: str) -> None:
        self._keep(_STRINGS.findall(run))

    def _keep(self, texts: list[str]) -> None:
        self.found += texts
        self._volume += sum(map(len, texts))
        if len(self.found) > MAX_STRINGS or self._volume > MAX_VOLUME:
            raise AdapterError("file-too-large", "the workbook has far more texts than a table of people")


@dataclass(slots=True)
class _Budget:
    """What the sheets of one workbook have cost."""

    cells: int = 0
    volume: int = 0

    def take(self, width: int, volume: int) -> None:
        """A row gets longer by `width`, and has that many characters more."""
        self.cells += width
        self.volume += volume
        if self.cells > MAX_CELLS or self.volume > MAX_VOLUME:
            raise AdapterError(
                "file-too-large", "the workbook has far more cells, or longer texts, than a table of people"
            )


class _Sheet:
    """The rows of one sheet."""

    def __init__(self, strings: list[str], budget: _Budget) -> None:
        self.rows: list[Row] = []
        rows, cells = Plain(b"<sheetData", _RUN_OF_ROWS, self._rows), Plain(b"<row", _RUN_OF_CELLS, self._row)
        self.plain = Plains(_BEFORE_ROWS, {_ROW[:-1]: rows, _ROW: cells})
        self._cells: list[Cell] = []  # of the last row
        self._strings = strings
        self._budget = budget
        self._number = 0
        self._column = 0
        self._ending = ""
        self._kind = "n"
        self._pieces: list[str] = []

    def hooks(self, path: tuple[str, ...]) -> Hooks | None:
        if path in _VALUES:
            return Hooks(text=self._pieces.append)
        if path == _CELL:
            return Hooks(self._begin_cell, self._end_cell)
        return Hooks(self._begin_row) if path == _ROW else None

    def _rows(self, run: str) -> None:
        """Whole rows."""
        for row in run.split("</row>")[:-1]:
            tag, _, cells = row.partition(">")
            self._start(int(tag[8 : tag.index('"', 8)]))  # behind <row r="
            self._row(cells)

    def _row(self, run: str) -> None:
        """Cells of the row that began last."""
        cells, ending = self._cells, self._ending
        width, volume, column = len(cells), 0, self._column
        before = width
        for said, kind, text in _CELLS.findall(run):
            column += 1
            if column > MAX_COLUMNS or said != _LETTERS[column] + ending:
                column = self._place(said, column - 1)
            cell = text if kind in _PLAIN else self._value(kind or "n", text)
            if cell == "":
                continue
            if type(cell) is str:
                volume += len(cell)
            if width + 1 != column:
                cells.extend([""] * (column - width - 1))
            cells.append(cell)
            width = column
        self._column = column
        self._budget.take(width - before, volume)

    def _end_cell(self) -> None:
        pieces = self._pieces
        cell = self._value(self._kind, pieces[0] if len(pieces) == 1 else "".join(pieces))
        if cell != "":
            cells = self._cells
            missing = self._column - len(cells) - 1
            self._budget.take(missing + 1, len(cell) if isinstance(cell, str) else 0)
            if missing:
                cells.extend([""] * missing)
            cells.append(cell)

    def _begin_row(self, attributes: Mapping[str, str]) -> None:
        said = attributes.get("r")
        number = self._number + 1
        if said is not None:
            if not (said.isascii() and said.isdigit()):
                raise AdapterError("file-unsuitable", "a row of the sheet has a number that is none")
            number = int(said) if len(said) <= 7 else MAX_ROWS + 1
        self._start(number)

    def _start(self, number: int) -> None:
        """A row begins."""
        if number <= self._number:
            raise AdapterError("file-unsuitable", "the rows of the sheet are not in their order")
        if number > MAX_ROWS:
            raise AdapterError("file-too-large", f"the sheet reaches beyond row {MAX_ROWS}")
        self._number, self._column, self._ending = number, 0, str(number)
        row = Row(number)
        self._cells = row.cells
        self.rows.append(row)

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        self._kind = attributes.get("t", "n")
        self._pieces.clear()
        said = attributes.get("r")
        column = self._column + 1
        if said is not None and (column > MAX_COLUMNS or said != _LETTERS[column] + self._ending):
            column = self._place(said, self._column)
        elif column > MAX_COLUMNS:
            raise AdapterError("file-too-large", f"the sheet reaches beyond column {MAX_COLUMNS}")
        self._column = column

    def _place(self, said: str, last: int) -> int:
        """The column of a cell that says its place and does not stand right behind the `last` one."""
        found = _REFERENCE.fullmatch(said)
        if found is None:
            raise AdapterError("file-unsuitable", "a cell of the sheet has a place that is none")
        column = _column(found[1])
        if column > MAX_COLUMNS:
            raise AdapterError("file-too-large", f"the sheet reaches beyond column {MAX_COLUMNS}")
        if int(found[2]) > MAX_ROWS:
            raise AdapterError("file-too-large", f"the sheet reaches beyond row {MAX_ROWS}")
        if int(found[2]) != self._number or column <= last:
            raise AdapterError("file-unsuitable", "the cells of the sheet are not in their order")
        return column

    def _value(self, kind: str, text: str) -> Cell:
        if not text or kind in _PLAIN:
            return text
        try:
            if kind == "s":
                return self._strings[_index(text)]
            if kind == "b":
                return bool(_index(text))
            number = float(text)
        except (ValueError, IndexError) as error:
            raise AdapterError("file-unsuitable", "a cell of the sheet does not hold what it says") from error
        return int(number) if number.is_integer() else number


_LETTERS: Final = (
    "",
    *(chr(64 + n) if n <= 26 else f"{chr(64 + (n - 1) // 26)}{chr(65 + (n - 1) % 26)}" for n in range(1, 65)),
)


def _index(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError("an index is digits")
    return int(text)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
