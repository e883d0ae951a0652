"""The words of the recap: ratings, predicates, months, and the matrix that ties them together.

Rule: every spelling that is accepted stands in a table here. Exports write "Diatas Ekspektasi" without a space,
"PERLU PERBAIKAN" for "BUTUH PERBAIKAN", and the month in digits, in Roman or by name.
Source of the matrix: PermenPANRB 6/2022 (row: work result, column: behaviour).
"""

from __future__ import annotations

import re
from typing import Final

RATINGS: Final = {
    "di atas ekspektasi": "di-atas",
    "diatas ekspektasi": "di-atas",
    "di atas": "di-atas",
    "sesuai ekspektasi": "sesuai",
    "sesuai": "sesuai",
    "di bawah ekspektasi": "di-bawah",
    "dibawah ekspektasi": "di-bawah",
    "di bawah": "di-bawah",
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


def plain(text: str) -> str:
    """Lower case, with single spaces: how labels are compared."""
    return " ".join(text.lower().split())


def parse_month(text: str) -> str | None:
    """The month of a head row such as "Periode Bulanan VI Tahun 2026", as YYYY-MM; None unless exactly one month
    and one year are named (a quarter, or a list of months, is not a month)."""
    words = plain(text)
    years = set(_YEAR.findall(words))
    months = {_MONTHS[word] for word in re.split(r"[^0-9a-z]+", _YEAR.sub(" ", words)) if word in _MONTHS}
    if len(years) != 1 or len(months) != 1 or "triwulan" in words or "tahunan" in words:
        return None
    return f"{years.pop()}-{months.pop():02d}"
