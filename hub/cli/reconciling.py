"""`amana reconcile`: does everything add up? Exit status 1 when something does not."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from hub.cli.command import command
from hub.cli.paging import target
from hub.cli.terminal import Column, Session

COLUMNS = (
    Column("check", "name"),
    Column("expected", "expected", right=True),
    Column("actual", "actual", right=True),
    Column("", lambda row: "ok" if row["ok"] else "DIFFERS"),
)


def register(app: typer.Typer) -> None:
    command(app, "reconcile")(reconcile)


LOOK_EVERY = 0.3  # seconds


def reconcile(
    session: Session,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Seconds to give the stages to take what is still under way.")
    ] = 10,
) -> None:
    """Compare every control total with what the log and the index hold."""
    deadline = time.monotonic() + wait
    found = session.client.get(target("reconcile"))
    while not found["reconciled"] and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY)
        found = session.client.get(target("reconcile"))
    if session.as_json:
        session.print_json(found)
    else:
        session.table(found["checks"], COLUMNS, empty="nothing to compare yet")
        for name in ("admitted", "records", "refused", "deadLetters", "deliveries"):
            if found[name]:
                session.say(f"{name}: " + ", ".join(f"{count} {key}" for key, count in found[name].items()))
        session.say("everything reconciles" if found["reconciled"] else "NOT reconciled: see the lines that differ")
    if not found["reconciled"]:
        raise typer.Exit(1)
