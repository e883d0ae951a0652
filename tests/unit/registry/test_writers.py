"""Who may write: this machine, systems for their institution, named systems for all, operators for everything."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.control.requests import body_target, sign_read
from hub.settings import load
from signing import jsontext
from tests.unit.gateway.onboarded import SECRET
from tests.unit.registry.client import CLOSED, CLOSED_TWO, ELSEWHERE, HERE, Client, json_schema, open_registry
from tests.unit.registry.conftest import Tell

BASIC = {"Authorization": "Basic " + base64.b64encode(f"client-hr:{SECRET}".encode()).decode()}


async def status(client: Client, subject: str, headers: Mapping[str, str]) -> int:
    """Of a registration under this subject."""
    return (await client.ask("POST", f"/subjects/{subject}/versions", json_schema(CLOSED), headers)).status


@pytest.mark.parametrize("peer", [HERE, "127.0.0.9", "::1"])
def test_this_machine_writes_without_credentials(tell: Tell, peer: str) -> None:
    """Told by the address of the connection."""

    async def story(client: Client) -> None:
        client.site.peer = peer
        assert await status(client, "s", {}) == 200

    tell(story)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host", "Origin"])
def test_what_a_proxy_or_a_web_page_sends_is_not_this_machines(tell: Tell, name: str) -> None:
    """A proxy on this machine speaks for others; so does a browser for a page."""

    async def story(client: Client) -> None:
        assert await status(client, "s", {name: HERE}) == 401

    tell(story)


def test_reading_and_comparing_are_open(tell: Tell) -> None:
    """To whoever reaches the hub, without credentials."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        client.site.peer = ELSEWHERE
        assert await client.get("/subjects") == ["s"]
        assert await client.compatible("s", json_schema(CLOSED_TWO))
        assert (await client.does("POST", "/subjects/s", json_schema(CLOSED)))["id"] == 1
        for method, target in (
            ("DELETE", "/subjects/s"),
            ("DELETE", "/subjects/s/versions/1"),
            ("PUT", "/config/s"),
            ("DELETE", "/config"),
            ("PUT", "/mode"),
            ("DELETE", "/mode/s"),
            ("DELETE", "/contexts/."),
        ):
            value = {"mode": "READONLY", "compatibility": "NONE"} if method == "PUT" else None
            await client.refused(40101, method, target, value)
        assert await client.get("/subjects") == ["s"]

    tell(story)


def test_a_system_writes_the_subjects_of_its_institution(tell: Tell) -> None:
    """Those that begin with the institution's code and a dot; nobody else's, and nothing that holds for all."""

    async def story(client: Client) -> None:
        client.site.peer = ELSEWHERE
        bearer = {"Authorization": f"Bearer {await client.site.token()}"}
        for headers in (BASIC, bearer):
            assert await status(client, "KEM.leave", headers) == 200
            for subject in ("KEM", "KEMX.leave", "other", "amana.x"):
                assert await status(client, subject, headers) == 403
            reply = await client.ask("PUT", "/config", {"compatibility": "NONE"}, headers)
            assert (reply.status, reply.json["error_code"]) == (403, 40301)
            assert (await client.ask("PUT", "/config/KEM.leave", {"compatibility": "FULL"}, headers)).status == 200

    tell(story)


def test_the_longest_code_says_whose_a_subject_is(tell: Tell) -> None:
    """An institution whose code goes on after another's is not that other's."""

    async def story(client: Client) -> None:
        await client.site.change("institution.add", {"code": "KEM.sub", "name": "Another"})
        client.site.peer = ELSEWHERE
        assert await status(client, "KEM.sub.leave", BASIC) == 403
        assert await status(client, "KEM.subject", BASIC) == 200

    tell(story)


def test_an_alias_opens_nobodys_subject(tell: Tell) -> None:
    """Who may write the alias but not the subject that it stands for may not write it."""

    async def story(client: Client) -> None:
        await client.register("real", json_schema(CLOSED))
        client.site.peer = ELSEWHERE
        reply = await client.ask("PUT", "/config/KEM.alias", {"alias": "real"}, BASIC)
        assert reply.status == 200
        assert await status(client, "KEM.alias", BASIC) == 403
        assert (await client.ask("DELETE", "/subjects/KEM.alias", headers=BASIC)).status == 403

    tell(story)


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic " + base64.b64encode(b"client-hr:wrong").decode(),
        "Basic " + base64.b64encode(b"nobody:secret").decode(),
        "Basic %%%",
        "Bearer nothing",
        "Amana nothing",
        "Digest nothing",
    ],
)
def test_credentials_that_are_given_must_hold(tell: Tell, authorization: str) -> None:
    """From this machine too."""

    async def story(client: Client) -> None:
        assert await status(client, "KEM.leave", {"Authorization": authorization}) == 401

    tell(story)


def test_a_suspended_system_writes_nothing(tell: Tell) -> None:
    """Neither with its secret nor with a token that it got before."""

    async def story(client: Client) -> None:
        bearer = {"Authorization": f"Bearer {await client.site.token()}"}
        await client.site.change("system.suspend", {"system": "HR"})
        for headers in (BASIC, bearer):
            assert await status(client, "KEM.leave", headers) == 401

    tell(story)


def test_a_named_system_writes_every_foreign_subject(tmp_path: Path) -> None:
    """`registry_writers` names it; the hub's own subjects stay the hub's."""

    async def main() -> None:
        async with open_registry(tmp_path, load(tmp_path, registry_writers="HR")) as client:
            client.site.peer = ELSEWHERE
            assert await status(client, "any", BASIC) == 200
            assert (await client.ask("PUT", "/config", {"compatibility": "NONE"}, BASIC)).status == 200
            assert await status(client, "amana.x", BASIC) == 403

    asyncio.run(main())


def test_an_operator_writes_everything_once(tell: Tell) -> None:
    """A signature covers method, target and body, and is good for one request."""

    async def story(client: Client) -> None:
        client.site.peer = ELSEWHERE
        target, body = "/registry/subjects/amana.x/versions", jsontext.render(json_schema(CLOSED))
        now = client.site.clock.now()
        signed = sign_read(client.site.house.operator, "POST", body_target(target, body), now)
        assert await status(client, "amana.x", {"Authorization": signed}) == 200
        assert await status(client, "amana.x", {"Authorization": signed}) == 401
        other = sign_read(client.site.house.operator, "POST", body_target(target, b"{}"), now)
        assert await status(client, "amana.x", {"Authorization": other}) == 401

    tell(story)


def test_the_hubs_own_subjects_are_sound_and_follow_nobody(tell: Tell) -> None:
    """What is set for all subjects does not reach them."""

    async def story(client: Client) -> None:
        await client.does("PUT", "/config", {"compatibility": "NONE", "compatibilityPolicy": "LENIENT"})
        await client.does("PUT", "/mode", {"mode": "READONLY"})
        assert await client.get("/config/amana.x?defaultToGlobal=true") == {
            "compatibilityLevel": "BACKWARD",
            "compatibilityPolicy": "SOUND",
        }
        assert await client.get("/mode/amana.x?defaultToGlobal=true") == {"mode": "READWRITE"}

    tell(story)
