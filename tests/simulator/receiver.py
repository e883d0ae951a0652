"""A receiving system behind the `Caller` port: verifies what the hub signed, remembers it, answers as it is told.

Rule: like a real one it takes a request once, answers a repeat of the same `requestId` alike, and in the language of the
request.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.ports import Answer, Call
from signing.forms import Media, frame_body, read_data, seal_form, verify_forms
from signing.keys import KeyRing, KeyWindow, PrivateKey, PublicKey

Manner = Literal[
    "accept", "refuse", "silent", "busy", "unsigned", "forged", "other-request", "nameless", "took-then-silent"
]


@dataclass(slots=True)
class Receiver:
    """`manner` for a request, by its number from 0 and its code; `taken` are the bodies by request id."""

    key: PrivateKey
    hub: PublicKey
    forger: PrivateKey
    manner: Callable[[int, str], Manner] = lambda _, __: "accept"
    taken: dict[str, Any] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    held: dict[str, asyncio.Event] = field(default_factory=dict)
    """By code: requests that are not answered before the event is set."""
    closed: bool = False

    async def call(self, call: Call) -> Answer:
        media: Media = "xml" if call.content_type == "application/xml" else "json"
        found = verify_forms(frame_body(call.body, media), KeyRing([KeyWindow(self.hub, 0, None)]), 0)
        data = read_data(found.data, found.form)
        request, code = data["requestId"], data["pushCode"]
        if code in self.held:
            await self.held[code].wait()
        manner = self.manner(self.calls.total(), code)
        self.calls[request] += 1
        if manner == "silent":
            return Answer(None, reached=False, reason="ConnectError")
        if manner == "busy":
            return Answer(503, b"later", "text/plain")
        if manner == "refuse":
            return self._signed({"success": False, "requestId": request, "message": "not wanted"}, media)
        self.taken.setdefault(request, data["esbBody"])
        if manner == "took-then-silent":
            return Answer(None, reason="ReadTimeout")
        if manner == "unsigned":
            return Answer(200, b"OK", "text/plain")
        answered = {"other-request": "0" * 32, "nameless": None}.get(manner, request)
        return self._signed({"success": True, "requestId": answered}, media, forged=manner == "forged")

    async def close(self) -> None:
        self.closed = True

    def _signed(self, members: dict[str, Any], media: Media, *, forged: bool = False) -> Answer:
        body = seal_form(members, self.forger if forged else self.key, media, "response")
        return Answer(200, body, f"application/{media}")
