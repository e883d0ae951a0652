"""Registering, finding, deleting, importing: what becomes of subjects, versions and ids."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from tests.unit.registry.client import (
    AVRO,
    CLOSED,
    CLOSED_TWO,
    MEDIA,
    STRICTER,
    Client,
    json_schema,
)
from tests.unit.registry.conftest import Tell

WIDE = {"Confluent-Accept-Unknown-Properties": "true"}
SPACED = '{ "type" : "object",\n "properties": {"a": {"type": "string"}}, "additionalProperties": false }'
TURNED = '{"additionalProperties":false,"properties":{"a":{"type":"string"}},"type":"object"}'


def test_registering_again_gives_the_same_version_and_id(tell: Tell) -> None:
    """White space is nothing; the order of members is, unless it is to be normalized."""

    async def story(client: Client) -> None:
        first = await client.register("s", json_schema(CLOSED))
        assert await client.register("s", json_schema(SPACED)) == first
        assert await client.get("/subjects/s/versions") == [1]
        assert await client.register("t", json_schema(TURNED), "?normalize=true") != first
        assert await client.register("t", json_schema(CLOSED), "?normalize=true") == 2
        assert await client.get("/subjects/t/versions/latest/schema") == {
            "additionalProperties": False,
            "properties": {"a": {"type": "string"}},
            "type": "object",
        }
        assert await client.register("s", json_schema(TURNED)) == 2
        assert await client.get("/subjects/s/versions") == [1, 2]

    tell(story)


def test_normalizing_may_be_a_subjects_setting(tell: Tell) -> None:
    """The configuration turns it on for every registration and look-up."""

    async def story(client: Client) -> None:
        await client.does("PUT", "/config/s", {"normalize": True})
        await client.register("s", json_schema(TURNED))
        await client.register("s", json_schema(CLOSED))
        assert await client.get("/subjects/s/versions") == [1]
        assert (await client.does("POST", "/subjects/s", json_schema(CLOSED)))["version"] == 1

    tell(story)


def test_equal_schemas_share_an_id_and_a_guid(tell: Tell) -> None:
    """Under every subject; the guid is the MD5 of the text, in the form of a UUID."""

    async def story(client: Client) -> None:
        number = await client.register("s", json_schema(CLOSED))
        assert await client.register("t", json_schema(CLOSED)) == number
        guid = str(uuid.UUID(bytes=hashlib.md5(CLOSED.encode(), usedforsecurity=False).digest()))
        assert await client.get(f"/schemas/guids/{guid}") == {"schema": CLOSED, "schemaType": "JSON"}
        assert await client.get(f"/schemas/guids/{guid}/ids") == [{"context": ".", "id": number}]
        assert await client.get(f"/schemas/ids/{number}") == {"schema": CLOSED, "schemaType": "JSON"}
        assert (await client.get(f"/schemas/ids/{number}?fetchMaxId=true"))["maxId"] == number
        assert await client.get(f"/schemas/ids/{number}/subjects") == ["s", "t"]
        assert await client.get(f"/schemas/ids/{number}/subjects?subject=t") == ["t"]
        assert await client.get(f"/schemas/ids/{number}/versions") == [
            {"subject": "s", "version": 1},
            {"subject": "t", "version": 1},
        ]
        reply = await client.ask("GET", f"/schemas/ids/{number}/schema")
        assert reply.body == CLOSED.encode()

    tell(story)


def test_numbers_stay_as_they_were_written(tell: Tell) -> None:
    """A bound of 0.10, and one beyond what a float holds, come back digit for digit."""
    exact = '{"type":"number","multipleOf":0.10,"maximum":123456789012345678901234567890.5,"minimum":-1E-2}'

    async def story(client: Client) -> None:
        number = await client.register("s", json_schema(exact))
        assert (await client.ask("GET", f"/schemas/ids/{number}/schema")).body == exact.encode()

    tell(story)


def test_old_clients_get_the_id_and_new_ones_everything(tell: Tell) -> None:
    """The wide reply is for who says that unknown members do no harm."""

    async def story(client: Client) -> None:
        narrow = await client.ask("POST", "/subjects/s/versions", json_schema(CLOSED))
        assert narrow.json == {"id": 1}
        wide = (await client.ask("POST", "/subjects/s/versions", json_schema(CLOSED), WIDE)).json
        assert {"id", "version", "guid", "schemaType", "schema", "ts"} == set(wide)
        assert set(await client.get("/subjects/s/versions/1")) == {"subject", "version", "id", "schema", "schemaType"}
        assert (await client.get("/subjects/s/versions/1", **WIDE))["deleted"] is False
        await client.register("a", {"schema": AVRO})
        assert set(await client.get("/subjects/a/versions/1")) == {"subject", "version", "id", "schema"}

    tell(story)


def test_a_look_up_finds_what_is_registered(tell: Tell) -> None:
    """By its content, white space aside; metadata counts only where it is given."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED, metadata={"properties": {"owner": "hr"}}))
        await client.register("s", json_schema(CLOSED_TWO))
        found = await client.does("POST", "/subjects/s", json_schema(SPACED))
        assert (found["subject"], found["version"], found["id"]) == ("s", 1, 1)
        assert found["metadata"] == {"properties": {"owner": "hr"}}
        other = json_schema(CLOSED, metadata={"properties": {"owner": "pay"}})
        await client.refused(40403, "POST", "/subjects/s", other)
        await client.does("DELETE", "/subjects/s/versions/1")
        await client.refused(40403, "POST", "/subjects/s", json_schema(CLOSED))
        assert (await client.does("POST", "/subjects/s?deleted=true", json_schema(CLOSED)))["version"] == 1

    tell(story)


