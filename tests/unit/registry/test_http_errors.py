"""Refusals that are not about schemas: unreadable requests, who may not, what could not be stored."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from hub.errors import TryAgain
from hub.ports import Append
from hub.registry import judging
from hub.registry.judging import Case, Judgement
from hub.settings import load
from tests.unit.registry.client import CLOSED, ELSEWHERE, Client, json_schema, open_registry
from tests.unit.registry.conftest import Tell


@pytest.mark.parametrize(
    ("code", "method", "target", "value", "header"),
    [
        (400, "POST", "/subjects/s/versions", b"{", {}),
        (400, "POST", "/subjects/s/versions", [], {}),
        (400, "POST", "/subjects/s/versions", {"schema": {"type": "object"}, "schemaType": "JSON"}, {}),
        (400, "POST", "/subjects/s/versions", json_schema(CLOSED, references={}), {}),
        (400, "POST", "/subjects/s/versions", json_schema(CLOSED, references=[{"name": "a"}]), {}),
        (400, "POST", "/subjects/s/versions", json_schema(CLOSED, id="1"), {}),
        (400, "POST", "/subjects/s/versions", json_schema(CLOSED, metadata=[]), {}),
        (400, "POST", "/subjects/s/versions", json_schema(CLOSED, metadata={"properties": {"a": 1}}), {}),
        (400, "PUT", "/config", {"normalize": "yes"}, {}),
        (404, "GET", "/nothing", None, {}),
        (404, "GET", "/subjects/s/versions/1/nothing", None, {}),
        (405, "GET", "/subjects/s/versions/1/tags", None, {}),
        (405, "DELETE", "/schemas", None, {}),
        (405, "PUT", "/subjects/s/versions", None, {}),
        (406, "GET", "/subjects", None, {"Accept": "text/html"}),
        (415, "POST", "/subjects/s/versions", json_schema(CLOSED), {"Content-Type": "text/plain"}),
        (415, "POST", "/subjects/s/versions", json_schema(CLOSED), {"Content-Type": ""}),
    ],
)
def test_what_http_refuses_has_the_same_shape(
    tell: Tell, code: int, method: str, target: str, value: Any, header: dict[str, str]
) -> None:
    """A body, path, method or media type that is none of ours is refused with the status as its code."""

    async def story(client: Client) -> None:
        reply = await client.refused(code, method, target, value, **header)
        assert code != 405 or reply.headers["allow"]

    tell(story)


def test_writing_from_elsewhere_needs_credentials_40101(tell: Tell) -> None:
    """And too many failures are 429."""

    async def story(client: Client) -> None:
        client.site.peer = ELSEWHERE
        reply = await client.refused(40101, "POST", "/subjects/s/versions", json_schema(CLOSED))
        assert reply.headers["www-authenticate"] == 'Basic realm="amana"'
        for _ in range(29):
            await client.refused(40101, "DELETE", "/subjects/s")
        await client.refused(429, "DELETE", "/subjects/s")

    tell(story)


def test_the_hubs_own_subjects_are_40301(tell: Tell) -> None:
    """Nobody but an operator writes them."""

    async def story(client: Client) -> None:
        await client.refused(40301, "POST", "/subjects/amana.x/versions", json_schema(CLOSED))
        await client.refused(40301, "PUT", "/config/amana.x", {"compatibility": "NONE"})
        await client.refused(40301, "PUT", "/mode/:.:amana.x", {"mode": "READONLY"})
        await client.refused(40301, "DELETE", "/subjects/:.:amana.x")

    tell(story)


def test_what_cannot_be_stored_is_50001(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log did not take it: the client is told so, and may send it again."""

    async def main() -> None:
        async with open_registry(tmp_path) as client:

            async def fail(_: Sequence[Append]) -> list[int]:
                raise TryAgain("AMANA-BUS-001")

            with monkeypatch.context() as broken:
                broken.setattr(client.site.log, "append", fail)
                await client.refused(50001, "POST", "/subjects/s/versions", json_schema(CLOSED))
            assert await client.register("s", json_schema(CLOSED)) == 1

    asyncio.run(main())


def test_too_many_judgements_at_once_are_50002(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparisons wait for each other, and not without end."""

    async def story(client: Client) -> None:
        monkeypatch.setattr(judging, "MOST_WAITING", 0)
        await client.refused(50002, "POST", "/compatibility/subjects/s/versions/latest", json_schema(CLOSED))

    tell(story)


def test_what_nobody_expected_says_nothing_of_itself(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure inside is 50001 with no word of what failed."""

    def fail(_: Case) -> Judgement:
        raise ZeroDivisionError("secret words")

    async def story(client: Client) -> None:
        monkeypatch.setattr(judging, "judge", fail)
        reply = await client.refused(50001, "POST", "/subjects/s/versions", json_schema(CLOSED))
        assert b"secret" not in reply.body

    tell(story)


def test_a_limit_is_a_setting(tmp_path: Path) -> None:
    """`registry_max_schema` bounds a schema."""

    async def main() -> None:
        async with open_registry(tmp_path, load(tmp_path, registry_max_schema=1024)) as client:
            value = json_schema('{"description":"' + "x" * 1024 + '"}')
            await client.refused(42209, "POST", "/subjects/s/versions", value)

    asyncio.run(main())
