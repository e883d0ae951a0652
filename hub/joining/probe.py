"""A connection test: the hub sends a system a signed `PING` and tells, step by step, how far it got.

Rule: it goes through the `Caller` that delivery and pulls use, so it meets what they meet; of the answer's body it shows
nothing but what proves who spoke. The first step that fails names a remedy, those behind it were not reached. `judge`
is pure.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from hub.delivery.connecting import PRIVATE
from hub.errors import BadMessage
from hub.ports import Answer, Call
from hub.pull.envelopes import CONTENT_TYPES, media_of
from signing.errors import SigningError
from signing.forms import Media, frame_body, read_data, seal_form, verify_forms
from signing.keys import KeyRing

if TYPE_CHECKING:
    from hub.control.objects import System
    from hub.control.view import View
    from hub.gateway.context import GatewayContext
    from hub.records import Ms

CODE: Final = "PING"
TIMEOUT: Final = 10.0  # seconds
SHOWN: Final = 60
"""Characters of a content type that the other side chose."""

STEPS: Final = ("allow-list", "name", "network", "connection", "TLS", "answer", "status", "content type", "framing")
STEPS_SIGNED: Final = ("signature", "request", "verdict")

_REMEDIES: Final = {
    "allow-list": "add the host to AMANA_OUTBOUND_HOSTS and start the hub anew, or correct the address",
    "name": "correct the host's name, or let the name servers of this machine know it",
    "network": "set AMANA_OUTBOUND_PRIVATE=true if the system lies in a private network, or correct the address",
    "connection": "see that the system runs, that its port is right and that its firewall takes calls from this hub",
    "TLS": "name its authority with AMANA_OUTBOUND_CA, show the certificate that it asks for, or let it renew its own",
    "answer": "look at the system's own log; the hub waits ten seconds for a whole, uncompressed answer of bounded size",
    "status": "look at the path of the address, and at a proxy in front of the system",
    "content type": "let the system answer with an envelope in JSON or XML; a page comes from another program or a proxy",
    "framing": "let the system answer with an envelope: data and signature",
    "signature": "register the key that it signs with (amana system rotate-key), or let it sign the bytes that it sends",
    "request": "let the system name the requestId of this very request, or none",
    "verdict": "give the system the hub's public key (GET /api/v1/hub): it could not verify the hub",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing looked at. `ok` None: not reached. `remedy`: of the first one that failed."""

    name: str
    ok: bool | None
    seen: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Probed:
    """A whole test."""

    request: str
    milliseconds: int
    steps: tuple[Step, ...]

    @property
    def failed(self) -> str | None:
        """Name of the step that failed."""
        return next((step.name for step in self.steps if step.ok is False), None)


def find_address(view: View, system: System, subscription: str | None) -> str:
    """The address of a system, or of one of its subscriptions. Raises `BadMessage` AMANA-READ-001, AMANA-TEST-001."""
    mine = [one for one in view.all_subscriptions() if one.system == system.code]
    if subscription is not None:
        mine = [one for one in mine if one.id == subscription]
        if not mine:
            raise BadMessage("AMANA-READ-001", "subscription of this system")
        found = mine[0].url or system.url
    else:
        found = system.url or next((one.url for one in mine if one.url), None)
    if found is None:
        raise BadMessage("AMANA-TEST-001")
    return found


async def probe(context: GatewayContext, system: System, url: str) -> Probed:
    """Test one address. Never raises for what the other side does."""
    request = secrets.token_hex(16)
    media = media_of(system)
    members = {"apiCode": CODE, "requestId": request, "esbBody": {"ping": "amana"}}
    body = seal_form(members, context.keys.signing, media, "request")
    began = context.clock.now()
    found: Answer | BadMessage
    try:
        found = await context.caller.call(Call(url, body, CONTENT_TYPES[media], TIMEOUT))
    except BadMessage as forbidden:
        found = forbidden
    now = context.clock.now()
    steps = judge(found, system.key_ring, request, media, now, secure=url.lower().startswith("https:"))
    return Probed(request, now - began, steps)


def judge(
    found: Answer | BadMessage, ring: KeyRing, request: str, media: Media, now: Ms, *, secure: bool
) -> tuple[Step, ...]:
    """What was met. `secure`: over TLS."""
    names = [name for name in (*STEPS, *STEPS_SIGNED) if secure or name != "TLS"]
    seen = [step for step in _walk(found, ring, request, media, now) if step.name in names]
    return (*seen, *(Step(name, None) for name in names[len(seen) :]))


