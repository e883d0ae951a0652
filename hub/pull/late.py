"""`/esb/async`: an answer that a provider gives later, for the request whose id it names.

The same chain as every message of the engine: size, token, framing, signature over the received bytes, strict parse. Then
the request must have been asked of this very system, the body must keep the contract of the answer, and it must be
possible to pass it on.

Rule: the first answer counts, by the order of the log. The same answer again gets the first one's receipt; another one is
refused, for its sender would take a receipt to be for what it sent now.
"""

from __future__ import annotations

import hmac as hmac_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hub.delivery.states import Event
from hub.errors import BadMessage
from hub.gateway.admission import (
    Push,
    Refusal,
    Terms,
    check_active,
    check_size,
    identify,
)
from hub.gateway.media import media_of, read_signed
from hub.pull.exchange import Finding, breaches, plain_words
from hub.pull.wrapping import read_value
from hub.records import Ms
from signing.errors import SigningError
from signing.forms import render_data_json
from signing.jsontext import canonical, render

if TYPE_CHECKING:
    from hub.control.objects import System
    from hub.control.view import View
    from hub.gateway.bodies import Claimed
    from hub.pull.wrapping import Reading


@dataclass(frozen=True, slots=True)
class LateAnswer:
    """What a system says of an earlier request. `content`: tells one answer from another without telling what it is."""

    system: System
    name: str
    success: bool
    value: Any = field(repr=False)
    words: str = field(repr=False)
    form: str
    received: bytes = field(repr=False)
    content: str

    def finding(self) -> Finding:
        if self.success:
            return Finding(Event.LATE_ANSWER, value=self.value, bound="signature", form=self.form)
        return Finding(Event.LATE_FAILURE, "AMANA-PULL-008", said=self.words, bound="signature", form=self.form)


def examine_late(answer: Push, view: View, now: Ms, terms: Terms) -> LateAnswer | Refusal:
    """Every check that needs no look at the request."""
    system: System | None = None
    try:
        check_size(len(answer.body), terms.max_body)
        system = identify(answer.authorization, view, now, terms)
        check_active(system)
        media = media_of(answer.content_type)
        members, _, form = read_signed(answer.body, media, system.key_ring, now)
        name, success, value = read_late(members)
        words = plain_words(members.get("message"))
        content = digest_content(terms.hmac, name, members)
        return LateAnswer(system, name, success, value, words, form, answer.body, content)
    except BadMessage as refused:
        return Refusal(refused.code, refused.detail, system)


def read_late(members: Mapping[str, Any]) -> tuple[str, bool, Any]:
    """Which request it answers, whether with success, and with what."""
    name, success, value = members.get("requestId"), members.get("success"), members.get("esbBody")
    if not isinstance(name, str) or not name:
        raise BadMessage("AMANA-PULL-018")
    if not isinstance(success, bool):
        raise BadMessage("AMANA-JSON-002", "success")
    if success and value is None:
        raise BadMessage("AMANA-JSON-002", "esbBody")
    return name, success, value


def check_content(late: LateAnswer, reading: Reading, claimed: Claimed | None = None) -> None:
    """That the body keeps its contract and can be passed on. Raises `BadMessage`."""
    if not late.success:
        return
    value = read_value(late.value, late.form, reading, claimed)
    code, broken = breaches(value, reading.terms)
    if code:
        raise BadMessage(code, broken)
    try:
        render_data_json({"esbBody": value})
    except SigningError as error:
        raise BadMessage("AMANA-PULL-015", error.detail) from None


def digest_content(hmac: bytes, name: str, members: dict[str, Any]) -> str:
    """Equal for equal answers, whenever and however signed; keyed, so that nobody can guess at a body."""
    said = {member: members.get(member) for member in ("success", "esbBody", "message")}
    try:
        text = canonical(said)
    except SigningError:  # a fraction has no canonical form; its spelling has to do
        text = render(said)
    parts = (b"amana:late:1", name.encode(), text)
    return hmac_module.digest(hmac, b"".join(len(p).to_bytes(8, "big") + p for p in parts), "sha256").hex()
