"""What processes that share a registry agree on, whatever engine keeps its log."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from hub import keys, settings
from hub.registry.follow import RegistryFollower
from hub.serve.ports import open_ports
from tests.clusters import kafka, postgres
from tests.laws.engines import law

pytestmark = pytest.mark.timeout(300)

COUNT = 10
PROCESSES = ("one", "two", "three")


def cluster() -> Mapping[str, str]:
    """A log in Kafka with its admissions in PostgreSQL."""
    bus = f"kafka://{kafka.shared()}/{kafka.prefix()}"
    store = postgres.shared().copy("empty", lambda _: None)
    return {"AMANA_BUS": bus, "AMANA_STORE": store, "AMANA_KAFKA_REPLICATION": "1", "AMANA_PARTITIONS": "1"}


PLACES: dict[str, Callable[[], Mapping[str, str]]] = {"embedded": dict, "cluster": cluster}
"""Settings that say where the log lies, by engine."""


@pytest.fixture(
    params=[
        "embedded",
        pytest.param("cluster", marks=pytest.mark.needs("kafka", "postgres")),
    ]
)
def data(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with keys, on one engine of each kind."""
    for name, value in PLACES[request.param]().items():
        monkeypatch.setenv(name, value)
    keys.create(settings.load(tmp_path / "data").keys)
    return tmp_path / "data"


def start(data: Path, name: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.laws.other_registry", str(data), name, str(COUNT)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ)


@law
async def test_processes_that_register_one_schema_get_one_version_and_one_id(data: Path) -> None:
    """Three processes, each the same schemas and some of its own under the same subjects, at the same time: every answer for
    one schema is the same, no number is given twice, and who comes later reads just that."""
    opened = await open_ports(settings.load(data))
    try:
        others = [start(data, name) for name in PROCESSES]
        try:
            for other in others:
                assert other.stdout is not None
                assert await asyncio.to_thread(other.stdout.readline) == "ready\n"
            told = await asyncio.gather(*(asyncio.to_thread(other.communicate, "go\n", 90) for other in others))
        finally:
            for other in others:
                if other.poll() is None:
                    other.kill()
                other.communicate()
        assert [other.returncode for other in others] == [0, 0, 0]
        rows = {tuple(line.split("|")) for output, _ in told for line in output.splitlines()}
        assert len(rows) == COUNT * (1 + len(PROCESSES))
        assert max(Counter((subject, number) for _, subject, number, _ in rows).values()) == 1
        assert len({id_ for *_, id_ in rows}) == len(rows)
        late = RegistryFollower(opened.bus, opened.vault)
        await late.catch_up()
        kept = {
            (subject, str(row.number), str(row.id))
            for subject in late.registry.subjects()
            for row in late.registry.versions(subject)
        }
        assert kept == {row[1:] for row in rows}
    finally:
        await opened.close()
