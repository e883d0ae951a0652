"""`amana pay`: rule sets, runs, their signals and explanations, approval, export.

Rule: what is approved is a digest that a person has looked at, so `approve` wants it spelt out or shows it first. An
employee number goes to the hub in a body, never in an address.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import USAGE, CommandError
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session, plain

app = group("Pay runs: computed, explained, approved, exported.")

LOOK_EVERY = 0.3  # seconds between two looks at a run that is being computed

RULE_SETS = (
    Column("id", "id"),
    Column("version", "version"),
    Column("country", "country"),
    Column("status", "status"),
    Column("title", "title"),
)
LINES = (
    Column("line", "line"),
    Column("value", "value"),
    Column("sure", "confidence"),
    Column("means", "text"),
    Column("source", "source"),
)
RUNS = (
    Column("run", "code"),
    Column("earned", "period"),
    Column("paid", "paid"),
    Column("state", "state"),
    Column("ready", lambda row: row["counts"].get("ready"), right=True),
    Column("held", lambda row: row["counts"].get("held"), right=True),
    Column("net", lambda row: row["totals"].get("net"), right=True),
    Column("digest", lambda row: row["digest"] and row["digest"][:23] + "…"),
)
RunArgument = Annotated[str, typer.Argument(help="Code of the run, such as UNIT-2026-10-1.")]


@command(app, "rules")
def rules(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="Id of a rule set, to see its lines.")] = None,
    version: Annotated[str, typer.Option("--version", help="Version of the rule set.")] = "1",
) -> None:
    """List rule sets, or show every line of one with its source."""
    from schemas.rulesets import available

    if name is None:
        rows = [
            {"id": r.id, "version": r.version, "country": r.country, "status": r.status, "title": r.title}
            for r in available()
        ]
        session.listing({"items": rows, "next": None}, RULE_SETS, empty="no rule set")
        return
    found = _rule_set(name, version)
    lines = [
        {
            "line": line,
            "value": entry.model_dump(mode="json")["value"],
            "confidence": entry.confidence,
            "text": entry.text,
            "source": entry.source,
        }
        for line, entry in found.each()
    ]
    session.listing({"items": lines, "next": None}, LINES, empty="no line")


def _rule_set(name: str, version: str) -> Any:
    from schemas.errors import SchemaError
    from schemas.rulesets import load

    try:
        return load(name, version)
    except SchemaError as error:
        raise CommandError(f"there is no rule set {name} version {version}", "see `amana pay rules`") from error


def _only_rule_set() -> Any:
    """The live rule set, where there is no choice."""
    from schemas.rulesets import available

    live = [rules for rules in available() if rules.status == "live"]
    if len(live) == 1:
        return live[0]
    known = "; ".join(f"--rules {rules.id} --rules-version {rules.version} ({rules.title})" for rules in live)
    raise CommandError("which rule set?", f"choose one: {known or 'none is live, see `amana pay rules`'}", status=USAGE)


@command(app, "run")
def open_run(
    session: Session,
    institution: Annotated[str, typer.Option(help="Code of the institution that is paid.")],
    period: Annotated[str, typer.Option(help="Month that was worked, YYYY-MM.")],
    paid: Annotated[str | None, typer.Option(help="Month of payment; the rule set says it otherwise.")] = None,
    rule_set: Annotated[
        str | None, typer.Option("--rules", help="Rule set; not needed while there is but one that is live.")
    ] = None,
    version: Annotated[str | None, typer.Option("--rules-version", help="Its version; 1 unless said.")] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait until it is computed.")] = 0,
) -> None:
    """Open a run: it computes from what was admitted up to now; what comes later is late."""
    chosen = _only_rule_set() if rule_set is None and version is None else _rule_set(rule_set or "", version or "1")
    args = {
        "institution": institution,
        "period": period,
        "paid": paid or _paid(chosen, period),
        "ruleSet": chosen.id,
        "ruleVersion": chosen.version,
    }
    answer = session.client.change("run.open", args)
    run = answer["result"]["run"]
    if wait:
        found = _wait(session, run, wait)
        _show(session, found)
        return
    session.result(answer, f"run {run} opened: see `amana pay show {run}`")


def _paid(rule_set: Any, period: str) -> str:
    try:
        return str(rule_set.paid(period))
    except ValueError as error:
        raise CommandError(f"{period!r} is not a month", "write it YYYY-MM", status=USAGE) from error


def _wait(session: Session, run: str, seconds: float) -> dict[str, Any]:
    deadline = time.monotonic() + seconds
    while True:
        found = session.client.get(target("runs", run))
        if found["digest"]:
            return found
        if time.monotonic() >= deadline:
            raise CommandError(
                f"run {run} is not computed after {seconds:.0f} seconds",
                f"look again with `amana pay show {run}`; `amana doctor` says whether a stage has stopped",
            )
        time.sleep(LOOK_EVERY)


@command(app, "list")
def show_all(
    session: Session,
    institution: Annotated[str | None, typer.Option(help="Only of this institution.")] = None,
    period: Annotated[str | None, typer.Option(help="Only of this month, YYYY-MM.")] = None,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List runs."""
    page = session.client.get(target("runs", institution=institution, period=period, limit=limit, after=after))
    session.listing(page, RUNS, empty="no run yet: open one with `amana pay run`")


