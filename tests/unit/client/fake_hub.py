"""Plays a hub to the client, without a network: signed answers, refusals, silence."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import httpx

from hub.client import Sender, Tokens
from hub.records import Ms
from signing import envelope, jsontext
from signing.keys import KeyRing, KeyWindow, generate

HUB, STRANGER, SYSTEM = generate(), generate(), generate()
BODY = b'{"records": [1.50, "\xc3\xa9"]}'
Handler = Callable[[httpx.Request], httpx.Response]


class Clock:
    """A clock that only the test moves."""

    def __init__(self) -> None:
        self.at = 1_790_000_000_000

    def now(self) -> Ms:
        return Ms(self.at)

    async def sleep(self, seconds: float) -> None:
        self.at += round(seconds * 1000)


class Hub:
    """Plays the hub: a list of answers to pushes, the last one for ever."""

    def __init__(self, *answers: Handler) -> None:
        self.answers = list(answers)
        self.pushed: list[bytes] = []
        self.paths: list[str] = []
        self.tokens = 0
        self.pauses: list[float] = []
        self.clock = Clock()

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth/token":
            self.tokens += 1
            return httpx.Response(
                200, json={"access_token": f"t{self.tokens}", "token_type": "Bearer", "expires_in": 60}
            )
        self.pushed.append(request.content)
        self.paths.append(request.url.path)
        return (self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])(request)

    def sender(self, tokens: Tokens | None = None, *, encrypt: bool = False) -> Sender:
        return Sender("http://hub", "id", "secret", SYSTEM, HUB.public, clock=self.clock, tokens=tokens, encrypt=encrypt,
                      transport=httpx.MockTransport(self.handle), pause=self.pauses.append)  # fmt: skip

    def asked(self, n: int) -> Any:
        """The verified data of the nth request."""
        frame = envelope.frame(self.pushed[n])
        envelope.verify(frame, KeyRing([KeyWindow(SYSTEM.public, 0, None)]), self.clock.now())
        return jsontext.parse(frame.data)


def receipt(*, key: Any = HUB, digest: str | None = None, duplicate: bool = False) -> Handler:
    def answer(request: httpx.Request) -> httpx.Response:
        of = digest or "sha256:" + hashlib.sha256(request.content).hexdigest()
        body = {"digest": of, "receivedAt": "2026-11-02T00:00:00.000Z", "duplicate": duplicate}
        data = {"success": True, "requestId": "a" * 32, "esbBody": body}
        return httpx.Response(200, content=envelope.seal(envelope.render_data(data), key))

    return answer


def success(body: bytes | None, *, message: str | None = None, key: Any = HUB) -> Handler:
    """A signed success; `body` None: the answer is to follow."""
    said = b"" if message is None else b',"message":' + jsontext.render(message)
    carried = b"" if body is None else b',"esbBody":' + body
    data = b'{"success":true,"requestId":"%b"%b%b}' % (b"c" * 32, carried, said)
    return lambda _: httpx.Response(200, content=envelope.seal(data, key))


def refusal(status: int, text: str) -> Handler:
    data = {"success": False, "requestId": "b" * 32, "message": text}
    return lambda _: httpx.Response(status, content=envelope.seal(envelope.render_data(data), HUB))


def status(code: int, **headers: str) -> Handler:
    return lambda _: httpx.Response(code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def cut_off(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("gone", request=request)
