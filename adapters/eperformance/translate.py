"""Activities and hours to records, and a month's totals back to the personnel unit.

Rule: a message whose control totals are not those of its rows is refused whole. Weights are the source's own points and hours
its own: what they are worth is a pay rule set's. An odd time is flagged, never mended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from adapters.kit import MessageContext, Translated

from .rows import Fault, each, hold_totals, number
from .totals import totals

STATUS: Final = {"DIAJUKAN": "submitted", "DISETUJUI": "approved", "DITOLAK": "rejected"}
ZONES: Final = {"WIB": "Asia/Jakarta", "WITA": "Asia/Makassar", "WIT": "Asia/Jayapura"}
_TIME: Final = re.compile(
    r"(?:([0-9]{4}-[0-9]{2}-[0-9]{2})[T ])?(([01][0-9]|2[0-3]):[0-5][0-9])(:[0-5][0-9])?", re.ASCII
)
_WORD: Final = re.compile(r"[^0-9a-z]+", re.ASCII)
_SLUG: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)

__all__ = ["activities", "hours", "totals"]


def activities(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One activity per row, or the reason why not."""
    rows = body["kegiatan"]
    hold_totals(rows, body["jumlah"])
    return each(rows, body["bulan"], "performance.activity", message, _activity)


def _activity(row: Mapping[str, Any], institution: str) -> dict[str, Any]:
    get = row.get
    minutes = get("menit")
    return {
        "activityId": row["id"],
        "institution": institution,
        "employeeId": number(row["nip"]),
        "unit": get("unit"),
        "date": row["tanggal"],
        "title": row["kegiatan"],
        "minutes": None if minutes is None else int(minutes),
        "quantity": _figure(get("volume")),
        "quantityUnit": get("satuan"),
        "weight": _figure(get("bobot")),
        "status": STATUS[row["status"]],
    }


def _figure(given: str | int | None) -> str | None:
    return None if given is None else str(given)


def hours(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One entry per row, or the reason why not."""
    rows, zone = body["kehadiran"], ZONES[body["zona"]]
    hold_totals(rows, body["jumlah"])

    def make(row: Mapping[str, Any], institution: str) -> dict[str, Any]:
        return entry_of(row, institution, zone)

    return each(rows, body["bulan"], "attendance.entry", message, make)


def entry_of(row: Mapping[str, Any], institution: str, zone: str) -> dict[str, Any]:
    """The times of one day. Flags: `out-before-in`, `no-in`, `no-out`, and `minutes-differ` where the source counts more
    minutes than lie between its times."""
    day = row["tanggal"]
    arrival, leaving = local(row.get("masuk"), day), local(row.get("keluar"), day)
    minutes = row.get("menit")
    return {
        "entryId": row["id"],
        "institution": institution,
        "employeeId": number(row["nip"]),
        "date": day,
        "zone": zone,
        "timeIn": arrival,
        "timeOut": leaving,
        "minutes": None if minutes is None else int(minutes),
        "status": slug(row["status"]),
        "flags": [*_flags(arrival, leaving, minutes)],
    }


def _flags(arrival: str | None, leaving: str | None, minutes: int | None) -> list[str]:
    if arrival is None or leaving is None:
        if arrival is None and leaving is None:
            return []
        return ["no-in"] if arrival is None else ["no-out"]
    if leaving < arrival:
        return ["out-before-in"]
    return ["minutes-differ"] if minutes is not None and minutes > _between(arrival, leaving) else []


def _between(arrival: str, leaving: str) -> int:
    days = 0 if arrival[:10] == leaving[:10] else 1
    first, last = (int(text[11:13]) * 60 + int(text[14:16]) for text in (arrival, leaving))
    return days * 1440 + last - first + 1  # seconds are cut off, so one minute more may lie between


def local(text: str | None, day: str) -> str | None:
    """A time of a row as a local date and time. A date in front is that day or, after midnight, the next."""
    if text is None:
        return None
    found = _TIME.fullmatch(text)
    if found is None or (found[1] is not None and found[1] != day and found[1] != next_day(day)):
        raise Fault("time-unreadable")
    return f"{found[1] or day}T{found[2]}{found[4] or ':00'}"


def next_day(day: str) -> str:
    """The day after."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except OverflowError:
        return day


def slug(text: str) -> str:
    """A status in the source's own words: "Dinas Luar" is dinas-luar."""
    found = _WORD.sub("-", text.lower()).strip("-")
    if not _SLUG.fullmatch(found):
        raise Fault("status-unreadable")
    return found
