"""`amana api` and `amana grant`: which codes exist, and which system may use them."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Codes: what is exchanged, through which adapter.")
grants = group("Grants: which system may use which code.")

API_COLUMNS = (
    Column("code", "code"),
    Column("adapter", "adapter"),
    Column("exchange", "exchange"),
    Column("direction", "direction"),
    Column("contract", "contract"),
    Column("repeats by", "dedupe"),
)
GRANT_COLUMNS = (
    Column("system", "system"),
    Column("code", "code"),
    Column("state", lambda row: "granted" if row["active"] else "revoked"),
)

SystemOption = Annotated[str, typer.Option("--system", help="Code of the system.")]
CodeOption = Annotated[str, typer.Option("--code", help="Code that it may use.")]


@command(app, "add")
def add(
    session: Session,
    code: Annotated[str, typer.Option(help="The code that senders put into pushCode.")],
    adapter: Annotated[str, typer.Option(help="Id of the adapter (`amana adapter list`).")],
    exchange: Annotated[str, typer.Option(help="Exchange of the adapter's manifest.")],
    window_hours: Annotated[
        int | None, typer.Option("--window-hours", min=1, help="Where repeats are told by time: how long.")
    ] = None,
) -> None:
    """Add a code. Direction, contract and dedupe rule come from the adapter's manifest."""
    from hub.cli.adapters import api_arguments

    args = api_arguments(code, adapter, exchange)
    if window_hours is not None:
        args["windowMs"] = window_hours * 3_600_000
    answer = session.client.change("api.add", args)
    session.result(answer, f"code {code} added: {adapter}.{exchange}, {args['direction']}")


@command(app, "list")
def show_all(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List codes."""
    page = session.client.get(target("apis", limit=limit, after=after))
    session.listing(page, API_COLUMNS, empty="no code yet: add one with `amana api add`")


@command(grants, "add")
def grant(session: Session, system: SystemOption, code: CodeOption) -> None:
    """Let a system use a code."""
    answer = session.client.change("grant.add", {"system": system, "code": code})
    session.result(answer, f"system {system} may use {code}")


@command(grants, "revoke")
def revoke(session: Session, system: SystemOption, code: CodeOption) -> None:
    """Take a grant back."""
    answer = session.client.change("grant.revoke", {"system": system, "code": code})
    session.result(answer, f"system {system} may no longer use {code}")


@command(grants, "list")
def show_grants(
    session: Session,
    system: Annotated[str | None, typer.Option(help="Only of this system.")] = None,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List grants."""
    page = session.client.get(target("grants", system=system, limit=limit, after=after))
    session.listing(page, GRANT_COLUMNS, empty="no grant yet: add one with `amana grant add`")
