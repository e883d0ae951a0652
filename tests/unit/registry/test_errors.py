"""Every refusal has the number and status that registry clients branch on, and the body that they read."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.registry.client import (
    CLOSED,
    CLOSED_TWO,
    STRICTER,
    Client,
    json_schema,
)
from tests.unit.registry.conftest import Tell

RULE = {"name": "r", "kind": "CONDITION", "mode": "WRITE", "type": "CEL", "expr": "true"}


@pytest.mark.parametrize(
    ("method", "target", "value"),
    [
        ("GET", "/subjects/x/versions", None),
        ("GET", "/subjects/x/versions/1", None),
        ("GET", "/subjects/x/versions/latest", None),
        ("GET", "/subjects/x/versions/1/schema", None),
        ("GET", "/subjects/x/versions/1/referencedby", None),
        ("GET", "/subjects/x/metadata?key=a&value=b", None),
        ("GET", "/subjects/:.other:x/versions", None),
        ("POST", "/subjects/x", json_schema(CLOSED)),
        ("DELETE", "/subjects/x", None),
        ("DELETE", "/subjects/x/versions/1", None),
    ],
)
def test_an_unknown_subject_is_40401(tell: Tell, method: str, target: str, value: Any) -> None:
    """Whatever is asked of a subject that is not there is 40401."""

    async def story(client: Client) -> None:
        await client.refused(40401, method, target, value)

    tell(story)


@pytest.mark.parametrize(
    ("method", "target", "value"),
    [
        ("GET", "/subjects/s/versions/2", None),
        ("GET", "/subjects/s/versions/2/schema", None),
        ("GET", "/subjects/s/versions/2/referencedby", None),
        ("GET", "/subjects/s/metadata?key=a&value=b", None),
        ("DELETE", "/subjects/s/versions/2", None),
        ("POST", "/compatibility/subjects/s/versions/2", json_schema(CLOSED)),
        ("POST", "/compatibility/subjects/unknown/versions/1", json_schema(CLOSED)),
    ],
)
def test_an_unknown_version_is_40402(tell: Tell, method: str, target: str, value: Any) -> None:
    """A version that a subject does not have is 40402; so is a comparison with a number of an unknown subject."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.refused(40402, method, target, value)

    tell(story)


@pytest.mark.parametrize(
    ("method", "target", "value"),
    [
        ("GET", "/schemas/ids/99", None),
        ("GET", "/schemas/ids/0", None),
        ("GET", "/schemas/ids/none", None),
        ("GET", "/schemas/ids/99/schema", None),
        ("GET", "/schemas/ids/99/subjects", None),
        ("GET", "/schemas/ids/99/versions", None),
        ("GET", "/schemas/guids/00000000-0000-0000-0000-000000000000", None),
        ("GET", "/schemas/guids/00000000-0000-0000-0000-000000000000/ids", None),
        ("POST", "/subjects/s", json_schema(STRICTER)),
    ],
)
def test_an_unknown_schema_is_40403(tell: Tell, method: str, target: str, value: Any) -> None:
    """An id or guid that was not given, and a schema that the subject does not have, are 40403."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.refused(40403, method, target, value)

    tell(story)


def test_deleting_out_of_order_is_40404_to_40407(tell: Tell) -> None:
    """Deleted twice: 40404 and 40406. For good before it was deleted: 40405 and 40407."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.register("s", json_schema(CLOSED_TWO))
        await client.refused(40405, "DELETE", "/subjects/s?permanent=true")
        await client.refused(40407, "DELETE", "/subjects/s/versions/1?permanent=true")
        assert await client.does("DELETE", "/subjects/s/versions/1") == 1
        await client.refused(40406, "DELETE", "/subjects/s/versions/1")
        await client.refused(40405, "DELETE", "/subjects/s?permanent=true")
        assert await client.does("DELETE", "/subjects/s") == [2]
        await client.refused(40404, "DELETE", "/subjects/s")
        assert await client.does("DELETE", "/subjects/s?permanent=true") == [1, 2]
        await client.refused(40401, "DELETE", "/subjects/s?permanent=true")

    tell(story)


