"""ATTLOG lines to punches.

Rule: a punch says what the device said (time, PIN with its leading zeros, raw codes) and what was made of it beside
that (zone, reason, instant, flags). Odd clocks are flagged, never corrected and never dropped: the run decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Skipped, Translated
from adapters.kit.clock import EPOCH, DeviceClock, Now, clock_of, now_of, read_time
from adapters.kit.punches import JUMP, NO_CODE, code_of, flag_jumps, is_workcode, pin_of

from . import push3
from .commands import failure, result_of
from .lines import MAX_COLUMNS, MIN_COLUMNS, columns, lines

SHORT: Final = f"the line has fewer than {MIN_COLUMNS} columns"
LONG: Final = f"the line has more than {MAX_COLUMNS} columns"
NO_PIN: Final = "the PIN is empty, longer than 32 characters, or has characters that no device has"
NO_TIME: Final = "the time is neither YYYY-MM-DD HH:MM:SS nor epoch seconds, or no such day exists"
BAD_CODE: Final = "status or verify is not a whole number up to 65535"
VERIFY: Final = "verify"
UNKNOWN: Final = "verify-unknown"
_WAY: Final = re.compile(r"[a-z]{1,20}", re.ASCII)
NO_OPERATION: Final = "the line is no OPLOG line"
NO_RESULT: Final = "the line says no result of a command"
NO_WORKCODE: Final = "the work code is not plain text of at most 300 characters"


def attlog(body: bytes, message: MessageContext) -> list[Translated]:
    """One punch per admitted line, or the reason why not."""
    device = message.device
    if device is None:
        raise AdapterError("device-missing", "punches come from a registered device")
    clock, now = clock_of(device), now_of(message.admitted_at)
    serial, wanted = device.serial, message.rows
    events = push3.events_of(device.options.get(push3.EVENTS, "0"))
    ways = ways_of(device.options.get(VERIFY, ""))
    out: list[Translated] = []
    add = out.append
    last = EPOCH
    for row, line in enumerate(lines(body)):
        if wanted is not None and row not in wanted:
            continue
        if line.startswith(push3.START) and not push3.is_punch(line, events):
            add(Skipped(row, "no-punch"))
        else:
            item, last = _punch(row, columns(line), serial, clock, now, last, ways)
            add(item)
    flag_jumps(out)
    return out


@lru_cache(maxsize=256)
def ways_of(text: str) -> Mapping[int | None, str] | None:
    """The flag of each verify code of a model, out of the option `verify` ("1=fingerprint,15=face"); None without it."""
    if not text.strip():
        return None
    found: dict[int | None, str] = {}
    for part in text.split(","):
        number, _, way = part.partition("=")
        code = code_of(number)
        if code is None or code == NO_CODE or not _WAY.fullmatch(way.strip()):
            raise AdapterError(
                "option-malformed", f"the device's option {VERIFY} is no list such as 1=fingerprint,15=face"
            )
        found[code] = f"verify-{way.strip()}"
    return found


def operlog(body: bytes, message: MessageContext) -> list[Translated]:
    """What was done at the device: kept as it came, and no record of anything."""
    return [
        Skipped(row, "operation") if line.startswith("OPLOG ") else Refused(row, "operation-malformed", NO_OPERATION)
        for row, line in enumerate(lines(body))
        if message.rows is None or row in message.rows
    ]


def results(body: bytes, message: MessageContext) -> list[Translated]:
    """What became of commands: done, or refused with the reason of the device."""
    out: list[Translated] = []
    for row, line in enumerate(lines(body)):
        if message.rows is not None and row not in message.rows:
            continue
        found = result_of(line)
        why = NO_RESULT if found is None else failure(found[1])
        out.append(Skipped(row, "command-done") if why is None else Refused(row, "command-failed", why))
    return out


def _punch(
    row: int,
    parts: list[str],
    serial: str,
    clock: DeviceClock,
    now: Now,
    last: datetime,
    ways: Mapping[int | None, str] | None,
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
    if ways is not None:
        flags += (ways.get(verify, UNKNOWN),)
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
