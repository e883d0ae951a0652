"""`amana subscription`: which system gets what, in which order, where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import USAGE, CommandError
from hub.cli.options import pairs
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session


def _topic(row: Mapping[str, Any]) -> str:
    return f"(topic {row['topic']})" if row["topic"] else ""


app = group("Subscriptions: which system gets what.")

COLUMNS = (
    Column("id", "id"),
    Column("system", "system"),
    Column("gets", lambda row: row["code"] or row["contract"]),
    Column("of", lambda row: row["institution"] or "every institution"),
    Column("ordered", "ordered"),
    Column("state", lambda row: "paused" if row["paused"] else "active"),
    Column("url", lambda row: "(collects)" if row["collect"] else _topic(row) or row["url"]),
    Column("waiting", "waiting", right=True),
    Column("oldest", "oldestAt"),
)
IdArgument = Annotated[str, typer.Argument(help="Id of the subscription.")]


@command(app, "add")
def add(
    session: Session,
    system: Annotated[str, typer.Option(help="Code of the system that gets it.")],
    code: Annotated[str | None, typer.Option(help="Outgoing or relayed code, such as the file of a payroll.")] = None,
    contract: Annotated[str | None, typer.Option(help="Canonical contract, instead of a code.")] = None,
    institution: Annotated[str | None, typer.Option(help="Only what is about this institution.")] = None,
    subscription_id: Annotated[str | None, typer.Option("--id", help="Id to give it; made up otherwise.")] = None,
    unordered: Annotated[
        bool, typer.Option("--unordered", help="Do not hold back later messages behind a failing one.")
    ] = False,
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", help="Where to deliver; the system's endpoint otherwise.")
    ] = None,
    collect: Annotated[
        bool,
        typer.Option("--collect", help="The system is not called: it reads its outbox (code OUTBOX) and confirms."),
    ] = False,
    option: Annotated[list[str] | None, typer.Option("--option", help="Option for the adapter, name=value.")] = None,
) -> None:
    """Subscribe a system to an outgoing code, or to a canonical contract."""
    if (code is None) == (contract is None):
        raise CommandError("a subscription needs one object", "name it with --code or with --contract", status=USAGE)
    answer = session.client.change(
        "subscription.add",
        {
            "id": subscription_id,
            "system": system,
            "code": code,
            "contract": contract,
            "institution": institution,
            "ordered": not unordered,
            "url": endpoint,
            "collect": collect,
            "options": pairs(option),
        },
    )
    session.result(answer, f"subscription {answer['result']['id']} added: {system} gets {code or contract}")


@command(app, "list")
def show_all(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List subscriptions."""
    page = session.client.get(target("subscriptions", limit=limit, after=after))
    session.listing(page, COLUMNS, empty="no subscription yet: add one with `amana subscription add`")


@command(app, "pause")
def pause(session: Session, subscription_id: IdArgument) -> None:
    """Stop delivering; what comes in waits."""
    answer = session.client.change("subscription.pause", {"id": subscription_id})
    session.result(answer, f"subscription {subscription_id} paused: what comes in waits")


@command(app, "resume")
def resume(session: Session, subscription_id: IdArgument) -> None:
    """Deliver again, from where it stopped."""
    answer = session.client.change("subscription.resume", {"id": subscription_id})
    session.result(answer, f"subscription {subscription_id} active again")
