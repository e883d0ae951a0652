"""The AsyncAPI document: valid by the official schema, and true to the stages, topics and headers of the code."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from adapters.kit.registry import find
from hub.asyncapi import make_document
from hub.asyncapi.headers import MEANINGS
from hub.asyncapi.operations import may_write, readers
from hub.asyncapi.topics import kind_of
from hub.cli.main import invoke
from hub.kafka.connection import connection_of
from hub.kafka.topics import settings_of
from hub.records import STAGE
from hub.settings import Settings
from hub.topics import layout, subscriber
from schemas.contracts import CONTRACTS
from signing import jsontext
from tests.published import ASYNCAPI, published_schema
from tests.simulator.hub import SimHub
from tests.simulator.month import Script, settle
from tests.simulator.outbox import delivering

HUB = Path(__file__).parents[3] / "hub"
CLUSTER: dict[str, Any] = {"bus": "kafka://k1:9092,k2:9092/amana", "store": "postgresql://hub@db/hub"}


def document(*, addresses: bool = False, **settings: Any) -> dict[str, Any]:
    return make_document(Settings(**settings), adapters=find(), addresses=addresses)


def pointed(whole: Any, reference: str) -> Any:
    """What a reference within the document leads to."""
    assert reference.startswith("#/"), reference
    for step in reference[2:].split("/"):
        whole = whole[step.replace("~1", "/").replace("~0", "~")]
    return whole


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return own + [found for value in part.values() for found in references(value)]
    return [found for one in part for found in references(one)] if isinstance(part, list) else []


@pytest.mark.parametrize(
    "settings",
    [{}, CLUSTER, {**CLUSTER, "kafka_retention_days": 90, "kafka_user": "hub", "kafka_password": "x" * 9,
                   "kafka_security": "sasl-plaintext"}],
    ids=["embedded", "cluster", "secured"],
)  # fmt: skip
@pytest.mark.parametrize("addresses", [False, True])
def test_it_is_valid(settings: dict[str, Any], addresses: bool) -> None:
    """The official schema of AsyncAPI 3.0 finds nothing wrong with it, and would find something."""
    checker = jsonschema_rs.Draft7Validator(published_schema(ASYNCAPI))
    made = document(addresses=addresses, **settings)
    assert [f"{error.instance_path}: {error.message[:200]}" for error in checker.iter_errors(made)] == []
    made["channels"]["control"]["bindings"]["kafka"]["partitions"] = "one"
    assert not checker.is_valid(made)


def test_references_lead_somewhere() -> None:
    """Every reference in it, those inside the contracts too, leads to a part of it."""
    made = document(**CLUSTER)
    assert len(references(made)) > 200
    assert [pointed(made, reference) for reference in references(made)]


def test_every_topic_is_a_channel() -> None:
    """The channels are the topics of a hub with these adapters and contracts, under the names that Kafka knows, with
    partitions and copies as the settings say; outboxes, and topics of readers, are one channel each with the system as parameter."""
    made = document(**CLUSTER, partitions=6, kafka_replication=2, kafka_retention_days=1, kafka_subscriber_days=3)
    topics = layout(adapters=find(), contracts=CONTRACTS, partitions=6)
    bindings = {name: channel["bindings"]["kafka"] for name, channel in made["channels"].items()}
    of_systems = {"outbox", "subscriber"}
    assert {name: b["partitions"] for name, b in bindings.items() if name not in of_systems} == topics
    assert {b.get("topic") for b in bindings.values()} == {None, *(f"amana.{topic}" for topic in topics)}
    assert made["channels"]["outbox"]["address"] == "amana.outbox.{system}"
    assert {b["replicas"] for b in bindings.values()} == {2}
    kept = {name: b["topicConfiguration"]["retention.ms"] for name, b in bindings.items()}
    assert kept.pop("subscriber") == 3 * 86_400_000
    assert set(kept.values()) == {86_400_000}


def test_topics_are_described_as_the_hub_makes_them() -> None:
    """What it says of a topic's settings is what the hub sets when it makes that topic, and checks when it finds it."""
    used = Settings(**CLUSTER, kafka_retention_days=7, kafka_subscriber_days=3, kafka_min_insync=1)
    made = make_document(used, adapters=find(), addresses=False)
    for name, channel in made["channels"].items():
        said = channel["bindings"]["kafka"]
        wanted = settings_of(connection_of(used), subscriber("PAY") if name == "subscriber" else name)
        texts = {
            key: ",".join(value) if isinstance(value, list) else str(value)
            for key, value in said["topicConfiguration"].items()
        }
        assert texts.items() <= wanted.items(), name
        assert said["replicas"] == connection_of(used).replication
        assert set(texts) >= {"cleanup.policy", "retention.ms", "min.insync.replicas"}


