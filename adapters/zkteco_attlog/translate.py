"""attlog.dat lines to punches.

Rule: as over the network (zkteco over ADMS): a punch says what the device said and, beside that, what was made of it. A
line that repeats another of the same file names it; what came over the network before is met again in the run, which
keeps the first of each (serial, PIN, time, state).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Repeated, Translated
from adapters.kit.clock import EPOCH, DeviceClock, Now, clock_of, now_of, read_time
from adapters.kit.punches import JUMP, NO_CODE, code_of, flag_jumps, is_workcode, pin_of

from .layouts import COLUMNS, LAYOUT, Layout, layout_of, read_log

NOT_SIX: Final = f"the line has not {COLUMNS} columns"
NO_PIN: Final = "the PIN is empty, longer than 32 characters, or has characters that no device has"
NO_TIME: Final = "the time is not YYYY-MM-DD HH:MM:SS, or no such day exists"
BAD_CODE: Final = "state or verify is not a whole number up to 65535"
NO_WORKCODE: Final = "the work code is not plain text of at most 300 characters"


def keys(body: bytes, options: Mapping[str, str]) -> list[tuple[str, ...]]:
    """What makes a punch the same punch in the next file: PIN, time and state; a damaged line is known by its text."""
    rows = read_log(body).rows
    layout = layout_of(rows, options.get(LAYOUT))
    return [_key(row, layout) for row in rows]


def punches(body: bytes, message: MessageContext) -> list[Translated]:
    """One punch per line, or the reason why not."""
    device = message.device
    if device is None:
        raise AdapterError("device-missing", "a folder of attlog files is of a registered device")
    log = read_log(body)
    if log.serial is not None and log.serial != device.serial:
        raise AdapterError("serial-mismatch", "the file names another device than the one that its folder is of")
    layout = layout_of(log.rows, message.options.get(LAYOUT))
    clock, now = clock_of(device), now_of(message.admitted_at)
    wanted, serial = message.rows, device.serial
    out: list[Translated] = []
    seen: dict[tuple[str, ...], int] = {}
    last = EPOCH
    for row, parts in enumerate(log.rows):
        key = _key(parts, layout)
        first = seen.setdefault(key, row)
        if wanted is not None and row not in wanted:
            continue
        if first != row:
            out.append(Repeated(row, first))
            continue
        item, last = _punch(row, key, parts, layout, serial, clock, now, last)
        out.append(item)
    flag_jumps(out)
    return out


def _key(parts: Sequence[str], layout: Layout) -> tuple[str, ...]:
    if len(parts) != COLUMNS:
        return ("line", "\t".join(parts))
    return (parts[0].strip(), parts[1].strip(), parts[layout.state].strip())


def _punch(
    row: int,
    key: Sequence[str],
    parts: Sequence[str],
    layout: Layout,
    serial: str,
    clock: DeviceClock,
    now: Now,
    last: datetime,
) -> tuple[Translated, datetime]:
    """The punch of one line and its instant; for a line that is none, the reason and the instant before it."""
    if len(parts) != COLUMNS:
        return Refused(row, "line-malformed", NOT_SIX), last
    pin = pin_of(key[0])
    if pin is None:
        return Refused(row, "pin-malformed", NO_PIN), last
    reading = read_time(key[1], clock, now)
    if reading is None:
        return Refused(row, "time-malformed", NO_TIME), last
    state, verify = code_of(key[2]), code_of(parts[layout.verify])
    if NO_CODE in (state, verify):
        return Refused(row, "code-malformed", BAD_CODE), last
    workcode = parts[layout.workcode].strip()
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
