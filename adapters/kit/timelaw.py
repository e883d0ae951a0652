"""The law of device times, over every adapter whose exchanges give punches.

Rule: a punch says the time that stands in the input, the zone it was read in and why; the instant follows from the two and
from nothing else. What is odd about a clock is a flag beside it: neither the admission time nor the registered zone ever
moves what the device said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, Final

import msgspec

from adapters.kit.cases import Case, read_cases
from adapters.kit.clock import TRUSTED_FROM, now_of, zone_rules
from adapters.kit.errors import AdapterError
from adapters.kit.registry import Adapter
from adapters.kit.values import Canonical
from schemas.deviceflags import DEVICE_FLAGS

PUNCH: Final = "attendance.punch"
LATER: Final = 4_070_908_800_000
"""An admission in 2099."""

FLAGS: Final = (frozenset({"clock-before-2015"}), frozenset({"clock-ahead", "clock-in-future"}))
SET_BACK: Final = "clock-set-back"
JUMPED: Final = "clock-jumped-ahead"
OF_CLOCKS: Final = ("clock-", "zone-")
"""How flags of a device's clock begin: each is one that operators see listed."""


def device_time_kept(adapter: Adapter) -> list[str]:
    """Punches keep the device's time, say zone and reason, and have an instant that follows from them; clocks before 2015, in
    the future and set back are flagged, and a golden case shows each; a gap says how far one that was set back is seen (in one
    upload, in one file, not at all), since a message is translated by itself."""
    broken: list[str] = []
    shown: set[str] = set()
    found = False
    for case in _of_punches(adapter):
        found = True
        text = _text(case.input)
        items = _punches(adapter, case)
        for item in items:
            shown.update(item.value["flags"])
            broken += [f"{case.name}, row {item.row}: {fault}" for fault in faults_of(item.value, text, case)]
        broken += _moved(adapter, case, items)
    if not found:
        return []
    broken += [f"no golden case shows {' or '.join(sorted(flags))}" for flags in FLAGS if not flags & shown]
    if SET_BACK not in shown and not any("set back is not seen" in gap for gap in adapter.manifest.gaps):
        broken.append(f"no golden case shows {SET_BACK}, and no gap says why")
    if not any("set back" in gap for gap in adapter.manifest.gaps):
        broken.append("no gap says how far a clock that was set back is seen")
    if SET_BACK in shown and JUMPED not in shown:
        broken.append(f"no golden case shows {JUMPED}: what stood above a time that was set back")
    return broken


def faults_of(value: dict[str, Any], text: str, case: Case) -> Iterator[str]:
    """What of one punch does not follow from what the device said, which stands in `text`."""
    at, flags = value["at"], set(value["flags"])
    said = at[:16] if "seconds-missing" in flags else at
    if "epoch-time" not in flags and said not in text and said.replace("T", " ") not in text:
        yield "the local time does not stand in the input"
    if not value["zoneWhy"].strip():
        yield "nothing says why this zone"
    instant = datetime.fromisoformat(value["instant"]).replace(tzinfo=None)
    zone, local = _zone(value["zone"]), datetime.fromisoformat(at)
    possible = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC).replace(tzinfo=None) for fold in (0, 1)}
    if instant not in possible:
        yield "the instant is not the local time in its zone"
    if ("clock-before-2015" in flags) != (instant.year < TRUSTED_FROM):
        yield "clock-before-2015 is not what the instant says"
    now = now_of(case.message.admitted_at)
    expected = {"clock-in-future"} if instant > now.future else {"clock-ahead"} if instant > now.ahead else set()
    if flags & FLAGS[1] != expected:
        yield "a clock ahead of the admission is not flagged as it should be"
    for flag in sorted(flags):
        if flag.startswith(OF_CLOCKS) and flag not in DEVICE_FLAGS:
            yield f"{flag} is no flag of a clock that is listed"


def _moved(adapter: Adapter, case: Case, items: list[Canonical]) -> list[str]:
    """A later admission changes flags alone; a device registered in another zone changes no local time."""
    broken: list[str] = []
    later = _punches(adapter, replace(case, message=replace(case.message, admitted_at=LATER)))
    if [_bare(item) for item in later] != [_bare(item) for item in items]:
        broken.append(f"{case.name}: the admission time changes more than flags")
    device = case.message.device
    if device is not None:
        other = replace(case.message, device=replace(device, zone="Asia/Tokyo"))
        moved = _punches(adapter, replace(case, message=other))
        if _said(moved) != _said(items):
            broken.append(f"{case.name}: the registered zone moves what the device said")
    return broken


def _bare(item: Canonical) -> dict[str, Any]:
    return {**item.value, "flags": [], "row": item.row}


def _said(items: list[Canonical]) -> list[tuple[int, str]]:
    """The local times by row; seconds since 1970 are none."""
    return [(item.row, item.value["at"]) for item in items if "epoch-time" not in item.value["flags"]]


def _of_punches(adapter: Adapter) -> Iterator[Case]:
    for case in read_cases(adapter):
        if not case.request and not case.poll:
            exchange = adapter.manifest.exchange(case.target)
            if exchange.direction == "in" and PUNCH in exchange.contracts:
                yield case


def _punches(adapter: Adapter, case: Case) -> list[Canonical]:
    try:
        items = adapter.translate(case.target, case.input, case.message)
    except AdapterError:
        return []
    return [item for item in items if isinstance(item, Canonical) and item.contract == PUNCH]


def _text(body: Any) -> str:
    return body.decode("latin-1") if isinstance(body, bytes) else msgspec.json.encode(body).decode()


def _zone(name: str) -> tzinfo:
    if name[0] not in "+-":
        return zone_rules(name)
    offset = timedelta(hours=int(name[1:3]), minutes=int(name[4:6]))
    return timezone(-offset if name[0] == "-" else offset)