def test_what_a_subscriber_reads_is_described_with_its_encoding() -> None:
    """The one payload that is not sealed: where its topic is, how a reader finds the schema, which headers there are."""
    made = document(**CLUSTER)
    channel = made["channels"]["subscriber"]
    assert channel["address"] == "amana.subscriber.{system}"
    [message] = channel["messages"].values()
    binding = message["bindings"]["kafka"]
    assert (binding["schemaIdLocation"], binding["schemaIdPayloadEncoding"]) == ("payload", "confluent")
    assert message["payload"] == {"$ref": "#/components/schemas/open"}
    assert "/registry/schemas/ids/" in message["description"]
    assert {"ce_id", "ce_dataschema", "ce_subscription"} <= set(message["headers"]["properties"])
    assert "ce_secretid" not in message["headers"]["properties"]
    assert "deliver-writes-subscriber" in made["operations"]


def test_contracts_are_the_opened_bodies() -> None:
    """A topic of canonical records names its contract by URN, gives its schema as the opened body, and says that the payload
    itself is sealed."""
    made = document()
    for name, contract in CONTRACTS.items():
        [message] = made["channels"][f"records.{name}"]["messages"].values()
        assert message["payload"] == {"$ref": "#/components/schemas/sealed"}
        assert message["headers"]["properties"]["ce_dataschema"]["const"] == contract.urn
        assert message["x-opened-body"]["contract"] == contract.urn
        embedded = pointed(made, message["x-opened-body"]["schema"]["$ref"])["schema"]
        assert embedded["properties"].keys() == contract.schema["properties"].keys()
    assert set(made["channels"]["signals.pay"]["messages"]) == {"pay.signal", "pay.run"}


def test_groups_are_those_of_the_stages() -> None:
    """Each stage that runs reads under its own group what it says that it reads."""

    async def stages() -> dict[str, Any]:
        hub = SimHub()
        await delivering(hub)
        core = await hub.running()
        return {runner.stage.name: runner.stage for runner in (*core.runners, core.deliverer.intake)}

    found = asyncio.run(stages())
    topics = layout(adapters=find(), contracts=CONTRACTS, systems=["SYS"])
    assert readers(topics) == {name: sorted(stage.sources(sorted(topics))) for name, stage in found.items()}
    groups = {
        name: operation["bindings"]["kafka"]["groupId"]["enum"]
        for name, operation in document(**CLUSTER)["operations"].items()
        if operation["action"] == "receive"
    }
    assert {text for texts in groups.values() for text in texts} == {f"amana.{name}" for name in found}
    assert groups["index-reads-outbox"] == ["amana.index"]


def test_who_writes_is_who_wrote() -> None:
    """In a whole month no stage wrote to a topic that the document does not say it writes to."""

    async def month() -> set[tuple[str, str]]:
        hub, script = SimHub(), Script()
        await script.do(hub, [*script.onboarding(), *script.whole()])
        await settle(hub)
        written = set()
        for topic in hub.log.topics():
            for record in await hub.records(topic):
                stage = record.headers.get(STAGE, "")
                maker = stage.partition("/")[0] or "gateway"
                written.add(("runs" if maker == "route" else maker, topic))  # the stage of runs routes them
        return written

    written = asyncio.run(month())
    assert {name for name, _ in written} >= {"gateway", "translate", "runs", "deliver"}
    assert {(name, topic) for name, topic in written if not may_write(name, topic)} == set()


def test_every_header_of_the_source_has_a_meaning() -> None:
    """No header is written that the document does not explain, and none is explained that is never written. Who adds a
    header adds its meaning to hub/asyncapi/headers.py."""
    source = "".join(path.read_text(encoding="utf-8") for path in HUB.rglob("*.py") if path.parent.name != "asyncapi")
    written = set(re.findall(r'"(ce_[a-z]+)"', source)) | {"content-type"}
    assert written - set(MEANINGS) == set()
    assert set(MEANINGS) - written <= {"ce_after"}  # of clusters: what a reservation notes


def test_addresses_are_for_operators_alone() -> None:
    """What is served to everybody names no broker; what the command writes does."""
    assert "k1:9092" not in str(document(**CLUSTER))
    assert "k1:9092" in str(document(**CLUSTER, addresses=True))


def test_the_command_writes_it(tmp_path: Path) -> None:
    """`amana contract export --asyncapi` prints it, or writes it to a file; without either it says what it wants."""
    status, text = invoke(["contract", "export", "--asyncapi", "--data", str(tmp_path)])
    assert (status, jsontext.parse(text.encode())["asyncapi"]) == (0, "3.0.0")
    out = tmp_path / "log.json"
    assert invoke(["contract", "export", "--asyncapi", "--out", str(out), "--data", str(tmp_path)])[0] == 0
    assert jsontext.parse(out.read_bytes()) == jsontext.parse(text.encode())
    assert [invoke(["contract", "export", *more])[0] for more in ([], [str(tmp_path), "--asyncapi"])] == [2, 2]


def test_every_topic_has_a_kind() -> None:
    """A topic that is none of the known kinds is a defect that shows."""
    with pytest.raises(KeyError):
        kind_of("something.else")
