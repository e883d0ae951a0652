"""Tags, metadata and rules of a version that is there, and the mode in which nothing is compared."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.client import AVRO, CLOSED, CLOSED_TWO, STRICTER, Client, json_schema
from tests.unit.registry.conftest import Tell

RULE = {"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}
TAGS = "/subjects/s/versions/1/tags"


def entry(path: str, *tags: str) -> dict[str, Any]:
    return {"schemaEntity": {"entityPath": path, "entityType": "sr_field"}, "tags": list(tags)}


def test_tags_make_a_new_version_of_the_same_text(tell: Tell) -> None:
    """What is added stands in the metadata, once; what is taken away is gone, though the version before had it; the text stays
    byte for byte, and the same again is the same version."""

    async def story(client: Client) -> None:
        first = await client.register("s", json_schema(CLOSED, metadata={"properties": {"owner": "kem"}}))
        change = {"newVersion": 2, "tagsToAdd": [entry("object.a", "PII", "PII"), entry("object", "OPEN")]}
        made = await client.does("POST", TAGS, change)
        assert made["id"] != first
        found = await client.get("/subjects/s/versions/2")
        assert found["schema"] == CLOSED
        assert found["metadata"] == {"properties": {"owner": "kem"}, "tags": {"a": ["PII"], "**": ["OPEN"]}}
        assert await client.does("POST", TAGS, change | {"newVersion": None}) == made
        assert await client.get("/subjects/s/versions") == [1, 2]
        gone = {"tagsToRemove": [entry("a", "PII", "OTHER"), entry("", "OPEN")], "metadata": {"tags": {"a": ["PII"]}}}
        await client.does("POST", "/subjects/s/versions/latest/tags", gone)
        assert "metadata" not in await client.get("/subjects/s/versions/3")

    tell(story)


def test_rules_are_merged_and_taken_away_by_name(tell: Tell) -> None:
    """A rule of the same name wins; one that is named is gone; the others stay."""

    async def story(client: Client) -> None:
        rules = {"domainRules": [RULE, RULE | {"name": "q"}]}
        await client.register("s", json_schema(CLOSED, ruleSet=rules))
        merge = {"domainRules": [RULE | {"expr": "false"}, RULE | {"name": "new"}]}
        await client.does("POST", TAGS, {"rulesToMerge": merge, "rulesToRemove": ["q"]})
        found = (await client.get("/subjects/s/versions/2"))["ruleSet"]["domainRules"]
        assert [(rule["name"], rule["expr"]) for rule in found] == [("r", "false"), ("new", "true")]
        await client.does("POST", TAGS, {"rulesToRemove": ["r", "q"]})
        assert "ruleSet" not in await client.get("/subjects/s/versions/3")

    tell(story)


def test_tags_may_come_with_a_registration(tell: Tell) -> None:
    """Added and taken away on the way; with `propagateSchemaTags` those of the latest version go along beside metadata of its
    own."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED, schemaTagsToAdd=[entry("a", "PII")]))
        assert (await client.get("/subjects/s/versions/1"))["metadata"] == {"tags": {"a": ["PII"]}}
        own = {"metadata": {"properties": {"owner": "kem"}}}
        await client.register("s", json_schema(CLOSED, **own, propagateSchemaTags=True))
        assert (await client.get("/subjects/s/versions/2"))["metadata"] == {**own["metadata"], "tags": {"a": ["PII"]}}
        await client.register("s", json_schema(CLOSED, **own, schemaTagsToRemove=[entry("a", "PII")]))
        assert (await client.get("/subjects/s/versions/3"))["metadata"] == own["metadata"]
        await client.register("avro", {"schema": AVRO, "schemaTagsToAdd": [entry("R.a", "PII")]})
        assert (await client.get("/subjects/avro/versions/1"))["metadata"] == {"tags": {"R.a": ["PII"]}}

    tell(story)


@pytest.mark.parametrize(
    ("code", "target", "value"),
    [
        (40401, "/subjects/none/versions/1/tags", {}),
        (40402, "/subjects/s/versions/9/tags", {}),
        (42202, "/subjects/s/versions/zero/tags", {}),
        (42201, TAGS, {"newVersion": 7, "tagsToAdd": [entry("a", "PII")]}),
        (42210, TAGS, {"rulesToMerge": {"domainRules": [{"name": "-"}]}}),
        (42210, TAGS, {"ruleSet": {"domainRules": {}}}),
        (400, TAGS, {"tagsToAdd": {}}),
        (400, TAGS, {"tagsToAdd": [{"tags": ["PII"]}]}),
        (400, TAGS, {"tagsToRemove": [entry("a") | {"tags": "PII"}]}),
        (400, TAGS, {"rulesToRemove": "r"}),
        (400, TAGS, {"newVersion": "2"}),
        (400, TAGS, {"metadata": []}),
        (400, TAGS, []),
        (400, "/subjects/s/versions", json_schema(CLOSED, schemaTagsToAdd=[{"tags": ["PII"]}])),
    ],
)
def test_what_is_refused_changes_nothing(tell: Tell, code: int, target: str, value: Any) -> None:
    """Unknown subjects and versions, another number than the next, members of another form: each has its code."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.refused(code, "POST", target, value)
        assert await client.get("/subjects/s/versions") == [1]

    tell(story)


def test_tagging_is_writing_42205_and_40301(tell: Tell) -> None:
    """A subject that is read only takes no tags; the hub's own subjects take them from nobody but an operator."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.does("PUT", "/mode/s", {"mode": "READONLY"})
        await client.refused(42205, "POST", TAGS, {"tagsToAdd": [entry("a", "PII")]})
        await client.refused(40301, "POST", "/subjects/amana.x/versions/1/tags", {})

    tell(story)


def test_in_forward_mode_nothing_is_compared(tell: Tell) -> None:
    """For all subjects at once: what breaks is registered, ids are still the registry's; a subject of its own mode is held to it,
    and when the mode is gone versions are compared again."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.refused(40901, "POST", "/subjects/s/versions", json_schema(STRICTER))
        assert await client.does("PUT", "/mode", {"mode": "forward"}) == {"mode": "FORWARD"}
        assert await client.get("/mode") == {"mode": "FORWARD"}
        await client.refused(42205, "POST", "/subjects/s/versions", json_schema(STRICTER, id=9))
        await client.register("s", json_schema(STRICTER))
        await client.register("own", json_schema(CLOSED))
        await client.does("PUT", "/mode/own", {"mode": "READWRITE"})
        await client.refused(40901, "POST", "/subjects/own/versions", json_schema(STRICTER))
        assert await client.does("DELETE", "/mode?recursive=true") == {"mode": "FORWARD"}
        await client.refused(40409, "GET", "/mode/own")
        assert await client.get("/mode") == {"mode": "READWRITE"}
        await client.refused(40901, "POST", "/subjects/s/versions", json_schema(CLOSED_TWO))

    tell(story)
