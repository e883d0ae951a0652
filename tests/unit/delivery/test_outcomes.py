"""What an answer proves, answer by answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.delivery.outcomes import LONGEST_WAIT_MS, Proof, read_answer, settle, wait_ms
from hub.delivery.states import Event, State
from hub.ports import Answer
from hub.records import Ms
from signing.envelope import render_data, seal
from signing.forms import seal_form
from signing.keys import KeyRing, KeyWindow, generate

KEY, OTHER = generate(), generate()
NOW = Ms(1_000_000)
RING = KeyRing([KeyWindow(KEY.public, 0, None)])
REQUEST = "a" * 32


def _signed(status: int, members: dict[str, Any], key: Any = KEY) -> Answer:
    return Answer(status, seal(render_data(members), key))


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        (_signed(200, {"success": True, "requestId": REQUEST}), Event.SIGNED_SUCCESS),
        (_signed(500, {"success": True, "requestId": REQUEST}), Event.SIGNED_SUCCESS),
        (_signed(200, {"success": False, "requestId": REQUEST}), Event.SIGNED_FAILURE),
        (_signed(401, {"success": False, "message": "Signature Verification Failed"}), Event.SIGNED_FAILURE),
        (_signed(503, {"success": False, "requestId": REQUEST}), Event.NO_ANSWER),
        (_signed(429, {"success": False, "requestId": REQUEST}), Event.NO_ANSWER),
        (_signed(200, {"success": True, "requestId": "b" * 32}), Event.UNSIGNED_ANSWER),
        (_signed(200, {"success": False, "requestId": "b" * 32}), Event.UNSIGNED_ANSWER),
        (_signed(200, {"success": True}), Event.SIGNED_SUCCESS),
        (_signed(200, {"success": True, "requestId": None}), Event.SIGNED_SUCCESS),
        (_signed(404, {"success": True}), Event.NO_ANSWER),
        (_signed(500, {"success": True}), Event.NO_ANSWER),
        (_signed(200, {"success": True}, OTHER), Event.UNSIGNED_ANSWER),
        (_signed(200, {"success": True, "requestId": 1}), Event.UNSIGNED_ANSWER),
        (_signed(200, {"success": 1, "requestId": REQUEST}), Event.UNSIGNED_ANSWER),
        (_signed(200, {"success": "true", "requestId": REQUEST}), Event.UNSIGNED_ANSWER),
        (_signed(200, {"success": True, "requestId": REQUEST}, OTHER), Event.UNSIGNED_ANSWER),
        (Answer(200, b""), Event.UNSIGNED_ANSWER),
        (Answer(204, b"OK"), Event.UNSIGNED_ANSWER),
        (Answer(302, b""), Event.NO_ANSWER),
        (Answer(404, b"not here"), Event.NO_ANSWER),
        (Answer(500, b"oops"), Event.NO_ANSWER),
        (Answer(None), Event.NO_ANSWER),
    ],
)
def test_only_a_valid_signature_over_this_request_settles(answer: Answer, event: Event) -> None:
    """Everything else is unproven when the receiver said yes, and silence when it did not."""
    assert read_answer(answer, RING, REQUEST, NOW).event is event


def _in_xml(members: dict[str, Any], content_type: str = "application/xml", key: Any = KEY) -> Answer:
    return Answer(200, seal_form(members, key, "xml", "response"), content_type)


@pytest.mark.parametrize(
    ("answer", "proof"),
    [
        (_signed(200, {"success": True, "requestId": REQUEST}), Proof(Event.SIGNED_SUCCESS, "signature", "json")),
        (_signed(200, {"success": True}), Proof(Event.SIGNED_SUCCESS, "exchange", "json")),
        (_signed(200, {"success": False}), Proof(Event.SIGNED_FAILURE, "exchange", "json")),
        (_in_xml({"success": True, "requestId": REQUEST}), Proof(Event.SIGNED_SUCCESS, "signature", "xml")),
        (_in_xml({"success": True, "esbBody": {"a": 1}}), Proof(Event.SIGNED_SUCCESS, "exchange", "xml")),
        (_in_xml({"success": True, "requestId": ""}), Proof(Event.SIGNED_SUCCESS, "exchange", "xml")),
        (_in_xml({"success": False, "message": "no"}), Proof(Event.SIGNED_FAILURE, "exchange", "xml")),
        (
            _in_xml({"success": True, "requestId": REQUEST}, "application/json"),
            Proof(Event.SIGNED_SUCCESS, "signature", "xml"),
        ),
        (_in_xml({"success": True, "requestId": "b" * 32}), Proof(Event.UNSIGNED_ANSWER)),
        (_in_xml({"success": "yes", "requestId": REQUEST}), Proof(Event.UNSIGNED_ANSWER)),
        (_in_xml({"success": True, "requestId": REQUEST}, key=OTHER), Proof(Event.UNSIGNED_ANSWER)),
        (Answer(200, b"<html></html>", "text/html"), Proof(Event.UNSIGNED_ANSWER)),
    ],
)
def test_what_ties_an_answer_to_its_request_is_told(answer: Answer, proof: Proof) -> None:
    """In JSON and XML alike, by the bytes and not by what they are called: the signature where it names the request, the
    exchange where nothing is named, nothing where another is."""
    assert read_answer(answer, RING, REQUEST, NOW) == proof


def test_a_key_outside_its_validity_proves_nothing() -> None:
    """An answer signed with a key that was revoked is unproven."""
    ring = KeyRing([KeyWindow(KEY.public, 0, NOW - 1)])
    answer = _signed(200, {"success": True, "requestId": REQUEST})
    assert read_answer(answer, ring, REQUEST, NOW).event is Event.UNSIGNED_ANSWER


@given(attempt=st.integers(1, 1000), jitter=st.floats(0, 1, exclude_max=True))
def test_waits_grow_to_an_hour_and_keep_half_of_it_to_chance(attempt: int, jitter: float) -> None:
    """Each wait lies between half of its whole and the whole, and the whole doubles up to an hour."""
    whole = min(1000 * 2 ** (attempt - 1), LONGEST_WAIT_MS)
    assert whole // 2 <= wait_ms(attempt, jitter) <= whole


def test_the_last_attempt_without_answer_is_a_dead_letter() -> None:
    """Attempt number `limit` is the last one."""
    before = settle(State.RETRYING, Event.NO_ANSWER, attempt=7, limit=8, now=NOW, random=lambda: 0.0)
    last = settle(State.RETRYING, Event.NO_ANSWER, attempt=8, limit=8, now=NOW, random=lambda: 0.0)
    assert (before.state, before.next_at) == (State.RETRYING, NOW + 32_000)
    assert (last.state, last.error, last.next_at) == (State.DEAD, "AMANA-OUT-003", None)
