"""Lanes: how many calls may be under way to one place outside at a time.

Rule: whoever is slow takes only its own lane. Who waits for a place in it is taken in order; a lane that nobody uses is
forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class _Lane:
    places: asyncio.Semaphore
    users: int = 0  # under way or waiting


class Lanes:
    """`width`: places in each lane."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lanes: dict[tuple[str, str, int], _Lane] = {}

    def __len__(self) -> int:
        """Lanes in use."""
        return len(self._lanes)

    @asynccontextmanager
    async def place(self, where: tuple[str, str, int]) -> AsyncIterator[None]:
        """A place in the lane of (scheme, host, port), waited for without end: the caller has the deadline."""
        lane = self._lanes.get(where)
        if lane is None:
            lane = self._lanes[where] = _Lane(asyncio.Semaphore(self._width))
        lane.users += 1
        try:
            async with lane.places:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                del self._lanes[where]
