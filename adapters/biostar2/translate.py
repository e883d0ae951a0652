"""Events to punches.

Rule: a punch is an event whose code is one of the option `codes`, of this poll's device; all others are skipped by rule.
BioStar gives times in UTC, so that is what a punch says: local time, zone +00:00, and the same instant; nothing is turned
into a zone that nobody said. The server lists what it heard in order, so a time before the one above it is a clock set back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Repeated, Skipped, Translated
from adapters.kit.clock import EPOCH, DeviceClock, Now, now_of, read_stamp
from adapters.kit.punches import JUMP, flag_jumps, pin_of

CODES: Final = "codes"
STATES: Final = "states"
USUAL: Final = "4096-4351,4864-5119"
"""Successful verification (1:1) and identification (1:n), as public descriptions of Suprema's SDK group the codes."""

WHY: Final = "BioStar gives times in UTC"
NO_PIN: Final = "user_id is empty, longer than 32 characters, or has characters that no device has"
NO_TIME: Final = "the time is not YYYY-MM-DDTHH:MM:SS in UTC, or no such day exists"
NO_CODE: Final = "the code of the event is not a whole number up to 65535"


def events(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """A page of a search."""
    device = message.device
    if device is None:
        raise AdapterError("device-missing", "events come from a registered device")
    codes = _codes(message.options.get(CODES) or device.options.get(CODES, USUAL))
    states = _states(message.options.get(STATES) or device.options.get(STATES, ""))
    clock, now, serial = DeviceClock("+00:00", WHY, 0), now_of(message.admitted_at), device.serial
    wanted = message.rows
    out: list[Translated] = []
    seen: dict[tuple[str, str, str], int] = {}
    last, heard, ordered = EPOCH, "", True
    for row, item in enumerate(body["EventCollection"]["rows"]):
        place = str(item["device_id"]["id"])
        first = seen.setdefault((place, str(item["id"]), item["datetime"]), row)
        if wanted is not None and row not in wanted:
            continue
        if first != row:
            out.append(Repeated(row, first))
        elif place != serial:
            out.append(Skipped(row, "other-device"))
        else:
            ordered = ordered and heard <= (item.get("server_datetime") or "")
            above = last if heard <= (item.get("server_datetime") or "") else EPOCH
            found, last = _punch(row, item, codes, states, serial, clock, now, above)
            heard = item.get("server_datetime") or ""
            out.append(found)
    if ordered:
        flag_jumps(out)
    return out


def _punch(
    row: int,
    item: Mapping[str, Any],
    codes: frozenset[str],
    states: Mapping[str, int],
    serial: str,
    clock: DeviceClock,
    now: Now,
    last: datetime,
) -> tuple[Translated, datetime]:
    """The punch of one event and its instant; for an event that is none, why, and the instant above it."""
    code = str(item["event_type_id"]["code"])
    if code not in codes:
        return (Skipped(row, "no-punch") if _is_code(code) else Refused(row, "code-malformed", NO_CODE)), last
    user = (item.get("user_id") or {}).get("user_id")
    pin = None if user is None else pin_of(str(user))
    if pin is None:
        return Refused(row, "pin-malformed", NO_PIN), last
    stamp = read_stamp(item["datetime"].strip().removesuffix("Z"), clock, now)
    if stamp is None or stamp[0].zone != clock.zone or stamp[1] != WHY:
        return Refused(row, "time-malformed", NO_TIME), last
    at, zone, utc, instant, flags = stamp[0]
    key = item.get("tna_key")
    value = {
        "serial": serial,
        "pin": pin,
        "at": at,
        "zone": zone,
        "zoneWhy": WHY,
        "instant": utc,
        "state": None if key is None else states.get(str(key)),
        "verify": int(code),
        "workcode": None,
        "flags": [*flags, "clock-set-back"] if instant < last - JUMP else [*flags],
    }
    return Canonical("attendance.punch", ("pin", serial, pin), value, at[:7], row), instant


def _is_code(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65_535


@lru_cache(maxsize=256)
def _codes(text: str) -> frozenset[str]:
    found: set[str] = set()
    for part in text.split(","):
        low, _, high = (piece.strip() for piece in part.partition("-"))
        if not _is_code(low) or (high and not _is_code(high)):
            raise AdapterError("option-malformed", f"the option {CODES} is no list of event codes")
        found.update(map(str, range(int(low), int(high or low) + 1)))
    return frozenset(found)


@lru_cache(maxsize=256)
def _states(text: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        key, _, state = (piece.strip() for piece in part.partition("="))
        if not _is_code(key) or not _is_code(state):
            raise AdapterError("option-malformed", f"the option {STATES} is no list such as 1=0,2=1")
        found[key] = int(state)
    return found
