"""What a device's clock says, and what that means: zone, reason, instant, and what is odd about it.

Rule: the time stays as the device said it; the zone that was applied and the reason for it stand beside it. The
unit of the TimeZone option is not agreed between models: hours ("7", "5.5", "-6"), "+07:00", or minutes ("330").
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from adapters.kit import AdapterError, DeviceContext

TIME_ZONE: Final = "TimeZone"
CLOCK_OFFSET: Final = "clockOffsetMinutes"
TRUSTED_FROM: Final = 2015
READABLE: Final = range(1970, 2900)
EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 -- UTC; naive on purpose, zones are applied by hand here
AHEAD: Final = timedelta(minutes=10)
FUTURE: Final = timedelta(days=1)

_OFFSET: Final = re.compile(r"([+-])([0-9]{1,2}):([0-5][0-9])", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,2})?", re.ASCII)
_ZONE_NAME: Final = re.compile(r"[A-Za-z][0-9A-Za-z_+-]*(/[0-9A-Za-z_+-]+){0,2}", re.ASCII)
_MINUTES: Final = re.compile(r"[+-]?[0-9]{1,4}", re.ASCII)
_MINUTE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}", re.ASCII)
_SECONDS: Final = {f":{second:02d}": timedelta(seconds=second) for second in range(60)}
_MAX_KNOWN: Final = 8192
_EPOCH_SECONDS: Final = re.compile(r"[0-9]{9,10}", re.ASCII)
_MAX_HOURS: Final = 14
_STAMP: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?(Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, eq=False)
class DeviceClock:
    """How the times of a device are read.

    `minutes`: its fixed offset from UTC; None when `zone` is an IANA zone, whose offset depends on the day and
    which the clock is `ahead` minutes ahead of. `known` are the minutes of the wall clock that were read before:
    taps come in crowds.
    """

    zone: str
    why: str
    minutes: int | None
    ahead: int = 0
    known: dict[str, Minute | None] = field(default_factory=dict)


class Minute(NamedTuple):
    """One minute of a device's clock: local and UTC as text without seconds, the zone, the instant, what is odd."""

    at: str
    utc: str
    zone: str
    instant: datetime
    flags: tuple[str, ...]


_UNREAD: Final = Minute("", "", "", EPOCH, ())


class Reading(NamedTuple):
    """One time: `at` local as the device said it, the `zone` it is in, the instant in UTC as text and (naive) time."""

    at: str
    zone: str
    utc: str
    instant: datetime
    flags: tuple[str, ...]


class Now(NamedTuple):
    """The admission time, as what a clock may show at most without being flagged."""

    ahead: datetime
    future: datetime


def now_of(admitted_at: int) -> Now:
    """The bounds for an admission at `admitted_at` ms since 1970."""
    moment = EPOCH + timedelta(milliseconds=admitted_at)
    return Now(moment + AHEAD, moment + FUTURE)


def clock_of(device: DeviceContext) -> DeviceClock:
    """The clock of a device. The TimeZone option (which the handshake tells the device too) comes before the
    registered zone; a known clock offset is added to the registered zone."""
    return _clock(device.zone, device.options.get(TIME_ZONE), device.options.get(CLOCK_OFFSET))


