"""A provider on a real socket that answers pulls as it is told: well, late, wrongly, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.delivery.caller import HttpCaller
from hub.records import PARENT, Record
from signing import envelope, forms, jsontext, keys
from signing.keys import KeyRing, KeyWindow
from tests.journeys.gateway_client import Reply, Site, open_site

CODE = "EMP-GET"
PROVIDER = "PROV"

Answering = Callable[["Provider", dict[str, Any], asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Provider:
    """`asked` are the data of the requests that it verified, `raw` all that came; `answering` what it does."""

    key: keys.PrivateKey = field(default_factory=keys.generate)
    hub: keys.PublicKey | None = None
    answering: Answering | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    url: str = ""
    open: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    server: asyncio.Server | None = None
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def gone(self) -> None:
        """Takes no connections any more."""
        if self.server is not None:
            self.server.close()
        await self.close()

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.partition(b":")[2])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                )
                body = await reader.readexactly(length)
                self.raw.append(head + body)
                assert self.hub is not None
                frame = forms.frame_body(body, "xml" if body.startswith(b"<") else "json")
                verified = forms.verify_forms(frame, KeyRing([KeyWindow(self.hub, 0)]), 0)
                data = forms.read_data(verified.data, verified.form)
                self.asked.append(data)
                self.arrived.set()
                await (self.answering or answer())(self, data, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            self.open -= 1
            writer.close()

    def signed(self, members: dict[str, Any], key: keys.PrivateKey | None = None) -> bytes:
        return envelope.seal(jsontext.render(members), key or self.key)


def http(status: int, body: bytes, kind: str = "application/json", *extra: str) -> bytes:
    """One whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {kind}", f"content-length: {len(body)}", *extra, "", ""]
    return "\r\n".join(lines).encode() + body


def answer(value: Any = None, *, named: bool = True, media: forms.Media = "json") -> Answering:
    """A signed success with that body (default: what was asked)."""

    async def do(provider: Provider, data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        members = {"success": True, "requestId": data["requestId"] if named else None}
        members["esbBody"] = data.get("esbBody") if value is None else value
        body = forms.seal_form(members, provider.key, media, "response")
        writer.write(http(200, body, f"application/{media}"))
        await writer.drain()

    return do


async def silent(_provider: Provider, _data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
    """No answer, as long as somebody waits for one."""
    await writer.wait_closed()


def say(text: bytes | Callable[[Provider, dict[str, Any]], bytes]) -> Answering:
    """These very bytes."""

    async def do(provider: Provider, data: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        writer.write(text if isinstance(text, bytes) else text(provider, data))
        await writer.drain()

    return do


def signed(**members: Any) -> Answering:
    """A signed answer with these members; `requestId` "$" stands for the one asked."""

    def text(provider: Provider, data: dict[str, Any]) -> bytes:
        said = {name: data["requestId"] if value == "$" else value for name, value in members.items()}
        return http(200, provider.signed(said))

    return say(text)


def outcome_of(records: list[Record]) -> Record:
    """The one record that has a parent."""
    [found] = [record for record in records if PARENT in record.headers]
    return found


@dataclass
class Pulling:
    """A hub with a provider and a caller who may ask it."""

    site: Site
    provider: Provider
    caller: HttpCaller

    async def pull(
        self, value: Any = None, *, path: str = "/esb/request", token: str | None = None, **members: Any
    ) -> Reply:
        data = {"apiCode": CODE} | members | ({"esbBody": value} if value is not None else {})
        body = envelope.seal(jsontext.render(data), self.site.house.sender)
        return await self.post(body, "application/json", path=path, token=token)

    async def post(self, body: bytes, kind: str, *, path: str = "/esb/request", token: str | None = None) -> Reply:
        headers = {"Authorization": f"Bearer {token or await self.site.token()}", "Content-Type": kind}
        return await self.site.ask("POST", path, body, headers)


def told(at: Pulling, reply: Reply) -> tuple[int, bool, str]:
    """Status, success and code of a signed answer."""
    said = at.site.verified(reply)
    return reply.status, said["success"], said["message"][:14]


async def recorded(at: Pulling) -> tuple[str, str]:
    """Event and code of the one outcome."""
    h = outcome_of(await at.site.records("pulls")).headers
    return h["ce_outcome"], h.get("ce_errorcode", "")


@asynccontextmanager
async def pulling(
    path: Path, *, caller: HttpCaller | None = None, options: Mapping[str, str] | None = None, **api: Any
) -> AsyncIterator[Pulling]:
    """A provider on a free port of this machine, registered with its key and options; `api`: more arguments of the code."""
    provider = Provider()
    provider.server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    port = provider.server.sockets[0].getsockname()[1]
    provider.url = f"http://127.0.0.1:{port}/ask"
    caller = caller or HttpCaller(["127.0.0.1"], private=True)
    try:
        async with open_site(path, caller=caller) as site:
            provider.hub = site.house.hub.public
            await site.change(
                "system.add",
                {
                    "institution": "KEM",
                    "code": PROVIDER,
                    "clientId": "client-prov",
                    "secretSha256": "0" * 64,
                    "publicKey": provider.key.public.pem(),
                    "url": provider.url,
                    "options": dict(options or {}),
                },
            )
            arguments = {"code": CODE, "direction": "pull", "provider": PROVIDER, "timeoutMs": 1000} | api
            await site.change("api.add", arguments)
            await site.change("grant.add", {"system": "HR", "code": CODE})
            yield Pulling(site, provider, caller)
            await site.gateway.pulls.close()
    finally:
        await caller.close()
        await provider.gone()
