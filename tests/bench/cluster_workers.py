"""How a second worker scales: the same backlog for a hub with one worker and for one with two, on one core and on all.

Rule: what is compared is measured in turn, within seconds, since a machine's host may give half as much a minute later: two hubs
stand beside each other on the same servers, the workers of one stopped (SIGSTOP) while the other is measured. With `one core`
the workers are confined to it and broker and PostgreSQL to the others; unconfined, all share all cores. A pair counts only where
the host took no processor time from either; others are measured again, and stand in the row.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psutil

from tests.bench.cluster_hub import Backlogs, ClusterHub, await_shared, pin, positions, used_seconds
from tests.bench.pull_bench import stolen_seconds

WITHIN: Final = 120.0
LOOK: Final = 0.02
PAIRS: Final = {True: 5, False: 4}
"""At the least, confined and not."""

STOLEN: Final = 0.02
"""Of a core, by the host, at the most."""

AGAIN: Final = 2
"""How often a pair of each kind is measured again."""

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


Pair = tuple[Round, Round]
"""One worker, and two."""


@dataclass(frozen=True, slots=True)
class Side:
    """A hub with its workers."""

    hub: ClusterHub
    backlogs: Backlogs

    @property
    def workers(self) -> list[psutil.Process]:
        return [process.role for process in self.hub.processes]

    def stop(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        for worker in self.workers:
            worker.send_signal(signal.SIGCONT)


async def measure(side: Side, count: int, *, confined: bool, other: Side | None = None) -> Round:
    """Records per second from the moment at which all workers of a side go on, those of the other one being stopped. None is
    stopped for as long as a backlog is made and taken, so that each keeps its partitions."""
    hub, workers = side.hub, side.workers
    cores = sorted(os.sched_getaffinity(0))
    servers = [hub.broker, hub.server]
    pin(workers, {cores[0]} if confined else set(cores))
    pin(servers, set(cores[1:]) or set(cores) if confined else set(cores))
    candidates = side.backlogs.make(count)
    side.stop()
    before = positions(hub)
    await side.backlogs.admit(candidates)
    parts = {"worker": workers, "broker": [hub.broker], "postgresql": [hub.server]}
    if other is not None:
        other.stop()
    try:
        used, stolen = used_seconds(parts), stolen_seconds()
        began = time.monotonic()
        side.go_on()
        while True:
            now = positions(hub)
            passed = time.monotonic() - began
            if all(now[end] - before.get(end, 0) >= count for end in ENDS):
                break
            if passed > WITHIN:
                raise RuntimeError(f"not all was processed: {[(end, now[end] - before.get(end, 0)) for end in ENDS]}")
            await asyncio.sleep(LOOK)
        after = used_seconds(parts)
        stolen = (stolen_seconds() - stolen) / passed
    finally:
        if other is not None:
            other.go_on()
    cpu = {name: (after[name] - used[name]) / count for name in parts}
    return Round(count / passed, cpu, stolen)


async def compare(one: ClusterHub, two: ClusterHub, seconds: float, count: int) -> list[dict[str, Any]]:
    """Rows of both comparisons. Neither hub has a worker yet."""
    sides = []
    for number, hub in enumerate((one, two), 1):
        side = Side(hub, await Backlogs.open(hub))
        sides.append(side)
        for _ in range(number):
            await asyncio.to_thread(hub.start, "worker")
        await asyncio.to_thread(await_shared, hub, number)
    found: dict[bool, list[Pair]] = {True: [], False: []}
    unfair: dict[bool, list[Pair]] = {True: [], False: []}
    try:
        for side in sides:
            await measure(side, count // 4, confined=False)  # to warm up
        until = time.monotonic() + seconds
        for turn in itertools.count():
            wanting = [kind for kind, pairs in found.items() if len(pairs) < PAIRS[kind]]
            late = time.monotonic() > until
            if late and not wanting:
                break
            for confined in wanting if late else list(found):
                # whoever is measured first may find the machine in another state than whoever comes next
                first, second = sides[:: 1 - turn % 2 * 2]
                rounds = [
                    await measure(first, count, confined=confined, other=second),
                    await measure(second, count, confined=confined, other=first),
                ]
                pair = (rounds[turn % 2], rounds[1 - turn % 2])
                fair = max(one.stolen for one in pair) <= STOLEN or len(unfair[confined]) >= AGAIN
                (found if fair else unfair)[confined].append(pair)
    finally:
        for side in sides:
            await side.backlogs.close()
    return [
        _row("cluster.workers_one_core", found[True], unfair[True], floor=0.90),
        _row("cluster.workers_two_cores", found[False], unfair[False], floor=1.25),
        *(_cpu(part, found) for part in ("worker", "broker", "postgresql")),
    ]


def _row(name: str, pairs: Sequence[Pair], unfair: Sequence[Pair], *, floor: float) -> dict[str, Any]:
    """The median of the pairs' ratios."""
    ratios = _ratios(pairs)
    ratio = round(statistics.median(ratios), 3)
    return {
        "name": name,
        "value": ratio,
        "unit": "times one worker",
        "ratio": ratio,
        "floor": floor,
        "one": round(statistics.median(one.rate for one, _ in pairs)),
        "two": round(statistics.median(two.rate for _, two in pairs)),
        "ratios": [round(found, 3) for found in ratios],
        "unfair": [round(found, 3) for found in _ratios(unfair)],
        "rounds": [[round(r.rate) for r in pair] for pair in pairs],
        "stolen": round(max(r.stolen for pair in pairs for r in pair), 3),
    }


def _ratios(pairs: Sequence[Pair]) -> list[float]:
    return [two.rate / one.rate for one, two in pairs]


def _cpu(part: str, found: Mapping[bool, Sequence[Pair]]) -> dict[str, Any]:
    def per(workers: int, *, confined: bool) -> float:
        return round(statistics.median(pair[workers - 1].cpu[part] for pair in found[confined]) * 1e6)

    return {
        "name": f"cluster.cpu_{part}",
        "value": per(1, confined=True),
        "unit": "us per record",
        "better": "less",
        "two_workers_one_core": per(2, confined=True),
        "unconfined": per(1, confined=False),
        "two_workers": per(2, confined=False),
    }
