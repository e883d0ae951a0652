"""Processes of one hub that start at the same moment on an empty cluster."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub import settings
from hub.control.follow import DirectoryFollower
from hub.serve.ports import open_ports
from hub.topics import CONTROL
from tests.clusters import kafka, postgres
from tests.faults.cluster import Process, Role

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(300)]

ROLES: tuple[Role, ...] = ("gateway", "gateway", "worker", "worker")


def test_processes_that_start_at_once_come_up_as_one_hub(tmp_path: Path) -> None:
    """Two gateways and two workers find no topic, no table and no key: all get ready, one of them says where the first
    operator's key lies, and the control log begins with one start of one hub."""
    used = {
        "bus": f"kafka://{kafka.shared()}/{kafka.prefix()}",
        "store": postgres.shared().create(),
        "keys": str(tmp_path / "keys"),
        "partitions": 1,
        "kafka_replication": 1,
        "kafka_min_insync": 1,
    }
    nodes = [Process(tmp_path / f"{role}-{n}", role, used) for n, role in enumerate(ROLES)]
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.await_ready()
        assert sum(node.said("key of the first operator") for node in nodes) == 1
        assert [node.said("starts again") for node in nodes] == [0, 0, 0, 0]
    finally:
        for node in nodes:
            node.stop()
    asyncio.run(_look(nodes[0].data))


async def _look(data: Path) -> None:
    opened = await open_ports(settings.load(data))
    try:
        follower = DirectoryFollower(opened.bus, opened.vault)
        await follower.catch_up()
        view = follower.directory.now()
        assert len(view.operators()) == 1
        assert [key.key_id for key in view.hub_keys()] == [opened.keys.signing.public.key_id]
        records = [record for batch in await opened.bus.read(CONTROL, 0, 0) for record in batch.records]
        assert len({record.headers["ce_id"] for record in records}) == len(records)
    finally:
        await opened.close()
