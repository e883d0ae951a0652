"""Concurrent admissions meet in one call of the log: one commit, one wake-up, however many connections ask.

Rule: a lone request goes at once, and nobody waits for time. What is ready in the same turn of the event loop goes
together, and so does what arrives while a commit is under way; after a commit that had company the loop turns a few times
first, so that those who were just answered come along. One caller's defect is that caller's alone.
"""

from __future__ import annotations

import asyncio
from typing import Final

from hub.errors import HubError
from hub.ports import Admissions, Answered, Candidate, Clock

MOST: Final = 512
"""Messages in one call: bounds how long the first waits for the last."""

TURNS: Final = 3
"""Turns of the loop in which answers leave, the next requests come in and are examined."""

_Waiting = tuple[Candidate, "asyncio.Future[Answered]"]


class Gathering:
    """Single-flight batches over `Admissions`. Belongs to one event loop."""

    def __init__(self, admissions: Admissions, clock: Clock) -> None:
        self._admissions = admissions
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._running: asyncio.Task[None] | None = None

    def admit(self, candidate: Candidate) -> asyncio.Future[Answered]:
        """A future of the outcome; raises what `Admissions.admit` raises."""
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting.append((candidate, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return future

    async def _run(self) -> None:
        try:
            crowded = False
            while self._waiting:
                for _ in range(TURNS if crowded else 0):
                    await asyncio.sleep(0)
                crowded = len(self._waiting) > 1
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._admit(batch)
        finally:
            self._running = None

    async def _admit(self, batch: list[_Waiting]) -> None:
        try:
            outcomes = await self._admissions.admit([candidate for candidate, _ in batch], self._clock.now())
        except HubError as error:
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - handed to the one whose candidate it is
            if len(batch) > 1:
                for one in batch:
                    await self._admit([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
        else:
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
