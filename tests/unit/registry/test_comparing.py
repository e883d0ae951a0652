"""Comparing through `/registry/compatibility`: the vectors, levels, policies, groups, and what verbose says."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.compatibility import Policy
from signing import jsontext
from tests.unit.registry.client import AVRO, CLOSED, CLOSED_TWO, OPEN, STRICTER, Client, json_schema
from tests.unit.registry.conftest import Tell
from tests.unit.schemas.compatibility.test_departures import LISTED, SAYS, _vectors

WIDER = '{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}'
AVRO_TWO = '{"type":"record","name":"R","fields":[{"name":"a","type":"string"},{"name":"b","type":"int","default":0}]}'
AVRO_BROKEN = '{"type":"record","name":"R","fields":[{"name":"a","type":"string"},{"name":"b","type":"int"}]}'


def text(value: Any) -> dict[str, Any]:
    return json_schema(jsontext.render(value).decode())


@pytest.mark.needs("vectors")
def test_the_vectors_hold_over_http_under_every_policy(tell: Tell) -> None:
    """Each vector, registered and asked as clients do: its own verdict, or the departure that is listed."""
    departures = {(d["vector"], d["direction"], d["policy"]): d["verdict"] for d in LISTED["vectors"]}

    async def story(client: Client) -> None:
        vectors = [(n, vector) for n, vector in enumerate(_vectors()) if vector["enabled"]]
        for n, vector in vectors:
            await client.register(f"v{n}", text(vector["original"]))
        for direction, side in (("backward", 0), ("forward", 1)):
            for policy in Policy:
                config = {"compatibility": direction.upper(), "compatibilityPolicy": policy}
                await client.does("PUT", "/config", config)
                for n, vector in vectors:
                    expected = departures.get((n, direction, str(policy)), SAYS[vector["compatibility"]][side])
                    answer = await client.compatible(f"v{n}", text(vector["updated"]))
                    assert (vector["id"], direction, policy, answer) == (vector["id"], direction, policy, expected)

    tell(story)


def test_a_foreign_subject_is_strict_and_backward_until_it_is_told_otherwise(tell: Tell) -> None:
    """An optional property in an open object: no under STRICT, yes under LENIENT, for one subject or for all."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(OPEN))
        await client.register("t", json_schema(OPEN))
        assert not await client.compatible("s", json_schema(WIDER))
        assert await client.does("PUT", "/config/s", {"compatibilityPolicy": "lenient"}) == {
            "compatibilityPolicy": "LENIENT"
        }
        assert await client.compatible("s", json_schema(WIDER))
        assert not await client.compatible("t", json_schema(WIDER))
        await client.does("PUT", "/config", {"compatibilityPolicy": "LENIENT"})
        assert await client.compatible("t", json_schema(WIDER))
        await client.does("PUT", "/config/t", {"compatibilityPolicy": "SOUND"})
        assert not await client.compatible("t", json_schema(WIDER))
        await client.does("DELETE", "/config/t")
        assert await client.compatible("t", json_schema(WIDER))

    tell(story)


@pytest.mark.parametrize(
    ("level", "latest", "first", "every"),
    [
        ("NONE", True, True, True),
        ("BACKWARD", True, False, True),
        ("BACKWARD_TRANSITIVE", True, False, False),
        ("FORWARD", False, False, False),
        ("FULL", False, False, False),
    ],
)
def test_levels_say_against_which_versions(tell: Tell, level: str, *, latest: bool, first: bool, every: bool) -> None:
    """One version when one is named, else the last or all, as the level of the subject says."""

    async def story(client: Client) -> None:
        await client.does("PUT", "/config/s", {"compatibility": "NONE"})
        await client.register("s", json_schema(STRICTER))
        await client.register("s", json_schema(CLOSED))
        await client.does("PUT", "/config/s", {"compatibility": level})
        new = json_schema(CLOSED_TWO)
        found = [await client.compatible("s", new, version) for version in ("latest", "-1", "1")]
        assert found == [latest, latest, first]
        answer = await client.does("POST", "/compatibility/subjects/s/versions", new)
        assert answer == {"is_compatible": every}

    tell(story)


