"""Waiting until a partition grows: a fetch that the broker holds back until it has something, or for a few seconds.

Rule: Kafka answers the requests of one connection one after the other, so each fetch that waits has a connection to itself.
One that nobody waits for any more stays until it is answered: mostly the next waiter asks the very same, and takes it over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from aiokafka import errors

from hub.errors import TryAgain
from hub.kafka.client import PATIENCE, PAUSE, START, Client, Fetched, Place, unanswered
from hub.kafka.reading import Reader, supply_of

LONGEST_POLL: Final = 5.0
SIZE: Final = 256 << 10
"""Bytes of each partition that may come along; the reader keeps them."""

_Answer = dict[Place, Fetched]
_Poll = asyncio.Task[_Answer]


class Waiting:
    """`Bus.wait`. `closed` is set when the log closes."""

    def __init__(self, client: Client, reader: Reader, closed: asyncio.Event) -> None:
        self._client = client
        self._reader = reader
        self._closed = closed
        self._polls: dict[tuple[int, frozenset[tuple[Place, int]]], _Poll] = {}
        self._lanes: dict[int, set[int]] = {}

    async def wait(self, seen: Mapping[Place, int], timeout: float) -> frozenset[Place]:
        """Those that are above the given offset. Raises `TryAgain` when the log closes."""
        if timeout <= 0:
            return await self._look(seen)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        waiting = dict(seen)
        closing = asyncio.ensure_future(self._closed.wait())
        try:
            while (left := deadline - loop.time()) > 0:
                polls = [self._poll(node, asked) for node, asked in self._by_leader(waiting).items()]
                led = all(self._client.leader(place) is not None for place in waiting)
                patience = left if led else min(left, PAUSE)
                await asyncio.wait({*polls, closing}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                if self._closed.is_set():
                    raise TryAgain("AMANA-BUS-001", "the log is closed")
                grown, sound = await self._hear([poll for poll in polls if poll.done()], waiting)
                if grown:
                    return grown
                if not sound:
                    await self._client.refresh()
                    await asyncio.sleep(min(PAUSE, left))
            return frozenset()
        finally:
            closing.cancel()

    async def close(self) -> None:
        polls = list(self._polls.values())
        for poll in polls:
            poll.cancel()
        await asyncio.gather(*polls, return_exceptions=True)

    async def _look(self, seen: Mapping[Place, int]) -> frozenset[Place]:
        """What has grown by now. Raises `TryAgain`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        waiting = dict(seen)
        while True:
            polls = [
                asyncio.ensure_future(self._client.fetch(node, asked, size=1))
                for node, asked in self._by_leader(waiting).items()
            ]
            await asyncio.gather(*polls, return_exceptions=True)
            grown, sound = await self._hear(polls, waiting)
            if sound:
                return grown
            if loop.time() > deadline:
                raise unanswered(errors.LeaderNotAvailableError())
            await self._client.refresh()
            await asyncio.sleep(PAUSE)

    async def _hear(
        self, polls: Iterable[asyncio.Future[_Answer]], waiting: dict[Place, int]
    ) -> tuple[frozenset[Place], bool]:
        """What has grown by these answers, and whether every one was given by who leads the partition. A partition that
        ends below what was seen of it is waited for no longer: it cannot be asked."""
        grown: set[Place] = set()
        sound = all(self._client.leader(place) is not None for place in waiting)
        for poll in polls:
            if poll.cancelled() or poll.exception() is not None:
                sound = False
                continue
            for place, found in poll.result().items():
                if found.error is errors.NoError:
                    if found.end > waiting[place]:
                        grown.add(place)
                        self._reader.keep(place, waiting[place], supply_of(found.data, found.end))
                elif found.error is errors.OffsetOutOfRangeError:
                    if waiting[place] < await self._client.offset(place, START):
                        grown.add(place)
                    else:
                        del waiting[place]
                else:
                    sound = False
        return frozenset(grown), sound

    def _by_leader(self, waiting: Mapping[Place, int]) -> dict[int, dict[Place, int]]:
        """What to ask whom; a partition that nobody leads now is asked of nobody."""
        found: dict[int, dict[Place, int]] = {}
        for place, offset in waiting.items():
            node = self._client.leader(place)
            if node is not None:
                found.setdefault(node, {})[place] = offset
        return found

    def _poll(self, node: int, asked: Mapping[Place, int]) -> _Poll:
        """The fetch that asks this; a new one if none is under way."""
        key = (node, frozenset(asked.items()))
        if key not in self._polls:
            busy = self._lanes.setdefault(node, set())
            lane = next(number for number in range(len(busy) + 1) if number not in busy)
            busy.add(lane)

            def end(poll: _Poll) -> None:
                busy.discard(lane)
                del self._polls[key]
                _ = poll.cancelled() or poll.exception()  # heard by whoever waits; perhaps nobody does

            fetch = self._client.fetch(node, asked, size=SIZE, wait=LONGEST_POLL, lane=("wait", lane))
            self._polls[key] = asyncio.ensure_future(fetch)
            self._polls[key].add_done_callback(end)
        return self._polls[key]
