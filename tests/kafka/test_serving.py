"""The cluster's ports, opened from the settings as every role opens them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub import keys, settings
from hub.cli.checks import check_bus
from hub.errors import ConfigError, TryAgain
from hub.serve import first
from hub.serve.ports import Opened, has_log, open_ports
from hub.settings import Settings
from hub.topics import CONTROL
from tests.clusters import kafka as clusters
from tests.clusters import postgres
from tests.laws.engines import law

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(300)]


def cluster(data: Path) -> Settings:
    """A hub on Kafka and PostgreSQL, with nothing in either."""
    bus = f"kafka://{clusters.shared()}/{clusters.prefix()}"
    store = postgres.shared().copy("empty", lambda _: None)
    return settings.load(data, bus=bus, store=store, kafka_replication=1, partitions=1)


@law
async def test_the_first_start_makes_topics_keys_and_an_operator(tmp_path: Path) -> None:
    """A second start finds them; another directory without the keys is refused, and whoever looks finds all well."""
    used = cluster(tmp_path / "one")
    assert await has_log(used) is False
    made = await first.prepare(used)
    assert made is not None
    assert made.is_file()
    assert await first.prepare(used) is None
    assert await has_log(used) is True
    other = settings.load(tmp_path / "two", bus=used.bus, store=used.store, kafka_replication=1, partitions=1)
    with pytest.raises(ConfigError) as refused:
        await first.prepare(other)
    assert refused.value.code == "AMANA-CONF-004"
    opened = await open_ports(used)
    assert await opened.bus.end(CONTROL, 0) > 0
    await opened.admissions.prove()
    await opened.close()


@law
async def test_a_start_waits_for_postgresql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub whose database is only starting, as after a power cut, comes up with it and says where its first key lies."""
    refused = asyncio.Event()

    async def opening(given: Settings) -> Opened:
        try:
            return await open_ports(given)
        except TryAgain:
            refused.set()
            raise

    monkeypatch.setattr(first, "open_ports", opening)
    with postgres.running() as server:
        shared = cluster(tmp_path / "shared")
        used = settings.load(tmp_path / "one", bus=shared.bus, store=server.databases.create(), kafka_replication=1)
        server.kill()
        preparing = asyncio.create_task(first.prepare(used))
        await refused.wait()
        await asyncio.to_thread(server.run)
        made = await preparing
        assert made is not None
        assert made.is_file()


@pytest.mark.parametrize(
    ("missing", "code"),
    [
        ({"bus": "kafka://127.0.0.1:1", "store": "postgresql://127.0.0.1:1/amana"}, "AMANA-KAFKA-002"),
        ({"store": "postgresql://127.0.0.1:1/amana"}, "AMANA-STORE-001"),
    ],
)
@law
async def test_what_does_not_answer_is_tried_again(
    tmp_path: Path, missing: dict[str, str], code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kafka or PostgreSQL that is away is no wrong setting: whoever supervises the hub starts it again."""
    monkeypatch.setattr("hub.kafka.log.OPEN_WITHIN", 0.0)
    monkeypatch.setattr(first, "WITHIN", 0.0)
    given = {"bus": f"kafka://{clusters.shared()}/{clusters.prefix()}", **missing}
    used = settings.load(tmp_path, kafka_replication=1, **given)
    with pytest.raises(TryAgain) as later:
        await first.prepare(used)
    assert later.value.code == code


def test_doctor_says_how_kafka_is(tmp_path: Path) -> None:
    """Brokers, copies and topics; where the settings want otherwise, what differs; and a Kafka that is not there."""
    used = cluster(tmp_path)
    asyncio.run(first.prepare(used))
    assert {finding.name: finding.ok for finding in check_bus(used)} == {
        "kafka": True,
        "kafka brokers": True,
        "kafka topics": True,
    }
    otherwise = settings.load(tmp_path, bus=used.bus, store=used.store, kafka_retention_days=1, kafka_replication=1)
    wrong = [finding for finding in check_bus(otherwise) if not finding.ok]
    assert all("retention.ms is -1, 86400000 expected" in finding.found for finding in wrong)
    assert len(wrong) > 10
    more = settings.load(tmp_path, bus=used.bus, store=used.store)
    assert "1 for 3 copies" in next(finding.found for finding in check_bus(more) if finding.name == "kafka brokers")
    gone = settings.load(tmp_path, bus="kafka://127.0.0.1:1", store=used.store)
    assert [(finding.name, finding.ok) for finding in check_bus(gone)] == [("kafka", False)]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"bus": "kafka://127.0.0.1:1"}, "AMANA_STORE"),
        ({"store": "postgresql://127.0.0.1:1/amana"}, "AMANA_BUS"),
    ],
)
@law
async def test_half_a_cluster_is_none(tmp_path: Path, given: dict[str, str], told: str) -> None:
    """Kafka without PostgreSQL, and the other way round, stop the start before anything is opened."""
    keys.create(tmp_path / "keys")
    with pytest.raises(ConfigError, match=f"{told}: .* expected"):
        await open_ports(settings.load(tmp_path, **given))