def test_an_unknown_subject_is_compatible_with_everything(tell: Tell) -> None:
    """Against the latest and against all versions of a subject that has none, deleted ones included."""

    async def story(client: Client) -> None:
        assert await client.compatible("new", json_schema(CLOSED))
        assert await client.does("POST", "/compatibility/subjects/new/versions", json_schema(CLOSED)) == {
            "is_compatible": True
        }
        await client.register("s", json_schema(CLOSED))
        await client.does("DELETE", "/subjects/s")
        assert await client.compatible("s", json_schema(STRICTER))

    tell(story)


def test_verbose_says_what_where_whom_and_what_to_do(tell: Tell) -> None:
    """One message a difference, then which version it is to, its text, and the terms; none without verbose."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        target = "/compatibility/subjects/s/versions/latest"
        assert await client.does("POST", target, json_schema(STRICTER)) == {"is_compatible": False}
        found = await client.does("POST", f"{target}?verbose=true", json_schema(STRICTER))
        difference, version, schema, terms = found["messages"]
        for part in ("errorType:'TYPE_CHANGED'", "path:'#/properties/a'", "breaks:'writers'", "repair:'Keep the old"):
            assert part in difference
        assert version == "{oldSchemaVersion: 1}"
        assert schema == f"{{oldSchema: '{CLOSED}'}}"
        assert terms == "{validateFields: 'false', compatibility: 'BACKWARD'}"
        same = await client.does("POST", f"{target}?verbose=true", json_schema(CLOSED))
        assert same == {"is_compatible": True, "messages": []}

    tell(story)


def test_what_is_no_schema_is_told_in_a_message_where_messages_are_asked_for(tell: Tell) -> None:
    """Verbose: 200 and why. Else 42201."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        target = "/compatibility/subjects/s/versions/latest"
        await client.refused(42201, "POST", target, json_schema('{"type":"objekt"}'))
        found = await client.does("POST", f"{target}?verbose=true", json_schema('{"type":"objekt"}'))
        assert found["is_compatible"] is False
        assert "type" in found["messages"][0]

    tell(story)


def test_avro_is_compared_by_its_own_rules(tell: Tell) -> None:
    """A field with a default may be added; another kind of schema never follows."""

    async def story(client: Client) -> None:
        await client.register("s", {"schema": AVRO})
        assert await client.compatible("s", {"schema": AVRO_TWO})
        assert not await client.compatible("s", {"schema": AVRO_BROKEN, "schemaType": "AVRO"})
        assert not await client.compatible("s", json_schema(CLOSED))

    tell(story)


def test_versions_of_another_group_are_not_compared(tell: Tell) -> None:
    """A property of the metadata parts the versions: a planned break is a new group."""

    async def story(client: Client) -> None:
        await client.does("PUT", "/config/s", {"compatibilityGroup": "major"})
        await client.register("s", json_schema(CLOSED, metadata={"properties": {"major": "1"}}))
        second = {"metadata": {"properties": {"major": "2"}}}
        assert not await client.compatible("s", json_schema(STRICTER))
        assert await client.compatible("s", json_schema(STRICTER, **second))
        await client.register("s", json_schema(STRICTER, **second))
        assert await client.compatible("s", json_schema(CLOSED_TWO, metadata={"properties": {"major": "1"}}), "1")

    tell(story)


def test_references_are_compared_by_what_they_say(tell: Tell) -> None:
    """A schema follows if what it refers to follows; the texts come from the registry alone."""

    async def story(client: Client) -> None:
        await client.register("part", json_schema('{"type":"string"}'))
        await client.does("PUT", "/config/part", {"compatibility": "NONE"})
        await client.register("part", json_schema('{"type":["string","null"]}'))
        await client.register("part", json_schema('{"type":"integer"}'))

        def whole(version: int) -> dict[str, Any]:
            reference = {"name": "https://example.org/part.json", "subject": "part", "version": version}
            return json_schema('{"$ref":"https://example.org/part.json"}', references=[reference])

        await client.register("whole", whole(1))
        assert await client.compatible("whole", whole(2))
        assert not await client.compatible("whole", whole(3))
        assert not await client.compatible("whole", whole(-1))

    tell(story)
