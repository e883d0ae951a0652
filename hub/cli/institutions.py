"""`amana institution`: who exchanges."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Institutions that exchange over the hub.")

COLUMNS = (Column("code", "code"), Column("name", "name"), Column("part of", "parent"))


@command(app, "add")
def add(
    session: Session,
    code: Annotated[str, typer.Option(help="Short code: capital letters, digits, dashes.")],
    name: Annotated[str, typer.Option(help="Name as people know it.")],
    parent: Annotated[str | None, typer.Option(help="Code of the institution it is part of.")] = None,
) -> None:
    """Add an institution."""
    answer = session.client.change("institution.add", {"code": code, "name": name, "parent": parent})
    session.result(answer, f"institution {code} added")


@command(app, "list")
def show_all(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List institutions."""
    page = session.client.get(target("institutions", limit=limit, after=after))
    session.listing(page, COLUMNS, empty="no institution yet: add one with `amana institution add`")
