"""What a refusal of the hub means for the engineer of a connector: by its stable code and where it came from. Pure."""

from __future__ import annotations

from typing import Final

from hub.catalogue import CODES
from hub.conformance.events import Exchanged, TokenAsked
from hub.conformance.steps import PULL_CODES, PUSH_CODES

PATHS: Final = {
    "push-request": "pushCode",
    "request": "apiCode",
    "nida-request": "apiCode",
    "async": "requestId",
    "upload": "the bytes of a body",
}
"""What each path of the engine wants named."""

Explained = tuple[str, str]
"""What was seen, and how to mend it."""


def explain_token(event: TokenAsked) -> Explained:
    """Why there is no token."""
    seen = f"HTTP {event.status}"
    if event.form == "other":
        return (
            f"{seen}: the body is not a form",
            "send application/x-www-form-urlencoded or multipart/form-data, not JSON",
        )
    if not event.basic and not event.fields:
        return f"{seen}: no client_id and client_secret", "send them as form fields, in a Basic header, or both"
    if not event.grant:
        return f"{seen}: grant_type is missing or another", "send grant_type=client_credentials"
    return f"{seen}: {event.error or 'refused'}", "use client id and secret as the kit printed them, without blanks"


def explain(event: Exchanged) -> Explained:
    """Why an exchange did not succeed."""
    if event.diagnosis is not None:
        return f"{event.refusal or event.status}: {event.diagnosis.seen}", event.diagnosis.mend
    if event.path not in PATHS and "token" in event.path.lower():
        return "a token was asked for at another path", "the token URL is <base>/oauth/token, without a slash behind"
    if event.path not in PATHS:
        return (
            "there is nothing at the path that was called",
            "the engine URL is <base>/esb; push to /push-request, pull at /request, without a slash behind",
        )
    if event.method != "POST":
        return f"the method was {event.method}", "use POST"
    if event.left and not event.refusal:
        return "your connector hung up before the answer", "wait longer: the hub answers within seconds"
    wrong = _misplaced(event)
    if wrong is not None:
        return wrong
    spec = CODES.get(event.refusal)
    if spec is None:
        return f"HTTP {event.status} {event.refusal}".strip(), "read the message of the answer"
    return f"{event.refusal}: {event.words or spec.happened}", spec.remedy


def _misplaced(event: Exchanged) -> Explained | None:
    """A trial code on the wrong path, or a wrong member for the path."""
    if event.path == "push-request" and event.code in PULL_CODES:
        return f"{event.code} was pushed", "it is asked: POST it as apiCode to /esb/request"
    if event.path == "request" and event.code in PUSH_CODES:
        return f"{event.code} was asked", "it is pushed: POST it as pushCode to /esb/push-request"
    if event.refusal == "AMANA-JSON-002" and event.code is None and event.path in PATHS:
        return f"{event.refusal}: data has no {PATHS[event.path]}", f"name the code in {PATHS[event.path]}"
    if event.refusal == "AMANA-CODE-001":
        return f"{event.refusal}: a code that the kit does not have", f"use {', '.join((*PUSH_CODES, *PULL_CODES))}"
    if event.refusal == "AMANA-AUTH-001":
        return (
            f"{event.refusal}: no valid token in the header Authorization",
            "send Authorization: Bearer <access_token>; fetch a token before",
        )
    return None
