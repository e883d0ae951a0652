"""A clock that moves only when a test moves it."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

from hub.records import Ms

START = Ms(1_790_000_000_000)


class ManualClock:
    """`Clock` whose sleepers wake when `advance` passes their time."""

    def __init__(self, start: Ms = START) -> None:
        self._now = start
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> Ms:
        return self._now

    async def sleep(self, seconds: float) -> None:
        wake = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + round(seconds * 1000), next(self._order), wake))
        await wake

    def advance(self, ms: int) -> None:
        """Move on, waking sleepers in the order of their times."""
        self.move_to(Ms(self._now + ms))

    def move_to(self, now: Ms) -> None:
        """Set the time, backwards too: a machine's clock may do that."""
        self._now = now
        while self._sleepers and self._sleepers[0][0] <= now:
            wake = heapq.heappop(self._sleepers)[2]
            if not wake.done():
                wake.set_result(None)

    @property
    def sleepers(self) -> int:
        """How many wait for a time still to come."""
        return sum(not wake.done() for _, _, wake in self._sleepers)
