"""The kit's own requests to a connector that receives: made and read as the hub makes and reads its own. Pure."""

from __future__ import annotations

from typing import Any, Final

from hub.conformance.diagnosis import diagnose_signature
from hub.conformance.events import Diagnosis, Media, Probed
from hub.conformance.framing import diagnose_framing
from hub.conformance.reading import media_of
from hub.conformance.steps import FALSE_AMOUNT, NAME, STEPS, TRUE_AMOUNT
from hub.ports import Answer
from signing import forms
from signing.errors import SigningError
from signing.keys import KeyRing, KeyWindow, PrivateKey, PublicKey

DELIVERY: Final = "TRIAL-DELIVERY"
QUESTION: Final = "TRIAL-QUESTION"
CONTENT_TYPES: Final[dict[str, str]] = {"json": "application/json", "xml": "application/xml"}
PROBES: Final = tuple(step.id for step in STEPS if step.group == "receiving")


def media_for(step: str) -> Any:
    """The format of a probe."""
    return "xml" if step.endswith("-xml") else "json"


def render_probe(step: str, request_id: str, hub: PrivateKey) -> bytes:
    """The signed request of a step; that of `receive-tampered` is changed after signing."""
    members: dict[str, Any] = {"pushCode": DELIVERY, "requestId": request_id}
    members[forms.BODY] = {"name": NAME, "amount": TRUE_AMOUNT}
    if "pull" in step:
        members = {"apiCode": QUESTION, "requestId": request_id, forms.BODY: {"id": "000123"}}
    sealed = forms.seal_form(members, hub, media_for(step), "request")
    return tamper(sealed) if step == "receive-tampered" else sealed


def tamper(sealed: bytes) -> bytes:
    """The same envelope with another amount in it, and its old signature."""
    return sealed.replace(TRUE_AMOUNT.encode(), FALSE_AMOUNT.encode())


def read_probe(step: str, request_id: str, answer: Answer, connector: PublicKey, at: int) -> Probed:
    """What came back."""
    if answer.status is None:
        return Probed(at, step, None, answer.reason)
    media = media_of(answer.content_type)
    wire: Any = "xml" if answer.body.lstrip().startswith(b"<") else "json"
    shown: Media = wire if media == "other" or not answer.content_type else media
    try:
        frame = forms.frame_body(answer.body, wire)
        verified = forms.verify_forms(frame, KeyRing([KeyWindow(connector, 0, None, allow_rsa=True)]), 1)
        members = forms.read_data(verified.data, verified.form)
    except SigningError:
        return Probed(at, step, answer.status, media=shown, diagnosis=_diagnose(answer.body, wire, connector))
    named = members.get("requestId")
    success = members.get("success")
    return Probed(
        at,
        step,
        answer.status,
        media=shown,
        signed=True,
        success=success if isinstance(success, bool) else None,
        message=str(members.get("message") or ""),
        has_body=members.get(forms.BODY) is not None,
        names="none" if named is None else "this" if named == request_id else "other",
    )


def _diagnose(body: bytes, media: Media, connector: PublicKey) -> Diagnosis | None:
    if not body.strip():
        return None
    found = diagnose_signature(body, media, connector)
    return found if found is not None else diagnose_framing(body, media)
