"""What the hub's signed answers say: receipts, pull answers, messages of an outbox.

Rule: an answer counts when its signature verifies under the hub's key; what is read are the verified bytes and nothing
else. Bodies are handed over as bytes, so that no number is respelled on the way.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NoReturn

import msgspec

from hub.client.failures import SendingError
from signing import envelope, jsontext
from signing.errors import SigningError

if TYPE_CHECKING:
    from signing.keys import KeyRing


@dataclass(frozen=True, slots=True)
class Receipt:
    """The hub's signed word that it holds a message. `answer` is the envelope as received: keep it as evidence."""

    request_id: str
    digest: str  # "sha256:<hex>" of the bytes that the hub received (the first time, for a duplicate)
    received_at: str
    duplicate: bool
    answer: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PullAnswer:
    """What came back on a pull. `body`: JSON as the hub signed it; None when the provider answers later: pull again
    with this `request_id`. `answer` is the envelope as received: keep it as evidence."""

    request_id: str | None
    body: bytes | None = field(repr=False)
    message: str | None
    answer: bytes = field(repr=False)

    @property
    def deferred(self) -> bool:
        return self.body is None

    @property
    def value(self) -> Any:
        """The body as plain values; None when deferred."""
        return None if self.body is None else jsontext.parse(self.body)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an outbox. The same `request_id` again is the same message again."""

    request_id: str
    code: str
    time: str
    body: bytes = field(repr=False)

    @property
    def value(self) -> Any:
        return jsontext.parse(self.body)


@dataclass(frozen=True, slots=True)
class Page:
    """Messages of an outbox in order. `waiting`: how many there are in all, these included; `unknown`: what was to be
    confirmed and is not in this system's outbox."""

    messages: tuple[Message, ...]
    cursor: str | None
    more: bool
    waiting: int | None
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A verified answer. `data`: the bytes that the signature covers; `members`: what they say."""

    status: int
    received: bytes
    data: bytes
    members: dict[str, Any]


_NONE: Final = msgspec.Raw()


class _Row(msgspec.Struct, frozen=True, rename="camel"):
    request_id: str
    code: str
    esb_body: msgspec.Raw = _NONE
    body_text: str | None = None  # in its place where the hub's answer cannot hold the value
    time: str = ""

    @property
    def body(self) -> bytes:
        body = bytes(self.esb_body) or (self.body_text or "").encode()
        if not body:
            raise msgspec.ValidationError("a message without a body")
        return body


class _Outbox(msgspec.Struct, frozen=True):
    messages: list[_Row]
    cursor: str | None = None
    more: bool = False
    waiting: int | None = None
    unknown: tuple[str, ...] = ()


_outbox = msgspec.json.Decoder(_Outbox)


def verify(status: int, received: bytes, ring: KeyRing, now: int) -> Answer:
    """The answer, if the hub signed it. Raises `SendingError`, not sure."""
    try:
        frame = envelope.frame(received)
        envelope.verify(frame, ring, now)
        members = jsontext.parse(frame.data)
    except SigningError:
        unproven(f"the answer (HTTP {status}) is not signed by this hub")
    if not isinstance(members, dict):
        unproven("the answer is no envelope of a hub")
    return Answer(status, received, frame.data, members)


def check_success(answer: Answer) -> None:
    """Raises `SendingError` with the hub's words for a signed refusal."""
    if answer.members.get("success") is not True:
        raise SendingError(
            str(answer.members.get("message") or "the hub refused the message"),
            "correct it and send again; nothing was stored",
            status=answer.status,
        )


def read_receipt(answer: Answer, sent: bytes) -> Receipt:
    """The receipt for the bytes that were sent. Raises `SendingError`."""
    check_success(answer)
    body, request = answer.members.get("esbBody"), answer.members.get("requestId")
    if not isinstance(body, dict) or not isinstance(request, str):
        unproven("the answer is no receipt")
    receipt = Receipt(
        request_id=request,
        digest=str(body.get("digest")),
        received_at=str(body.get("receivedAt")),
        duplicate=body.get("duplicate") is True,
        answer=answer.received,
    )
    if not receipt.duplicate and receipt.digest != digest_of(sent):
        unproven("the receipt is for other bytes than were sent")
    return receipt


def read_pull(answer: Answer) -> PullAnswer:
    """What the provider answered, or that it answers later. Raises `SendingError`."""
    check_success(answer)
    request = answer.members.get("requestId")
    message = answer.members.get("message")
    return PullAnswer(
        request_id=request if isinstance(request, str) else None,
        body=jsontext.member(answer.data, "esbBody"),
        message=message if isinstance(message, str) else None,
        answer=answer.received,
    )


def read_page(answer: PullAnswer) -> Page:
    """A page of an outbox. Raises `SendingError`."""
    try:
        found = _outbox.decode(answer.body or b"")
        rows = tuple(Message(row.request_id, row.code, row.time, row.body) for row in found.messages)
    except (msgspec.DecodeError, msgspec.ValidationError):
        unproven("the answer is no page of an outbox")
    return Page(rows, found.cursor, found.more, found.waiting, found.unknown)


def read_claim(answer: Answer, uploaded: bytes) -> dict[str, Any]:
    """The reference to an uploaded body, to be sent in its place. Raises `SendingError`."""
    check_success(answer)
    body = answer.members.get("esbBody")
    claim = body if isinstance(body, dict) else answer.members
    if claim.get("digest") != digest_of(uploaded) or claim.get("size") != len(uploaded):
        unproven("the hub holds other bytes than were uploaded")
    return {name: claim[name] for name in ("reference", "digest", "size") if name in claim}


class _Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reference: str
    digest: str
    size: int


class _Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: _Reference


_claim = msgspec.json.Decoder(_Claim)
_REFERENCE = re.compile(r"[A-Za-z0-9_-]{1,128}")


def read_reference(body: bytes) -> _Reference | None:
    """What a body claims; None when it is a body itself. No body has this shape: the hub refuses it."""
    try:
        claim = _claim.decode(body).claim
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None
    return claim if _REFERENCE.fullmatch(claim.reference) else None


def check_fetched(content: bytes, claim: _Reference) -> bytes:
    """The bytes that a signed reference names. Raises `SendingError` for others."""
    if digest_of(content) != claim.digest or len(content) != claim.size:
        unproven("the body that was fetched is not the one that the hub signed for")
    return content


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def unproven(happened: str) -> NoReturn:
    raise SendingError(
        happened,
        "check the address and the hub's key (GET /api/v1/hub); whether the message was stored is not proven",
        sure=False,
    )