@command(app, "show")
def show(session: Session, run: RunArgument) -> None:
    """Show a run: counts, control totals, digest, deliveries."""
    _show(session, session.client.get(target("runs", run)))


def _show(session: Session, found: dict[str, Any]) -> None:
    session.facts(found)
    if session.as_json:
        return
    if found["state"] == "waiting":
        session.remark("Not computed yet.")
    elif found["digest"] and not found["approvedBy"]:
        session.remark(
            f"To approve, another person: amana pay approve {found['code']} --digest {found['digest']} --operator KEYFILE"
        )
    elif found["approverAddedByOpener"]:
        session.remark("Note: who opened the run had registered the approver's account.")


@command(app, "explain")
def explain(
    session: Session,
    run: RunArgument,
    employee: Annotated[str | None, typer.Option("--employee", help="Employee number.")] = None,
    signal: Annotated[str | None, typer.Option("--signal", help="Id of a signal instead.")] = None,
) -> None:
    """Explain one employee's signal, step by step. The look is recorded."""
    if (employee is None) == (signal is None):
        raise CommandError("whose signal?", "name it with --employee or with --signal", status=USAGE)
    question = {"employee": employee} if employee is not None else {"signal": signal}
    found = session.client.ask(target("runs", run, "explain"), question)
    if session.as_json:
        session.print_json(found)
        return
    for one in found["signals"]:
        _explain(session, one)


def _explain(session: Session, signal: dict[str, Any]) -> None:
    rules = signal["ruleSet"]
    session.say(f"{signal['employeeId']}  {signal['earned']}, paid {signal['paid']}  {signal['status']}")
    session.say(f"rules {rules['id']} version {rules['version']}, least assurance: {signal['assurance']}")
    for reason in signal["reasons"]:
        session.say(f"  held: {reason['code']}: {reason['text']}")
    if signal["facts"]:
        session.say(f"  facts: {plain(signal['facts'])}")
    width = max((len(step["rule"]) for step in signal["steps"]), default=0)
    for step in signal["steps"]:
        session.say(f"  {step['rule'].ljust(width)}  {step['value']}  {step['text']}")
    if signal["net"] is not None:
        session.say(f"  gross {signal['gross']} - cut {signal['cut']} = net {signal['net']}")


@command(app, "approve")
def approve(
    session: Session,
    run: RunArgument,
    digest: Annotated[
        str | None, typer.Option("--digest", help="Digest that `amana pay show` printed; asked for otherwise.")
    ] = None,
) -> None:
    """Approve a computed run: by another person than the one who opened it."""
    if digest is None:
        found = session.client.get(target("runs", run))
        if not found["digest"]:
            raise CommandError(f"run {run} is not computed yet", f"look with `amana pay show {run}`")
        session.remark(f"{run}: {plain(found['counts'])}; {plain(found['totals'])}")
        session.remark(f"digest {found['digest']}")
        typer.confirm("Approve this?", abort=True)
        digest = found["digest"]
    answer = session.client.change("run.approve", {"run": run, "digest": digest})
    session.result(answer, f"run {run} approved: payroll gets it now")


@command(app, "export")
def export(
    session: Session,
    run: RunArgument,
    file: Annotated[Path, typer.Argument(help="File to write (mode 0600), one signal a line as JSON.")],
    status: Annotated[str | None, typer.Option("--status", help="ready or held.")] = None,
) -> None:
    """Write a run's opened signals to a file. The look is recorded."""
    import os

    from signing.jsontext import render

    count = 0
    after: str | None = None
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        while True:
            page = session.client.get(
                target("runs", run, "signals", status=status, full="true", limit=1000, after=after)
            )
            for signal in page["items"]:
                out.write(render(signal) + b"\n")
            count += len(page["items"])
            after = page["next"]
            if after is None:
                break
    session.result(
        {"file": str(file), "signals": count}, f"{count} signals written to {file}: personal data, keep it safe"
    )
