"""Asking a device for its events, from the serial number behind the last one on.

Rule: pure. A search begins anew for each page, at the first serial number that is not taken yet, so a page is the same
whenever it is asked for, and no cursor of the device is needed. Times of a search are written without offset and without
fractions: some firmware refuses both.
"""

from __future__ import annotations

import uuid
from typing import Any, Final

from adapters.kit import AdapterError, Json, PollContext, PollRequest, PollResponse, Taken
from adapters.kit.polling import Cursor, Session
from signing import jsontext
from signing.errors import SigningError

PATH: Final = "/ISAPI/AccessControl/AcsEvent"
BEGIN: Final = "beginSerialNo"
FIRST: Final = "2015-01-01T00:00:00"
LAST: Final = "2037-12-31T23:59:59"
PAGE: Final = 30
LARGEST: Final = 4_294_967_295
_NAMESPACE: Final = uuid.UUID("6f0d1c7e-51a5-4f0e-9d0c-3a9c1e6b7a10")


def next_request(cursor: Cursor, session: Session, context: PollContext) -> PollRequest:  # noqa: ARG001 (the kit's form)
    """The page that begins behind the last event taken."""
    begin = _next(cursor, context)
    search = {
        "searchID": str(uuid.uuid5(_NAMESPACE, f"{begin}/{context.now}")),
        "searchResultPosition": 0,
        "maxResults": context.page or PAGE,
        "major": 5,
        "minor": 0,
        "startTime": FIRST,
        "endTime": LAST,
        "beginSerialNo": begin,
        "endSerialNo": LARGEST,
    }
    return PollRequest("POST", PATH, (("format", "json"),), body=Json({"AcsEventCond": search}))


def take(response: PollResponse, cursor: Cursor, session: Session, context: PollContext) -> Taken:
    """The page as a message, and the serial number to go on at."""
    if response.status in (401, 403):
        raise AdapterError("sign-in-refused", "the device refuses the user or the password")
    events, status = _events(response)
    begin = _next(cursor, context)
    serials = [event["serialNo"] for event in events]
    if any(serial < begin for serial in serials):
        raise AdapterError(
            "answer-unusable", "the device gives events that were not asked for: it ignores serial numbers"
        )
    if status == "MORE" and not serials:
        raise AdapterError("answer-unusable", "the device says that there is more and gives nothing")
    then = max(serials) + 1 if serials else begin
    bodies = [response.body] if serials else []
    return Taken(bodies, {"begin": _option(context), "next": then}, dict(session), again=status == "MORE")


def _next(cursor: Cursor, context: PollContext) -> int:
    """First serial number to ask for. A changed option begins anew: a device that was reset counts from 1 again."""
    begin = _option(context)
    known = cursor.get("next")
    return known if isinstance(known, int) and cursor.get("begin") == begin else begin


def _option(context: PollContext) -> int:
    text = context.options.get(BEGIN, "1")
    if not (text.isascii() and text.isdigit() and len(text) < 11):
        raise AdapterError("option-malformed", f"the option {BEGIN} is no serial number")
    return int(text)


def _events(response: PollResponse) -> tuple[list[dict[str, Any]], str]:
    if response.status != 200:
        raise AdapterError("answer-unusable", "the device answers with an error")
    try:
        page = jsontext.parse(response.body)["AcsEvent"]
        events, status = page.get("InfoList", []), page["responseStatusStrg"].strip().upper()
        numbered = all(type(event["serialNo"]) is int for event in events)
    except (SigningError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
        numbered = False
    if not numbered:
        raise AdapterError("answer-unusable", "the answer is no page of access events")
    if status not in {"OK", "MORE", "NO MATCH"}:
        raise AdapterError("answer-unusable", "the device names a state of the search that is not known")
    return events, status
