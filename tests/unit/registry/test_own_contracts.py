"""The hub's own subjects: what they say of people, and what stops a start."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.registry import own
from hub.registry.own import register_own
from schemas.personal import tags_of
from signing.jsontext import render
from tests.unit.registry.client import Client
from tests.unit.registry.conftest import Tell


def test_a_canonical_contract_that_breaks_its_registered_text_stops_the_start(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release may widen a contract under its version; one that refuses what was valid does not start."""

    async def story(client: Client) -> None:
        follower, now = client.site.gateway.context.registry, client.site.clock.now()
        await register_own(follower, now)
        found = {subject: schema for subject, schema, _ in own.own_schemas()}["amana.payee.v1"]
        narrower = {**found, "properties": {**found["properties"], "class": {"type": "integer", "maximum": 3}}}
        monkeypatch.setattr(own, "own_schemas", lambda: iter([("amana.payee.v1", narrower, False)]))
        with pytest.raises(ConfigError) as stopped:
            await register_own(follower, now)
        assert (stopped.value.code, stopped.value.detail) == ("AMANA-CONF-008", "amana.payee.v1: 40901")
        monkeypatch.setattr(own, "own_schemas", lambda: iter([("amana.payee.v1", {**found, "title": "x"}, False)]))
        assert await register_own(follower, now) == 1

    tell(story)


def test_the_metadata_of_canonical_subjects_tags_what_is_personal(tell: Tell) -> None:
    """Whoever reads the registry sees the same tags that masking goes by."""

    async def story(client: Client) -> None:
        await register_own(client.site.gateway.context.registry, client.site.clock.now())
        shown = await client.get("/subjects/amana.payee.v1/versions/latest")
        assert shown["metadata"]["tags"] == {path: ["pii"] for path in tags_of("payee")}
        assert {"employeeId", "account", "accountName", "tariff"} <= shown["metadata"]["tags"].keys()

    tell(story)


def test_reserved_names_are_kept_where_a_subject_says_so(tell: Tell) -> None:
    """validateFields: no member may have a reserved name, and what is reserved stays so; without it nobody looks."""

    async def story(client: Client) -> None:
        def body(*members: str, reserved: str = "gaji, alamat") -> dict[str, object]:
            text = render({"type": "object", "properties": {name: {} for name in members}}).decode()
            return {"schema": text, "schemaType": "JSON", "metadata": {"properties": {"confluent:reserved": reserved}}}

        await client.ask("PUT", "/config/s", {"compatibility": "BACKWARD", "validateFields": True})
        await client.refused(40901, "POST", "/subjects/s/versions", body("a", "gaji"))
        assert (await client.ask("POST", "/subjects/s/versions", body("a"))).status == 200
        await client.refused(40901, "POST", "/subjects/s/versions", body("a", "b", reserved="gaji"))
        await client.ask("PUT", "/config/s", {"validateFields": False})
        assert (await client.ask("POST", "/subjects/s/versions", body("a", "b", reserved="gaji"))).status == 200

    tell(story)
