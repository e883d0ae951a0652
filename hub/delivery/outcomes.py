"""What an answer proves. Rule: pure; only a valid signature of the receiver settles a message, and silence never does.

An answer that names the request is bound to it by its signature. Published connectors name none: a signed success that
came back in the same HTTP exchange, with a status that says so too, counts as the answer to what was sent in it; one that
names another request does not. What an answer is written in, its first byte says, whatever its content type: an envelope
in JSON and one in XML begin differently, so nothing can be taken both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.delivery.states import Event, State, advance
from hub.errors import BadMessage
from hub.gateway.media import Said, read_signed
from hub.ports import Answer
from hub.records import Ms
from signing.forms import Form, Media
from signing.keys import KeyRing

FIRST_WAIT_MS: Final = 1_000
LONGEST_WAIT_MS: Final = 3_600_000

_CODES: Final = {
    Event.SIGNED_FAILURE: "AMANA-OUT-001",
    Event.UNSIGNED_ANSWER: "AMANA-OUT-002",
    Event.EXHAUSTED: "AMANA-OUT-003",
    Event.FORBIDDEN: "AMANA-OUT-004",
    Event.UNWRITABLE: "AMANA-OUT-005",
    Event.UNSEALABLE: "AMANA-OUT-006",
    Event.BREACH: "AMANA-OUT-007",
    Event.NAME_TAKEN: "AMANA-OUT-008",
    Event.NO_SCHEMA: "AMANA-OUT-009",
    Event.ERASE: "AMANA-ERASED-001",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to. `next_at`: when to try again (ms), if at all. `error`: stable code, or ""."""

    event: Event
    state: State
    error: str = ""
    next_at: Ms | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What an answer comes to. `bound`: what ties it to the request, "signature" or "exchange"; "" where nothing does.
    `form`: how its bytes verified. `place`: headers that say where it was written."""

    event: Event
    bound: str = ""
    form: Form | None = None
    place: Mapping[str, str] = field(default_factory=dict)


def read_answer(answer: Answer, ring: KeyRing, request_id: str, now: Ms) -> Proof:
    """What `answer` to the request `request_id` proves."""
    said = read_said(answer.body, ring, now) if answer.status is not None else None
    named = None if said is None else said.members.get("requestId") or None
    truth = None if said is None else said.members.get("success")
    bound = "" if named not in {None, request_id} else "signature" if named else "exchange"
    form = None if said is None else said.form
    if truth is True and bound and (named or 200 <= (answer.status or 0) < 300):
        return Proof(Event.SIGNED_SUCCESS, bound, form)
    if answer.status is None or answer.status >= 500 or answer.status in {408, 429}:
        return Proof(Event.NO_ANSWER)
    if truth is False and bound:
        return Proof(Event.SIGNED_FAILURE, bound, form)
    return Proof(Event.UNSIGNED_ANSWER if 200 <= answer.status < 300 else Event.NO_ANSWER)


def settle(state: State, event: Event, *, attempt: int, limit: int, now: Ms, random: Callable[[], float]) -> Outcome:
    """The outcome of attempt number `attempt` (from 1). They come in series of at most `limit`, the next of which an
    operator begins. `random` gives the jitter, in [0, 1)."""
    in_series = (attempt - 1) % limit + 1
    if event is Event.NO_ANSWER and in_series == limit:
        event = Event.EXHAUSTED
    next_at = Ms(now + wait_ms(in_series, random())) if event is Event.NO_ANSWER else None
    return Outcome(event, advance(state, event), _CODES.get(event, ""), next_at)


def wait_ms(attempt: int, jitter: float) -> int:
    """Wait after attempt number `attempt`: doubled each time up to an hour, the upper half of it by chance."""
    whole = min(FIRST_WAIT_MS << min(attempt - 1, 30), LONGEST_WAIT_MS)
    return whole // 2 + int(whole / 2 * jitter)


def read_said(body: bytes, ring: KeyRing, now: Ms) -> Said | None:
    """What a validly signed answer says, in JSON or XML; None for anything else."""
    media: Media = "xml" if body.lstrip()[:1] == b"<" else "json"
    try:
        return read_signed(body, media, ring, now)
    except BadMessage:
        return None
