"""A served hub on a real Kafka and PostgreSQL, and Confluent's own consumer and JSON deserializer at a subscriber's topic."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message
from confluent_kafka import admin as administration
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.json_schema import JSONDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

from hub.client import Sender
from hub.control.client import HubClient
from hub.demo.hubprocess import HubProcess
from hub.errors import ConfigError
from signing import jsontext
from signing.keyfiles import read_private
from signing.keys import PrivateKey, generate, load_private, load_public
from tests.clusters import kafka as clusters
from tests.clusters import postgres

pytestmark = [pytest.mark.needs("kafka", "postgres"), pytest.mark.timeout(300)]

SCHEMA = '{"title":"Surat","type":"object","required":["nomor"],"properties":{"nomor":{"type":"integer"}}}'
NAMED = "READER.SURAT"
SECRET = "a secret of a test"
DAY_MS = 86_400_000


class Served:
    """The hub, and systems that send or read Kafka. `topic`: as Kafka calls that of the reader."""

    def __init__(self, folder: Path) -> None:
        prefix = clusters.prefix()
        self.topic = f"{prefix}.subscriber.READER"
        self.cluster = {
            "AMANA_BUS": f"kafka://{clusters.shared()}/{prefix}",
            "AMANA_STORE": postgres.shared().create(),
            "AMANA_KAFKA_REPLICATION": "1",
            "AMANA_KAFKA_SUBSCRIBER_DAYS": "2",
            "AMANA_PARTITIONS": "2",
        }
        self.hub = HubProcess(folder / "data", self.cluster)
        self.systems: dict[str, PrivateKey] = {}
        self.second = generate()

    def operator(self, key: PrivateKey | None = None) -> HubClient:
        [first] = (self.hub.data / "keys" / "operators").glob("*.pem")
        return HubClient(self.hub.data, None, key or load_private(read_private(first)))

    def onboard(self) -> None:
        """Two people sign that READER reads what other systems send under SURAT."""
        with self.registry() as registry:
            registry.register_schema("surat-value", Schema(SCHEMA, "JSON"))
        with self.operator() as first, self.operator(self.second) as second:
            who = {"name": "second", "person": "Person Two", "publicKey": self.second.public.pem()}
            first.change("operator.add", who)
            first.change("institution.add", {"code": "KEM", "name": "Kementerian Contoh"})
            first.change("api.add", {"code": "SURAT", "direction": "relay", "contract": "subject:surat-value:1"})
            for code in ("READER", "ONE", "TWO", "THREE"):
                key = self.systems[code] = generate()
                digest = hashlib.sha256(SECRET.encode()).hexdigest()
                known = {"clientId": code.lower(), "secretSha256": digest, "publicKey": key.public.pem()}
                first.change("system.add", {"code": code, "institution": "KEM"} | known)
                if code != "READER":
                    first.change("grant.add", {"system": code, "code": "SURAT"})
            first.change("subscription.add", {"system": "READER", "code": "SURAT"})
            asked = {"subscription": NAMED, "reason": "its own platform"}
            leave = first.change("topic.open", asked)["result"]["leave"]
            second.change("topic.sign", {"leave": leave, "subscription": NAMED})
            self.hub_key = load_public(first.get("/api/v1/hub")["publicKey"])

    def registry(self) -> SchemaRegistryClient:
        return SchemaRegistryClient({"url": f"{self.hub.url}/registry", "max.retries": 0})

    def sender(self, code: str) -> Sender:
        return Sender(self.hub.url, code.lower(), SECRET, self.systems[code], self.hub_key)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("reader"))
    made.hub.start()
    try:
        made.onboard()
        yield made
    finally:
        made.hub.stop()


def take(topic: str, number: int) -> list[Message]:
    """The first `number` messages, as a reader without a past takes them."""
    reader = Consumer(
        {
            "bootstrap.servers": clusters.shared(),
            "group.id": topic,
            "auto.offset.reset": "earliest",
            "topic.metadata.refresh.interval.ms": 500,
        }
    )
    found: list[Message] = []
    try:
        reader.subscribe([topic])
        for _ in range(60):
            message = reader.poll(1.0)
            if message is not None and message.error() is None:
                found.append(message)
            if len(found) == number:
                break
    finally:
        reader.close()
    return found


def test_confluents_clients_read_what_two_operators_let_be_read(served: Served) -> None:
    """An unchanged consumer with `JSONDeserializer` at the hub's registry gets every body as it was pushed; what one system sent
    lies in order; the headers tell contract and id; the receipts say where each lies."""
    names = ("ONE", "TWO", "THREE")
    for number in range(5):
        for name in names:
            with served.sender(name) as sender:
                sender.push("SURAT", jsontext.render({"nomor": number, "from": name}))
    messages = take(served.topic, 15)
    with served.registry() as registry:
        read = JSONDeserializer(None, schema_registry_client=registry)
        where = SerializationContext(served.topic, MessageField.VALUE)
        known = registry.lookup_schema("surat-value", Schema(SCHEMA, "JSON")).schema_id
        values: list[Any] = [read(message.value(), where) for message in messages]
    assert sorted((v["from"], v["nomor"]) for v in values) == sorted((n, k) for n in names for k in range(5))
    order: dict[tuple[bytes, str], list[int]] = defaultdict(list)
    for message, value in zip(messages, values, strict=True):
        raw, key = message.value(), message.key()
        assert isinstance(raw, bytes)
        assert isinstance(key, bytes)
        assert raw[:5] == b"\x00" + int(known or 0).to_bytes(4, "big")
        order[key, value["from"]].append(value["nomor"])
    assert len(order) == 3
    assert all(found == sorted(found) for found in order.values())
    headers = [dict(message.headers() or []) for message in messages]
    assert {h["ce_dataschema"] for h in headers} == {b"urn:amana:contract:subject:surat-value:1"}
    assert len({h["ce_id"] for h in headers}) == 15
    assert not {"ce_secretid", "ce_parent", "ce_derived"} & set().union(*headers)
    with served.operator() as operator:
        [row] = operator.get("/api/v1/subscriptions")["items"]
        assert row["topic"] == "subscriber.READER"


def test_a_start_with_another_time_is_refused(served: Served, tmp_path: Path) -> None:
    """What lies there in clear is kept as the settings say, or the start stops and says what differs."""
    changed = {"AMANA_KAFKA_SUBSCRIBER_DAYS": "1", "AMANA_KEYS": str(served.hub.data / "keys")}
    other = HubProcess(tmp_path / "data", served.cluster | changed)
    with pytest.raises(ConfigError):
        other.start()
    assert "AMANA-KAFKA-001" in other.log_tail()
    assert f"{served.topic}: retention.ms is {2 * DAY_MS}, {DAY_MS} expected" in other.log_tail()


def test_the_topic_forgets_soon(served: Served) -> None:
    """What lies there in clear is kept for as long as the setting says, in segments of a day; the doctor is content."""
    kit: Any = administration  # without types of its own
    admin = kit.AdminClient({"bootstrap.servers": clusters.shared()})
    asked = kit.ConfigResource(kit.ConfigResource.Type.TOPIC, served.topic)
    found = admin.describe_configs([asked])[asked].result(30)
    assert (found["retention.ms"].value, found["segment.ms"].value) == (str(2 * DAY_MS), str(DAY_MS))
    assert found["cleanup.policy"].value == "delete"
