"""Which message the worker has in hand, on a page that outlives the process, so that one that kills it is found out.

Rule: taking and laying down are stores to mapped memory and a timer, for they stand around every message; a file is
written only after a death. What killed the worker `DEATHS` times is not given to its adapter again. Why:
docs/adr/0013-poison-messages.md.
"""

from __future__ import annotations

import mmap
import os
import signal
from pathlib import Path
from typing import Final

import msgspec

DEATHS: Final = 2
PAGE: Final = "worker-hand"
LIST: Final = "worker-deaths.json"
"""Both lie in the data directory: a machine that went down with its worker counts too."""

_SIZE: Final = 512


class Hand:
    """Around every call of an adapter with a message. A place is "topic/partition/offset".

    `seconds`: how long one call may take before the kernel ends the process, whatever it does; 0: for ever.
    One per process and data directory.
    """

    def __init__(self, directory: Path, seconds: float = 0.0) -> None:
        self._list = directory / LIST
        self._deaths = _read(self._list)
        self._seconds = seconds
        descriptor = os.open(directory / PAGE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(descriptor).st_size != _SIZE:
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, bytes(_SIZE), 0)  # written out, so that a full disk shows here
            self._page = mmap.mmap(descriptor, _SIZE)
        finally:
            os.close(descriptor)
        if self._page[0]:
            place = self._page[2 : 2 + self._page[1]].decode(errors="replace")
            self._deaths[place] = self._deaths.get(place, 0) + 1
            self._keep()
            self._page[0] = 0

    def take(self, place: str) -> None:
        """The adapter gets it now."""
        text = place.encode()[:255]
        self._page[1] = len(text)
        self._page[2 : 2 + len(text)] = text
        self._page[0] = 1  # last: a process that dies before this line held nothing
        if self._seconds:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def lay_down(self) -> None:
        """It came back."""
        if self._seconds:
            signal.setitimer(signal.ITIMER_REAL, 0)
        self._page[0] = 0

    def killed(self, place: str) -> bool:
        """Whether this message ended the worker too often."""
        return self._deaths.get(place, 0) >= DEATHS

    def passed(self, topic: str, partition: int, offset: int) -> None:
        """What is below `offset` is dealt with: its deaths are forgotten, so that a replay tries it again."""
        if not self._deaths:
            return
        below = [place for place in self._deaths if _lies_below(place, topic, partition, offset)]
        for place in below:
            del self._deaths[place]
        if below:
            self._keep()

    def close(self) -> None:
        self._page.close()

    def _keep(self) -> None:
        fresh = self._list.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(self._deaths))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._list)


def _read(file: Path) -> dict[str, int]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, int])
    except (FileNotFoundError, msgspec.DecodeError):  # not counted any more: one death later it is again
        return {}


def _lies_below(place: str, topic: str, partition: int, offset: int) -> bool:
    there, _, at = place.rpartition("/")
    return there == f"{topic}/{partition}" and at.isdigit() and int(at) < offset
