"""`amana dead-letter`: what a stage could not take, and what to do about it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import CommandError
from hub.cli.messages import BodyOption, UnmaskedOption, show_facts
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

DELIVERY = "deliver"  # the stage whose dead letters are deliveries

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


GROUPS = (
    Column("count", "count", right=True),
    Column("stage", "stage"),
    Column("code", "code"),
    Column("system", "system"),
    Column("reason", "reason"),
    Column("do", "remedy"),
)
NameArgument = Annotated[str, typer.Argument(help="Id of the dead letter, or its start.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept for ever, so name no person.")]


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
def show(session: Session, name: NameArgument, body: BodyOption = False, unmasked: UnmaskedOption = False) -> None:
    """Show one dead letter: what happened, whose message it is, what to do."""
    found = _letter(session, name)
    show_facts(session, found, found["message"] if body or unmasked else None, unmasked)


@command(app, "groups")
def groups(
    session: Session,
    state: Annotated[str, typer.Option(help="open, retried, skipped or discarded.")] = "open",
) -> None:
    """Count dead letters by stage, code, system and reason: one cause is one line."""
    session.listing(session.client.get(target("dead-letters", "groups", state=state)), GROUPS, empty="no dead letter")


@command(app, "retry")
def retry(session: Session, name: NameArgument, reason: ReasonOption) -> None:
    """Send a dead delivery again, under the same request id."""
    letter = _letter(session, name)
    if letter["stage"] != DELIVERY:
        raise CommandError(
            f"a dead letter of {letter['stage']} cannot be retried yet: that is a replay, which this version has not",
            "correct the cause and let the sender send again, then `amana dead-letter discard` this one",
        )
    answer = session.client.change("delivery.retry", {"id": letter["message"], "reason": reason})
    session.result(answer, "it is sent again under the same request id; what waits behind it goes on once it is taken")


@command(app, "skip")
def skip(session: Session, name: NameArgument, reason: ReasonOption) -> None:
    """Pass over a dead delivery: what waits behind it goes on."""
    letter = _letter(session, name)
    if letter["stage"] != DELIVERY:
        raise CommandError(
            f"nothing waits behind a dead letter of {letter['stage']}", "`amana dead-letter discard` it instead"
        )
    answer = session.client.change("delivery.skip", {"id": letter["message"], "reason": reason})
    session.result(answer, "skipped: what waits behind it goes on")


@command(app, "discard")
def discard(session: Session, name: NameArgument, reason: ReasonOption) -> None:
    """Give up what a dead letter is about: nobody tries it again, and it counts as open no more."""
    letter = _letter(session, name)
    if letter["stage"] == DELIVERY:
        kind, about = "delivery.discard", letter["message"]
    else:
        kind, about = "dead-letter.discard", letter["id"]
    answer = session.client.change(kind, {"id": about, "reason": reason})
    session.result(answer, "discarded")


def _letter(session: Session, name: str) -> dict[str, Any]:
    return session.client.get(target("dead-letters", name))
