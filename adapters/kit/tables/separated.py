"""From the bytes of a CSV file to rows of texts.

Rule: UTF-8 or nothing, quotes as RFC 4180 has them or nothing; a row is never mended. Which separator a file uses is not
guessed from its letters: whoever reads says how the header is known, and tries each.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from adapters.kit.errors import AdapterError
from adapters.kit.tables.markup import MAX_TEXT
from adapters.kit.tables.workbook import MAX_COLUMNS, MAX_ROWS, Row

DELIMITERS: Final = ",;\t"


def decode(content: bytes) -> str:
    """The text of a file. Raises `AdapterError` "file-unsuitable"."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AdapterError("file-unsuitable", "the file is neither an XLSX workbook nor text in UTF-8") from error
    if "\x00" in text:
        raise AdapterError("file-unsuitable", "the file is neither an XLSX workbook nor plain text")
    return text


def read_separated(text: str, delimiter: str, most: int = MAX_ROWS) -> list[Row]:
    """The rows with their numbers; the first `most` alone where that is less than the bound, and then only those before a
    fault. Raises `AdapterError`."""
    rows: list[Row] = []
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if number > most:
                if most < MAX_ROWS:
                    return rows
                raise AdapterError("file-too-large", f"the file has more than {MAX_ROWS} rows")
            if len(cells) > MAX_COLUMNS or any(len(cell) > MAX_TEXT for cell in cells):
                raise AdapterError(
                    "file-too-large", f"a row has more than {MAX_COLUMNS} columns, or a cell is too long"
                )
            rows.append(Row(number, [*cells]))
    except csv.Error as error:
        if most < MAX_ROWS:
            return rows
        raise AdapterError(
            "file-unsuitable", "the quotes of the file do not close as those of a CSV file do"
        ) from error
    return rows
