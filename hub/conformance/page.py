"""The one page of text, and what is printed as it changes. Pure: state and facts in, text out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import wrap
from typing import Final

from hub.conformance.observing import State, StepState
from hub.conformance.steps import PULL_CODES, PUSH_CODES, STEPS, Step

WIDTH: Final = 110
MARKS: Final = {"passed": "[ok]", "failed": "[!!]", "not tried": "[  ]"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page says about the kit itself. No secret: those are in files of the kit's directory."""

    url: str
    version: str
    client_id: str
    key_id: str  # of the connector's registered key
    folder: str
    connector_url: str | None


def render_page(state: State, facts: Facts) -> str:
    """The page."""
    sending, receiving = ([step for step in STEPS if step.group == group] for group in ("sending", "receiving"))
    lines = [
        f"Amana conformance kit {facts.version}: what your connector gets right. Reload to see what has changed.",
        "",
        count(state, receives=facts.connector_url is not None),
        "",
        f"  token URL      {facts.url}/oauth/token",
        f"  engine URL     {facts.url}/esb",
        f"  client id      {facts.client_id}",
        f"  your key       {facts.key_id} (SHA-256 of the public key in DER)",
        f"  hub's key      {facts.folder}/hub.pem, {facts.folder}/hub.der.b64; secret and keys: {facts.folder}",
        f"  push codes     {', '.join(PUSH_CODES)}",
        f"  pull codes     {', '.join(PULL_CODES)}",
        "",
        "SENDING",
        *_steps(state, sending),
        "RECEIVING" if facts.connector_url else "RECEIVING (not asked for: start the kit with --connector-url URL)",
        *(_steps(state, receiving) if facts.connector_url else [""]),
    ]
    if facts.connector_url:
        lines += [f"  asked at {facts.connector_url}; to ask again: curl -X POST {facts.url}/receive", ""]
    lines += ["LAST EXCHANGES", *(f"  {clock(line.at)} {line.text}" for line in reversed(state.lines))]
    return "\n".join(lines) + "\n"


def count(state: State, *, receives: bool) -> str:
    """How far the connector is."""
    asked = [step.id for step in STEPS if receives or step.group == "sending"]
    right = sum(state.outcome(step) == "passed" for step in asked)
    wrong = sum(state.outcome(step) == "failed" for step in asked)
    if right == len(asked):
        return f"All {right} steps are right. Write the report: amana conformance report"
    return f"{right} of {len(asked)} steps right, {wrong} wrong, {len(asked) - right - wrong} not tried"


def _steps(state: State, steps: list[Step]) -> Iterator[str]:
    for step in steps:
        found = state.steps[step.id]
        yield f"{MARKS[found.outcome]} {step.id}: {step.title}"
        if found.outcome == "passed":
            yield from _said("seen", found.seen)
        else:
            yield from _said("do", step.do)
            yield from _said("expected", step.expected)
            if found.outcome == "failed":
                yield from _said("seen", found.seen)
                yield from _said("mend", found.mend)
        yield ""


def _said(label: str, text: str) -> Iterator[str]:
    for number, line in enumerate(wrap(text, WIDTH - 16, break_long_words=False, break_on_hyphens=False)):
        yield f"     {label if number == 0 else '':<10} {line}"


def changes(before: State, after: State) -> list[str]:
    """What to print on the terminal: each step whose verdict is new."""
    lines: list[str] = []
    for step in STEPS:
        old, new = before.steps[step.id], after.steps[step.id]
        if new.outcome != "not tried" and _verdict(old) != _verdict(new):
            lines.append(f"{clock(new.at or 0)} {MARKS[new.outcome]} {step.id}: {new.seen}")
            if new.mend:
                lines += _said("mend", new.mend)
    return lines


def _verdict(state: StepState) -> tuple[str, str]:
    return state.outcome, state.seen


def clock(ms: int) -> str:
    """Time of day in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%H:%M:%S")
