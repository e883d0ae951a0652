"""`POST /esb/upload` and `GET /esb/upload/{reference}`: bytes in before the message that claims them, and out after the
one that carries a claim.

Rule: who it is and how much they have waiting is known before the first byte is taken; nothing is taken that the quota
does not hold; what was cut off is dropped at once, or swept when nobody is left to drop it. Bytes are looked into by
admission, when they are claimed, and never here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hub.errors import BadMessage, HubError
from hub.gateway import receipts
from hub.gateway.admission import Refusal, Terms, check_active, identify
from hub.gateway.media import answer_media
from hub.gateway.wire import (
    CLOSE,
    JSON,
    NO_STORE,
    SWALLOW,
    UPLOAD,
    XML,
    GoneError,
    Receive,
    Scope,
    Send,
    Stream,
    answer,
    find_header,
)
from signing.forms import seal_form

if TYPE_CHECKING:
    from hub.control.objects import System
    from hub.control.view import View
    from hub.gateway.context import GatewayContext
    from hub.uploads import Draft, Upload, Uploads
    from signing.forms import Media

Refuse = Callable[[Send, Refusal, bytes, Scope, tuple[tuple[bytes, bytes], ...]], Awaitable[None]]

PREFIX: Final = UPLOAD + "/"
MEDIA: Final[dict[bytes, Media]] = {
    b"": "json",
    b"application/json": "json",
    b"application/octet-stream": "json",
    b"application/xml": "xml",
    b"text/xml": "xml",
}
KIND: Final = {"json": JSON, "xml": XML}


class Uploading:
    """The endpoint of one gateway."""

    def __init__(self, context: GatewayContext, uploads: Uploads, view: View, terms: Terms, refuse: Refuse) -> None:
        self._context = context
        self._uploads = uploads
        self._view = view
        self._terms = terms
        self._refuse = refuse
        self._limit = context.settings.max_upload

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Bytes in, or out; a refusal is answered once what the sender still sends was read away."""
        out = scope["path"] != UPLOAD
        allowed = b"GET" if out else b"POST"
        if scope["method"] != allowed.decode():
            refusal = Refusal("AMANA-HTTP-001", allowed.decode())
            await self._refuse(send, refusal, b"", scope, ((b"allow", allowed), CLOSE))
        elif out:
            await self._give(scope, send)
        else:
            stream = Stream(receive)
            reply = await self.take(scope, stream)
            if isinstance(reply, Refusal):
                await stream.swallow(SWALLOW * self._context.settings.max_body)
                await self._refuse(send, reply, b"", scope, (CLOSE,))
            else:
                await answer(
                    send, 200, reply, KIND[answer_media(find_header(scope["headers"], b"content-type"))], (NO_STORE,)
                )

    async def _give(self, scope: Scope, send: Send) -> None:
        found = await self.find(scope)
        if isinstance(found, Refusal):
            await self._refuse(send, found, b"", scope, ())
            return
        headers = [KIND[found.media], (b"content-length", b"%d" % found.size)]
        await send({"type": "http.response.start", "status": 200, "headers": [*headers, NO_STORE]})
        async for piece in self._uploads.pieces(found):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def take(self, scope: Scope, stream: Stream) -> bytes | Refusal:
        """Take an upload; returns the signed answer. Raises `LateError`, `GoneError`, and what the store raises."""
        system: System | None = None
        draft: Draft | None = None
        try:
            system = self._caller(scope)
            draft = await self._begin(scope, system)
            async for part in stream.parts():
                await draft.add(part)
            upload = await draft.finish()
        except BadMessage as refused:
            await _drop(draft)
            return Refusal(refused.code, refused.detail, system)
        except BaseException:
            await _drop(draft)
            raise
        return self._render(upload, answer_media(find_header(scope["headers"], b"content-type")))

    async def find(self, scope: Scope) -> Upload | Refusal:
        """What a system may fetch."""
        system: System | None = None
        try:
            system = self._caller(scope)
            reference = scope["path"].removeprefix(PREFIX)
            return await self._uploads.find(system.code, reference, self._context.clock.now())
        except BadMessage as refused:
            return Refusal(refused.code, refused.detail, system)

    def _caller(self, scope: Scope) -> System:
        authorization = find_header(scope["headers"], b"authorization")
        system = identify(authorization, self._view, self._context.clock.now(), self._terms)
        check_active(system)
        return system

    async def _begin(self, scope: Scope, system: System) -> Draft:
        kind = find_header(scope["headers"], b"content-type").partition(b";")[0].strip().lower()
        media = MEDIA.get(kind)
        if media is None:
            raise BadMessage("AMANA-HTTP-002")
        declared = find_header(scope["headers"], b"content-length")
        reserve = int(declared) if declared.isdigit() and len(declared) < 16 else self._limit
        if reserve > self._limit:
            raise BadMessage("AMANA-SIZE-001", f"limit {self._limit} bytes")
        return await self._uploads.begin(system.code, media, reserve, self._context.clock.now())

    def _render(self, upload: Upload, media: Media) -> bytes:
        body = {
            "reference": upload.reference,
            "digest": upload.digest,
            "size": upload.size,
            "expiresAt": receipts.format_time(upload.expires),
        }
        members = {"success": True, "requestId": receipts.new_request_id(), "esbBody": body}
        return seal_form(members, self._context.keys.signing, media, "response")


async def _drop(draft: Draft | None) -> None:
    """As well as it can be done now; what is left is swept."""
    if draft is not None:
        with suppress(HubError, GoneError):
            await asyncio.shield(draft.drop())
