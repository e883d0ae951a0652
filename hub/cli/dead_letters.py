"""`amana dead-letter`: what a stage could not take, and what to do about it."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Dead letters: what could not be taken.")

COLUMNS = (
    Column("id", lambda row: row["id"][:16]),
    Column("time", "at"),
    Column("stage", "stage"),
    Column("code", "code"),
    Column("reason", "reason"),
    Column("row", "row", right=True),
    Column("state", "state"),
)


@command(app, "list")
def show_all(
    session: Session,
    stage: Annotated[str | None, typer.Option(help="Only of this stage.")] = None,
    code: Annotated[str | None, typer.Option(help="Only with this stable code.")] = None,
    state: Annotated[str | None, typer.Option(help="open, retried, skipped or discarded.")] = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
) -> None:
    """List dead letters, newest first."""
    place = target("dead-letters", stage=stage, code=code, state=state, limit=limit, after=after)
    session.listing(session.client.get(place), COLUMNS, empty="no dead letter")


@command(app, "show")
def show(session: Session, name: Annotated[str, typer.Argument(help="Id of the dead letter, or its start.")]) -> None:
    """Show one dead letter: what happened, whose message it is, what to do."""
    session.facts(session.client.get(target("dead-letters", name)))
