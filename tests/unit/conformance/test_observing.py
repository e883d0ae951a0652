"""What events say about steps: right once stays right, mistakes are explained, values are held to the last digit."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from hub.conformance.events import Diagnosis, Event, Exchanged, Probed, TokenAsked
from hub.conformance.observing import LINES, State, observe
from hub.conformance.steps import BY_ID, ECHO, LATE, NAME, NUMBERS, PUSH, RESULT, SEALED, STEPS, TAMPERED, VALUES


def after(*events: Event) -> State:
    state = State()
    for event in events:
        state = observe(state, event)
    return state


def push(code: str | None = PUSH, **changed: Any) -> Exchanged:
    values: dict[str, Any] = {
        "path": "push-request",
        "method": "POST",
        "media": "json",
        "status": 200,
        "success": True,
    } | changed
    return Exchanged(at=1, code=code, **values)


def receiving() -> list[tuple[str, list[Event]]]:
    return [(s.id, [probe(s.id)]) for s in STEPS if s.group == "receiving" and s.id != "receive-tampered"]


def pull(code: str | None = ECHO, **changed: Any) -> Exchanged:
    return push(code, **({"path": "request"} | changed))


def probe(step: str, **changed: Any) -> Probed:
    media = "xml" if step.endswith("xml") else "json"
    values: dict[str, Any] = {
        "status": 200,
        "media": media,
        "signed": True,
        "success": True,
        "names": "this",
        "has_body": True,
    }
    return Probed(at=1, step=step, **(values | changed))


def test_nothing_was_tried_at_first() -> None:
    """Every step of the list has its state."""
    assert {state.outcome for state in State().steps.values()} == {"not tried"}
    assert set(State().steps) == {step.id for step in STEPS}


TOKEN = TokenAsked(1, 200, "urlencoded", basic=True, fields=True, grant=True)
RIGHT: list[tuple[str, list[Event]]] = [
    ("token", [TOKEN]),
    ("token", [TokenAsked(1, 200, "multipart", basic=False, fields=True, grant=True)]),
    ("push-json", [push()]),
    ("push-xml", [push(media="xml")]),
    ("names", [push(body={"name": NAME})]),
    ("duplicate", [push(), push(duplicate=True)]),
    ("pull-json", [pull()]),
    ("pull-xml", [pull(media="xml")]),
    ("numbers", [pull(NUMBERS), push(RESULT, body={"step": "numbers", "received": VALUES})]),
    ("tampered", [pull(TAMPERED), push(RESULT, body={"step": "tampered", "refused": True})]),
    ("tampered", [pull(TAMPERED), push(RESULT, body={"step": "tampered", "refused": "true"}, media="xml")]),
    ("encrypted", [push(SEALED, opened=True)]),
    ("time-out", [pull(LATE, success=False, status=504, refusal="AMANA-PULL-004")]),
    ("time-out", [pull(LATE, success=False, status=504, left=True)]),
    *receiving(),
    ("receive-push-json", [probe("receive-push-json", names="none")]),
    (
        "receive-tampered",
        [probe("receive-tampered", status=401, success=False, message="Signature Verification Failed")],
    ),
]


@pytest.mark.parametrize(("step", "events"), RIGHT)
def test_what_is_right_is_called_right(step: str, events: list[Event]) -> None:
    """Each step can be passed, and says nothing to mend then."""
    state = after(*events).steps[step]
    assert (state.outcome, state.mend, bool(state.seen)) == ("passed", "", True)


def test_every_step_can_be_passed() -> None:
    """The list above leaves none out."""
    assert {step for step, _ in RIGHT} == set(BY_ID)


WRONG: list[tuple[str, list[Event], str]] = [
    ("token", [TokenAsked(1, 401, "urlencoded", basic=True, fields=True, grant=True, error="AMANA-AUTH-004: x")], "AUTH-004"),
    ("token", [TokenAsked(1, 400, "other", basic=False, fields=False, grant=False)], "not a form"),
    ("token", [TokenAsked(1, 401, "urlencoded", basic=False, fields=False, grant=True)], "no client_id"),
    ("token", [TokenAsked(1, 400, "urlencoded", basic=True, fields=True, grant=False)], "grant_type"),
    ("push-json", [push(success=False, status=401, refusal="AMANA-SIG-001", diagnosis=Diagnosis("spaced", "m"))], "spaced"),
    ("push-json", [push(None, success=False, status=401, refusal="AMANA-AUTH-001")], "Authorization"),
    ("push-json", [push(None, success=False, status=400, refusal="AMANA-JSON-002")], "no pushCode"),
    ("push-json", [push("X", success=False, status=404, refusal="AMANA-CODE-001")], "does not have"),
    ("push-json", [push(success=False, status=404, path="push-request/", refusal="AMANA-HTTP-007")], "path"),
    ("push-json", [push(success=None, status=404, path="/push-request")], "path"),
    ("pull-json", [pull(None, success=None, status=404, path="/request")], "path"),
    ("token", [push(None, success=None, status=404, path="/token")], "at another path"),
    ("push-json", [push(success=False, status=405, method="PUT", refusal="AMANA-HTTP-001")], "PUT"),
    ("push-json", [push(success=False, status=413, refusal="AMANA-SIZE-001")], "AMANA-SIZE-001"),
    ("push-xml", [push(success=False, status=401, media="xml", refusal="AMANA-SIG-002")], "AMANA-SIG-002"),
    ("pull-json", [push(ECHO, success=False, status=404, refusal="AMANA-CODE-001")], "was pushed"),
    ("push-json", [pull(PUSH, success=False, status=404, refusal="AMANA-CODE-001")], "was asked"),
    ("pull-xml", [pull(None, success=False, status=400, media="xml", refusal="AMANA-JSON-002")], "no apiCode"),
    ("pull-json", [pull(success=None, status=200, left=True)], "hung up"),
    ("numbers", [push(RESULT, body={"step": "numbers", "received": VALUES})], "came before"),
    ("tampered", [pull(TAMPERED), push(RESULT, body={"step": "tampered", "refused": False})], "believed"),
    ("tampered", [pull(TAMPERED), push(RESULT, body={"step": "tampered"})], "does not say"),
    ("encrypted", [push(SEALED, diagnosis=Diagnosis("the tag stands behind", "m"))], "tag"),
    ("receive-push-json", [probe("receive-push-json", status=None, reason="ConnectError")], "no answer"),
    ("receive-push-json", [probe("receive-push-json", signed=False)], "without a validly signed"),
    ("receive-push-json", [probe("receive-push-json", signed=False, diagnosis=Diagnosis("hex", "m"))], "hex"),
    ("receive-push-json", [probe("receive-push-json", success=False)], "success:false"),
    ("receive-push-json", [probe("receive-push-json", status=201)], "HTTP 201"),
    ("receive-push-xml", [probe("receive-push-xml", media="json")], "not in XML"),
    ("receive-again", [probe("receive-again", names="other")], "another requestId"),
    ("receive-pull-xml", [probe("receive-pull-xml", has_body=False)], "without esbBody"),
    ("receive-tampered", [probe("receive-tampered")], "took a push"),
    ("receive-tampered", [probe("receive-tampered", status=200, success=False)], "HTTP 200"),
    ("receive-tampered", [probe("receive-tampered", status=401, success=False, message="no")], "another message"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "events", "told"), WRONG)
def test_what_is_wrong_is_told_with_what_to_do(step: str, events: list[Event], told: str) -> None:
    """The verdict falls on the step that the attempt was about, and says how to mend it."""
    state = after(*events).steps[step]
    assert state.outcome == "failed"
    assert told in state.seen
    assert state.mend


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (unicodedata.normalize("NFD", NAME), "NFD"),
        (NAME.encode().decode("latin-1"), "Latin-1"),
        (NAME.encode("ascii", "replace").decode(), "question marks"),
        (NAME.encode("ascii", "backslashreplace").decode(), "escaped again"),
        ("HUSH", "another name"),
        (5, "not text"),
    ],
)
def test_damage_to_a_name_is_told_by_its_kind(name: Any, told: str) -> None:
    """What happened to the letters, and never the letters themselves; the push itself was right."""
    state = after(push(body={"name": name}))
    assert (state.outcome("push-json"), state.outcome("names")) == ("passed", "failed")
    assert told in state.steps["names"].seen
    assert "HUSH" not in state.steps["names"].seen


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"whole": 9007199254740992}, "whole: the integer changed"),
        ({"whole": 9007199254740991.0}, "floating-point"),
        ({"whole": "9.007199254740991E15"}, "floating-point"),
        ({"amount": 12345678901234567.89}, "amount: text came back as a number"),
        ({"amount": "12345678901234568"}, "amount: the decimal changed"),
        ({"rate": "0.1"}, "rate: trailing zeros"),
        ({"number": "123"}, "number: leading zeros"),
        ({"number": 123}, "number: text came back as a number"),
    ],
)
def test_a_digit_that_is_lost_is_found(changed: dict[str, Any], told: str) -> None:
    """The member and what became of it."""
    state = after(pull(NUMBERS), push(RESULT, body={"step": "numbers", "received": VALUES | changed}))
    assert told in state.steps["numbers"].seen


def test_a_result_that_the_hub_refuses_is_still_explained() -> None:
    """A float that no other client could verify is refused; the page says which member lost its digits."""
    body = {"step": "numbers", "received": VALUES | {"amount": 1.5e16}}
    refused = push(RESULT, body=body, success=False, status=422, refusal="AMANA-RELAY-001")
    assert "amount: text came back as a number" in after(pull(NUMBERS), refused).steps["numbers"].seen


@pytest.mark.parametrize("received", [None, {}, {"whole": 1}, VALUES])
def test_numbers_need_every_member(received: Any) -> None:
    """Nothing, or a part, is no proof; as text in XML the integer is right too."""
    state = after(pull(NUMBERS), push(RESULT, body={"step": "numbers", "received": received}))
    assert (state.outcome("numbers") == "passed") == (received == VALUES)
    in_xml = VALUES | {"whole": str(VALUES["whole"])}
    state = after(pull(NUMBERS), push(RESULT, media="xml", body={"step": "numbers", "received": in_xml}))
    assert state.outcome("numbers") == "passed"


def test_what_was_right_once_stays_right_and_the_mistake_is_a_line() -> None:
    """Engineers try things out: the step keeps its mark, the last exchanges show the mistake."""
    state = after(push(), push(success=False, status=413, refusal="AMANA-SIZE-001"))
    assert (state.outcome("push-json"), state.steps["push-json"].tries) == ("passed", 2)
    assert "AMANA-SIZE-001" in state.lines[-1].text


def test_only_the_last_exchanges_are_remembered() -> None:
    """The page stays one page."""
    assert len(after(*[push()] * (LINES + 5)).lines) == LINES


def test_a_code_or_path_of_nobody_is_not_shown() -> None:
    """What a connector put into its code or its address may be anything: the page does not repeat it."""
    state = after(push("HUSH", success=False, status=404, refusal="AMANA-CODE-001"), push(path="/HUSH", success=None))
    assert "HUSH" not in str(state)
