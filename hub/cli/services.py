"""`amana services`: what a hub offers, as everybody may see it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Services: who offers what, under which contract, and how to ask.")


def offered_by(row: Any) -> str:
    return str(row["offeredBy"]["name"]) if row["offeredBy"] else "the hub"


COLUMNS = (
    Column("code", "code"),
    Column("direction", "direction"),
    Column("offered by", offered_by),
    Column("contract", lambda row: row["contract"]["name"]),
    Column("request", lambda row: row["requestContract"] and row["requestContract"]["name"]),
    Column("how", "how"),
)


@command(app, "list")
def show_all(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List services of a hub; needs no operator."""
    with session.stranger() as client:
        page = client.public(target("services", limit=limit, after=after))
    session.listing(page, COLUMNS, empty="this hub offers nothing yet")


@command(app, "contract")
def show_contract(
    session: Session, name: Annotated[str, typer.Argument(help="Name of the contract, as the list prints it.")]
) -> None:
    """Print a contract of a hub as JSON Schema; needs no operator."""
    with session.stranger() as client:
        session.print_json(client.public(target("contracts", name)))
