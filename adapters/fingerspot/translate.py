"""Scans to punches.

Rule: a scan's time is a local time without a zone, read by the clock registered for the device. A scan may come twice in one
answer, which is normal: the second names the first. A state in words means what the option `states` says, and is refused
otherwise; a way of verification in words is left out, and flagged.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from adapters.kit import AdapterError, Canonical, MessageContext, Refused, Repeated, Translated
from adapters.kit.clock import DeviceClock, Now, clock_of, now_of, read_time
from adapters.kit.punches import NO_CODE, code_of, pin_of
from signing import jsontext

NO_PIN: Final = "the PIN is empty, longer than 32 characters, or has characters that no device has"
NO_TIME: Final = "scan is not YYYY-MM-DD HH:MM, with seconds or without, or no such day exists"
NO_STATE: Final = "status_scan is neither a whole number up to 65535 nor a word of the option states"
NO_SECONDS: Final = "seconds-missing"
VERIFY_WORDS: Final = "verify-in-words"
STATES: Final = "states"
_MINUTE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}", re.ASCII)


def keys(body: bytes, options: Mapping[str, str]) -> list[tuple[str, ...]]:  # noqa: ARG001 (the kit's form)
    """What makes a scan the same scan in the next answer."""
    return [key_of(item) for item in jsontext.parse(body)["data"]]


def key_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """PIN, time and state, as the cloud says them."""
    return (_text(item.get("pin")), _time(item), _text(item.get("status_scan")))


def scans(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """The answer of get_attlog."""
    return _all(body["data"], message)


def scan(body: dict[str, Any], message: MessageContext) -> list[Translated]:
    """One scan that the cloud sent."""
    if message.device is not None and body["cloud_id"] != message.device.serial:
        raise AdapterError("serial-mismatch", "cloud_id is not the serial number under which the device is registered")
    return _all([body["data"]], message)


def _all(rows: list[dict[str, Any]], message: MessageContext) -> list[Translated]:
    device = message.device
    if device is None:
        raise AdapterError("device-missing", "scans come from a registered device")
    clock, now, serial, wanted = clock_of(device), now_of(message.admitted_at), device.serial, message.rows
    states = _states(message.options.get(STATES) or device.options.get(STATES, ""))
    out: list[Translated] = []
    seen: dict[tuple[str, ...], int] = {}
    for row, item in enumerate(rows):
        first = seen.setdefault(key_of(item), row)
        if wanted is not None and row not in wanted:
            continue
        out.append(_punch(row, item, states, serial, clock, now) if first == row else Repeated(row, first))
    return out


def _punch(
    row: int, item: Mapping[str, Any], states: Mapping[str, int], serial: str, clock: DeviceClock, now: Now
) -> Translated:
    pin = pin_of(_text(item["pin"]))
    if pin is None:
        return Refused(row, "pin-malformed", NO_PIN)
    said = _time(item)
    short = _MINUTE.fullmatch(said) is not None
    reading = None if said.isdigit() else read_time(said + ":00" if short else said, clock, now)
    if reading is None:
        return Refused(row, "time-malformed", NO_TIME)
    pressed, verify = _text(item.get("status_scan")), code_of(_text(item.get("verify")))
    state = code_of(pressed)
    if state == NO_CODE:
        state = states.get(pressed.strip().lower())
        if state is None:
            return Refused(row, "state-unknown", NO_STATE)
    flags = [*reading.flags]
    if short:
        flags.append(NO_SECONDS)
    if verify == NO_CODE:
        flags.append(VERIFY_WORDS)
    value = {
        "serial": serial,
        "pin": pin,
        "at": reading.at,
        "zone": reading.zone,
        "zoneWhy": clock.why,
        "instant": reading.utc,
        "state": state,
        "verify": None if verify == NO_CODE else verify,
        "workcode": None,
        "flags": flags,
    }
    return Canonical("attendance.punch", ("pin", serial, pin), value, reading.at[:7], row)


def _time(item: Mapping[str, Any]) -> str:
    return _text(item.get("scan") or item.get("scan_date")).strip()


def _text(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


@lru_cache(maxsize=256)
def _states(text: str) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        word, _, code = part.partition("=")
        state = code_of(code)
        if not word.strip() or state is None or state == NO_CODE:
            raise AdapterError("option-malformed", f"the option {STATES} is no list such as scan in=0,scan out=1")
        found[word.strip().lower()] = state
    return found
