"""The hub on Apache Kafka and PostgreSQL: what it admits, how long a message takes, how a second worker scales.

Everything is real and of this run: one broker, one PostgreSQL server, gateways and workers as `amana serve` starts them. See
`cluster_push` for the way of one message and `cluster_workers` for the workers; `cluster.cpu_*` is processor time per record.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any, Final

import uvloop

from hub.demo.hubprocess import free_port
from hub.topics import INBOX_RELAY
from tests.bench.cluster_hub import ClusterHub, await_passed, await_shared, onboard, running
from tests.bench.cluster_push import Taker, measure_admission, measure_delays, measure_delivery
from tests.bench.cluster_workers import compare
from tests.means import KAFKA_LIBRARIES

COUNT: Final = 6_000
"""Records of a backlog: enough that waking up and coming to an end are a small part of it."""


def run(seconds: float, count: int = COUNT) -> list[dict[str, Any]]:
    """A third for the way of one message, the rest for workers. Needs `make .venv/kafka` and PostgreSQL's programs."""
    if not KAFKA_LIBRARIES.is_dir():
        raise RuntimeError("no Kafka: make .venv/kafka")
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as directory, running(Path(directory)) as servers:
        with servers.hub("way") as hub:
            rows = uvloop.run(_pushes(hub, seconds / 3))
        with servers.hub("one") as one, servers.hub("two") as two:
            return [*asyncio.run(_scaling(one, two, seconds * 2 / 3, count)), *rows]


async def _scaling(one: ClusterHub, two: ClusterHub, seconds: float, count: int) -> list[dict[str, Any]]:
    for hub in (one, two):
        await onboard(hub)
    return await compare(one, two, seconds, count)


async def _pushes(hub: ClusterHub, seconds: float) -> list[dict[str, Any]]:
    taker = Taker(hub.taker)
    hub.endpoint = taker.url
    await taker.start()
    try:
        await onboard(hub)
        address = ("127.0.0.1", free_port())
        gateway = await asyncio.to_thread(hub.start, "gateway", address[1])
        admitted = await measure_admission(hub, address, seconds / 2)
        worker = await asyncio.to_thread(hub.start, "worker")
        await asyncio.to_thread(await_shared, hub, 1)
        await asyncio.to_thread(await_passed, hub, "relay", INBOX_RELAY, admitted["messages"])
        delivered = await measure_delivery(hub, address, worker, taker)
        both = 1 / (1 / admitted["value"] + 1 / delivered["value"])
        rows = await measure_delays(hub, address, taker, both / 2, max(5.0, seconds / 2))
        for process in (gateway, worker):
            await asyncio.to_thread(hub.stop, process)
        return [admitted, delivered, *rows]
    finally:
        taker.stop()
