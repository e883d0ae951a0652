"""`amana institution` and `amana unit`: who exchanges, and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Institutions that exchange over the hub.")

units = group("Units of institutions: directorates, hospitals, schools.")

COLUMNS = (Column("code", "code"), Column("name", "name"), Column("part of", "parent"))
UNITS = (
    Column("institution", "institution"),
    Column("code", "code"),
    Column("name", "name"),
    Column("part of", "parent"),
)


def indented(row: Mapping[str, Any]) -> str:
    """The code, as deep as it lies."""
    return "  " * int(row["depth"]) + str(row["code"])


TREE = (
    Column("code", indented),
    Column("is", lambda row: "system, suspended" if row["suspended"] else row["kind"]),
    Column("name", "name"),
)


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
def show_all(
    session: Session,
    tree: Annotated[
        bool, typer.Option("--tree", help="With their units and systems, each below what it is part of.")
    ] = False,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List institutions."""
    empty = "no institution yet: add one with `amana institution add`"
    if tree:
        found = session.client.get(target("tree", limit=limit, after=after))
        session.listing(found, TREE, empty=empty)
        return
    page = session.client.get(target("institutions", limit=limit, after=after))
    session.listing(page, COLUMNS, empty=empty)


@command(units, "add")
def add_unit(
    session: Session,
    institution: Annotated[str, typer.Option(help="Code of its institution.")],
    code: Annotated[str, typer.Option(help="Short code, unique in the institution.")],
    name: Annotated[str, typer.Option(help="Name as people know it.")],
    parent: Annotated[str | None, typer.Option(help="Code of the unit it is part of.")] = None,
) -> None:
    """Add a unit."""
    args = {"institution": institution, "code": code, "name": name, "parent": parent}
    answer = session.client.change("unit.add", args)
    session.result(answer, f"unit {code} of {institution} added")


@command(units, "list")
def show_units(
    session: Session,
    institution: Annotated[str | None, typer.Option(help="Only of this institution.")] = None,
    limit: LimitOption = 100,
    after: AfterOption = None,
) -> None:
    """List units."""
    page = session.client.get(target("units", institution=institution, limit=limit, after=after))
    session.listing(page, UNITS, empty="no unit yet: add one with `amana unit add`")
