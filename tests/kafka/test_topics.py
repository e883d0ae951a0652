"""Topics of a real Kafka: made as the settings say, and refused when they are otherwise."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub.errors import ConfigError
from hub.kafka import Connection, KafkaLog, Names
from hub.kafka.connection import MAX_MESSAGE
from hub.kafka.topics import describe, settings_of
from tests.clusters import kafka as clusters
from tests.laws.engines import LawClock, append, law

pytestmark = pytest.mark.needs("kafka")


def connection() -> Connection:
    return Connection((clusters.shared(),), Names(clusters.prefix()), replication=1, min_insync=1, retention_days=7)


async def make(used: Connection, topic: str, **settings: str) -> None:
    """A topic that somebody else made."""
    admin = AIOKafkaAdminClient(**used.client_options())
    await admin.start()
    try:
        await admin.create_topics([NewTopic(used.names.of(topic), 1, 1, topic_configs=settings)])
    finally:
        await admin.close()


@law
async def test_topics_are_made_as_the_settings_say() -> None:
    """Copies, retention, no compaction, no unclean leader, the hub's times, and batches of an upload's size."""
    used = connection()
    log = await KafkaLog.open(used, LawClock())
    await log.ensure({"t": 3})
    admin = AIOKafkaAdminClient(**used.client_options())
    await admin.start()
    found = (await describe(admin, used, ["t"]))["t"]
    await admin.close()
    await log.close()
    wanted = {"replication": "1", **settings_of(used)}
    assert {name: found[name] for name in wanted} == wanted
    assert (wanted["retention.ms"], wanted["cleanup.policy"]) == (str(7 * 86_400_000), "delete")
    assert (wanted["max.message.bytes"], wanted["message.timestamp.type"]) == (str(MAX_MESSAGE), "CreateTime")
    assert settings_of(replace(used, retention_days=0))["retention.ms"] == "-1"


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("cleanup.policy", "compact", "cleanup.policy is compact, delete expected"),
        ("retention.ms", "1000", "retention.ms is 1000, 604800000 expected"),
        ("retention.bytes", "1000", "retention.bytes is 1000, -1 expected"),
        ("min.insync.replicas", "2", "min.insync.replicas is 2, 1 expected"),
        ("unclean.leader.election.enable", "true", "unclean.leader.election.enable is true, false expected"),
        ("message.timestamp.type", "LogAppendTime", "message.timestamp.type is LogAppendTime, CreateTime expected"),
        ("max.message.bytes", "1048588", f"max.message.bytes is 1048588, at least {MAX_MESSAGE} expected"),
    ],
)
@law
async def test_a_topic_that_loses_records_is_refused(setting: str, value: str, told: str) -> None:
    """Its name, what differs and what was expected are said; nothing is changed, and nothing else is made."""
    used = connection()
    await make(used, "t", **{**settings_of(used), setting: value})
    log = await KafkaLog.open(used, LawClock())
    with pytest.raises(ConfigError) as refused:
        await log.ensure({"new": 1, "t": 1})
    assert (refused.value.code, refused.value.detail) == ("AMANA-KAFKA-001", f"topic {used.names.of('t')}: {told}")
    assert log.topics() == {"t": 1}
    await log.close()


@law
async def test_a_larger_batch_is_no_difference() -> None:
    """An operator may let topics take more than the hub needs."""
    used = connection()
    await make(used, "t", **{**settings_of(used), "max.message.bytes": str(90 << 20)})
    log = await KafkaLog.open(used, LawClock())
    await log.ensure({"t": 1})
    assert await append(log, "t", 0, "a") == 0
    await log.close()


@law
async def test_more_copies_than_brokers_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is waited for a while, a broker may be starting; then the start is refused with the reason."""
    monkeypatch.setattr("hub.kafka.topics.PATIENCE", 0.3)
    log = await KafkaLog.open(replace(connection(), replication=9, min_insync=2), LawClock())
    with pytest.raises(ConfigError) as refused:
        await log.ensure({"t": 1})
    assert refused.value.code == "AMANA-KAFKA-001"
    assert "9 copies wanted" in refused.value.detail
    await log.close()


@law
async def test_hubs_with_other_prefixes_do_not_meet() -> None:
    """Two hubs on one Kafka have topics of the same name, each its own."""
    logs = [await KafkaLog.open(connection(), LawClock()) for _ in range(2)]
    for number, log in enumerate(logs):
        await log.ensure({"t": number + 1})
        await append(log, "t", 0, *"ab"[: number + 1])
    assert [(log.topics(), await log.end("t", 0)) for log in logs] == [({"t": 1}, 1), ({"t": 2}, 2)]
    for log in logs:
        await log.close()


@law
async def test_topics_made_by_another_process_are_found() -> None:
    """A log that is open reads and appends to what another one made since."""
    used = connection()
    first, second = await KafkaLog.open(used, LawClock()), await KafkaLog.open(used, LawClock())
    await first.ensure({"t": 1})
    assert await append(second, "t", 0, "a") == 0
    assert second.topics() == {"t": 1}
    await first.close()
    await second.close()
