"""The document itself: AsyncAPI 3.0, made from contracts, manifests, stages and settings.

Rule: it describes and opens nothing. Bodies are sealed under secrets of the hub, so the payload of every message is bytes;
what they are once opened is the extension `x-opened-body`. Addresses of brokers are in it only for who may see settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final

from hub.asyncapi.headers import MEANINGS, header_schema
from hub.asyncapi.operations import readers, writers
from hub.asyncapi.topics import Kind, kind_of
from hub.delivery.publishing import OPEN
from hub.kafka.names import Names
from hub.records import CONTENT_TYPE, DATASCHEMA, ID, SOURCE, SPECVERSION, TIME, TYPE
from hub.topics import OUTBOX, RECORDS, SUBSCRIBER, layout, partitions_of
from schemas.contracts import CONTRACTS, Contract

if TYPE_CHECKING:
    from hub.kafka.connection import Connection
    from hub.settings import Settings

DAY_MS: Final = 86_400_000
BINDING: Final = "0.5.0"
LOOK_UP: Final = "The schema of an id: GET /registry/schemas/ids/{id} at the hub, as Confluent's clients do"
SYSTEM: Final = "{system}"
_ANY_OUTBOX: Final = OUTBOX + "any"
_ANY_READER: Final = SUBSCRIBER + "any"
_OF_SYSTEMS: Final = {_ANY_OUTBOX: OUTBOX, _ANY_READER: SUBSCRIBER}
"""Topics of which each system may have one, by the name under which they stand for all of them."""

_ABOUT: Final = """\
The log of an Amana hub. Every record is an open envelope (CloudEvents 1.0 attributes in headers, no personal data) and a \
sealed body (AES-256-GCM under a secret of its message): whoever reads a topic without the hub sees who sent what when, and \
nothing of what it says. Systems of institutions do not connect here: they push, pull and collect over HTTP, see \
/api/v1/services. The exception are systems that two operators let read a topic of their own, `subscriber.<system>`: what lies \
there is not sealed. On the embedded engine the same topics lie in one file, and nothing listens."""


def make_document(settings: Settings, *, adapters: Iterable[str], addresses: bool = False) -> dict[str, Any]:
    """The document of a hub with these settings and adapters. `addresses`: with those of its brokers. Raises
    `ConfigError`."""
    connection = _connection(settings)
    names = connection.names if connection else Names()
    topics = layout(adapters=adapters, contracts=CONTRACTS, partitions=settings.partitions)
    topics |= {name: partitions_of(name, settings.partitions) for name in _OF_SYSTEMS}
    return {
        "asyncapi": "3.0.0",
        "id": "urn:amana:log",
        "info": {
            "title": "Amana",
            "version": _version(),
            "description": _ABOUT,
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
        },
        "defaultContentType": "application/octet-stream",
        "servers": {"kafka": _server(connection if addresses else None)},
        "channels": {
            _name(topic): _channel(topic, names, number, settings) for topic, number in sorted(topics.items())
        },
        "operations": _operations(topics, names),
        "components": {
            "messageTraits": {
                "record": {
                    "headers": header_schema(),
                    "bindings": {"kafka": {"key": _key("Decides order and partition"), "bindingVersion": BINDING}},
                }
            },
            "schemas": {
                "sealed": {"type": "string", "format": "binary", "description": "Sealed: nonce, AES-256-GCM, tag"},
                "open": {"type": "string", "format": "binary", "description": "Not sealed"},
                **{name: _embedded(contract) for name, contract in sorted(CONTRACTS.items())},
            },
        },
    }


def _connection(settings: Settings) -> Connection | None:
    if not settings.bus.startswith("kafka://"):
        return None
    from hub.kafka.connection import connection_of

    return connection_of(settings)


def _server(connection: Connection | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "host": "{bootstrap}",
        "protocol": "kafka",
        "description": "The brokers of the hub, for its own processes alone",
        "variables": {"bootstrap": {"description": "One of the servers in AMANA_BUS"}},
    }
    if connection is not None:
        made["variables"]["bootstrap"] |= {"enum": list(connection.servers), "default": connection.servers[0]}
        made["protocol"] = "kafka-secure" if connection.context or connection.user else "kafka"
        if connection.user:
            made["security"] = [{"type": "scramSha512"}]
    return made


def _channel(topic: str, names: Names, partitions: int, settings: Settings) -> dict[str, Any]:
    kind = kind_of(topic)
    reader = topic == _ANY_READER
    days = settings.kafka_subscriber_days if reader else settings.kafka_retention_days
    binding: dict[str, Any] = {
        "partitions": partitions,
        "replicas": settings.kafka_replication,
        "topicConfiguration": {
            "cleanup.policy": ["delete"],
            "retention.ms": days * DAY_MS if days else -1,
            "min.insync.replicas": min(settings.kafka_min_insync, settings.kafka_replication),
        },
        "bindingVersion": BINDING,
    }
    channel: dict[str, Any] = {"title": kind.title, "bindings": {"kafka": binding}}
    if topic in _OF_SYSTEMS:
        channel["address"] = names.of(_OF_SYSTEMS[topic] + SYSTEM)
        channel["parameters"] = {"system": {"description": "Code of the receiving system, as in the directory"}}
    else:
        channel["address"] = binding["topic"] = names.of(topic)
    contracts = [topic.removeprefix(RECORDS)] if topic.startswith(RECORDS) else kind.contracts
    if reader:
        channel["messages"] = {"event": _event(kind)}
    elif contracts:
        channel["messages"] = {name: _message(kind, CONTRACTS[name]) for name in contracts}
    else:
        channel["messages"] = {"record": _message(kind, None)}
    return channel


def _message(kind: Kind, contract: Contract | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "title": kind.title,
        "traits": [{"$ref": "#/components/messageTraits/record"}],
        "payload": {"$ref": f"#/components/schemas/{'sealed' if kind.sealed else 'open'}"},
        "bindings": {"kafka": {"key": _key(kind.key), "bindingVersion": BINDING}},
    }
    if contract is None:
        made["description"] = f"{'Opened' if kind.sealed else 'The value is'}: {kind.body}"
        return made
    constants = {"ce_type": contract.name, "ce_dataschema": contract.urn}
    made["headers"] = {
        "type": "object",
        "required": sorted(constants),
        "properties": {name: {"type": "string", "const": text} for name, text in constants.items()},
    }
    made["description"] = f"Opened: {contract.urn}"
    made["x-opened-body"] = {
        "contract": contract.urn,
        "schema": {"$ref": f"#/components/schemas/{contract.name}"},
    }
    return made


def _event(kind: Kind) -> dict[str, Any]:
    """What a subscriber reads: the one message of the log that is not sealed, and its encoding."""
    headers = (*OPEN, TYPE, TIME, CONTENT_TYPE, SPECVERSION[0])
    told = dict(MEANINGS) | {
        TYPE: "Contract of the body, without its version",
        TIME: "When the message that it descends from was admitted, as RFC 3339 writes it",
        ID: "Id of the message: the same in a second copy, which a reader drops",
    }
    return {
        "title": kind.title,
        "contentType": "application/json",
        "description": f"A byte 0, the id of the schema in 4 bytes (big-endian), the body in JSON. {LOOK_UP}",
        "headers": {
            "type": "object",
            "required": sorted((ID, SOURCE, TYPE, TIME, DATASCHEMA, CONTENT_TYPE, SPECVERSION[0])),
            "properties": {name: {"type": "string", "description": told[name]} for name in sorted(headers)},
        },
        "payload": {"$ref": "#/components/schemas/open"},
        "bindings": {
            "kafka": {
                "key": _key(kind.key),
                "schemaIdLocation": "payload",
                "schemaIdPayloadEncoding": "confluent",
                "bindingVersion": BINDING,
            }
        },
    }


def _operations(topics: Mapping[str, int], names: Names) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for part, found in writers(topics).items():
        for topic in found:
            made[f"{part}-writes-{_name(topic)}"] = _operation("send", topic, f"{part} writes")
    for stage, found in readers(topics).items():
        group = {"type": "string", "enum": [names.group(stage)]}
        for topic in found:
            one = made[f"{stage}-reads-{_name(topic)}"] = _operation("receive", topic, f"Stage {stage} reads")
            one["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING}}
    return made


def _operation(action: str, topic: str, title: str) -> dict[str, Any]:
    return {"action": action, "title": title, "channel": {"$ref": f"#/channels/{_name(topic)}"}}


def _name(topic: str) -> str:
    """Name of a topic's channel."""
    return _OF_SYSTEMS[topic].removesuffix(".") if topic in _OF_SYSTEMS else topic


def _key(text: str) -> dict[str, Any]:
    return {"type": "string", "format": "binary", "maxLength": 64, "description": text}


def _embedded(contract: Contract) -> dict[str, Any]:
    """The contract's JSON Schema where it stands in the document: references to its own parts lead there."""
    base = f"#/components/schemas/{contract.name}/schema/"
    return {
        "schemaFormat": "application/schema+json;version=draft-2020-12",
        "schema": _moved({name: part for name, part in contract.schema.items() if name != "$id"}, base),
    }


def _moved(part: Any, base: str) -> Any:
    if isinstance(part, dict):
        return {
            name: base + value.removeprefix("#/")
            if name == "$ref" and str(value).startswith("#/")
            else _moved(value, base)
            for name, value in part.items()
        }
    return [_moved(one, base) for one in part] if isinstance(part, list) else part


def _version() -> str:
    try:
        return version("amana-hub")
    except PackageNotFoundError:
        return "0"
