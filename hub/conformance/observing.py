"""`observe(state, event) -> state`: what each event says about each step. Pure; the same events give the same page.

Rule: a step that was right once stays right, since engineers try things out; every exchange also leaves one line, so that
a later mistake is seen. A verdict names what was seen, what it means, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

from hub.conformance import values
from hub.conformance.events import Event, Exchanged, Probed, TokenAsked
from hub.conformance.probes import judge
from hub.conformance.refusals import PATHS, explain, explain_token
from hub.conformance.steps import ECHO, LATE, NUMBERS, PULL_CODES, PUSH, PUSH_CODES, RESULT, SEALED, STEPS, TAMPERED

Outcome = Literal["not tried", "failed", "passed"]
LINES: Final = 12
"""Exchanges that the page remembers."""


@dataclass(frozen=True, slots=True)
class StepState:
    """What is known of one step. `at`: ms since 1970 of what decided it."""

    outcome: Outcome = "not tried"
    seen: str = ""
    mend: str = ""
    at: int | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One exchange, in a line."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class State:
    """All that the page and the report show. `given`: trial codes whose answer the connector has had."""

    steps: Mapping[str, StepState] = field(default_factory=lambda: {step.id: StepState() for step in STEPS})
    lines: tuple[Line, ...] = ()
    given: frozenset[str] = frozenset()

    def outcome(self, step: str) -> Outcome:
        return self.steps[step].outcome


class Verdict(NamedTuple):
    """What one event says about one step."""

    step: str
    right: bool
    seen: str
    mend: str = ""


def observe(state: State, event: Event) -> State:
    """The state after an event."""
    match event:
        case TokenAsked():
            verdicts = [_token(event)]
            line = f"token: {event.status}"
        case Exchanged():
            verdicts = _exchange(state, event)
            line = _line(event)
            if event.success and event.code in PULL_CODES:
                state = replace(state, given=state.given | {event.code})
        case Probed():
            verdicts = [Verdict(event.step, *judge(event))]
            line = f"{event.step}: {'no answer' if event.status is None else event.status}"
    for verdict in verdicts:
        state = _apply(state, verdict, event.at)
    wrong = "; ".join(verdict.seen for verdict in verdicts if not verdict.right)
    lines = (*state.lines, Line(event.at, f"{line}: {wrong}" if wrong else line))[-LINES:]
    return replace(state, lines=lines)


def _apply(state: State, verdict: Verdict, at: int) -> State:
    before = state.steps[verdict.step]
    if before.outcome == "passed":
        after = replace(before, tries=before.tries + 1)
    else:
        outcome: Outcome = "passed" if verdict.right else "failed"
        after = StepState(outcome, verdict.seen, "" if verdict.right else verdict.mend, at, before.tries + 1)
    return replace(state, steps={**state.steps, verdict.step: after})


def _line(event: Exchanged) -> str:
    shown = event.code if event.code in {*PUSH_CODES, *PULL_CODES} else "another code" if event.code else "no code"
    outcome = "left before its answer" if event.left else str(event.status)
    path = f"/esb/{event.path}" if event.path in PATHS else "another path"
    return f"{path} {event.media} {shown}: {outcome}"


def _token(event: TokenAsked) -> Verdict:
    if event.status == 200:
        places = [name for name, there in (("header", event.basic), ("form", event.fields)) if there]
        return Verdict("token", True, f"a token was given; credentials in {' and '.join(places)}, {event.form}")
    return Verdict("token", False, *explain_token(event))


def _exchange(state: State, event: Exchanged) -> list[Verdict]:
    if event.code == LATE and event.path == "request" and (event.left or event.success is False):
        if not event.left and event.refusal.startswith("AMANA-PULL"):
            return [Verdict("time-out", True, "your connector waited for the hub's signed failure")]
        if event.left:
            return [Verdict("time-out", True, "your connector ended with a time-out of its own")]
    if event.success is not True:
        # what is wrong with a result says more than why the hub does not pass it on
        found = [verdict for verdict in _reported(state, event) if not verdict.right] if event.code == RESULT else []
        return found or [Verdict(_step_of(event), False, *explain(event))]
    if event.path == "push-request":
        return _pushed(state, event)
    if event.path == "request":
        return _pulled(event)
    return []


def _step_of(event: Exchanged) -> str:
    """The step that a refused exchange was most likely about."""
    if event.path not in PATHS and "token" in event.path.lower():
        return "token"
    special = {SEALED: "encrypted", NUMBERS: "numbers", TAMPERED: "tampered", LATE: "time-out"}
    if event.code in special:
        return special[event.code]
    if event.code == RESULT and isinstance(event.body, dict) and event.body.get("step") in {"numbers", "tampered"}:
        return str(event.body["step"])
    asked = event.path.strip("/").endswith("request") and not event.path.strip("/").endswith("push-request")
    pull = event.code == ECHO or (event.code != PUSH and asked)
    media = "xml" if event.media == "xml" else "json"
    return f"{'pull' if pull else 'push'}-{media}"


def _pushed(state: State, event: Exchanged) -> list[Verdict]:
    found: list[Verdict] = []
    if event.code == SEALED:
        return [_sealed(event)]
    if event.code == RESULT:
        return _reported(state, event)
    if event.media in {"json", "xml"}:
        found.append(Verdict(f"push-{event.media}", True, "received, and the hub's receipt was sent"))
    if event.duplicate:
        found.append(Verdict("duplicate", True, "the repeat was told as a duplicate and answered with a success"))
    if isinstance(event.body, dict) and "name" in event.body:
        wrong = values.judge_name(event.body["name"])
        seen = wrong.seen if wrong else "the name came letter by letter"
        found.append(Verdict("names", wrong is None, seen, wrong.mend if wrong else ""))
    return found


def _sealed(event: Exchanged) -> Verdict:
    if event.opened:
        return Verdict("encrypted", True, "the hub's key opens the body")
    assert event.diagnosis is not None
    return Verdict("encrypted", False, event.diagnosis.seen, event.diagnosis.mend)


def _pulled(event: Exchanged) -> list[Verdict]:
    if event.code == ECHO and event.media in {"json", "xml"}:
        return [Verdict(f"pull-{event.media}", True, "asked, and the signed answer was sent")]
    return []


def _reported(state: State, event: Exchanged) -> list[Verdict]:
    """What the connector says that it concluded."""
    report: dict[str, Any] = event.body if isinstance(event.body, dict) else {}
    step = report.get("step")
    code = {"numbers": NUMBERS, "tampered": TAMPERED}.get(str(step))
    if code is None:
        return []
    name = str(step)
    if code not in state.given:
        return [Verdict(name, False, f"the result came before the answer to {code}", f"pull {code} first")]
    if name == "numbers":
        wrong = values.judge_numbers(report.get("received"))
        if wrong is None:
            return [Verdict(name, True, "every number came back as it was")]
        return [Verdict(name, False, wrong.seen, wrong.mend)]
    refused = values.truth(report.get("refused"))
    if refused is None:
        return [Verdict(name, False, "the result does not say refused", 'send "refused": true or false')]
    if refused:
        return [Verdict(name, True, "your connector refused the answer that was changed after signing")]
    return [
        Verdict(
            name,
            False,
            "your connector believed an answer that was changed after signing",
            "verify the signature over data with the hub's public key before anything of it is used",
        )
    ]
