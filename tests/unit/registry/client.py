"""A client of `/registry` that speaks ASGI to a gateway on a real log, from this machine unless told otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.registry.follow import Build
from hub.registry.state import Registry
from hub.settings import Settings
from signing import jsontext
from tests.journeys.gateway_client import Reply, Site, open_site

HERE = "127.0.0.1"
ELSEWHERE = "198.51.100.7"
MEDIA = "application/vnd.schemaregistry.v1+json"

OPEN = '{"type":"object","properties":{"a":{"type":"string"}}}'
CLOSED = '{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}'
CLOSED_TWO = (
    '{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"integer"}},"additionalProperties":false}'
)
STRICTER = '{"type":"object","properties":{"a":{"type":"integer"}},"additionalProperties":false}'
AVRO = '{"type":"record","name":"R","fields":[{"name":"a","type":"string"}]}'


def json_schema(text: str, **members: Any) -> dict[str, Any]:
    """Body of a registration."""
    return {"schema": text, "schemaType": "JSON", **members}


def registration(subject: str, text: str) -> Build:
    """What a process asks for."""

    def build(_: Registry) -> dict[str, Any]:
        return {
            "do": "register",
            "by": "local",
            "subject": subject,
            "kind": "JSON",
            "text": text,
            "references": [],
            "metadata": None,
            "rules": None,
            "normalize": False,
            "id": None,
            "version": None,
            "force": False,
            "basis": None,
        }

    return build


@dataclass
class Client:
    """Requests as clients make them."""

    site: Site

    async def ask(self, method: str, target: str, value: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
        body = b"" if value is None else value if isinstance(value, bytes) else jsontext.render(value)
        given = {"Content-Type": MEDIA, **(headers or {})}
        return await self.site.ask(method, "/registry" + target, body, given)

    async def get(self, target: str, **headers: str) -> Any:
        reply = await self.ask("GET", target, headers=headers)
        assert reply.status == 200, reply.body
        return reply.json

    async def does(self, method: str, target: str, value: Any = None) -> Any:
        reply = await self.ask(method, target, value)
        assert reply.status == 200, reply.body
        return reply.json

    async def register(self, subject: str, value: dict[str, Any], query: str = "") -> int:
        found = await self.does("POST", f"/subjects/{subject}/versions{query}", value)
        return int(found["id"])

    async def compatible(self, subject: str, value: dict[str, Any], version: str = "latest") -> bool:
        found = await self.does("POST", f"/compatibility/subjects/{subject}/versions/{version}", value)
        return bool(found["is_compatible"])

    async def refused(self, code: int, method: str, target: str, value: Any = None, **headers: str) -> Reply:
        """The reply, which must be this refusal."""
        reply = await self.ask(method, target, value, headers)
        status = code if code < 1000 else code // 100
        assert (reply.status, reply.json["error_code"]) == (status, code), reply.body
        assert set(reply.json) == {"error_code", "message"}
        assert reply.json["message"]
        return reply


@asynccontextmanager
async def open_registry(path: Path, settings: Settings | None = None, **options: Any) -> AsyncIterator[Client]:
    async with open_site(path, settings=settings, **options) as site:
        site.peer = HERE
        yield Client(site)
