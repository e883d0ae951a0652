"""What stands around the bodies of pulls: encryption for the hub or by it, and claims on bytes that were uploaded.

Rule: the value that a contract is checked against, that is kept and that is passed on is the one inside, whichever way it
came; and from kept bytes and headers it is found again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hub.delivery.wrapping import CLAIMS, encrypt, wants_claim, wants_encryption, wants_sealed_answer
from hub.gateway.bodies import Claim, Claimed, claim_body, find_claim, read_body, split
from hub.gateway.contracts import WireTerms, answer_terms
from hub.pull.envelopes import read_kept
from hub.records import CLAIM, FORM
from hub.uploads import Origin
from signing.forms import media_of
from signing.jsontext import render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.contracts.registered import Registered
    from hub.control.objects import Api, Sealed, System
    from hub.records import Ms
    from hub.uploads import Uploads
    from signing.keys import PrivateKey


@dataclass(frozen=True, slots=True)
class Reading:
    """How the answers under a code are read. `key`: the hub's."""

    terms: WireTerms
    sealed: Sealed
    key: PrivateKey = field(repr=False)


def answer_reading(api: Api, key: PrivateKey, registered: Registered | None = None) -> Reading:
    """Raises `BadMessage` for a contract that is not known here."""
    return Reading(answer_terms(api, registered), api.sealed, key)


def read_value(value: Any, form: str, reading: Reading, claimed: Claimed | None = None) -> Any:
    """A body as its contract means it. Raises `BadMessage` for one that does not open, is not strict, or is not encrypted
    where it has to be."""
    body = read_body(value, b"", media_of(form), reading.sealed, reading.key, claimed)
    read_xml = reading.terms.read_xml
    return read_xml(body.value) if body.media == "xml" and body.checked and read_xml is not None else body.value


def claim_of(value: Any, claimed: Claimed | None) -> Claim | None:
    """The claim that has yet to be redeemed before the body can be read."""
    return find_claim(value) if claimed is None else None


def read_kept_answer(kept: bytes, headers: Mapping[str, str]) -> tuple[dict[str, Any], Claimed | None]:
    """The members of an answer, and the bytes that it claimed, from what is kept of it."""
    envelope, claimed = split(kept, headers.get(CLAIM))
    return read_kept(envelope, headers[FORM]), claimed


def forwarded_body(body: Any, provider: System, now: Ms) -> Any:
    """The body of a question as its provider wants it. Raises AMANA-OUT-006."""
    return encrypt(render(body), provider.key_ring, now) if wants_encryption(provider.options) else body


async def answered_body(
    value: Any, caller: System, uploads: Uploads, origin: Origin | None, now: Ms, *, asked_sealed: bool
) -> Any:
    """The body of an answer as who asked wants it. `origin`: the pull; None: no copy of this answer may lie about.
    Raises AMANA-OUT-006, `TryAgain`."""
    if wants_sealed_answer(caller.options, asked_sealed=asked_sealed):
        value = encrypt(render(value), caller.key_ring, now)
    if origin is None or CLAIMS not in caller.options:
        return value
    content = render(value)
    if not wants_claim(caller.options, len(content)):
        return value
    return claim_body(await uploads.offer(caller.code, content, origin, now))
