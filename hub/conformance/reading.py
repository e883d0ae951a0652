"""From the bytes of one request and its answer to an event. Pure.

Rule: what the hub admitted is read from the bytes that verified; what it refused is looked at only for the code it was
about and for the diagnosis.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from hub.conformance.diagnosis import diagnose_signature
from hub.conformance.events import Diagnosis, Exchanged, Media, TokenAsked
from hub.conformance.framing import diagnose_encrypted, diagnose_framing
from hub.conformance.steps import SEALED
from hub.gateway import tokens
from signing import forms, jsontext
from signing.errors import SigningError
from signing.keys import KeyRing, KeyWindow, PrivateKey, PublicKey

_CODE: Final = re.compile(r"(AMANA-[A-Z]+-\d{3}):? ?(.*)", re.DOTALL)
_FRAMES: Final = frozenset({"AMANA-FRM-001", "AMANA-JSON-001"})


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came, and what went back. `left`: the connector was gone before."""

    at: int
    method: str
    path: str
    content_type: str
    authorization: bytes = field(repr=False)
    body: bytes = field(repr=False)
    status: int = 0
    answer: bytes = field(default=b"", repr=False)
    left: bool = False


def media_of(content_type: str) -> Media:
    """The format that a content type names; none is JSON, as for the hub."""
    media = content_type.partition(";")[0].strip().lower()
    if media in {"", "application/json"}:
        return "json"
    return "xml" if media in {"application/xml", "text/xml"} else "other"


def read_token(seen: Seen) -> TokenAsked:
    """The event of a request for a token."""
    kind = seen.content_type.partition(";")[0].strip().lower()
    form = tokens.parse_form(seen.content_type.encode("latin-1", "replace"), seen.body)
    found = form or {}
    shape: Any = "other" if form is None else "multipart" if kind == "multipart/form-data" else "urlencoded"
    return TokenAsked(
        at=seen.at,
        status=seen.status,
        form=shape,
        basic=seen.authorization[:6].lower() == b"basic ",
        fields="client_id" in found and "client_secret" in found,
        grant=found.get("grant_type") == "client_credentials",
        error="" if seen.status == 200 else _description(seen.answer),
    )


def _description(answer: bytes) -> str:
    try:
        reply = jsontext.parse(answer)
    except SigningError:
        return ""
    return str(reply.get("error_description", "")) if isinstance(reply, dict) else ""


def read_exchange(seen: Seen, connector: PublicKey, hub: PrivateKey) -> Exchanged:
    """The event of a request below `/esb/`. `connector`: its registered key; `hub`: opens what was sealed for it."""
    media = media_of(seen.content_type)
    asked = _members(seen.body, media, connector)
    said = read_envelope(seen.answer)
    success = said.get("success")
    message = str(said.get("message") or "") if success is False else ""
    coded = _CODE.match(message)
    receipt = said.get(forms.BODY)
    code, body = asked.get("pushCode") or asked.get("apiCode"), asked.get(forms.BODY)
    refusal = coded[1] if coded else ""
    if code == SEALED and success is True:
        diagnosis = diagnose_encrypted(body, hub)
    else:
        diagnosis = None if success is True else _diagnose(seen.body, media, refusal, connector)
    return Exchanged(
        at=seen.at,
        path=seen.path.removeprefix("/esb/"),
        method=seen.method,
        media=media,
        code=code if isinstance(code, str) else None,
        status=seen.status,
        success=success if isinstance(success, bool) else None,
        refusal=refusal,
        words=coded[2].strip() if coded else "",
        duplicate=isinstance(receipt, dict) and receipt.get("duplicate") in {True, "true"},
        body=body,
        opened=code == SEALED and success is True and diagnosis is None,
        diagnosis=diagnosis,
        left=seen.left,
    )


def read_envelope(text: bytes) -> dict[str, Any]:
    """Members of an envelope's data, whoever signed it; nothing for anything else."""
    media: Any = "xml" if text.lstrip().startswith(b"<") else "json"
    try:
        return forms.read_data(forms.frame_body(text, media).data, media)
    except SigningError:
        return {}


def _members(body: bytes, media: Media, key: PublicKey) -> dict[str, Any]:
    """What the verified bytes say; for bytes that do not verify what they seem to say."""
    try:
        frame = forms.frame_body(body, "xml" if media == "xml" else "json")
        verified = forms.verify_forms(frame, KeyRing([KeyWindow(key, 0, None, allow_rsa=True)]), 1)
        return forms.read_data(verified.data, verified.form)
    except SigningError:
        return read_envelope(body)


def _diagnose(body: bytes, media: Media, refusal: str, key: PublicKey) -> Diagnosis | None:
    if refusal == "AMANA-SIG-001":
        return diagnose_signature(body, media, key)
    if refusal in _FRAMES:
        return diagnose_framing(body, media)
    if refusal == "AMANA-HTTP-002":
        return Diagnosis(
            "the content type is not one that the hub takes", "send Content-Type: application/json or application/xml"
        )
    return None
