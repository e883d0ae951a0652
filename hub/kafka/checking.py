"""What `amana doctor` asks Kafka. Rule: it looks and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from aiokafka import __version__, errors
from aiokafka.admin import AIOKafkaAdminClient

from hub.errors import ConfigError
from hub.kafka.client import ANSWER_MS, Client
from hub.kafka.connection import Connection
from hub.kafka.log import refusal
from hub.kafka.topics import describe, differences, settings_of
from hub.tls import complaint

REACH = "start Kafka, or correct AMANA_BUS and AMANA_KAFKA_*"
BROKERS = "start the brokers that are missing: fewer than AMANA_KAFKA_MIN_INSYNC stop admission (senders get 503)"
TOPICS = "correct it with kafka-configs or kafka-reassign-partitions, or correct AMANA_KAFKA_*"


@dataclass(frozen=True, slots=True)
class Looked:
    """One thing looked at, and what to do where it is not well."""

    name: str
    ok: bool
    found: str
    remedy: str


async def examine(connection: Connection) -> list[Looked]:
    """Whether Kafka lets the hub in, has brokers enough, and topics as the hub needs them."""
    client = Client(connection)
    admin = AIOKafkaAdminClient(**connection.client_options(), client_id="amana-doctor", request_timeout_ms=ANSWER_MS)
    try:
        try:
            await client.start()
            await admin.start()
        except errors.KafkaError as error:
            reason = await refusal(connection) or error
            return [Looked("kafka", False, complaint(reason) or type(reason).__name__, REACH)]
        brokers = len((await admin.describe_cluster())["brokers"])
        found = f"{brokers} brokers, {connection.protocol}, aiokafka {__version__}"
        return [
            Looked("kafka", True, found, REACH),
            Looked("kafka brokers", brokers >= connection.replication, _copies(brokers, connection), BROKERS),
            *await _topics(connection, client, admin),
        ]
    except (errors.KafkaError, ConfigError) as error:
        return [Looked("kafka", False, type(error).__name__, REACH)]
    finally:
        await admin.close()
        await client.close()


def _copies(brokers: int, connection: Connection) -> str:
    return f"{brokers} for {connection.replication} copies, {connection.min_insync} needed for an answer"


async def _topics(connection: Connection, client: Client, admin: AIOKafkaAdminClient) -> list[Looked]:
    topics = list(client.topics())
    copies = {"replication": str(connection.replication)}
    described = await describe(admin, connection, topics) if topics else {}
    wrong = {
        topic: found
        for topic in topics
        if (found := differences(described[topic], copies | settings_of(connection, topic)))
    }
    leaderless = [
        f"{connection.names.of(topic)}/{partition}"
        for topic, number in client.topics().items()
        for partition in range(number)
        if client.leader((topic, partition)) is None
    ]
    looked = [Looked(f"topic {connection.names.of(topic)}", False, found, TOPICS) for topic, found in wrong.items()]
    if not looked:
        looked.append(Looked("kafka topics", True, f"{len(topics)} as they have to be", TOPICS))
    if leaderless:
        looked.append(Looked("kafka partitions", False, f"no leader: {', '.join(leaderless[:5])}", BROKERS))
    return looked
