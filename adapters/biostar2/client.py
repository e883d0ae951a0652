"""Asking a BioStar 2 server for events, from the time of the last one taken on.

Rule: pure. The cursor is a time that the server itself wrote (`server_datetime`: when it heard of the event, so a device
that was cut off loses nothing), never an event id, for ids count from 1 again each month. Each round begins `lag_seconds`
before that time, once more: what is met again is known by (device, id, time), and an answer that says nothing new is not
admitted at all. Neither the hub's clock nor a far-off one of the server moves the cursor past anything.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.kit import AdapterError, Json, PollContext, PollRequest, PollResponse, Taken
from adapters.kit.polling import Credential, Cursor, Session
from signing import jsontext
from signing.errors import SigningError

LOGIN: Final = "/api/login"
SEARCH: Final = "/api/events/search"
SESSION: Final = "bs-session-id"
FRESH: Final = "fresh"
COLUMNS: Final = ("server_datetime", "datetime")
EQUAL: Final = 0
BETWEEN: Final = 3
LAST: Final = "2037-12-31T23:59:59.999Z"
PAGE: Final = 500
YEARS: Final = range(1971, 2038)
FIRST_DAYS: Final = 35
"""Without the option `from`, the first request begins so many days back: the month before is there."""

_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?Z?", re.ASCII)
_DEVICE: Final = re.compile(r"[0-9]{1,10}", re.ASCII)


def next_request(cursor: Cursor, session: Session, context: PollContext) -> PollRequest:
    """The sign-in where there is no session, else the page that begins at the cursor."""
    if SESSION not in session:
        user = {"login_id": Credential("user"), "password": Credential("password")}
        return PollRequest("POST", LOGIN, body=Json({"User": user}), sign_in=True)
    column = _column(context)
    conditions: list[dict[str, Any]] = [
        {"column": column, "operator": BETWEEN, "values": [f"{_begin(cursor, context)}.000Z", LAST]}
    ]
    device = context.options.get("deviceId")
    if device is not None:
        if not _DEVICE.fullmatch(device):
            raise AdapterError("option-malformed", "the option deviceId is no device number of BioStar")
        conditions.append({"column": "device_id.id", "operator": EQUAL, "values": [device]})
    query = {
        "limit": context.page or PAGE,
        "conditions": conditions,
        "orders": [{"column": column, "descending": False}],
    }
    return PollRequest("POST", SEARCH, headers={SESSION: session[SESSION]}, body=Json({"Query": query}))


def take(response: PollResponse, cursor: Cursor, session: Session, context: PollContext) -> Taken:
    """The session of a sign-in; or a page as a message, and the time to go on at."""
    if SESSION not in session:
        return _signed_in(response, cursor)
    if response.status == 401:
        if FRESH in session:
            raise AdapterError("sign-in-refused", "BioStar refuses a session that it has just given")
        return Taken([], dict(cursor), {}, again=True)
    times = _times(response, _column(context))
    begin, first = _begin(cursor, context), _first(cursor, context)
    if any(time < begin for time in times):
        raise AdapterError("answer-unusable", "BioStar gives events that were not asked for")
    digest = hashlib.sha256(response.body).hexdigest()
    bodies = [response.body] if times and digest != cursor.get("body") else []
    kept = {SESSION: session[SESSION]}
    far = _text(_moment(context.now) + timedelta(days=1))
    known = [time for time in times if time <= far]
    seen = max([_seen(cursor, context), *known])
    at = {"from": first, "seen": seen, "body": digest}
    if len(times) < (context.page or PAGE):
        return Taken(bodies, at, kept)
    if times != sorted(times):
        raise AdapterError("answer-unusable", "BioStar does not sort the events as it was asked to")
    if times[-1] <= begin:
        raise AdapterError("answer-unusable", "BioStar has more events of one second than a page holds")
    return Taken(bodies, {**at, "at": times[-1]}, kept, again=True)


def _signed_in(response: PollResponse, cursor: Cursor) -> Taken:
    given = response.headers.get(SESSION, "").strip()
    if response.status != 200 or not re.fullmatch(r"[0-9A-Za-z-]{8,200}", given):
        raise AdapterError("sign-in-refused", "BioStar refuses the user or the password")
    return Taken([], dict(cursor), {SESSION: given, FRESH: "yes"}, again=True)


def _begin(cursor: Cursor, context: PollContext) -> str:
    """Where the next page begins: behind the page before, or the overlap before the last event seen."""
    first, at = _first(cursor, context), cursor.get("at")
    if isinstance(at, str) and cursor.get("from") == first:
        return at
    back = _text(datetime.fromisoformat(_seen(cursor, context)) - timedelta(seconds=context.lag_seconds))
    return max(back, f"{first}T00:00:00")


def _seen(cursor: Cursor, context: PollContext) -> str:
    """Time of the last event seen. A changed option `from` begins anew."""
    seen, first = cursor.get("seen"), _first(cursor, context)
    return seen if isinstance(seen, str) and cursor.get("from") == first else f"{first}T00:00:00"


def _first(cursor: Cursor, context: PollContext) -> str:
    """The day to begin at: the option, else what the cursor began at, else so many days back."""
    said, began = context.options.get("from"), cursor.get("from")
    if said is None:
        return began if isinstance(began, str) else _text(_moment(context.now) - timedelta(days=FIRST_DAYS))[:10]
    if not _is_time(f"{said}T00:00:00"):
        raise AdapterError("option-malformed", "the option from is no day (YYYY-MM-DD)")
    return said


def _column(context: PollContext) -> str:
    column = context.options.get("column", COLUMNS[0])
    if column not in COLUMNS:
        raise AdapterError("option-malformed", "the option column is server_datetime or datetime")
    return column


def _times(response: PollResponse, column: str) -> list[str]:
    """The times of the rows to the second, comparable as texts."""
    if response.status != 200:
        raise AdapterError("answer-unusable", "BioStar answers with an error")
    try:
        collection = jsontext.parse(response.body)["EventCollection"]
        found = [_TIME.fullmatch(row[column]) for row in collection.get("rows") or []]
    except (SigningError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        found = [None]
    times = [time[1] for time in found if time is not None and _is_time(time[1])]
    if len(times) != len(found):
        raise AdapterError("answer-unusable", f"the answer is no page of events with {column} in UTC")
    return times


def _is_time(text: str) -> bool:
    if not _TIME.fullmatch(text):
        return False
    try:
        return datetime.fromisoformat(text).year in YEARS
    except ValueError:
        return False


def _moment(now: int) -> datetime:
    return datetime.fromtimestamp(now // 1000, UTC)


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
