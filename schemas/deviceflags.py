"""Flags that say something of a device and nothing of a person, so that they may stand in the open: what each means, and what
a person does about it.

Rule: an adapter's flag that does not stand here stays in the sealed body (how somebody was recognised is nobody's business).
A time is never moved by a flag: pay rules name those whose punches they leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class DeviceFlag(NamedTuple):
    """In words for who looks after devices."""

    meaning: str
    remedy: str


BETWEEN: Final = "clock-set-back-between-messages"
"""No punch carries it: it is said of a message, beside the one before."""

DEVICE_FLAGS: Final[Mapping[str, DeviceFlag]] = MappingProxyType(
    {
        "clock-before-2015": DeviceFlag(
            "the clock said a year before 2015: it was never set, or its battery is empty",
            "set the clock, replace its battery; punches of that time need another proof",
        ),
        "clock-ahead": DeviceFlag(
            "the clock said more than 10 minutes after the hub took the message",
            "set the clock, and compare its time zone with the registered one",
        ),
        "clock-in-future": DeviceFlag(
            "the clock said more than a day after the hub took the message",
            "set the date of the device; punches of that time need another proof",
        ),
        "clock-set-back": DeviceFlag(
            "a punch says an earlier time than the one logged before it: the clock was set back between them",
            "ask who set it and when; see whether the punches before or after it are wrong",
        ),
        BETWEEN: DeviceFlag(
            "the first punch of a message says an earlier time than the last one of the message before, which the same device "
            "sent: its clock was set back between them, or it sends what it kept after what is new",
            "see whether the device was away from the network; if not, ask who set its clock, and when",
        ),
        "clock-jumped-ahead": DeviceFlag(
            "a punch says a later time than one logged after it: the clock had jumped ahead, or was set back wrongly",
            "ask who set it and when; see whether the punches before or after it are wrong",
        ),
        "zone-contradicted": DeviceFlag(
            "the device sent an offset from UTC that is not that of its registered zone",
            "correct the zone on the device, or register it anew with the right one",
        ),
    }
)

OPEN_FLAGS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"attendance.punch": frozenset(DEVICE_FLAGS) - {BETWEEN}}
)
"""By contract: flags of its member `flags` that may stand in the open. Contracts that are not here have none."""