def test_what_is_deleted_is_hidden_and_still_served_by_its_id(tell: Tell) -> None:
    """Until it is deleted for good; its id is never given again."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.register("s", json_schema(CLOSED_TWO))
        assert await client.does("DELETE", "/subjects/s/versions/latest") == 2
        assert await client.get("/subjects/s/versions") == [1]
        assert await client.get("/subjects/s/versions?deleted=true") == [1, 2]
        assert await client.get("/subjects/s/versions?deletedOnly=true") == [2]
        assert await client.get("/subjects/s/versions?deletedAsNegative=true") == [1, -2]
        assert (await client.get("/subjects/s/versions/2?deleted=true"))["id"] == 2
        assert (await client.get("/subjects/s/versions/latest"))["version"] == 1
        assert await client.get("/schemas/ids/2")
        assert await client.get("/schemas/ids/2/subjects") == []
        assert await client.get("/schemas/ids/2/subjects?deleted=true") == ["s"]
        assert await client.does("DELETE", "/subjects/s/versions/2?permanent=true") == 2
        await client.refused(40403, "GET", "/schemas/ids/2")
        assert await client.register("s", json_schema(CLOSED_TWO)) == 3
        assert (await client.get("/subjects/s/versions/latest"))["version"] == 2

    tell(story)


def test_what_was_deleted_comes_back_as_a_new_version_with_its_id(tell: Tell) -> None:
    """The hidden row goes, unless something refers to it."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.does("DELETE", "/subjects/s")
        assert await client.get("/subjects") == []
        assert await client.get("/subjects?deleted=true") == ["s"]
        assert await client.get("/subjects?deletedOnly=true") == ["s"]
        assert await client.register("s", json_schema(CLOSED)) == 1
        assert await client.get("/subjects/s/versions?deleted=true") == [2]
        reference = {"name": "s.json", "subject": "s", "version": 2}
        await client.register("whole", json_schema('{"$ref":"s.json"}', references=[reference]))
        assert await client.get("/subjects/s/versions/2/referencedby") == [2]
        await client.does("DELETE", "/subjects/whole")
        assert await client.get("/subjects/s/versions/2/referencedby") == []
        assert await client.get("/subjects/s/versions/2/referencedby?deleted=true") == [2]
        await client.does("DELETE", "/subjects/s")
        assert await client.register("s", json_schema(CLOSED)) == 1
        assert await client.get("/subjects/s/versions?deleted=true") == [2, 3]

    tell(story)


