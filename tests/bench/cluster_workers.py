"""How a second worker scales: the same backlog for one worker and for two, on one core and on all.

Rule: phases of one and of two workers alternate; in each both ways of sharing cores are measured in turn, and medians are held
against each other. With `one core` the workers are confined to it and broker and PostgreSQL to the others; unconfined, all share
all cores. A round from which the machine's host took processor time counts only where no other was to be had.
"""

from __future__ import annotations

import asyncio
import os
import signal
import statistics
import time
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.cluster_hub import Backlogs, ClusterHub, await_shared, pin, positions, used_seconds
from tests.bench.pull_bench import stolen_seconds

WITHIN: Final = 120.0
LOOK: Final = 0.02
ROUNDS: Final = 3
"""Of each kind in a phase."""

STOLEN: Final = 0.02
"""Of a core. A round that lost more is measured again, `AGAIN` times in a phase."""

AGAIN: Final = 3

INBOX: Final = "inbox.generic_json"
MADE: Final = "records.leave"
ENDS: Final = (("translate", INBOX), ("index", INBOX), ("index", MADE), ("collect", MADE))
"""What has passed a backlog when it is done with."""


@dataclass(frozen=True, slots=True)
class Round:
    """One backlog. `cpu`: seconds per record by worker, broker and postgresql."""

    rate: float
    cpu: dict[str, float]
    stolen: float


Found = dict[tuple[int, bool], list[list[Round]]]
"""By number of workers and whether they are confined: phases of rounds."""


async def measure(hub: ClusterHub, backlogs: Backlogs, count: int, *, confined: bool) -> Round:
    """Records per second from the moment at which all workers go on."""
    cores = sorted(os.sched_getaffinity(0))
    workers = [process.role for process in hub.processes]
    servers = [hub.broker, hub.server]
    pin(workers, {cores[0]} if confined else set(cores))
    pin(servers, set(cores[1:]) or set(cores) if confined else set(cores))
    candidates = backlogs.make(count)
    for worker in workers:
        worker.send_signal(signal.SIGSTOP)
    before = positions(hub)
    await backlogs.admit(candidates)
    parts = {"worker": workers, "broker": [hub.broker], "postgresql": [hub.server]}
    used, stolen = used_seconds(parts), stolen_seconds()
    began = time.monotonic()
    for worker in workers:
        worker.send_signal(signal.SIGCONT)
    while True:
        now = positions(hub)
        passed = time.monotonic() - began
        if all(now[end] - before.get(end, 0) >= count for end in ENDS):
            break
        if passed > WITHIN:
            raise RuntimeError(f"not all was processed: {[(end, now[end] - before.get(end, 0)) for end in ENDS]}")
        await asyncio.sleep(LOOK)
    after = used_seconds(parts)
    cpu = {name: (after[name] - used[name]) / count for name in parts}
    return Round(count / passed, cpu, (stolen_seconds() - stolen) / passed)


async def compare(hub: ClusterHub, seconds: float, count: int) -> list[dict[str, Any]]:
    """Rows of both comparisons."""
    backlogs = await Backlogs.open(hub)
    found: Found = {(n, c): [] for n in (1, 2) for c in (True, False)}
    try:
        hub.start("worker")
        await asyncio.to_thread(await_shared, hub, 1)
        await measure(hub, backlogs, count // 4, confined=False)  # to warm up
        until = time.monotonic() + seconds
        while time.monotonic() < until or not found[2, False]:
            await _phase(hub, backlogs, count, found, 1)
            second = hub.start("worker")
            await asyncio.to_thread(await_shared, hub, 2)
            await _phase(hub, backlogs, count, found, 2)
            hub.stop(second)
            await asyncio.to_thread(await_shared, hub, 1)
    finally:
        await backlogs.close()
    return [
        _row("cluster.workers_one_core", found, confined=True, floor=0.90),
        _row("cluster.workers_two_cores", found, confined=False, floor=1.25),
        *(_cpu(part, found) for part in ("worker", "broker", "postgresql")),
    ]


async def _phase(hub: ClusterHub, backlogs: Backlogs, count: int, found: Found, workers: int) -> None:
    """Rounds with so many workers, one core and all cores in turn."""
    made: dict[bool, list[Round]] = {True: [], False: []}
    again = AGAIN
    while any(len(rounds) < ROUNDS for rounds in made.values()):
        for confined, rounds in made.items():
            if len(rounds) < ROUNDS:
                one = await measure(hub, backlogs, count, confined=confined)
                if one.stolen > STOLEN and again:
                    again -= 1
                else:
                    rounds.append(one)
    for confined, rounds in made.items():
        found[workers, confined].append(rounds)


def _row(name: str, found: Found, *, confined: bool, floor: float) -> dict[str, Any]:
    """Of each cycle the ratio of the medians; the median of those."""
    one, two = (
        [statistics.median(r.rate for r in rounds) for rounds in found[workers, confined]] for workers in (1, 2)
    )
    ratio = statistics.median(b / a for a, b in zip(one, two, strict=True))
    rounds = [r for workers in (1, 2) for phase in found[workers, confined] for r in phase]
    return {
        "name": name,
        "value": round(ratio, 3),
        "unit": "times one worker",
        "ratio": round(ratio, 3),
        "floor": floor,
        "one": round(statistics.median(one)),
        "two": round(statistics.median(two)),
        "rounds": [[[round(r.rate) for r in phase] for phase in found[n, confined]] for n in (1, 2)],
        "stolen": round(max(r.stolen for r in rounds), 3),
    }


def _cpu(part: str, found: Found) -> dict[str, Any]:
    def per(workers: int, *, confined: bool) -> float:
        return round(statistics.median(r.cpu[part] for phase in found[workers, confined] for r in phase) * 1e6)

    return {
        "name": f"cluster.cpu_{part}",
        "value": per(1, confined=True),
        "unit": "us per record",
        "better": "less",
        "two_workers_one_core": per(2, confined=True),
        "unconfined": per(1, confined=False),
        "two_workers": per(2, confined=False),
    }