@lru_cache(maxsize=1024)
def _clock(zone: str, zone_option: str | None, offset_option: str | None) -> DeviceClock:
    if zone_option is not None:
        minutes = parse_time_zone(zone_option)
        return DeviceClock(format_offset(minutes), f"device option {TIME_ZONE}={zone_option.strip()}", minutes)
    fixed = _fixed_minutes(zone)
    if fixed is None:
        zone_rules(zone)
    if offset_option is None:
        return DeviceClock(zone, "zone registered for the device", fixed)
    if not _MINUTES.fullmatch(offset_option.strip()):
        raise AdapterError("option-malformed", f"the device's option {CLOCK_OFFSET} is not a number of minutes")
    ahead = int(offset_option)
    why = f"zone {zone} registered for the device, its clock {ahead} minutes ahead ({CLOCK_OFFSET})"
    if fixed is None:
        for month in (1, 7):  # said before anything is acknowledged, so that the device keeps its punches
            offset = ZoneInfo(zone).utcoffset(datetime(2020, month, 1))  # noqa: DTZ001 -- local there
            _within(int((offset or timedelta(0)).total_seconds()) // 60 + ahead)
        return DeviceClock(zone, why, None, ahead)
    return DeviceClock(format_offset(fixed + ahead), why, fixed + ahead)


def parse_time_zone(text: str) -> int:
    """Minutes east of UTC out of a TimeZone option in any of its units; a number beyond 14 is minutes."""
    bare = text.strip()
    fixed = _fixed_minutes(bare)
    if fixed is not None:
        return fixed
    if not _NUMBER.fullmatch(bare):
        raise AdapterError("option-malformed", f"the device's option {TIME_ZONE} is not hours, +hh:mm or minutes")
    number = Decimal(bare)
    minutes = int(number if abs(number) > _MAX_HOURS else number * 60)
    return _within(minutes)


def format_offset(minutes: int) -> str:
    """Minutes east of UTC as "+07:00"."""
    size = abs(_within(minutes))
    return f"{'-' if minutes < 0 else '+'}{size // 60:02d}:{size % 60:02d}"


def time_zone_option(device: DeviceContext) -> str:
    """The TimeZone of the handshake: the option as registered, else the registered zone in hours ("7", "5.5")."""
    given = device.options.get(TIME_ZONE)
    if given is not None:
        parse_time_zone(given)
        return given.strip()
    fixed = _fixed_minutes(device.zone)
    hours = Decimal(_standard_minutes(device.zone) if fixed is None else fixed) / 60
    return f"{hours.quantize(Decimal('0.01')).normalize():f}"


def read_time(text: str, clock: DeviceClock, now: Now) -> Reading | None:
    """A device's time, local or epoch seconds (taken as UTC); None when it is neither."""
    said, tail = text[:16], text[16:]
    seconds = _SECONDS.get(tail)
    if seconds is None:
        return _read_epoch(text, clock, now)
    known = clock.known
    minute = known.get(said, _UNREAD)
    if minute is _UNREAD:
        if len(known) >= _MAX_KNOWN:
            known.clear()
        minute = known[said] = _read_minute(said, clock)
    if minute is None:
        return None
    at, utc, zone, instant, flags = minute
    instant += seconds
    if instant > now.ahead:
        flags += _ahead(instant, now)
    return Reading(at + tail, zone, f"{utc}{tail}Z", instant, flags)


def read_stamp(text: str, clock: DeviceClock, now: Now) -> tuple[Reading, str] | None:
    """A time in ISO form, with or without an offset of its own, and why its zone is what it is. An offset that the device
    sends is applied; where it is not that of the registered zone, the reading says so (`zone-contradicted`). Fractions of a
    second are dropped: no clock of these devices is that good."""
    found = _STAMP.fullmatch(text)
    if found is None:
        return None
    local, offset = found[1].replace(" ", "T"), found[2]
    own = read_time(local, clock, now)
    if own is None or not offset:
        return None if own is None else (own, clock.why)
    said = _offset_clock(offset)
    if said is None:
        return None
    reading = read_time(local, said, now)
    if reading is None:
        return None
    odd = () if reading.instant == own.instant else ("zone-contradicted",)
    return reading._replace(flags=reading.flags + odd), said.why


@lru_cache(maxsize=64)
def _offset_clock(offset: str) -> DeviceClock | None:
    """The clock of a time that says its own offset, `Z` or +hh:mm; None for an offset that is none."""
    minutes = 0 if offset == "Z" else _fixed_minutes(offset)
    if minutes is None:
        return None
    return DeviceClock(format_offset(minutes), "offset that the device sent", minutes)


def _read_minute(said: str, clock: DeviceClock) -> Minute | None:
    if not _MINUTE.fullmatch(said):
        return None
    try:
        local = datetime.fromisoformat(said)
    except ValueError:
        return None
    if local.year not in READABLE:
        return None
    odd: tuple[str, ...] = ()
    zone, minutes = clock.zone, clock.minutes
    if minutes is None:
        zone, minutes, odd = _offset_at(clock.zone, clock.ahead, local)
    instant = local - timedelta(minutes=minutes)
    old = ("clock-before-2015",) if instant.year < TRUSTED_FROM else ()
    return Minute(local.isoformat()[:16], instant.isoformat()[:16], zone, instant, odd + old)


def _read_epoch(text: str, clock: DeviceClock, now: Now) -> Reading | None:
    if not _EPOCH_SECONDS.fullmatch(text):
        return None
    instant = EPOCH + timedelta(seconds=int(text))
    minutes = clock.minutes
    if minutes is None:
        minutes = _minutes_of(instant.replace(tzinfo=UTC).astimezone(zone_rules(clock.zone)))
    at = (instant + timedelta(minutes=minutes)).isoformat()
    old = ("clock-before-2015",) if instant.year < TRUSTED_FROM else _ahead(instant, now)
    return Reading(at, format_offset(minutes), instant.isoformat() + "Z", instant, ("epoch-time", *old))


def _ahead(instant: datetime, now: Now) -> tuple[str, ...]:
    if instant <= now.ahead:
        return ()
    return ("clock-in-future",) if instant > now.future else ("clock-ahead",)


def _fixed_minutes(text: str) -> int | None:
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    return _within(-minutes if found[1] == "-" else minutes)


def _within(minutes: int) -> int:
    if abs(minutes) > _MAX_HOURS * 60:
        raise AdapterError("option-malformed", "zone and options of the device come to more than 14 hours from UTC")
    return minutes


@lru_cache(maxsize=64)
def zone_rules(name: str) -> ZoneInfo:
    """The zone out of the pinned tzdata distribution: a machine's own zone files would make instants its own."""
    if _ZONE_NAME.fullmatch(name):
        try:
            with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
                return ZoneInfo.from_file(rules, key=name)
        except (OSError, ValueError):
            pass
    raise AdapterError("zone-unknown", "the zone registered for the device is not an IANA zone")


def _minutes_of(moment: datetime) -> int:
    offset = moment.utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) // 60


@lru_cache(maxsize=64)
def _standard_minutes(zone: str) -> int:
    """Offset outside of daylight saving time, at the time from which this protocol's devices are trusted."""
    moment = datetime(TRUSTED_FROM, 1, 1, tzinfo=zone_rules(zone))
    return _minutes_of(moment) - int((moment.dst() or timedelta()).total_seconds()) // 60


def _offset_at(zone: str, ahead: int, local: datetime) -> tuple[str, int, tuple[str, ...]]:
    """Zone text, minutes east of UTC, and a flag where the clock is turned: an hour that comes twice or never."""
    moment = local.replace(tzinfo=zone_rules(zone)) - timedelta(minutes=ahead)
    early, late = _minutes_of(moment), _minutes_of(moment.replace(fold=1))
    odd = ("local-time-ambiguous",) if early != late else ()
    return (zone if ahead == 0 else format_offset(early + ahead)), early + ahead, odd
