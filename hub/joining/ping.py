"""The answer to the reserved code `PING`: what the hub saw of a signed request, so that a connector can compare.

Rule: it says what verified and how, in words of the wire; nothing of the body is kept beyond the record of the request,
and no more than 4 KiB comes back. The text of the body comes back letter by letter, also where its value cannot be
signed in a way that every client verifies.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from hub.errors import BadMessage
from hub.gateway.bodies import split
from hub.gateway.receipts import format_time
from hub.pull.answerers import Reply
from hub.records import CLAIM, FORM
from signing.errors import SigningError
from signing.forms import frame_body, media_of, verified_bytes
from signing.portable import portable

if TYPE_CHECKING:
    from hub.pull.question import Question
    from signing.keys import PublicKey

PING: Final = "PING"
MOST_ECHOED: Final = 4096
"""Bytes of a body that comes back."""


class Ping:
    """The answerer. Any system with a token may ask; it needs no grant."""

    async def answer(self, question: Question) -> Reply:
        candidate = question.candidate
        received, body = candidate.received, candidate.body
        form = candidate.headers.get(FORM, "json")
        key = find_key(question, form)
        value: dict[str, Any] = {
            "system": question.system.code,
            "institution": question.system.institution,
            "keyId": key.key_id,
            "curve": key.curve,
            "form": form,
            "format": media_of(form),
            "receivedAt": format_time(question.now),
            "size": len(received),
            "digest": "sha256:" + hashlib.sha256(received).hexdigest(),
        }
        return Reply(value | echo(question.body, body, given=question.given))


def find_key(question: Question, form: str) -> PublicKey:
    """The key of the system that made the signature, which has verified already."""
    candidate = question.candidate
    try:
        signed, _ = split(candidate.received, candidate.headers.get(CLAIM))
        signature = frame_body(signed, media_of(form)).signature
        data = verified_bytes(signed, form)
    except SigningError:
        raise BadMessage("AMANA-FRM-001") from None
    for key in question.system.key_ring.valid_at(question.now):
        if key.verify(data, signature):
            return key
    raise BadMessage("AMANA-SIG-001")


def echo(value: Any, body: bytes, *, given: bool) -> dict[str, Any]:
    """The body as value and as the text that came, or why one of them does not come back."""
    if not given:
        return {"echo": "there was no esbBody"}
    if len(body) > MOST_ECHOED:
        return {"echo": f"not sent back: more than {MOST_ECHOED} bytes"}
    said: dict[str, Any] = {"echo": "whole", "bodyText": body.decode(errors="replace")}
    try:
        portable({"esbBody": {"body": value}})
    except SigningError as error:
        return said | {"echo": f"as text only: {error.detail}"}
    return said | {"body": value}
