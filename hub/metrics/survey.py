"""What is true of the whole hub: what waits, how old it is, how far each stage is behind. Read from store and log.

Rule: every gateway shows the same values, so that they are there while any gateway is, and whatever the workers do. They
are read when somebody asks, at most every `LEAST` seconds, and never for more than a twentieth of the time; who asks does
not wait for long, but gets the last ones, whose age is a metric too.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from hub.delivery.states import State
from hub.errors import HubError
from hub.logs import logger
from hub.metrics.measures import Measures
from hub.stages.flags import TABLE as DEVICE_FLAG
from hub.topics import CONTROL

if TYPE_CHECKING:
    from hub.ports import Bus, Clock, Store

log = logger()

LEAST: Final = 5.0
SHARE: Final = 20
WITHIN: Final = 1.0
"""Seconds that who asks waits for new values."""

AT_ONCE: Final = 32
"""Ends of partitions that are asked for at one time."""

DAY: Final = 86_400_000
"""Milliseconds."""

OPEN: Final = (State.DUE, State.WAITING, State.PARKED, State.RETRYING, State.UNPROVEN, State.DEAD)
"""States of a delivery that has not reached its end."""


class Survey:
    """Keeps the values that are the whole hub's. One per gateway."""

    def __init__(self, bus: Bus, store: Store, clock: Clock, measures: Measures) -> None:
        self._bus = bus
        self._store = store
        self._clock = clock
        self._measures = measures
        self._began = clock.now()
        self._read: int | None = None
        self._next = 0.0
        self._running: asyncio.Task[None] | None = None
        measures.probe(self._age)

    async def refresh(self) -> None:
        """New values, if it is time and they come soon; else the last ones stand."""
        if self._running is None and self._clock.now() >= self._next:
            self._running = asyncio.create_task(self._renew())
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=WITHIN)

    async def close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def _renew(self) -> None:
        began = self._clock.now()
        try:
            await self._read_all()
            self._read = began
        except HubError as error:
            log.warning("metrics.unread", code=error.code)
        except Exception:
            log.exception("metrics.unread")
        finally:
            now = self._clock.now()
            self._next = now + max(LEAST * 1000, SHARE * (now - began))
            self._running = None

    async def _read_all(self) -> None:
        store, measures = self._store, self._measures
        waiting = await store.count("delivery", {"state": [str(state) for state in OPEN]}, by=("system", "state"))
        measures.replace("amana_waiting", {(str(system), str(state)): n for (system, state), n in waiting.items()})
        oldest: dict[tuple[str, ...], float] = {}
        for state in sorted({str(state) for _, state in waiting}):
            rows = await store.rows("delivery", {"state": state}, order=("since",), limit=1)
            if rows:
                oldest[(state,)] = max(0.0, (self._clock.now() - rows[0]["since"]) / 1000)
        measures.replace("amana_oldest_undelivered_seconds", oldest)
        letters = await store.count("dead_letter", {"state": "open"}, by=("stage",))
        measures.replace("amana_dead_letters_open", {(str(stage),): n for (stage,), n in letters.items()})
        flagged = await store.count(DEVICE_FLAG, {"time": (">", self._clock.now() - DAY)}, by=("flag",))
        measures.replace("amana_device_flagged_messages", {(str(flag),): n for (flag,), n in flagged.items()})
        measures.replace("amana_lag_records", await self._lags())

    async def _lags(self) -> dict[tuple[str, ...], float]:
        topics = self._bus.topics()
        rows = [r for r in await self._store.rows("stage_progress") if r["partition"] < topics.get(r["topic"], 0)]
        places = sorted({(row["topic"], row["partition"]) for row in rows})
        ends: dict[tuple[str, int], int] = {}
        for start in range(0, len(places), AT_ONCE):
            some = places[start : start + AT_ONCE]
            ends |= dict(zip(some, await asyncio.gather(*(self._bus.end(*place) for place in some)), strict=True))
        lags: Counter[tuple[str, ...]] = Counter()
        for row in rows:
            lags[row["stage"], row["topic"]] += max(0, ends[row["topic"], row["partition"]] - row["position"])
        return dict(lags)

    def _age(self) -> None:
        since = self._began if self._read is None else self._read
        self._measures.set("amana_survey_age_seconds", max(0, self._clock.now() - since) / 1000)


async def directory_behind(bus: Bus, position: int) -> int:
    """Changes of the control log above `position`."""
    return max(0, await bus.end(CONTROL, 0) - 1 - position)
