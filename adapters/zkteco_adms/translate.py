"""ATTLOG lines to punches.

Rule: a punch says what the device said (time, PIN with its leading zeros, raw codes) and what was made of it beside
that (zone, reason, instant, flags). Odd clocks are flagged, never corrected and never dropped: the run decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated

from .clock import EPOCH, DeviceClock, clock_of, read_time
from .lines import MAX_COLUMNS, MIN_COLUMNS, columns, lines

JUMP: Final = timedelta(minutes=1)
"""A device logs in order; a time this much before the line above it means that the clock was set back."""

SHORT: Final = f"the line has fewer than {MIN_COLUMNS} columns"
LONG: Final = f"the line has more than {MAX_COLUMNS} columns"
NO_PIN: Final = "the PIN is empty, longer than 32 characters, or has characters that no device has"
NO_TIME: Final = "the time is neither YYYY-MM-DD HH:MM:SS nor epoch seconds, or no such day exists"
NO_CODE: Final = "status or verify is not a whole number up to 65535"
NO_WORKCODE: Final = "the work code is not plain text of at most 300 characters"


def attlog(body: bytes, message: MessageContext) -> list[Translated]:
    """One punch per admitted line, or the reason why not."""
    device = message.device
    if device is None:
        raise AdapterError("device-missing", "punches come from a registered device")
    clock, now = clock_of(device), EPOCH + timedelta(milliseconds=message.admitted_at)
    serial, wanted = device.serial, message.rows
    out: list[Translated] = []
    last = EPOCH
    for row, line in enumerate(lines(body)):
        if wanted is not None and row not in wanted:
            continue
        item, last = _punch(row, line, serial, clock, now, last)
        out.append(item)
    return out


def _punch(
    row: int, line: str, serial: str, clock: DeviceClock, now: datetime, last: datetime
) -> tuple[Translated, datetime]:
    parts = columns(line)
    if len(parts) < MIN_COLUMNS:
        return Refused(row, "line-short", SHORT), last
    if len(parts) > MAX_COLUMNS:
        return Refused(row, "line-long", LONG), last
    pin = parts[0].strip()
    if not 0 < len(pin) <= 32 or not (pin.isascii() and pin.isprintable()) or " " in pin:
        return Refused(row, "pin-malformed", NO_PIN), last
    reading = read_time(parts[1].strip(), clock, now)
    if reading is None:
        return Refused(row, "time-malformed", NO_TIME), last
    try:
        state, verify = _code(parts[2]), _code(parts[3])
    except ValueError:
        return Refused(row, "code-malformed", NO_CODE), last
    workcode = parts[4].strip() if len(parts) > MIN_COLUMNS else ""
    if workcode and not (len(workcode) <= 300 and workcode.isascii() and workcode.isprintable()):
        return Refused(row, "workcode-malformed", NO_WORKCODE), last
    at, zone, instant, flags = reading
    jumped = instant < last - JUMP
    value = {
        "serial": serial,
        "pin": pin,
        "at": at,
        "zone": zone,
        "zoneWhy": clock.why,
        "instant": instant.isoformat() + "Z",
        "state": state,
        "verify": verify,
        "workcode": workcode or None,
        "flags": [*flags, "clock-set-back"] if jumped else list(flags),
    }
    return Canonical("attendance.punch", ("pin", serial, pin), value, at[:7], row), instant


def _code(text: str) -> int | None:
    """A raw code of the device; empty is none. `ValueError` for anything else than 0 to 65535 in ASCII digits."""
    bare = text.strip()
    if not bare:
        return None
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 5 and int(bare) <= 65_535):
        raise ValueError("not a code")
    return int(bare)
