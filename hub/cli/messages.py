"""`amana message`: the flow of one message: states and times, evidence, what came of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import USAGE, CommandError
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Messages: where they are and what came of them.")

COLUMNS = (
    Column("request id", "requestId"),
    Column("time", "time"),
    Column("kind", "kind"),
    Column("system", "system"),
    Column("code", "code"),
    Column("state", "state"),
    Column("detail", "detail"),
)
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept for ever, so name no person.")]
BodyOption = Annotated[bool, typer.Option("--body", help="What it says too, personal values masked; recorded.")]
UnmaskedOption = Annotated[bool, typer.Option("--unmasked", help="What it says, unmasked; recorded as such.")]
NameArgument = Annotated[str, typer.Argument(help="Id, or the request id that its sender got.")]


@command(app, "list")
def show_all(
    session: Session,
    system: Annotated[str | None, typer.Option(help="Only of this system.")] = None,
    institution: Annotated[str | None, typer.Option(help="Only of this institution.")] = None,
    code: Annotated[str | None, typer.Option(help="Only under this code.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state, such as refused.")] = None,
    kind: Annotated[str | None, typer.Option(help="inbox, out, pull or refused.")] = None,
    limit: LimitOption = 50,
    after: AfterOption = None,
) -> None:
    """List messages, newest first."""
    page = session.client.get(
        target(
            "messages",
            system=system,
            institution=institution,
            code=code,
            state=state,
            kind=kind,
            limit=limit,
            after=after,
        )
    )
    session.listing(page, COLUMNS, empty="no such message")


@command(app, "show")
def show(session: Session, name: NameArgument, body: BodyOption = False, unmasked: UnmaskedOption = False) -> None:
    """Show one message: states with times, and what proves it."""
    show_facts(session, session.client.get(target("messages", name)), name if body or unmasked else None, unmasked)


def show_facts(session: Session, facts: dict[str, Any], message: str | None, unmasked: bool) -> None:
    """Facts, and what the message says when it is asked for. Looking is recorded."""
    if message is not None:
        asked = {"full": "true"} if unmasked else {}
        facts = facts | {"body": session.client.get(target("messages", message, "body", **asked))["body"]}
    session.facts(facts)


@command(app, "trace")
def trace(session: Session, name: NameArgument) -> None:
    """Show what came of one message: records, dead letters, deliveries."""
    found = session.client.get(target("messages", name, "trace"))
    if session.as_json:
        session.print_json(found)
        return
    message = found["message"]
    session.say(f"{message['requestId']}  {message['system']} {message['code']}  {message['state']}")
    for event in message["events"]:
        session.say(f"  {event['at']}  {event['state']}" + (f" ({event['detail']})" if event["detail"] else ""))
    if message["pull"] is not None:
        session.say(f"  asked of {message['pull']['provider']}")
    for step in found["steps"]:
        states = ", ".join(f"{count} {state}" for state, count in step["states"].items())
        session.say(f"  -> {step['count']} {step['what']}" + (f" ({states})" if states else ""))
    for letter in found["deadLetters"]:
        row = "" if letter["row"] is None else f" row {letter['row']}"
        session.say(f"  !  {letter['code']}{row}: {letter['happened']} {letter['reason']}".rstrip())
        session.say(f"     do: {letter['remedy']}")


@command(app, "erase")
def erase(
    session: Session,
    names: Annotated[list[str], typer.Argument(help="Ids or request ids.")],
    reason: Annotated[str, typer.Option(help="Why; kept for ever, so name no person.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy the secrets of messages: their bodies and all that was made of them can never be read again."""
    ids = [session.client.get(target("messages", name))["id"] for name in names]
    if not yes:
        typer.confirm(f"Erase {len(ids)} messages for ever?", abort=True)
    answer = session.client.change("message.erase", {"ids": ids, "reason": reason})
    session.result(answer, f"erasure of {len(ids)} messages ordered")


@command(app, "confirm")
def confirm(session: Session, name: NameArgument, reason: ReasonOption) -> None:
    """Record that the receiver has an unproven delivery: somebody asked and was told so."""
    _decide(session, name, "confirm", reason, "confirmed: what waits behind it goes on")


@command(app, "retry")
def retry(session: Session, name: NameArgument, reason: ReasonOption) -> None:
    """Send an unproven or dead delivery again, under the same request id."""
    _decide(session, name, "retry", reason, "it is sent again under the same request id")


@command(app, "discard")
def discard(session: Session, name: NameArgument, reason: ReasonOption) -> None:
    """Give up an unproven or dead delivery."""
    _decide(session, name, "discard", reason, "discarded: what waits behind it goes on")


def _decide(session: Session, name: str, verdict: str, reason: str, done: str) -> None:
    found = session.client.get(target("messages", name))
    if found["kind"] != "out":
        raise CommandError(
            "that message came in: only a delivery is decided on", "see `amana message list --kind out`", status=USAGE
        )
    session.result(session.client.change(f"delivery.{verdict}", {"id": found["id"], "reason": reason}), done)
