"""ATTLOG lines to punches.

Rule: a punch says what the device said (time, PIN with its leading zeros, raw codes) and what was made of it beside
that (zone, reason, instant, flags). Odd clocks are flagged, never corrected and never dropped: the run decides.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Translated
from adapters.kit.clock import EPOCH, DeviceClock, Now, clock_of, now_of, read_time

from .lines import MAX_COLUMNS, MIN_COLUMNS, columns, lines

JUMP: Final = timedelta(minutes=1)
"""A device logs in order; a time this much before the line above it means that the clock was set back."""

_NONE: Final = -1
"""What `_code` gives for a text that is no code."""

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
    pin = _pin(parts[0])
    if pin is None:
        return Refused(row, "pin-malformed", NO_PIN), last
    reading = read_time(parts[1].strip(), clock, now)
    if reading is None:
        return Refused(row, "time-malformed", NO_TIME), last
    state, verify = _code(parts[2]), _code(parts[3])
    if _NONE in (state, verify):
        return Refused(row, "code-malformed", NO_CODE), last
    workcode = parts[4].strip() if count > MIN_COLUMNS else ""
    if workcode and not (len(workcode) <= 300 and workcode.isascii() and workcode.isprintable()):
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


@lru_cache(maxsize=65_536)
def _pin(text: str) -> str | None:
    """The PIN without the spaces around it, else as it is: leading zeros count. None when it is none."""
    pin = text.strip()
    usable = 0 < len(pin) <= 32 and pin.isascii() and pin.isprintable() and " " not in pin
    return pin if usable else None


@lru_cache(maxsize=1024)
def _code(text: str) -> int | None:
    """A raw code of the device: 0 to 65535 in ASCII digits; empty is None; `_NONE` for anything else."""
    bare = text.strip()
    if not bare:
        return None
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 5 and int(bare) <= 65_535):
        return _NONE
    return int(bare)