def test_a_subject_without_settings_of_its_own_is_40408_and_40409(tell: Tell) -> None:
    """Configuration: 40408. Mode: 40409. Known subject or not."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        for subject in ("s", "unknown"):
            await client.refused(40408, "GET", f"/config/{subject}")
            await client.refused(40408, "DELETE", f"/config/{subject}")
            await client.refused(40409, "GET", f"/mode/{subject}")
            await client.refused(40409, "DELETE", f"/mode/{subject}")

    tell(story)


def test_a_schema_that_breaks_is_40901_under_status_409(tell: Tell) -> None:
    """The refusal says which difference, where, and what to do."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        reply = await client.refused(40901, "POST", "/subjects/s/versions", json_schema(STRICTER))
        for part in ("TYPE_CHANGED", "#/properties/a", "repair:", "oldSchemaVersion: 1"):
            assert part in reply.json["message"]
        await client.refused(40901, "POST", "/subjects/s/versions", {"schema": '"string"'})

    tell(story)


@pytest.mark.parametrize(
    "value",
    [
        json_schema("{"),
        json_schema('{"type":"objekt"}'),
        json_schema('{"properties":[]}'),
        json_schema('{"a":1,"a":2}'),
        json_schema("[" * 100 + "]" * 100),
        json_schema('{"$ref":"https://example.org/remote.json"}'),
        json_schema('{"$ref":"x.json"}', references=[{"name": "x.json", "subject": "none", "version": 1}]),
        {"schema": '{"type":"record"}'},
        {"schema": "", "schemaType": "JSON"},
        {"schemaType": "JSON"},
        {"schema": 'syntax = "proto3"; message A {}', "schemaType": "PROTOBUF"},
        json_schema(CLOSED, version=7),
    ],
)
def test_what_is_no_schema_is_42201(tell: Tell, value: Any) -> None:
    """No JSON, a wrong keyword, an unanswered reference, nothing at all, Protocol Buffers: 42201, and nothing is kept."""

    async def story(client: Client) -> None:
        await client.refused(42201, "POST", "/subjects/new/versions", value)
        assert await client.get("/subjects") == []

    tell(story)


@pytest.mark.parametrize("version", ["0", "-2", "abc", "2147483648", "1.0", "99999999999"])
def test_what_is_no_version_is_42202(tell: Tell, version: str) -> None:
    """A version is 1 to 2^31-1, latest or -1."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.refused(42202, "GET", f"/subjects/s/versions/{version}")
        await client.refused(42202, "DELETE", f"/subjects/s/versions/{version}")
        await client.refused(42202, "POST", f"/compatibility/subjects/s/versions/{version}", json_schema(CLOSED))

    tell(story)


@pytest.mark.parametrize(
    "value", [{"compatibility": "SIDEWAYS"}, {"compatibility": 5}, {"compatibilityPolicy": "LOGICAL"}]
)
def test_an_unknown_level_or_policy_is_42203(tell: Tell, value: Any) -> None:
    """For all and for a subject."""

    async def story(client: Client) -> None:
        await client.refused(42203, "PUT", "/config", value)
        await client.refused(42203, "PUT", "/config/s", value)
        assert await client.get("/config") == {"compatibilityLevel": "BACKWARD"}

    tell(story)


@pytest.mark.parametrize("value", [{"mode": "SOMETIMES"}, {"mode": None}, {}, {"mode": "READONLY_OVERRIDE"}])
def test_an_unknown_mode_is_42204(tell: Tell, value: Any) -> None:
    """For all and for a subject."""

    async def story(client: Client) -> None:
        await client.refused(42204, "PUT", "/mode", value)
        await client.refused(42204, "PUT", "/mode/s", value)
        await client.refused(42204, "PUT", "/mode/s", {"mode": "FORWARD"})

    tell(story)


def test_what_the_mode_forbids_is_42205(tell: Tell) -> None:
    """READONLY takes nothing; an id is for IMPORT alone, and IMPORT is for what has no schemas."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.refused(42205, "POST", "/subjects/t/versions", json_schema(CLOSED, id=5))
        await client.refused(42205, "PUT", "/mode/s", {"mode": "IMPORT"})
        await client.refused(42205, "PUT", "/mode", {"mode": "IMPORT"})
        await client.does("PUT", "/mode/s", {"mode": "READONLY"})
        await client.refused(42205, "POST", "/subjects/s/versions", json_schema(CLOSED))
        await client.refused(42205, "POST", "/subjects/s/versions", json_schema(CLOSED_TWO))
        await client.refused(42205, "DELETE", "/subjects/s")
        await client.refused(42205, "DELETE", "/subjects/s/versions/1")
        await client.refused(42205, "PUT", "/config/s", {"compatibility": "NONE"})
        await client.does("PUT", "/mode/i", {"mode": "IMPORT"})
        await client.refused(42205, "POST", "/subjects/i/versions", json_schema(CLOSED))

    tell(story)


