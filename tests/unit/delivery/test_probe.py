"""What a connection test makes of whatever came back."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import BadMessage
from hub.joining.probe import STEPS, STEPS_SIGNED, Step, judge
from hub.ports import Answer
from hub.records import Ms
from signing.forms import Media, seal_form
from signing.keys import KeyRing, KeyWindow, PrivateKey, generate

KEY = generate()
RING = KeyRing([KeyWindow(KEY.public, 0, None)])
REQUEST = "a" * 32
NOW = Ms(1_000)
SECRET = "what the other side said"


def looked(found: Answer | BadMessage, *, secure: bool = True, ring: KeyRing = RING, media: Media = "json") -> Any:
    return judge(found, ring, REQUEST, media, NOW, secure=secure)


def failed(steps: tuple[Step, ...]) -> Step:
    """The one step that failed; those before it passed, those behind it were not reached."""
    at = [step.ok for step in steps].index(False)
    assert [step.ok for step in steps] == [True] * at + [False] + [None] * (len(steps) - at - 1)
    assert [step.remedy != "" for step in steps] == [n == at for n in range(len(steps))]
    return steps[at]


def signed(
    *, status: int = 200, key: PrivateKey = KEY, media: Media = "json", kind: str | None = None, **members: Any
) -> Answer:
    said = {"success": True, "requestId": REQUEST, "message": SECRET} | members
    return Answer(status, seal_form(said, key, media, "response"), kind or f"application/{media}; charset=utf-8")


@pytest.mark.parametrize("media", ["json", "xml"])
def test_an_answer_as_it_should_be_passes_every_step(media: Media) -> None:
    """In the language of the request; the key and the spelling that verified are named."""
    steps = looked(signed(media=media), media=media)
    assert [(step.name, step.ok) for step in steps] == [(name, True) for name in (*STEPS, *STEPS_SIGNED)]
    assert f"key {KEY.public.key_id[:16]}, as {media}" in [step.seen for step in steps]


def test_without_tls_there_is_no_step_for_it() -> None:
    """Nothing is said to have passed that was not there."""
    assert [step.name for step in looked(signed(), secure=False)] == [
        name for name in (*STEPS, *STEPS_SIGNED) if name != "TLS"
    ]


@pytest.mark.parametrize(
    ("found", "step", "seen"),
    [
        (BadMessage("AMANA-OUT-004", "host not on the allow-list"), "allow-list", "host not on the allow-list"),
        (BadMessage("AMANA-OUT-004", "private address"), "network", "private address"),
        (Answer(None, reached=False, reason="ConnectError", ended="name"), "name", "refused, or not found"),
        (Answer(None, reached=False, reason="ConnectError", ended="connection"), "connection", "refused, or not found"),
        (Answer(None, reached=False, reason="TimeoutError", ended="connection"), "connection", "not in time"),
        (Answer(None, reached=False, reason="ConnectError", ended="tls: expired"), "TLS", "expired"),
        (Answer(None, reason="ReadTimeout", ended="answer"), "answer", "not in time"),
        (Answer(None, reason="answer too large", ended="answer"), "answer", "answer too large"),
        (Answer(404, b"<html>" + SECRET.encode(), "text/html"), "status", "HTTP 404"),
        (Answer(302, b"", ""), "status", "HTTP 302"),
        (Answer(200, b"<html>", "text/html"), "content type", "text/html, application/json expected"),
        (Answer(200, b"", "application/json"), "framing", "the answer is empty"),
        (Answer(200, b"<p>", "application/json"), "framing", "a page, not an envelope"),
        (Answer(200, b'{"success":true}', "application/json"), "framing", "not an envelope"),
        (signed(key=generate()), "signature", "by no registered key over these bytes"),
        (signed(requestId="b" * 32), "request", "another requestId"),
        (signed(status=401, success=False), "verdict", "it refuses the hub's signature"),
    ],
)
def test_the_first_step_that_fails_names_a_remedy(found: Answer | BadMessage, step: str, seen: str) -> None:
    """What passed, what failed and why, what was not reached; and nothing of the body."""
    steps = looked(found)
    assert (failed(steps).name, failed(steps).seen) == (step, seen)
    assert SECRET not in repr(steps)


def test_a_system_without_a_valid_key_is_told_apart() -> None:
    """No key at all, and one that has ended."""
    ended = KeyRing([KeyWindow(KEY.public, 0, 500)])
    found = [failed(looked(signed(), ring=ring)).seen for ring in (KeyRing([]), ended)]
    assert found == ["the system has no valid key", "by a key that is revoked or has ended"]


@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_a_signed_refusal_proves_the_connection(status: int) -> None:
    """A receiver need not know the code PING: that it signs its refusal is enough, whatever the status."""
    steps = looked(signed(status=status, success=False))
    assert [step.ok for step in steps] == [True] * len(steps)
    assert SECRET not in repr(steps)


def test_an_answer_that_names_no_request_is_taken() -> None:
    """Published connectors answer so; the step says what it rests on."""
    [step] = [step for step in looked(signed(requestId=None)) if step.name == "request"]
    assert (step.ok, step.seen.startswith("not named")) == (True, True)


@pytest.mark.parametrize(
    ("kind", "note"), [("text/plain", True), ("", True), ("text/xml", False), ("application/xml", False)]
)
def test_what_is_signed_may_have_any_content_type(kind: str, note: bool) -> None:
    """Delivery takes it too; the step says so where the type is none of an envelope's."""
    answer = signed(media="xml")
    steps = looked(Answer(200, answer.body, kind))
    [step] = [step for step in steps if step.name == "content type"]
    assert ([one.ok for one in steps], "taken all the same" in step.seen) == ([True] * len(steps), note)
