"""Concurrent admissions meet in one call of the log: one commit, one wake-up, however many connections ask.

Rule: a lone request goes at once, and nobody waits for time. What is ready in the same turn of the event loop goes
together, and so does what arrives while a commit is under way; after a commit that had company the loop turns a few times
first, so that those who were just answered come along. One caller's defect is that caller's alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from hub.errors import HubError
from hub.metrics.measures import Measures
from hub.ports import Admissions, Admitted, Answered, Candidate, Clock, Duplicate

MOST: Final = 512
"""Messages in one call: bounds how long the first waits for the last."""

TURNS: Final = 3
"""Turns of the loop in which answers leave, the next requests come in and are examined."""

_Waiting = tuple[Candidate, "asyncio.Future[Answered]", float]  # and when it came


class Gathering:
    """Single-flight batches over `Admissions`. Belongs to one event loop."""

    def __init__(self, admissions: Admissions, clock: Clock, measures: Measures | None = None) -> None:
        self._admissions = admissions
        self._measures = measures or Measures()
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._running: asyncio.Task[None] | None = None

    def admit(self, candidate: Candidate) -> asyncio.Future[Answered]:
        """A future of the outcome; raises what `Admissions.admit` raises."""
        future: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()
        self._waiting.append((candidate, future, perf_counter()))
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
        began = perf_counter()
        try:
            outcomes = await self._admissions.admit([one[0] for one in batch], self._clock.now())
        except HubError as error:
            for _, future, _ in batch:
                if not future.done():
                    future.set_exception(error)
        except Exception as error:  # noqa: BLE001 - handed to the one whose candidate it is
            if len(batch) > 1:
                for one in batch:
                    await self._admit([one])
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
        else:
            for (_, future, _), outcome in zip(batch, outcomes, strict=True):
                if not future.done():
                    future.set_result(outcome)
            self._count(batch, outcomes, began)

    def _count(self, batch: list[_Waiting], outcomes: Sequence[Answered], began: float) -> None:
        measures, now = self._measures, perf_counter()
        measures.observe("amana_commit_seconds", now - began, "admission")
        measures.observe("amana_commit_records", len(batch), "admission")
        for (candidate, _, came), outcome in zip(batch, outcomes, strict=True):
            measures.observe("amana_admission_seconds", now - came)
            if isinstance(outcome, Admitted):
                measures.inc("amana_admitted_total", candidate.code)
            elif isinstance(outcome, Duplicate):
                measures.inc("amana_duplicates_total", candidate.code)
