"""ATTLOG lines to punches.

Rule: a punch says what the device said (time, PIN with its leading zeros, raw codes) and what was made of it beside
that (zone, reason, instant, flags). Odd clocks are flagged, never corrected and never dropped: the run decides.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from adapters.kit.clock import EPOCH, DeviceClock, Now, clock_of, now_of, read_time
from adapters.kit.punches import JUMP, NO_CODE, code_of, is_workcode, pin_of

from .lines import MAX_COLUMNS, MIN_COLUMNS, columns, lines

SHORT: Final = f"the line has fewer than {MIN_COLUMNS} columns"
LONG: Final = f"the line has more than {MAX_COLUMNS} columns"
NO_PIN: Final = "the PIN is empty, longer than 32 characters, or has characters that no device has"
NO_TIME: Final = "the time is neither YYYY-MM-DD HH:MM:SS nor epoch seconds, or no such day exists"
BAD_CODE: Final = "status or verify is not a whole number up to 65535"
NO_WORKCODE: Final = "the work code is not plain text of at most 300 characters"


def attlog(body: bytes, message: MessageContext) -> list[Translated]:
    """One punch per admitted line, or the reason why not."""
    device = message.device
    if device is None:
        raise AdapterError("device-missing", "punches come from a registered device")
    clock, now = clock_of(device), now_of(message.admitted_at)
    serial, wanted = device.serial, message.rows
    out: list[Translated] = []
    add = out.append
    last = EPOCH
    for row, line in enumerate(lines(body)):
        if wanted is None or row in wanted:
            item, last = _punch(row, columns(line), serial, clock, now, last)
            add(item)
    return out


def _punch(
    row: int, parts: list[str], serial: str, clock: DeviceClock, now: Now, last: datetime
) -> tuple[Translated, datetime]:
    """The punch of one line and its instant; for a line that is none, the reason and the instant before it."""
    count = len(parts)
    if not MIN_COLUMNS <= count <= MAX_COLUMNS:
        short = count < MIN_COLUMNS
        return Refused(row, "line-short" if short else "line-long", SHORT if short else LONG), last
    pin = pin_of(parts[0])
    if pin is None:
        return Refused(row, "pin-malformed", NO_PIN), last
    reading = read_time(parts[1].strip(), clock, now)
    if reading is None:
        return Refused(row, "time-malformed", NO_TIME), last
    state, verify = code_of(parts[2]), code_of(parts[3])
    if NO_CODE in (state, verify):
        return Refused(row, "code-malformed", BAD_CODE), last
    workcode = parts[4].strip() if count > MIN_COLUMNS else ""
    if not is_workcode(workcode):
        return Refused(row, "workcode-malformed", NO_WORKCODE), last
    at, zone, utc, instant, flags = reading
    value = {
        "serial": serial,
        "pin": pin,
        "at": at,
        "zone": zone,
        "zoneWhy": clock.why,
        "instant": utc,
        "state": state,
        "verify": verify,
        "workcode": workcode or None,
        "flags": [*flags, "clock-set-back"] if instant < last - JUMP else [*flags],
    }
    return Canonical("attendance.punch", ("pin", serial, pin), value, at[:7], row), instant
