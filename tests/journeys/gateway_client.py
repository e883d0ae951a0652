"""A gateway on a real log in one event loop, and a client that speaks ASGI to it without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from adapters.kit.registry import find
from hub.control.follow import DirectoryFollower, submit
from hub.delivery.caller import HttpCaller
from hub.gateway.app import Gateway
from hub.gateway.context import GatewayContext
from hub.gateway.wire import Receive, Scope, Send
from hub.keys import FileKeyWrapper, HubKeys
from hub.log.engine import EmbeddedLog
from hub.ports import Admissions, Caller
from hub.records import Ms, Record
from hub.settings import Settings, load
from hub.store.sql import Fault, SqlStore
from hub.topics import layout
from signing import jsontext
from signing.forms import Media, frame_body, read_data, verify_forms
from signing.keys import KeyRing, KeyWindow
from tests import stores
from tests.unit.gateway.onboarded import HMAC_KEY, NOW, SECRET, TOKEN_KEY, House, first_changes

WRAP_KEY = b"w" * 32


@dataclass
class Hands:
    """A clock that only the test moves."""

    at: Ms = NOW

    def now(self) -> Ms:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at = Ms(self.at + round(seconds * 1000))
        await asyncio.sleep(0)


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return jsontext.parse(self.body)


async def nothing(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Stands for `/api/v1`."""
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@dataclass
class Site:
    """The gateway, what stands behind it, and who may send."""

    gateway: Gateway
    log: EmbeddedLog
    store: SqlStore
    house: House
    clock: Hands
    peer: str = "198.51.100.7"
    extra: list[tuple[bytes, bytes]] = field(default_factory=list)

    async def ask(
        self,
        method: str,
        target: str,
        body: bytes | Sequence[bytes] = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One request. A list as body arrives in pieces."""
        pieces = [body] if isinstance(body, bytes) else list(body)
        path, _, query = target.partition("?")
        scope: Scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "client": (self.peer, 40_000),
            "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()] + self.extra,
        }
        waiting: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": n + 1 < len(pieces)} for n, piece in enumerate(pieces)
        ]
        sent: list[Any] = []

        async def receive() -> Any:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.gateway(scope, receive, send)
        start, *content = sent
        told = {k.decode(): v.decode() for k, v in start["headers"]}
        return Reply(start["status"], told, b"".join(message["body"] for message in content))

    async def token(self) -> str:
        form = {"grant_type": "client_credentials", "client_id": "client-hr", "client_secret": SECRET}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        reply = await self.ask("POST", "/oauth/token", urlencode(form).encode(), headers)
        assert reply.status == 200
        return str(reply.json["access_token"])

    async def push(self, body: bytes, token: str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {token or await self.token()}", "Content-Type": "application/json"}
        return await self.ask("POST", "/esb/push-request", body, headers)

    def verified(self, reply: Reply) -> Any:
        """The data of a signed answer, in either language; fails when the hub's key did not sign it."""
        media: Media = "xml" if reply.body[:1] == b"<" else "json"
        ring = KeyRing([KeyWindow(self.house.hub.public, 0)])
        found = verify_forms(frame_body(reply.body, media), ring, NOW)
        return read_data(found.data, found.form)

    async def records(self, topic: str) -> list[Record]:
        found: list[Record] = []
        for partition in range(self.log.topics()[topic]):
            for batch in await self.log.read(topic, partition, 0):
                found += batch.records
        return found

    async def change(self, kind: str, arguments: dict[str, Any], hub: dict[str, Any] | None = None) -> None:
        context = self.gateway.context
        request = self.house.envelope(kind, arguments)
        outcome = await submit(self.log, context.follower, context.keys, request, hub or {}, self.clock.now())
        assert outcome.accepted, (outcome.code, outcome.detail)


@asynccontextmanager
async def open_site(
    path: Path,
    *,
    admissions: Admissions | None = None,
    settings: Settings | None = None,
    caller: Caller | None = None,
    fault: Fault | None = None,
) -> AsyncIterator[Site]:
    """A hub with one of everything. `admissions` replaces the log's own, for faults; `fault` strikes the store."""
    house, clock = House(), Hands()
    wrapper = FileKeyWrapper(WRAP_KEY)
    keys = HubKeys(signing=house.hub, wrapper=wrapper, hmac=HMAC_KEY, token=TOKEN_KEY)
    log = EmbeddedLog.open(path / "bus.db", wrapper, clock, run_dir=path)
    store = stores.open_store(fault)
    try:
        adapters = find()
        await log.ensure(layout(adapters=adapters))
        context = GatewayContext(
            settings=settings or load(path, max_body=65_536),
            bus=log,
            admissions=admissions or log,
            vault=log,
            store=store,
            keys=keys,
            follower=DirectoryFollower(log, log),
            clock=clock,
            adapters=adapters,
            caller=caller or HttpCaller([], private=False),
        )
        site = Site(Gateway(context, nothing), log, store, house, clock)
        for kind, arguments, hub in first_changes(house):
            await site.change(kind, arguments, hub)
        yield site
    finally:
        await store.close()
        await log.close()
