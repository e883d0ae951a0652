"""Topics as the hub needs them: made when they are missing, and refused when they are otherwise.

Rule: a topic that loses records (compaction, retention, a copy too few, an unclean leader) must not be written to, so a
difference stops the start with `ConfigError`, which says what differs and the command that mends it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from hub.errors import ConfigError
from hub.kafka.client import ANSWER_MS, PATIENCE, PAUSE, Client, unanswered
from hub.kafka.connection import MAX_MESSAGE, Connection
from hub.topics import SUBSCRIBER

DAY_MS: Final = 86_400_000
AT_LEAST: Final = "max.message.bytes"


def settings_of(connection: Connection, topic: str = "") -> dict[str, str]:
    """What every topic of the hub is set to. One that a subscriber reads itself holds what is not sealed, so it forgets
    soon, and within a day of it."""
    read_outside = topic.startswith(SUBSCRIBER)
    days = connection.subscriber_days if read_outside else connection.retention_days
    return {
        **({"segment.ms": str(DAY_MS)} if read_outside else {}),
        "cleanup.policy": "delete",
        "retention.ms": str(days * DAY_MS) if days else "-1",
        "retention.bytes": "-1",
        "min.insync.replicas": str(connection.min_insync),
        "unclean.leader.election.enable": "false",
        "message.timestamp.type": "CreateTime",
        AT_LEAST: str(MAX_MESSAGE),
    }


class Topics:
    """`Bus.ensure`."""

    def __init__(self, connection: Connection, client: Client) -> None:
        self._connection = connection
        self._client = client
        self._sound: dict[str, int] = {}

    async def ensure(self, topics: Mapping[str, int]) -> None:
        """Make what is missing, check what is there; all of it is led by somebody on return. Raises `ConfigError`
        (AMANA-CONF-001, -002, AMANA-KAFKA-001), `TryAgain`."""
        unusable = sorted(topic for topic, partitions in topics.items() if partitions < 1)
        if unusable:
            raise ConfigError("AMANA-CONF-001", f"topic {unusable[0]} needs at least one partition")
        if all(self._sound.get(topic) == number for topic, number in topics.items()):
            return
        admin = AIOKafkaAdminClient(
            **self._connection.client_options(), client_id="amana-topics", request_timeout_ms=ANSWER_MS
        )
        try:
            await admin.start()
            await self._check(admin, topics)
            missing = {topic: number for topic, number in topics.items() if topic not in self._sound}
            if missing:
                await self._make(admin, missing)
                await self._await_leaders(missing)
                await self._check(admin, missing)
        except errors.KafkaError as error:
            raise unanswered(error) from error
        finally:
            await admin.close()

    async def _check(self, admin: AIOKafkaAdminClient, topics: Mapping[str, int]) -> None:
        """Those that exist and are as they have to be are sound from now on."""
        await self._client.refresh()
        existing = self._client.topics()
        for topic, number in topics.items():
            if topic in existing and existing[topic] != number:
                raise ConfigError("AMANA-CONF-002", f"topic {topic} has {existing[topic]} partitions, not {number}")
        unchecked = [topic for topic in topics if topic in existing and topic not in self._sound]
        if unchecked:
            for topic, found in (await describe(admin, self._connection, unchecked)).items():
                if difference := differences(found, self._wanted(topic)):
                    name = self._connection.names.of(topic)
                    raise ConfigError("AMANA-KAFKA-001", f"topic {name}: {difference}")
            self._sound.update({topic: existing[topic] for topic in unchecked})

    def _wanted(self, topic: str) -> dict[str, str]:
        return {"replication": str(self._connection.replication), **settings_of(self._connection, topic)}

    async def _make(self, admin: AIOKafkaAdminClient, missing: Mapping[str, int]) -> None:
        """Another process may be making the same. Too few brokers may be too few so far."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while missing:
            asked = [
                NewTopic(
                    self._connection.names.of(topic),
                    number,
                    self._connection.replication,
                    topic_configs=settings_of(self._connection, topic),
                )
                for topic, number in missing.items()
            ]
            response = await admin.create_topics(asked)
            refused = {
                name: errors.for_code(code)
                for name, code, *_ in response.topic_errors
                if errors.for_code(code) not in {errors.NoError, errors.TopicAlreadyExistsError}
            }
            if not refused:
                return
            if loop.time() > deadline:
                self._give_up(refused)
            missing = {t: number for t, number in missing.items() if self._connection.names.of(t) in refused}
            await asyncio.sleep(PAUSE)

    def _give_up(self, refused: Mapping[str, type[errors.BrokerResponseError]]) -> None:
        name, error = next(iter(refused.items()))
        if error is errors.InvalidReplicationFactorError:
            copies = self._connection.replication
            raise ConfigError("AMANA-KAFKA-001", f"topic {name}: {copies} copies wanted, and not as many brokers run")
        if error.retriable:
            raise unanswered(error())
        raise ConfigError("AMANA-KAFKA-001", f"topic {name} cannot be made: {error.__name__}")

    async def _await_leaders(self, made: Mapping[str, int]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        places = [(topic, partition) for topic, number in made.items() for partition in range(number)]
        while True:
            await self._client.refresh()
            if all(self._client.leader(place) is not None for place in places):
                return
            if loop.time() > deadline:
                raise errors.LeaderNotAvailableError
            await asyncio.sleep(PAUSE)


async def describe(admin: Any, connection: Connection, topics: list[str]) -> dict[str, dict[str, str]]:
    """Settings that topics have, and under `replication` the least copies of their partitions."""
    names = {connection.names.of(topic): topic for topic in topics}
    found: dict[str, dict[str, str]] = {topic: {} for topic in topics}
    asked = [ConfigResource(ConfigResourceType.TOPIC, name, configs=None) for name in names]
    for response in await admin.describe_configs(asked):
        for code, _, _, name, entries, *_ in response.resources:
            error = errors.for_code(code)
            if error is not errors.NoError:
                raise error
            found[names[name]] |= {entry[0]: entry[1] for entry in entries}
    for described in await admin.describe_topics(list(names)):
        copies = [len(partition["replicas"]) for partition in described["partitions"]]
        found[names[described["topic"]]]["replication"] = str(min(copies, default=0))
    return found


def differences(found: Mapping[str, str], wanted: Mapping[str, str]) -> str:
    """What is otherwise, in words; empty when nothing is."""
    wrong = [
        f"{name} is {found.get(name, 'not set')}, {'at least ' if name == AT_LEAST else ''}{value} expected"
        for name, value in wanted.items()
        if not _fits(name, found.get(name), value)
    ]
    return "; ".join(wrong)


def _fits(name: str, found: str | None, wanted: str) -> bool:
    return found == wanted or (name == AT_LEAST and found is not None and int(found) >= int(wanted))
