"""Confluent's own Python client, unchanged, at a hub that really serves: its registry client, JSON and Avro serializers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    RegisteredSchema,
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    SchemaRegistryError,
    ServerConfig,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext, SerializationError

from hub.demo.hubprocess import HubProcess
from tests.unit.registry.client import AVRO, CLOSED, CLOSED_TWO, STRICTER

TITLED = '{"title":"Leave","type":"object","properties":{"days":{"type":"integer"}},"required":["days"]}'
VALUE = SerializationContext("leave", MessageField.VALUE)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    served = HubProcess(tmp_path_factory.mktemp("registry") / "data")
    served.start()
    yield served
    served.stop()


@pytest.fixture
def client(hub: HubProcess) -> Iterator[SchemaRegistryClient]:
    made = SchemaRegistryClient({"url": f"{hub.url}/registry", "max.retries": 0})
    with made:
        yield made


def refusal(call: Any, *arguments: Any) -> int:
    """The code that the client reads from a refusal."""
    with pytest.raises(SchemaRegistryError) as error:
        call(*arguments)
    return int(error.value.error_code)


def test_the_client_registers_looks_up_and_deletes(client: SchemaRegistryClient) -> None:
    """Ids, versions, guids, references, and what it raises when something is not there."""
    schema = Schema(CLOSED, "JSON")
    number = client.register_schema("life-value", schema)
    full = client.register_schema_full_response("life-value", schema)
    assert full.schema_id == number
    assert client.get_schema(number).schema_str == CLOSED
    assert client.get_schema_by_guid(str(full.guid)).schema_str == CLOSED
    found = client.lookup_schema("life-value", schema)
    assert isinstance(found, RegisteredSchema)
    assert (found.subject, found.version, found.schema_id) == ("life-value", 1, number)
    assert client.get_latest_version("life-value").version == 1
    assert client.register_schema("life-value", Schema(CLOSED_TWO, "JSON")) != number
    assert client.get_versions("life-value") == [1, 2]
    assert client.get_version("life-value", 2).schema.schema_str == CLOSED_TWO
    assert "life-value" in client.get_subjects()
    assert client.get_subjects_by_schema_id(number) == ["life-value"]
    assert [(v.subject, v.version) for v in client.get_schema_versions(number)] == [("life-value", 1)]
    reference = SchemaReference("life.json", "life-value", 1)
    whole = client.register_schema("whole-value", Schema('{"$ref":"life.json"}', "JSON", [reference]))
    assert client.get_referenced_by("life-value", 1) == [whole]
    assert refusal(client.delete_subject, "life-value") == 42206
    assert client.delete_subject("whole-value") == [1]
    assert client.delete_subject("whole-value", permanent=True) == [1]
    assert client.delete_version("life-value", 2) == 2
    assert client.delete_subject("life-value") == [1]
    assert client.delete_subject("life-value", permanent=True) == [1, 2]
    assert refusal(client.get_versions, "life-value") == 40401
    assert refusal(client.get_schema, 999_999) == 40403


def test_the_client_compares_and_configures(client: SchemaRegistryClient) -> None:
    """Levels, modes and configuration, and the refusal of a schema that breaks."""
    client.register_schema("terms-value", Schema(CLOSED, "JSON"))
    assert client.test_compatibility("terms-value", Schema(CLOSED_TWO, "JSON"))
    assert not client.test_compatibility("terms-value", Schema(STRICTER, "JSON"))
    assert not client.test_compatibility_all_versions("terms-value", Schema(STRICTER, "JSON"))
    assert refusal(client.register_schema, "terms-value", Schema(STRICTER, "JSON")) == 40901
    client.set_compatibility("terms-value", "NONE")
    assert client.get_compatibility("terms-value") == "NONE"
    assert client.register_schema("terms-value", Schema(STRICTER, "JSON"))
    client.set_config("terms-value", ServerConfig(compatibility_group="major"))
    assert client.get_config("terms-value").compatibility_group == "major"
    client.delete_config("terms-value")
    assert refusal(client.get_config, "terms-value") == 40408
    assert client.update_mode("terms-value", "READONLY") == "READONLY"
    assert client.get_mode("terms-value") == "READONLY"
    assert refusal(client.register_schema, "terms-value", Schema(CLOSED_TWO, "JSON")) == 42205
    assert client.delete_mode("terms-value") == "READONLY"
    assert (client.get_global_mode(), client.get_contexts()) == ("READWRITE", ["."])
    assert set(client.get_schema_types()) == {"JSON", "AVRO"}


def test_json_serializers_go_there_and_back(client: SchemaRegistryClient) -> None:
    """A value is written with its schema's id before it, read by another client, and checked on the way."""
    written = JSONSerializer(TITLED, client)({"days": 3}, VALUE)
    assert written is not None
    number = client.lookup_schema("leave-value", Schema(TITLED, "JSON")).schema_id
    assert written[:5] == b"\x00" + int(number or 0).to_bytes(4, "big")
    read = JSONDeserializer(None, schema_registry_client=client)
    assert read(written, VALUE) == {"days": 3}
    with pytest.raises(SerializationError):
        JSONSerializer(TITLED, client)({"days": "three"}, VALUE)


def test_avro_serializers_go_there_and_back(client: SchemaRegistryClient) -> None:
    """The same for Avro, which clients take for granted when no kind is said."""
    context = SerializationContext("avro", MessageField.VALUE)
    written = AvroSerializer(client, AVRO)({"a": "x"}, context)
    assert AvroDeserializer(client)(written, context) == {"a": "x"}


def test_a_hub_knows_what_was_registered_before_it_stopped(hub: HubProcess, client: SchemaRegistryClient) -> None:
    """Ids are the same after a start on the same directory, and the hub's own contracts are there once."""
    number = client.register_schema("kept-value", Schema(CLOSED, "JSON"))
    own = client.get_versions("amana.employee.v1")
    hub.stop()
    hub.start()
    with SchemaRegistryClient({"url": f"{hub.url}/registry"}) as again:
        assert again.get_schema(number).schema_str == CLOSED
        assert again.get_versions("amana.employee.v1") == own == [1]
