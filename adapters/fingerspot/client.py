"""Asking Fingerspot's cloud for the scans of a device, two days at a time.

Rule: pure. The cloud gives at most two days in a request and lists a scan under the day of the device's clock, so each round
asks for every two days from some days back (`lag_seconds`: a device that was cut off tells late) to tomorrow (a zone may be
ahead of UTC). What is met again is known by (PIN, time, state); an answer that is the same as before is not admitted at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from adapters.kit import AdapterError, Json, PollContext, PollRequest, PollResponse, Taken
from adapters.kit.polling import Credential, Cursor, Session
from signing import jsontext
from signing.errors import SigningError

PATH: Final = "/api/get_attlog"
DAYS: Final = 2
DAY_SECONDS: Final = 86_400
MOST_DAYS: Final = 400
"""A day to begin at may lie so far back at most."""


def next_request(cursor: Cursor, session: Session, context: PollContext) -> PollRequest:  # noqa: ARG001 (the kit's form)
    """The scans of the two days at which the cursor stands."""
    cloud = context.options.get("cloudId", "")
    if not (cloud and cloud.isascii() and cloud.isalnum() and len(cloud) <= 40):
        raise AdapterError("option-malformed", "the option cloudId is no cloud id of a device")
    start = _start(cursor, context)
    body = {
        "trans_id": str(context.now),
        "cloud_id": cloud,
        "start_date": start.isoformat(),
        "end_date": (start + timedelta(days=_days(context) - 1)).isoformat(),
    }
    return PollRequest("POST", PATH, headers={"Authorization": Credential("token", "Bearer ")}, body=Json(body))


def take(response: PollResponse, cursor: Cursor, session: Session, context: PollContext) -> Taken:
    """The scans as a message, and the day to go on at: the next two, or after tomorrow's the first of a new round."""
    rows = _rows(response)
    start, today = _start(cursor, context), _today(context)
    digests = {day: digest for day, digest in _digests(cursor).items() if day >= _back(context).isoformat()}
    digest = hashlib.sha256(jsontext.render(rows)).hexdigest()
    bodies = [response.body] if rows and digests.get(start.isoformat()) != digest else []
    digests[start.isoformat()] = digest
    after = start + timedelta(days=_days(context))
    more = after <= today + timedelta(days=1)
    kept: dict[str, Any] = {"from": context.options.get("from", ""), "bodies": digests}
    if more:
        kept["day"] = after.isoformat()
    return Taken(bodies, kept, dict(session), again=more)


def _start(cursor: Cursor, context: PollContext) -> date:
    """The first day of the next request. The option `from` is where the first round begins, and the first after a change."""
    said = context.options.get("from", "")
    if cursor.get("from") != said:
        return _from(said, context)
    day = cursor.get("day")
    return date.fromisoformat(day) if isinstance(day, str) else _back(context)


def _from(said: str, context: PollContext) -> date:
    if not said:
        return _back(context)
    try:
        found = date.fromisoformat(said)
    except ValueError:
        raise AdapterError("option-malformed", "the option from is no day (YYYY-MM-DD)") from None
    if not timedelta(0) <= _today(context) - found <= timedelta(days=MOST_DAYS):
        raise AdapterError("option-malformed", f"the option from is a day of the last {MOST_DAYS}")
    return found


def _back(context: PollContext) -> date:
    """The day at which a round begins. Whole pairs of days since 1970, so that the same days are asked for together."""
    day = _today(context) - timedelta(days=context.lag_seconds // DAY_SECONDS)
    return day - timedelta(days=day.toordinal() % _days(context))


def _today(context: PollContext) -> date:
    return date(1970, 1, 1) + timedelta(days=context.now // 1000 // DAY_SECONDS)


def _days(context: PollContext) -> int:
    return max(1, (context.window_seconds or DAYS * DAY_SECONDS) // DAY_SECONDS)


def _digests(cursor: Cursor) -> Mapping[str, str]:
    found = cursor.get("bodies")
    return found if isinstance(found, dict) else {}


def _rows(response: PollResponse) -> list[Any]:
    """The scans of the answer. The cloud says that a request went well in `success`, or in `status`."""
    if response.status in (401, 403):
        raise AdapterError("sign-in-refused", "Fingerspot refuses the token")
    try:
        answer = jsontext.parse(response.body)
        well, rows = answer.get("success", answer.get("status")), answer.get("data") or []
    except (SigningError, UnicodeDecodeError, AttributeError):
        well, rows = None, None
    if response.status != 200 or not isinstance(rows, list):
        raise AdapterError("answer-unusable", "the answer is no list of scans")
    if well is not True:
        raise AdapterError("answer-refused", "Fingerspot says that the request did not go well")
    return rows
