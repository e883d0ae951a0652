"""Access events to punches.

Rule: a punch is an event of a minor type that the option `minors` names, with a user number; all other events are
skipped by rule, not refused: a door that was opened is nobody's mistake. The time stays as the device said it; a later serial number with a time more than a minute
earlier means that the clock was set back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Repeated, Skipped, Translated
from adapters.kit.clock import EPOCH, DeviceClock, Now, clock_of, now_of, read_stamp
from adapters.kit.punches import JUMP, flag_jumps, pin_of

MINORS: Final = "minors"
USUAL: Final = "38,75"
ACCESS: Final = 5

STATES: Final = {
    "checkin": 0,
    "checkout": 1,
    "breakout": 2,
    "breakin": 3,
    "overtimein": 4,
    "overtimeout": 5,
    "undefined": None,
    "": None,
}
NO_PIN: Final = "employeeNoString is empty, longer than 32 characters, or has characters that no device has"
NO_TIME: Final = "the time is not YYYY-MM-DDTHH:MM:SS, with an offset or without, or no such day exists"
NO_STATE: Final = "attendanceStatus is none of the six states, nor undefined"


def events(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """A page of a search."""
    found = body["AcsEvent"]["InfoList"]
    return _all([(item, item["major"], item["minor"], item["time"]) for item in found], message)


def event(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One event that the device sent."""
    item = body["AccessControllerEvent"]
    return _all([(item, item["majorEventType"], item["subEventType"], body["dateTime"])], message)


def _all(rows: list[tuple[dict[str, Any], int, int, str]], message: MessageContext) -> list[Translated]:
    device = message.device
    if device is None:
        raise AdapterError("device-missing", "events come from a registered device")
    clock, now = clock_of(device), now_of(message.admitted_at)
    minors = _minors(message.options.get(MINORS) or device.options.get(MINORS, USUAL))
    out: list[Translated] = []
    seen: dict[tuple[int, str], int] = {}
    last, number, ordered = EPOCH, 0, True
    for row, (item, major, minor, time) in enumerate(rows):
        first = seen.setdefault((item["serialNo"], time), row)
        if message.rows is not None and row not in message.rows:
            continue
        if first != row:
            out.append(Repeated(row, first))
        elif major != ACCESS or minor not in minors:
            out.append(Skipped(row, "no-punch"))
        else:
            ordered = ordered and number <= item["serialNo"]
            above = last if number <= item["serialNo"] else EPOCH
            found, last = _punch(row, item, minor, time, device.serial, clock, now, above)
            number = item["serialNo"]
            out.append(found)
    if ordered:
        flag_jumps(out)
    return out


def _punch(
    row: int,
    item: Mapping[str, Any],
    minor: int,
    time: str,
    serial: str,
    clock: DeviceClock,
    now: Now,
    last: datetime,
) -> tuple[Translated, datetime]:
    """The punch of one event and its instant; for an event that is none, why, and the instant above it."""
    pin = pin_of(item.get("employeeNoString") or "")
    if pin is None:
        return Refused(row, "pin-malformed", NO_PIN), last
    stamp = read_stamp(time.strip(), clock, now)
    if stamp is None:
        return Refused(row, "time-malformed", NO_TIME), last
    state = (item.get("attendanceStatus") or "").strip().lower()
    if state not in STATES:
        return Refused(row, "state-unknown", NO_STATE), last
    reading, why = stamp
    value = {
        "serial": serial,
        "pin": pin,
        "at": reading.at,
        "zone": reading.zone,
        "zoneWhy": why,
        "instant": reading.utc,
        "state": STATES[state],
        "verify": int(minor),  # 75.0 is a whole number to JSON
        "workcode": None,
        "flags": [*reading.flags, "clock-set-back"] if reading.instant < last - JUMP else [*reading.flags],
    }
    return Canonical("attendance.punch", ("pin", serial, pin), value, reading.at[:7], row), reading.instant


@lru_cache(maxsize=256)
def _minors(text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and int(part) <= 65_535 for part in parts):
        raise AdapterError("option-malformed", f"the option {MINORS} is no list of minor event types")
    return frozenset(map(int, parts))
