"""`amana identity`: whose number is whose, where that is not clear."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.paging import target
from hub.cli.terminal import Column, Session

app = group("Numbers of employees, and where they contradict each other.")

COLUMNS = (
    Column("institution", "institution"),
    Column("kind", "kind"),
    Column("numbers", lambda row: ", ".join(row["numbers"])),
    Column("employees", lambda row: ", ".join(row["employees"])),
    Column("links", lambda row: ", ".join(row["links"])),
    Column("what to do", "text"),
)


@command(app, "conflicts")
def conflicts(
    session: Session,
    institution: Annotated[str | None, typer.Option("--institution", help="Only those of this institution.")] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="The numbers too; recorded as such.")] = False,
) -> None:
    """List numbers of employees that contradict each other; a person puts them right. The look is recorded."""
    asked = {"full": "true"} if unmasked else {}
    found = session.client.get(target("identity", "conflicts", institution=institution, **asked))
    session.listing({**found, "next": None}, COLUMNS, empty="no number contradicts another")
