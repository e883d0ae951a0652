"""What the punches of a message say about the clock of their device, in the open: header `ce_flags` and rows of `device_flag`.

Rule: only flags that the contract names as open stand there, how often each, and never whose punch it was. They stand on the
first record that the message gave of the contract, so a reader of the topic counts them once, however many records follow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from hub.records import DEVICE, FLAGS, INSTITUTION, PARENT, SYSTEM, TIME, Record
from schemas.deviceflags import OPEN_FLAGS

TABLE: Final = "device_flag"
MEMBER: Final = "flags"
"""Member of a canonical value that holds flags."""


class Flagged:
    """Flags of the records that one message gave. `device`: registry id of the device that it is of. `first`: by contract,
    the headers of its first record, and the flags of each record that has some."""

    __slots__ = ("_device", "first")

    def __init__(self, device: str | None) -> None:
        self._device = device
        self.first: dict[str, tuple[dict[str, str], list[Sequence[str]]]] = {}

    def add(self, contract: str, headers: dict[str, str], flags: Sequence[str]) -> None:
        """Keep those of one record; of each contract the first record has to come here, flagged or not."""
        first = self.first.get(contract)
        if first is None:
            first = self.first[contract] = headers, []
        first[1].append(flags)

    def note(self) -> None:
        """Put what may be seen on the first record of each contract, before any is appended."""
        for contract, (headers, flags) in self.first.items():
            counts = Counter(chain.from_iterable(flags))
            seen = {flag: count for flag, count in counts.items() if flag in OPEN_FLAGS[contract]}
            if seen:
                headers[FLAGS] = render_flags(seen)
                if self._device is not None:
                    headers[DEVICE] = self._device


def render_flags(counts: dict[str, int]) -> str:
    """`clock-ahead=3,clock-in-future=1`."""
    return ",".join(f"{flag}={counts[flag]}" for flag in sorted(counts))


def parse_flags(text: str) -> dict[str, int]:
    """Inverse of `render_flags`."""
    return {flag: int(count) for flag, _, count in (part.rpartition("=") for part in text.split(","))}


def flag_rows(record: Record) -> list[dict[str, Any]]:
    """Rows of the index for a record that carries flags: one for each, under the id of its message."""
    h = record.headers
    return [
        {
            "message": h[PARENT],
            "flag": flag,
            "device": h.get(DEVICE, ""),
            "system": h[SYSTEM],
            "institution": h[INSTITUTION],
            "count": count,
            "time": int(h[TIME]),
        }
        for flag, count in parse_flags(h[FLAGS]).items()
    ]
