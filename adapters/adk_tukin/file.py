"""The ADK Tukin file: bytes <-> rows and sums.

Rule: `parse` accepts exactly what `render` writes, and every invariant is checked on both ways: 21 columns, gross
minus cut is net in whole rupiah per row, a last line TOTAL with the sums of the rows, each row for the month before
the file's. CR LF ends every line, nothing stands above the first row, no byte depends on when or where it was made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from adapters.kit import AdapterError

COLUMNS: Final = (
    "Kode Satker", "Bulan", "Tahun", "NIP", "Nama Pegawai", "Nomor SK", "Kode Grade", "Nilai Bruto",
    "Nilai Potongan", "Nilai Bersih", "Kode Bank SPAN", "Nama Bank", "Nomor Rekening", "Nama Rekening",
    "Bulan Awal", "Tahun Awal", "Bulan Akhir", "Tahun Akhir", "Tukin Kali", "Nomor Tukin Lama", "Nomor Tukin Baru",
)  # fmt: skip
TOTAL: Final = "TOTAL"
_MONEY: Final = slice(7, 10)
_HASH_DIGITS: Final = 10


class Row(NamedTuple):
    """One line. Months are YYYY-MM; money is whole rupiah; `grade` the job class."""

    unit: str
    paid: str
    employee: str
    name: str
    decree: str
    grade: int
    gross: int
    cut: int
    net: int
    bank: str
    bank_name: str
    account: str
    account_name: str
    earned_from: str
    earned_to: str
    times: int
    document_before: str
    document: str


@dataclass(frozen=True, slots=True)
class Totals:
    """Control totals. `hash` is the sum of the employee numbers, its last ten digits (as ACH entry hashes are)."""

    count: int
    gross: int
    cut: int
    net: int
    hash: str


def totals(rows: Sequence[Row]) -> Totals:
    """Sums over rows that are already whole rupiah each: rounded per row, then added."""
    entry = sum(int("".join(filter(str.isdigit, row.employee)) or "0") for row in rows)
    return Totals(
        len(rows),
        sum(row.gross for row in rows),
        sum(row.cut for row in rows),
        sum(row.net for row in rows),
        str(entry)[-_HASH_DIGITS:].zfill(_HASH_DIGITS),
    )


def render(rows: Sequence[Row]) -> bytes:
    """The file of `rows`, in the order given."""
    lines = [_line(row) for row in rows]
    sums = totals(rows)
    last = [TOTAL] + [""] * (len(COLUMNS) - 1)
    last[_MONEY] = [str(sums.gross), str(sums.cut), str(sums.net)]
    return "".join(f"{line}\r\n" for line in [*lines, "\t".join(last)]).encode("utf-8")


def parse(content: bytes) -> tuple[list[Row], Totals]:
    """Rows and totals of a file; `AdapterError` naming the line where it breaks a rule."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AdapterError("file-malformed", "the file is not UTF-8") from error
    lines = text.split("\r\n")
    if len(lines) < 2 or lines[-1] != "" or "\n" in text.replace("\r\n", ""):
        raise AdapterError("file-malformed", "every line ends in CR LF")
    rows = [_row(number, line) for number, line in enumerate(lines[:-2], 1)]
    if render(rows) != content:
        raise AdapterError("total-wrong", "the line TOTAL is not what the rows come to, or a number has zeros in front")
    return rows, totals(rows)


def month_before(month: str) -> str:
    """The month that a file of `month` pays: January pays December of the year before."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02d}"


def _line(row: Row) -> str:
    check(row)
    cells = (
        row.unit, row.paid[5:], row.paid[:4], row.employee, row.name, row.decree, str(row.grade), str(row.gross),
        str(row.cut), str(row.net), row.bank, row.bank_name, row.account, row.account_name,
        row.earned_from[5:], row.earned_from[:4], row.earned_to[5:], row.earned_to[:4],
        str(row.times), row.document_before, row.document,
    )  # fmt: skip
    if any("\t" in cell or "\r" in cell or "\n" in cell for cell in cells):
        raise AdapterError("text-unusable", "a text has a tab or a line break")
    return "\t".join(cells)


def _row(number: int, line: str) -> Row:
    cells = line.split("\t")
    if len(cells) != len(COLUMNS):
        raise AdapterError("file-malformed", f"line {number} has not {len(COLUMNS)} columns")
    try:
        grade, gross, cut, net, times = (_whole(cells[at]) for at in (6, 7, 8, 9, 18))
        paid, first, last = (_month(cells[at], cells[at + 1]) for at in (1, 14, 16))
    except ValueError as error:
        raise AdapterError("file-malformed", f"line {number} has a number or month that is none") from error
    return Row(
        cells[0], paid, cells[3], cells[4], cells[5], grade, gross, cut, net, cells[10], cells[11], cells[12],
        cells[13], first, last, times, cells[19], cells[20],
    )  # fmt: skip


def check(row: Row) -> None:
    """The invariants of one row."""
    if row.gross - row.cut != row.net:
        raise AdapterError("sums-disagree", "gross minus cut is not net")
    if row.cut < 0 or row.net < 0:
        raise AdapterError("sums-disagree", "a cut or a net amount is negative")
    if not row.earned_from <= row.earned_to == month_before(row.paid):
        raise AdapterError("period-wrong", "a file pays the work of the month before it")


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError("not a whole number")
    return int(text)


def _month(month: str, year: str) -> str:
    if len(month) != 2 or len(year) != 4 or not 1 <= _whole(month) <= 12 or _whole(year) < 1000:
        raise ValueError("not a month")
    return f"{year}-{month}"
