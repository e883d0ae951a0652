"""Flags of device clocks, from the index: which device raised which, how often, when, and in which messages.

Rule: days are those on which the hub took the messages, in UTC; the time that a device said stays in the sealed punch.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

from hub.ports import Store
from hub.reads.paging import page, page_rows, parse_cursor, render_cursor
from hub.reads.rows import Page, moment
from hub.records import request_id
from hub.stages.flags import TABLE
from schemas.deviceflags import DEVICE_FLAGS

if TYPE_CHECKING:
    from hub.control.view import View

BY = ("device", "flag", "system", "institution")
_EPOCH = date(1970, 1, 1)
_LAST = date(9999, 12, 31)


class FlagRow(TypedDict):
    """A flag of a device. `system`: who brought the punches, the device itself or who carries its files. `serial` is null
    where the directory has the device no more."""

    device: str | None
    serial: str | None
    institution: str
    system: str
    flag: str
    meaning: str
    remedy: str
    punches: int
    messages: int
    first: str | None
    last: str | None


class FlaggedMessageRow(TypedDict):
    """A message with punches that have the flag."""

    message: str
    requestId: str
    device: str | None
    institution: str
    system: str
    flag: str
    punches: int
    time: str | None


def where_of(given: Mapping[str, str | None], from_: date | None, to: date | None) -> dict[str, Any]:
    """The filter of a listing; both days are part of it."""
    where: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if from_ is not None or to is not None:
        last = _LAST if to is None else min(to, _LAST - timedelta(days=1))
        where["time"] = range(_ms(from_ or _EPOCH), _ms(last + timedelta(days=0 if to is None else 1)))
    return where


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


async def list_flags(
    store: Store, view: View, where: Mapping[str, Any], limit: int, after: str | None
) -> Page[FlagRow]:
    """By device and flag."""
    place = None if after is None else dict(zip(BY, map(str, parse_cursor(after, len(BY))), strict=True))
    rows = await store.totals(TABLE, where, by=BY, total="count", span="time", limit=limit + 1, after=place)
    cursor = render_cursor([rows[limit - 1][name] for name in BY]) if len(rows) > limit else None
    return page([_flag_row(row, view) for row in rows[:limit]], cursor)


async def list_flagged(
    store: Store, where: Mapping[str, Any], limit: int, after: str | None
) -> Page[FlaggedMessageRow]:
    """Newest first."""
    rows, cursor = await page_rows(store, TABLE, where, ("-time", "-message", "-flag"), limit, after)
    return page([_flagged_row(row) for row in rows], cursor)


def _flag_row(row: Mapping[str, Any], view: View) -> FlagRow:
    device = view.device_by_id(row["device"])
    known = DEVICE_FLAGS.get(row["flag"])
    return {
        "device": row["device"] or None,
        "serial": None if device is None else device.serial,
        "institution": row["institution"],
        "system": row["system"],
        "flag": row["flag"],
        "meaning": "" if known is None else known.meaning,
        "remedy": "" if known is None else known.remedy,
        "punches": row["count"],
        "messages": row["rows"],
        "first": moment(row["first"]),
        "last": moment(row["last"]),
    }


def _flagged_row(row: Mapping[str, Any]) -> FlaggedMessageRow:
    return {
        "message": row["message"],
        "requestId": request_id(row["message"]),
        "device": row["device"] or None,
        "institution": row["institution"],
        "system": row["system"],
        "flag": row["flag"],
        "punches": row["count"],
        "time": moment(row["time"]),
    }