def test_settings_go_with_a_subjects_last_row(tell: Tell) -> None:
    """Not before it is deleted for good."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.does("PUT", "/config/s", {"compatibility": "FULL"})
        await client.does("PUT", "/mode/s", {"mode": "READWRITE"})
        await client.does("DELETE", "/subjects/s")
        assert await client.get("/config/s") == {"compatibilityLevel": "FULL"}
        await client.does("DELETE", "/subjects/s?permanent=true")
        await client.refused(40408, "GET", "/config/s")
        await client.refused(40409, "GET", "/mode/s")

    tell(story)


def test_importing_keeps_ids_and_versions(tell: Tell) -> None:
    """What another registry gave; ids that are given later are greater, and no other schema can take one."""

    async def story(client: Client) -> None:
        await client.does("PUT", "/mode/i", {"mode": "IMPORT"})
        assert await client.register("i", json_schema(CLOSED, id=100, version=7)) == 100
        assert await client.register("i", json_schema(STRICTER, id=50, version=2)) == 50
        assert await client.register("i", json_schema(CLOSED, id=100, version=7)) == 100
        assert await client.get("/subjects/i/versions") == [2, 7]
        await client.refused(42205, "POST", "/subjects/i/versions", json_schema(CLOSED_TWO, id=50))
        await client.refused(42205, "POST", "/subjects/i/versions", json_schema(CLOSED_TWO, id=51, version=7))
        await client.does("PUT", "/mode/i", {"mode": "READWRITE"})
        assert await client.register("i", json_schema(CLOSED_TWO)) == 101
        assert await client.get("/subjects/i/versions") == [2, 7, 8]

    tell(story)


def test_what_is_left_out_is_as_before(tell: Tell) -> None:
    """Metadata and rules of the latest version, and its schema, between the subject's defaults and overrides."""

    async def story(client: Client) -> None:
        config: dict[str, Any] = {
            "defaultMetadata": {"properties": {"owner": "hub", "tier": "1"}},
            "overrideMetadata": {"properties": {"tier": "0"}, "sensitive": ["tier"]},
        }
        await client.does("PUT", "/config/s", config)
        given = {"tags": {"$.a": ["pii"]}, "properties": {"owner": "hr"}}
        await client.register("s", json_schema(CLOSED, metadata=given))
        kept = {
            "tags": {"$.a": ["pii"]},
            "properties": {"owner": "hr", "tier": "0"},
            "sensitive": ["tier"],
        }
        assert (await client.get("/subjects/s/versions/1"))["metadata"] == kept
        await client.register("s", json_schema(CLOSED_TWO))
        assert (await client.get("/subjects/s/versions/2"))["metadata"] == kept
        rules = {"domainRules": [{"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}]}
        await client.does("POST", "/subjects/s/versions", {"ruleSet": rules})
        third = await client.get("/subjects/s/versions/3")
        assert (third["schema"], third["ruleSet"], third["metadata"]) == (CLOSED_TWO, rules, kept)
        found = await client.get("/subjects/s/metadata?key=owner&value=hr&key=tier&value=0")
        assert found["version"] == 3

    tell(story)


def test_forced_registrations_are_not_compared(tell: Tell) -> None:
    """They still have to be schemas."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.register("s", json_schema(STRICTER), "?force=true")
        assert await client.get("/subjects/s/versions") == [1, 2]
        await client.refused(42201, "POST", "/subjects/s/versions?force=true", json_schema('{"type":"x"}'))

    tell(story)


def test_listings_are_paged_and_filtered(tell: Tell) -> None:
    """By prefix, with offset and limit; the default context may be named or not."""

    async def story(client: Client) -> None:
        for name in ("a-1", "a-2", "b"):
            await client.register(name, json_schema(CLOSED))
        await client.register(":.:a-2", json_schema(CLOSED_TWO))
        assert await client.get("/subjects?subjectPrefix=a") == ["a-1", "a-2"]
        assert await client.get("/subjects?subjectPrefix=:*:&offset=1&limit=1") == ["a-2"]
        assert await client.get("/subjects?subjectPrefix=:.:b&limit=-1") == ["b"]
        listed = [(row["subject"], row["version"]) for row in await client.get("/schemas")]
        assert listed == [("a-1", 1), ("a-2", 1), ("a-2", 2), ("b", 1)]
        latest = await client.get("/schemas?latestOnly=true&subjectPrefix=a-2")
        assert [row["version"] for row in latest] == [2]
        assert len(await client.get("/schemas?limit=2")) == 2
        assert await client.get("/contexts") == ["."]
        assert await client.get("/schemas/types") == ["JSON", "AVRO"]
        assert await client.get("/subjects/:.:a-2/versions") == [1, 2]

    tell(story)


def test_subjects_hold_any_character(tell: Tell) -> None:
    """A slash, a space, an accent: coded in the path, and the name again in the listing."""

    async def story(client: Client) -> None:
        await client.register("a%2Fb%20c%C3%A9", json_schema(CLOSED))
        assert await client.get("/subjects") == ["a/b cé"]
        assert (await client.get("/subjects/a%2Fb%20c%C3%A9/versions/1"))["subject"] == "a/b cé"

    tell(story)


def test_an_alias_stands_for_its_subject(tell: Tell) -> None:
    """What is asked of the one is answered by the other; its own configuration is still its own."""

    async def story(client: Client) -> None:
        await client.register("real", json_schema(CLOSED))
        await client.does("PUT", "/config/other", {"alias": "real"})
        assert (await client.get("/subjects/other/versions/latest"))["subject"] == "real"
        assert not await client.compatible("other", json_schema(STRICTER))
        assert await client.get("/config/other") == {"alias": "real"}

    tell(story)


def test_settings_are_set_and_taken_away(tell: Tell) -> None:
    """PUT answers as it was asked, GET under the names of replies; a subject falls back to what holds for all."""

    async def story(client: Client) -> None:
        assert await client.get("/config") == {"compatibilityLevel": "BACKWARD"}
        assert await client.does("PUT", "/config", {"compatibility": "full"}) == {"compatibility": "FULL"}
        assert await client.get("/config") == {"compatibilityLevel": "FULL"}
        assert (await client.get("/config/s?defaultToGlobal=true"))["compatibilityLevel"] == "FULL"
        assert await client.does("PUT", "/config/s", {"compatibility": "NONE", "normalize": True}) == {
            "compatibility": "NONE",
            "normalize": True,
        }
        assert await client.does("PUT", "/config/s", {"normalize": None}) == {"compatibility": "NONE"}
        assert await client.does("DELETE", "/config/s") == {"compatibilityLevel": "NONE"}
        assert await client.does("DELETE", "/config") == {"compatibilityLevel": "FULL"}
        assert await client.get("/config") == {"compatibilityLevel": "BACKWARD"}
        assert await client.does("PUT", "/mode", {"mode": "readonly"}) == {"mode": "READONLY"}
        assert await client.get("/mode/s?defaultToGlobal=true") == {"mode": "READONLY"}
        assert await client.does("PUT", "/mode/s", {"mode": "READWRITE"}) == {"mode": "READWRITE"}
        assert await client.register("s", json_schema(CLOSED)) == 1
        assert await client.does("DELETE", "/mode/s") == {"mode": "READWRITE"}
        assert await client.does("DELETE", "/mode") == {"mode": "READONLY"}

    tell(story)


def test_replies_have_the_media_type_that_is_accepted(tell: Tell) -> None:
    """The registry's own unless plain JSON is preferred; HEAD answers without a body."""

    async def story(client: Client) -> None:
        for accept, media in (
            ("", MEDIA),
            ("*/*", MEDIA),
            ("application/json", "application/json"),
            (f"application/vnd.schemaregistry+json, {MEDIA}; q=0.9", "application/vnd.schemaregistry+json"),
        ):
            reply = await client.ask("GET", "/subjects", headers={"Accept": accept} if accept else {})
            assert (reply.status, reply.headers["content-type"]) == (200, media)
        assert (await client.ask("HEAD", "/subjects")).body == b""
        assert (await client.ask("GET", "/")).json == {}
        assert (await client.get("/v1/metadata/id"))["scope"]["clusters"]
        assert set(await client.get("/v1/metadata/version")) == {"version", "commitId"}

    tell(story)
