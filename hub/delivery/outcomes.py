"""What an answer proves. Rule: pure; only a valid signature of the receiver over this very request settles a message,
and silence never does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from hub.delivery.states import Event, State, advance
from hub.ports import Answer
from hub.records import Ms
from signing.envelope import frame, verify
from signing.errors import SigningError
from signing.jsontext import parse
from signing.keys import KeyRing

FIRST_WAIT_MS: Final = 1_000
LONGEST_WAIT_MS: Final = 3_600_000

_CODES: Final = {
    Event.SIGNED_FAILURE: "AMANA-OUT-001",
    Event.UNSIGNED_ANSWER: "AMANA-OUT-002",
    Event.EXHAUSTED: "AMANA-OUT-003",
    Event.FORBIDDEN: "AMANA-OUT-004",
    Event.ERASE: "AMANA-ERASED-001",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one attempt came to. `next_at`: when to try again (ms), if at all. `error`: stable code, or ""."""

    event: Event
    state: State
    error: str = ""
    next_at: Ms | None = None


def read_answer(answer: Answer, ring: KeyRing, request_id: str, now: Ms) -> Event:
    """What `answer` to the request `request_id` proves."""
    said = _signed_members(answer.body, ring, now) if answer.status is not None else None
    named = None if said is None else said.get("requestId")
    if said is not None and said.get("success") is True and named == request_id:
        return Event.SIGNED_SUCCESS
    if answer.status is None or answer.status >= 500 or answer.status in {408, 429}:
        return Event.NO_ANSWER
    # a receiver that could not read the request names no id; one that names another answers something else
    if said is not None and said.get("success") is False and named in {None, request_id}:
        return Event.SIGNED_FAILURE
    return Event.UNSIGNED_ANSWER if 200 <= answer.status < 300 else Event.NO_ANSWER


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


def _signed_members(body: bytes, ring: KeyRing, now: Ms) -> dict[str, Any] | None:
    """The members of a validly signed answer; None for anything else."""
    try:
        found = frame(body)
        verify(found, ring, now)
        value = parse(found.data)
    except SigningError:
        return None
    return value if isinstance(value, dict) else None
