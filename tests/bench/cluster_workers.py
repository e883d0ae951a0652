"""How a second worker scales: the same backlog for one worker and for two, on one core and on all.

Rule: rounds of one and of two workers alternate, and each round of two is held against the rounds of one around it. With
`one core` the workers are confined to it and broker and PostgreSQL to the others; unconfined, all share all cores.
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
LOOK: Final = 0.05

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
    found: dict[tuple[int, bool], list[Round]] = {(n, c): [] for n in (1, 2) for c in (True, False)}
    try:
        hub.start("worker")
        await asyncio.to_thread(await_shared, hub, 1)
        await measure(hub, backlogs, count // 4, confined=False)  # to warm up
        until = time.monotonic() + seconds
        while time.monotonic() < until or not found[2, False]:
            for workers in (1, 2):
                if workers == 2:
                    second = hub.start("worker")
                    await asyncio.to_thread(await_shared, hub, 2)
                for confined in (True, False):
                    found[workers, confined].append(await measure(hub, backlogs, count, confined=confined))
                if workers == 2:
                    hub.stop(second)
                    await asyncio.to_thread(await_shared, hub, 1)
    finally:
        await backlogs.close()
    return [
        _row("cluster.workers_one_core", found, confined=True, floor=0.90),
        _row("cluster.workers_two_cores", found, confined=False, floor=1.25),
        *(_cpu(part, found) for part in ("worker", "broker", "postgresql")),
    ]


def _row(name: str, found: dict[tuple[int, bool], list[Round]], *, confined: bool, floor: float) -> dict[str, Any]:
    one, two = found[1, confined], found[2, confined]
    ratio = statistics.median(b.rate / a.rate for a, b in zip(one, two, strict=True))
    return {
        "name": name,
        "value": round(ratio, 3),
        "unit": "times one worker",
        "ratio": round(ratio, 3),
        "floor": floor,
        "one": round(statistics.median(r.rate for r in one)),
        "two": round(statistics.median(r.rate for r in two)),
        "rounds": [[round(a.rate), round(b.rate)] for a, b in zip(one, two, strict=True)],
        "stolen": round(max(r.stolen for r in (*one, *two)), 3),
    }


def _cpu(part: str, found: dict[tuple[int, bool], list[Round]]) -> dict[str, Any]:
    def per(workers: int, *, confined: bool) -> float:
        return round(statistics.median(r.cpu[part] for r in found[workers, confined]) * 1e6)

    return {
        "name": f"cluster.cpu_{part}",
        "value": per(1, confined=True),
        "unit": "us per record",
        "better": "less",
        "two_workers_one_core": per(2, confined=True),
        "unconfined": per(1, confined=False),
        "two_workers": per(2, confined=False),
    }
