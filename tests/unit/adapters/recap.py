"""Recap workbooks as e-Kinerja exports them, with invented people; the golden cases' files are made here.

`python -m tests.unit.adapters.recap` writes them anew.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

HEADER = (
    "No", "NIP", "Nama", "Jabatan", "Rating Hasil Kinerja", "Rating Perilaku Kerja", "Predikat Kinerja Periodik",
)  # fmt: skip
HEAD = ("Instansi: KEMENTERIAN CONTOH", "Unit Penilaian: BAGIAN CONTOH")
PERIOD = "Periode Bulanan 10 Tahun 2026"
CASES = Path(__file__).parents[3] / "adapters" / "ekinerja" / "cases"

Cell = str | int | None
Row = tuple[Cell, ...]


def nip(number: int) -> str:
    """An invented NIP: a birth date and an appointment that nobody has, and a serial number."""
    return f"19000101199901{1 + number % 2}{number:03d}"


def row(number: int, *labels: Cell, of: Cell = None) -> Row:
    """One row with three labels; `of` replaces the NIP."""
    return (number, nip(number) if of is None else of, f"Orang Contoh {number}", "Jabatan Contoh", *labels)


def recap(rows: Sequence[Row], *, period: str = PERIOD, header: Row = HEADER) -> bytes:
    """The bytes of a workbook: three head rows, a blank one, the header, the rows."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in [(HEAD[0],), (HEAD[1],), (period,), (), header, *rows]:
        sheet.append(line)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


GOOD = ("Sesuai Ekspektasi", "Sesuai Ekspektasi", "Baik")

GOLDEN: dict[str, bytes] = {
    "001-monthly-recap": recap(
        [
            row(1, "Di atas Ekspektasi", "Di atas Ekspektasi", "Sangat Baik"),
            row(2, *GOOD),
            row(3, "Di bawah Ekspektasi", "Sesuai Ekspektasi", "Butuh Perbaikan"),
        ]
    ),
    "002-roman-month-and-odd-labels": recap(
        [
            row(1, "Diatas Ekspektasi", "DIATAS EKSPEKTASI", "SANGAT BAIK"),
            row(2, "DIBAWAH EKSPEKTASI", "Sesuai  Ekspektasi", "PERLU PERBAIKAN"),
            row(3, "Di bawah ekspektasi", "di atas ekspektasi", "BUTUH PERBAIKAN"),
            row(4, "Sesuai Ekspektasi", "Dibawah Ekspektasi", "Kurang/misconduct"),
            row(5, None, None, "Sangat Kurang"),
        ],
        period="PERIODE BULANAN V TAHUN 2026",
    ),
    "003-rows-refused": recap(
        [
            row(1, *GOOD, of=190001011999011984),
            row(2, *GOOD, of="190001011999012000"),
            row(3, *GOOD, of="3100000000000003"),
            row(4, *GOOD, of="not a number"),
            row(5, *GOOD),
            row(6, *GOOD, of=nip(5)),
            row(7, "Sesuai Ekspektasi", "Sesuai Ekspektasi", None),
            row(8, "Sesuai Ekspektasi", "Luar biasa", "Baik"),
            row(9, "Di bawah Ekspektasi", "Di bawah Ekspektasi", "Baik"),
            row(10, *GOOD),
        ]
    ),
    "004-not-a-recap": recap([row(1, *GOOD)], header=("No", "NIP", "Nama", "Gaji")),
    "005-quarter": recap([row(1, *GOOD)], period="Periode Triwulanan Juli - September 2026"),
    "006-month-by-name": recap([row(1, *GOOD)], period="Periode Bulanan Oktober 2026"),
}

if __name__ == "__main__":
    for name, content in GOLDEN.items():
        folder = CASES / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "in.predicates.xlsx").write_bytes(content)
