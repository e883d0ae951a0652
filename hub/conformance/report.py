"""The result of a connector's trial as JSON and Markdown, and the state of the kit on disk. Pure.

Rule: no secret, no key, no body: ids of steps, verdicts, times and versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from hub.conformance.observing import Line, State, StepState
from hub.conformance.steps import BY_ID, STEPS

FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Trial:
    """What is kept between `serve` and `report`. `agents`: what connectors called themselves; times in ms since 1970."""

    state: State
    version: str
    started: int
    agents: tuple[str, ...] = ()
    receives: bool = False


def dump(trial: Trial) -> dict[str, Any]:
    """As kept on disk."""
    return {
        "format": FORMAT,
        "version": trial.version,
        "started": trial.started,
        "agents": list(trial.agents),
        "receives": trial.receives,
        "given": sorted(trial.state.given),
        "steps": {name: asdict(step) for name, step in trial.state.steps.items()},
        "lines": [asdict(line) for line in trial.state.lines],
    }


def load(value: Mapping[str, Any]) -> Trial:
    """Inverse of `dump`. Raises ValueError for what no kit of this version wrote."""
    if value.get("format") != FORMAT:
        raise ValueError("another version of the kit wrote this")
    known = State().steps
    steps = {name: StepState(**step) for name, step in value["steps"].items() if name in known}
    state = State({**known, **steps}, tuple(Line(**line) for line in value["lines"]), frozenset(value["given"]))
    return Trial(state, value["version"], value["started"], tuple(value["agents"]), value["receives"])


def make_report(trial: Trial, written: int) -> dict[str, Any]:
    """The result as JSON. `conformant`: every step that applies is right."""
    asked = [step for step in STEPS if trial.receives or step.group == "sending"]
    rows = [
        {
            "id": step.id,
            "title": step.title,
            "group": step.group,
            "outcome": trial.state.steps[step.id].outcome,
            "seen": trial.state.steps[step.id].seen,
            "mend": trial.state.steps[step.id].mend,
            "at": moment(trial.state.steps[step.id].at),
            "tries": trial.state.steps[step.id].tries,
        }
        for step in asked
    ]
    outcomes = [row["outcome"] for row in rows]
    return {
        "kit": {"name": "amana conformance", "version": trial.version, "format": FORMAT},
        "connector": {"agents": list(trial.agents), "receives": trial.receives},
        "started": moment(trial.started),
        "written": moment(written),
        "conformant": all(outcome == "passed" for outcome in outcomes),
        "passed": outcomes.count("passed"),
        "failed": outcomes.count("failed"),
        "notTried": outcomes.count("not tried"),
        "steps": rows,
    }


def render_markdown(report: Mapping[str, Any]) -> str:
    """The result for people."""
    verdict = "Every step is right." if report["conformant"] else "Not every step is right yet."
    agents = (
        ", ".join(f"`{_cell(agent)}`" for agent in report["connector"]["agents"]) or "a connector that gave no name"
    )
    lines = [
        "# Conformance of a connector",
        "",
        f"{verdict} {report['passed']} passed, {report['failed']} failed, {report['notTried']} not tried.",
        "",
        f"Connector: {agents}. Kit: {report['kit']['name']} {report['kit']['version']}.",
        "",
        f"Begun {report['started']}, written {report['written']}.",
        "",
        "| Step | | Outcome | Seen | When |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in report["steps"]:
        cells = (row["id"], BY_ID[row["id"]].title, row["outcome"], row["seen"] or "-", row["at"] or "-")
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    wrong = [row for row in report["steps"] if row["outcome"] == "failed"]
    if wrong:
        lines += ["", "## To mend", "", *(f"- **{row['id']}**: {_cell(row['mend'])}" for row in wrong)]
    return "\n".join(lines) + "\n"


def moment(ms: int | None) -> str | None:
    """RFC 3339 in UTC, whole seconds."""
    return None if ms is None else datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")
