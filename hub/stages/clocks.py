"""What a device's clock does from one message to the next: table `device_clock`, and a row of `device_flag` where it went back.

Rule: only the list of odd clocks hangs on the message before; a record never does. Compared is what a device sends itself in the
order in which it logged it, as the manifest says of the exchange (`in_order`). What is polled, lies in a file or passed a cloud
may come in any order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from adapters.kit import Canonical, Translated
from adapters.kit.punches import BEFORE, JUMP
from hub.ports import Store, Write
from hub.records import DEVICE, ID, INSTITUTION, SYSTEM, TIME, Record
from hub.stages.flags import MEMBER
from hub.stages.flags import TABLE as FLAGS
from schemas.contracts import checker
from schemas.deviceflags import BETWEEN, OPEN_FLAGS

TABLE: Final = "device_clock"
_JUMP_MS: Final = int(JUMP.total_seconds() * 1000)


class Clocks:
    """What devices said last (ms since 1970), and what that makes of the messages of one batch, which are seen in order."""

    __slots__ = ("_compared", "_flags", "_moved", "_said")

    def __init__(self, compared: frozenset[str], said: dict[str, int]) -> None:
        self._compared = compared
        self._said = said
        self._moved: set[str] = set()
        self._flags: list[dict[str, Any]] = []

    @classmethod
    async def of(cls, store: Store | None, records: Sequence[Record]) -> Clocks:
        """`records`: the messages of the batch that are to be compared. Without a store none is."""
        if store is None or not records:
            return cls(frozenset(), {})
        devices = sorted({record.headers[DEVICE] for record in records})
        rows = await store.rows(TABLE, {"device": devices})
        return cls(frozenset(record.headers[ID] for record in records), {row["device"]: row["said"] for row in rows})

    def see(self, message: Record, items: Sequence[Translated]) -> None:
        """What was made of a message, in the order in which its device logged it."""
        h = message.headers
        instants = _instants(items) if h[ID] in self._compared else []
        if not instants:
            return
        device, before = h[DEVICE], self._said.get(h[DEVICE])
        if before is not None and instants[0] < before - _JUMP_MS:
            about = {"device": device, "system": h[SYSTEM], "institution": h[INSTITUTION], "time": int(h[TIME])}
            self._flags.append({"message": h[ID], "flag": BETWEEN, "count": 1, **about})
        self._said[device] = instants[-1]
        self._moved.add(device)

    def writes(self) -> list[Write]:
        """For the commit that passes these messages."""
        moved = [{"device": device, "said": self._said[device]} for device in sorted(self._moved)]
        found = (Write(TABLE, moved), Write(FLAGS, self._flags, "add"))
        return [write for write in found if write.rows]


def _instants(items: Sequence[Translated]) -> list[int]:
    """Of the punches among them, ms since 1970, but for those whose clock was never set."""
    punches = [item for item in items if isinstance(item, Canonical) and item.contract in OPEN_FLAGS]
    seen = [item.value for item in punches if checker(item.contract).ok(item.value)]
    return [
        int(datetime.fromisoformat(value["instant"]).timestamp() * 1000)
        for value in seen
        if BEFORE not in value[MEMBER]
    ]
