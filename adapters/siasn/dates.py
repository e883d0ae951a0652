"""SIASN's dates, dd-mm-yyyy.

Rule: a date is in that one form or it is none.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache


@lru_cache(maxsize=8192)
def read_day(text: str) -> str | None:
    """dd-mm-yyyy as YYYY-MM-DD; None when there is none, "" when it is no date. Appointment days repeat, so cached."""
    if not text.strip():
        return None
    day, month, year = text[0:2], text[3:5], text[6:10]
    if len(text) != 10 or text[2] != "-" or text[5] != "-" or not (text.isascii() and (day + month + year).isdigit()):
        return ""
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return ""
    return found.isoformat() if 1000 <= found.year < 3000 else ""