def _walk(found: Answer | BadMessage, ring: KeyRing, request: str, media: Media, now: Ms) -> Iterator[Step]:
    """The steps up to the first that fails."""
    if isinstance(found, BadMessage):
        name = "network" if found.detail == PRIVATE else "allow-list"
        yield from _passed("allow-list", "name", before=name)
        yield _failed(name, found.detail)
        return
    if found.status is None:
        ended, _, complaint = found.ended.partition(": ")
        name = _ENDED.get(ended, "answer")
        yield from _passed(*STEPS[:5], before=name)
        yield _failed(name, complaint or _UNANSWERED.get(found.reason, found.reason))
        return
    yield from _passed(*STEPS[:6])
    yield from _read(found, ring, request, media, now)


_KINDS: Final = frozenset({*CONTENT_TYPES.values(), "text/xml"})
_UNANSWERED: Final = {
    "ConnectError": "refused, or not found",
    "RemoteProtocolError": "it is no HTTP, or broke off",
    "ReadError": "it broke off",
} | dict.fromkeys(("TimeoutError", "ConnectTimeout", "ReadTimeout", "WriteTimeout", "PoolTimeout"), "not in time")
_ENDED: Final = {"name": "name", "connection": "connection", "tls": "TLS", "answer": "answer"}


def _read(answer: Answer, ring: KeyRing, request: str, media: Media, now: Ms) -> Iterator[Step]:
    """The steps from the HTTP status on. Status and content type are forgiven when what came is signed: delivery and
    pulls forgive them too."""
    signed = _signed(answer, ring, now)
    status = f"HTTP {answer.status}"
    if signed.said is None and not 200 <= (answer.status or 0) < 300:
        yield _failed("status", status)
        return
    yield Step("status", True, status)
    kind = answer.content_type.partition(";")[0].strip().lower()
    shown = "".join(letter for letter in kind[:SHOWN] if letter.isprintable()) or "none"
    if kind not in _KINDS:
        if signed.said is None:
            yield _failed("content type", f"{shown}, {CONTENT_TYPES[media]} expected")
            return
        shown += f": taken all the same, {CONTENT_TYPES[media]} expected"
    yield Step("content type", True, shown)
    if not signed.framed:
        yield _failed("framing", _describe(answer.body))
        return
    yield Step("framing", True)
    if signed.said is None:
        yield _failed("signature", signed.why)
        return
    yield Step("signature", True, f"key {signed.key[:16]}, as {signed.form}")
    named = signed.said.get("requestId")
    if named not in {None, request}:
        yield _failed("request", "another requestId")
        return
    yield Step("request", True, "named" if named else "not named: taken for what came back on this connection")
    yield _verdict(answer, signed.said)


def _verdict(answer: Answer, said: dict[str, Any]) -> Step:
    """Whatever it says of the code is well, unless it could not verify the hub."""
    if said.get("success") is True:
        return Step("verdict", True, "success")
    if answer.status == 401:
        return _failed("verdict", "it refuses the hub's signature")
    return Step("verdict", True, "a signed refusal: the code PING is not known there, which does no harm")


@dataclass(frozen=True, slots=True)
class _Signed:
    """What of an answer is proven. `said` None: nothing, because of `why`."""

    framed: bool
    why: str = ""
    said: dict[str, Any] | None = None
    key: str = ""
    form: str = ""


def _signed(answer: Answer, ring: KeyRing, now: Ms) -> _Signed:
    media: Media = "xml" if answer.body.lstrip()[:1] == b"<" else "json"  # it may answer in either
    try:
        frame = frame_body(answer.body, media)
    except SigningError:
        return _Signed(False)
    try:
        found = verify_forms(frame, ring, now)
        said = read_data(found.data, found.form)
    except SigningError as error:
        return _Signed(True, _WHY.get(error.kind, "data does not read"))
    return _Signed(True, "", said, found.key.key_id, found.form)


_WHY: Final = {
    "no-key": "the system has no valid key",
    "expired-key": "by a key that is revoked or has ended",
    "signature": "by no registered key over these bytes",
}


def _describe(body: bytes) -> str:
    if not body:
        return "the answer is empty"
    page = body.lstrip()[:1] == b"<" and b"<esbresponse" not in body[:200]
    return "a page, not an envelope" if page else "not an envelope"


def _passed(*names: str, before: str = "") -> Iterator[Step]:
    for name in names:
        if name == before:
            return
        yield Step(name, True)


def _failed(name: str, seen: str) -> Step:
    return Step(name, False, seen, _REMEDIES[name])
