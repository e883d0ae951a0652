"""The words of the recap: ratings, predicates, months, and the matrix that ties them together.

Rule: every spelling that is accepted stands in a table here. Exports write "Diatas Ekspektasi" without a space,
"PERLU PERBAIKAN" for "BUTUH PERBAIKAN", and the month in digits, in Roman or by name.
Source of the matrix: PermenPANRB 6/2022 (row: work result, column: behaviour).
"""

from __future__ import annotations

import re
from typing import Final

from adapters.kit.tables import plain

COLUMNS: Final = (
    "no",
    "nip",
    "nama",
    "jabatan",
    "rating hasil kinerja",
    "rating perilaku kerja",
    "predikat kinerja periodik",
)
OTHER_NAMES: Final = {
    "no.": "no",
    "nomor": "no",
    "nip/nrp": "nip",
    "nip / nrp": "nip",
    "nip baru": "nip",
    "nama pegawai": "nama",
    "hasil kinerja": "rating hasil kinerja",
    "rating hasil kerja": "rating hasil kinerja",
    "perilaku kerja": "rating perilaku kerja",
    "rating perilaku": "rating perilaku kerja",
    "predikat kinerja": "predikat kinerja periodik",
    "predikat periodik": "predikat kinerja periodik",
    "predikat": "predikat kinerja periodik",
}
"""Names that recaps out of regional copies of the system give their columns; the first list is the export's own."""

RATINGS: Final = {
    "di atas ekspektasi": "di-atas",
    "diatas ekspektasi": "di-atas",
    "di atas": "di-atas",
    "diatas": "di-atas",
    "sesuai ekspektasi": "sesuai",
    "sesuai": "sesuai",
    "di bawah ekspektasi": "di-bawah",
    "dibawah ekspektasi": "di-bawah",
    "di bawah": "di-bawah",
    "dibawah": "di-bawah",
}

PREDICATES: Final = {
    "sangat baik": "sangat-baik",
    "baik": "baik",
    "butuh perbaikan": "butuh-perbaikan",
    "perlu perbaikan": "butuh-perbaikan",
    "kurang": "kurang",
    "kurang/misconduct": "kurang",
    "kurang / misconduct": "kurang",
    "misconduct": "kurang",
    "sangat kurang": "sangat-kurang",
}

MATRIX: Final = {
    ("di-atas", "di-atas"): "sangat-baik",
    ("di-atas", "sesuai"): "baik",
    ("di-atas", "di-bawah"): "kurang",
    ("sesuai", "di-atas"): "baik",
    ("sesuai", "sesuai"): "baik",
    ("sesuai", "di-bawah"): "kurang",
    ("di-bawah", "di-atas"): "butuh-perbaikan",
    ("di-bawah", "sesuai"): "butuh-perbaikan",
    ("di-bawah", "di-bawah"): "sangat-kurang",
}

_NAMES: Final = (
    "januari", "februari", "maret", "april", "mei", "juni",
    "juli", "agustus", "september", "oktober", "november", "desember",
)  # fmt: skip
_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_MONTHS: Final = {
    **{name: number for number, name in enumerate(_NAMES, 1)},
    **{roman: number for number, roman in enumerate(_ROMAN, 1)},
    **{str(number): number for number in range(1, 13)},
    **{f"{number:02d}": number for number in range(1, 10)},
    "pebruari": 2,
    "nopember": 11,
}
_YEAR: Final = re.compile(r"\b20[0-9]{2}\b")
_YEAR_ROW: Final = re.compile(r"tahun(?: (?:penilaian|kinerja))? ?:? ?(20[0-9]{2})")


def parse_month(text: str, year: str | None = None) -> str | None:
    """The month of a head row such as "Periode Bulanan VI Tahun 2026", as YYYY-MM; None unless exactly one month
    and one year are named (a quarter, or a list of months, is not a month). `year`: that of another head row, which counts
    where this one has none."""
    words = plain(text)
    years = set(_YEAR.findall(words)) or ({year} if year else set())
    months = {_MONTHS[word] for word in re.split(r"[^0-9a-z]+", _YEAR.sub(" ", words)) if word in _MONTHS}
    if len(years) != 1 or len(months) != 1 or "triwulan" in words or "tahunan" in words:
        return None
    return f"{years.pop()}-{months.pop():02d}"


def year_of(text: str) -> str | None:
    """The year of a head row that is about nothing else: "Tahun 2026", "Tahun Penilaian: 2026"."""
    found = _YEAR_ROW.fullmatch(plain(text))
    return None if found is None else found[1]