def test_deleting_what_is_referred_to_is_42206(tell: Tell) -> None:
    """As long as something refers to it; a subject's own references do not keep it."""

    async def story(client: Client) -> None:
        await client.register("part", json_schema('{"type":"string"}'))
        reference = {"name": "part.json", "subject": "part", "version": 1}
        await client.register("whole", json_schema('{"$ref":"part.json"}', references=[reference]))
        await client.refused(42206, "DELETE", "/subjects/part")
        await client.refused(42206, "DELETE", "/subjects/part/versions/1")
        await client.does("DELETE", "/subjects/whole")
        await client.does("DELETE", "/subjects/part")
        await client.refused(42206, "DELETE", "/subjects/part?permanent=true")
        await client.does("DELETE", "/subjects/whole?permanent=true")
        await client.does("DELETE", "/subjects/part?permanent=true")

    tell(story)


def test_importing_a_known_schema_under_another_id_is_42207(tell: Tell) -> None:
    """A schema has one id."""

    async def story(client: Client) -> None:
        known = await client.register("s", json_schema(CLOSED))
        await client.does("PUT", "/mode/i", {"mode": "IMPORT"})
        await client.refused(42207, "POST", "/subjects/i/versions", json_schema(CLOSED, id=known + 5, version=1))
        assert await client.register("i", json_schema(CLOSED, id=known, version=3)) == known

    tell(story)


@pytest.mark.parametrize("subject", ["a%00b", "__GLOBAL", "__EMPTY", ":.other:x", "x" * 513])
def test_what_is_no_subject_is_42208(tell: Tell, subject: str) -> None:
    """Control characters, reserved names, other contexts and names without an end are no subjects to write."""

    async def story(client: Client) -> None:
        await client.refused(42208, "POST", f"/subjects/{subject}/versions", json_schema(CLOSED))

    tell(story)


def test_a_schema_beyond_the_limit_is_42209(tell: Tell) -> None:
    """Whether the text alone or the whole body is too large."""

    async def story(client: Client) -> None:
        limit = client.site.gateway.context.settings.registry_max_schema
        for size in (limit, 3 * limit):
            value = json_schema('{"description":"' + "x" * size + '"}')
            await client.refused(42209, "POST", "/subjects/s/versions", value)
            await client.refused(42209, "POST", "/compatibility/subjects/s/versions", value)

    tell(story)


@pytest.mark.parametrize(
    "rules",
    [
        "CEL",
        {"domainRules": {}},
        {"domainRules": ["r"]},
        {"domainRules": [{**RULE, "name": ""}]},
        {"domainRules": [{**RULE, "name": "1st"}]},
        {"domainRules": [{**RULE, "name": "r" * 257}]},
        {"domainRules": [RULE, RULE]},
        {"domainRules": [{**RULE, "kind": "WISH"}]},
        {"domainRules": [{**RULE, "mode": "UPGRADE"}]},
        {"migrationRules": [{**RULE, "mode": "WRITE"}]},
        {"domainRules": [{**RULE, "type": ""}]},
        {"domainRules": [{**RULE, "expr": 5}]},
        {"domainRules": [{**RULE, "onFailure": "ERROR,DLQ"}]},
        {"domainRules": [{**RULE, "mode": "WRITEREAD", "onFailure": "ERROR,DLQ,NONE"}]},
        {"domainRules": [{**RULE, "tags": "PII"}]},
        {"domainRules": [{**RULE, "params": {"a": 1}}]},
        {"domainRules": [{**RULE, "disabled": "no"}]},
        {"enableAt": "HOME"},
    ],
)
def test_what_is_no_rule_set_is_42210(tell: Tell, rules: Any) -> None:
    """In a schema, and among the defaults of a subject."""

    async def story(client: Client) -> None:
        await client.refused(42210, "POST", "/subjects/s/versions", json_schema(CLOSED, ruleSet=rules))
        await client.refused(42210, "PUT", "/config/s", {"defaultRuleSet": rules})

    tell(story)


def test_the_default_context_is_never_empty_42211(tell: Tell) -> None:
    """It holds the hub's own subjects."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        await client.refused(42211, "DELETE", "/contexts/.")
        await client.refused(42211, "DELETE", "/contexts/:.:")

    tell(story)
