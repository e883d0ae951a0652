"""Dates as HCMIS writes them, in the one form that the option `dateFormat` names, and back.

Rule: a form is never recognised from a date: 03/04/2026 is two days. What does not fit the form is no date.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Final

from adapters.kit import AdapterError

OPTION: Final = "dateFormat"
DEFAULT: Final = "YYYY-MM-DD"

_FORMS: Final[Mapping[str, tuple[str, slice, slice, slice]]] = {
    "YYYY-MM-DD": ("{0}-{1}-{2}", slice(0, 4), slice(5, 7), slice(8, 10)),
    "DD-MM-YYYY": ("{2}-{1}-{0}", slice(6, 10), slice(3, 5), slice(0, 2)),
    "DD/MM/YYYY": ("{2}/{1}/{0}", slice(6, 10), slice(3, 5), slice(0, 2)),
    "MM/DD/YYYY": ("{1}/{2}/{0}", slice(6, 10), slice(0, 2), slice(3, 5)),
    "YYYYMMDD": ("{0}{1}{2}", slice(0, 4), slice(4, 6), slice(6, 8)),
    "DDMMYYYY": ("{2}{1}{0}", slice(4, 8), slice(2, 4), slice(0, 2)),
}


def form_of(options: Mapping[str, str]) -> str:
    """The form that `options` name; `AdapterError` "option-malformed" for one that is not known."""
    form = options.get(OPTION, DEFAULT)
    if form not in _FORMS:
        raise AdapterError("option-malformed", f"the option {OPTION} is one of {', '.join(_FORMS)}")
    return form


def read_date(form: str) -> Callable[[str | None], str | None]:
    """A reader of dates in `form`: YYYY-MM-DD; None where there is none, "" for what is no date in that form."""
    return _READERS[form]


def write_date(day: str, form: str) -> str:
    """The canonical date `day` in `form`."""
    return _FORMS[form][0].format(day[:4], day[5:7], day[8:])


def _reader(form: str) -> Callable[[str | None], str | None]:
    pattern, year, month, day = _FORMS[form]

    @lru_cache(maxsize=32_768)
    def read(text: str | None) -> str | None:
        if not text:
            return None
        parts = (text[year], text[month], text[day])
        if not (text.isascii() and all(map(str.isdigit, parts)) and pattern.format(*parts) == text):
            return ""
        try:
            found = date(int(parts[0]), int(parts[1]), int(parts[2]))
        except ValueError:
            return ""
        return found.isoformat() if 1000 <= found.year < 3000 else ""

    return read


_READERS: Final = {form: _reader(form) for form in _FORMS}
