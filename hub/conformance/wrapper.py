"""What stands before the trial hub's gateway: it sees every request and answer as bytes, damages one answer on purpose,
and serves the page.

Rule: the gateway decides, unhindered and unchanged; what is seen here becomes an event afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from hub.conformance.kit import Kit
from hub.conformance.reading import Seen, read_envelope, read_exchange, read_token
from hub.conformance.receiving import tamper
from hub.conformance.steps import TAMPERED
from hub.gateway.wire import ASGIApp, Message, Receive, Scope, Send, find_header

LARGEST: Final = 8 << 20
"""Bytes of a body that the kit looks at; the hub's own limit is far lower."""

_OTHERS: Final = ("/api/", "/iclock/", "/registry/")
_TEXT: Final = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]


class Wrapper:
    """One ASGI application around another. `ask_again` starts the probes of a connector that receives."""

    def __init__(self, gateway: ASGIApp, kit: Kit, ask_again: Callable[[], None]) -> None:
        self._gateway = gateway
        self._kit = kit
        self._ask_again = ask_again

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http":
            await self._gateway(scope, receive, send)
        elif path == "/":
            await _say(send, self._kit.page())
        elif path == "/receive" and scope["method"] == "POST":
            self._ask_again()
            await _say(send, "The kit asks your connector again; look at the page.\n")
        elif self._kit.onboarded is not None and _is_a_connectors(scope["method"], path):
            await self._observe(scope, receive, send)
        else:
            await self._gateway(scope, receive, send)

    async def _observe(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            return
        left = asyncio.ensure_future(receive())  # comes back only when the connector has gone
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        answer: list[Message] = []

        async def replay() -> Message:
            return messages.pop() if messages else await asyncio.shield(left)

        async def keep(message: Message) -> None:
            answer.append(message)

        try:
            await self._gateway({**scope, "extensions": {}}, replay, keep)
            seen = _seen(scope, body, answer, self._kit.clock.now(), left=left.done())
            try:
                self._take(scope, seen)  # before the answer goes out: who has it finds its verdict on the page
            finally:
                for message in self._damaged(seen, answer):
                    await send(message)
        finally:
            left.cancel()
            with suppress(asyncio.CancelledError):
                await left

    def _damaged(self, seen: Seen, answer: list[Message]) -> list[Message]:
        """The answer as it goes out: changed after signing where the step asks for that."""
        if seen.path != "/esb/request" or read_envelope(seen.body).get("apiCode") != TAMPERED:
            return answer
        return [
            {**message, "body": tamper(message["body"])} if message["type"] == "http.response.body" else message
            for message in answer
        ]

    def _take(self, scope: Scope, seen: Seen) -> None:
        agent = find_header(scope["headers"], b"user-agent").decode("latin-1")
        onboarded = self._kit.onboarded
        assert onboarded is not None
        if seen.path == "/oauth/token":
            self._kit.take(read_token(seen), agent)
        else:
            self._kit.take(read_exchange(seen, onboarded.connector, onboarded.hub), agent)


def _is_a_connectors(method: str, path: str) -> bool:
    """What a connector may have meant, wrong addresses included; not the API, the devices, or a browser's reads."""
    if path == "/oauth/token" or path.startswith("/esb"):
        return True
    return method == "POST" and not path.startswith(_OTHERS)


def _seen(scope: Scope, body: bytes, answer: list[Message], at: int, *, left: bool) -> Seen:
    headers = scope["headers"]
    return Seen(
        at=at,
        method=scope["method"],
        path=scope["path"],
        content_type=find_header(headers, b"content-type").decode("latin-1"),
        authorization=find_header(headers, b"authorization"),
        body=body,
        status=next((message["status"] for message in answer if message["type"] == "http.response.start"), 0),
        answer=b"".join(message.get("body", b"") for message in answer if message["type"] == "http.response.body"),
        left=left,
    )


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when its sender has gone."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        size += len(part)
        if size <= LARGEST:
            parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _say(send: Send, text: str) -> None:
    body = text.encode()
    headers = [*_TEXT, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
