"""A file of 100,000 punches, from the moment that it is whole in its folder until every punch is a record and in the index.

All that happens in between is measured: reading, hashing, a natural key a line, admission with its commit, the move to
`done/`, translation, the log, the index and the facts. One process, real files, the embedded engine.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from hub.clock import SystemClock
from hub.feeds.admitting import Ground
from hub.feeds.feeds import Feeds
from hub.garbage import look_rarely
from hub.log.engine import EmbeddedLog
from hub.stages.collect import Collect
from hub.stages.facts import count_facts
from hub.stages.index import Index
from hub.stages.runner import Runner
from hub.stages.translate import Translate
from hub.store.sql import SqlStore
from tests.simulator.hub import HUB_KEYS
from tests.unit.feeds.office import Asked, Office

LINES: Final = 100_000
MOST: Final = 6.0
"""Seconds that it may take."""

AIM: Final = 4.0
PEOPLE: Final = 1_000


def run(seconds: float) -> list[dict[str, Any]]:
    """The median of as many files as fit, one at least."""
    spent: list[dict[str, float]] = []
    look_rarely()  # as every process of the hub does
    until = time.monotonic() + seconds
    while not spent or time.monotonic() < until:
        with tempfile.TemporaryDirectory() as folder:
            spent.append(asyncio.run(_once(Path(folder))))
    whole = median(part["whole"] for part in spent)
    parts = ", ".join(
        f"{name} {median(p[name] for p in spent):.2f} s" for name in ("admitted", "translated", "indexed")
    )
    return [
        {
            "name": "attlog.seconds",
            "value": round(whole, 2),
            "unit": "s",
            "limit": MOST,
            "limit_name": f"what issue 6 allows for {LINES} lines ({parts})",
            "ratio": round(whole / MOST, 3),
            "floor": MOST,
            "aim": AIM,
            "better": "less",
        }
    ]


def content() -> bytes:
    """A month of a thousand people and their four taps a day, about."""
    line = "{pin:>9}\t2026-10-{day:02d} {hour:02d}:{minute:02d}:{second:02d}\t101\t{state}\t1\t0\r\n"
    return "".join(
        line.format(
            pin=n % PEOPLE + 1,
            day=n // (PEOPLE * 4) % 28 + 1,
            hour=(7, 12, 13, 16)[n // PEOPLE % 4],
            minute=n * 7 % 60,
            second=n % 60,
            state=(0, 2, 3, 1)[n // PEOPLE % 4],
        )
        for n in range(LINES)
    ).encode()


async def _once(root: Path) -> dict[str, float]:
    office = Office(root)
    await office.onboard()
    await office.hub.running()
    clock = SystemClock()
    log = EmbeddedLog.open(root / "bus.db", HUB_KEYS.wrapper, clock, run_dir=root)
    store = SqlStore.open(f"sqlite:///{root / 'store.db'}")
    follower = office.hub.follower
    await log.ensure({topic: n for topic, n in office.hub.log.topics().items() if topic != "control"})
    feeds = Feeds(
        folders=root / "folders",
        credentials=root / "credentials",
        admissions=log,
        store=store,
        caller=Asked(office.caller.answer),
        clock=clock,
        follower=follower,
        adapters=office.hub.adapters,
        ground=Ground(HUB_KEYS.hmac, lambda topic: log.topics()[topic]),
        owner="bench",
    )
    translate = Runner(Translate(log, follower, office.hub.adapters, HUB_KEYS.hmac, log.topics), log, store, "bench")
    behind = [Runner(stage, log, store, "bench") for stage in (Collect(store), Index(store, follower))]
    try:
        office.drop("1_attlog.dat", content())
        await feeds.step()
        began = time.perf_counter()
        assert await feeds.step() == 1
        admitted = time.perf_counter()
        while await translate.step():
            pass
        translated = time.perf_counter()
        for runner in behind:
            while await runner.step():
                pass
        indexed = time.perf_counter()
        found = await count_facts(store, {"contract": "attendance.punch"})
        assert found == {(): LINES}, found
    finally:
        await store.close()
        await log.close()
    return {
        "admitted": admitted - began,
        "translated": translated - admitted,
        "indexed": indexed - translated,
        "whole": indexed - began,
    }
