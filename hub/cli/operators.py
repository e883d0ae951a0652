"""`amana operator`: the people who may change things. An operator is a key pair; the hub knows the public half."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.failures import USAGE, CommandError
from hub.cli.operator_key import kept_if_taken, make_key, read_public_key
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Operators: people who may change things.")

COLUMNS = (
    Column("name", "name"),
    Column("person", "person"),
    Column("roles", "roles"),
    Column("key id", "keyId"),
    Column("state", lambda row: "suspended" if row["suspended"] else "active"),
)
CHANGES = (
    Column("position", "position", right=True),
    Column("at", "at"),
    Column("operator", lambda row: row["operator"] or row["keyId"][:16]),
    Column("change", "kind"),
    Column("outcome", lambda row: "accepted" if row["accepted"] else row["code"]),
    Column("touched", lambda row: ", ".join(row["touched"][:3]) + (" ..." if len(row["touched"]) > 3 else "")),
)
READS = (
    Column("position", "position", right=True),
    Column("at", "at"),
    Column("operator", lambda row: row["operator"] or row["keyId"][:16]),
    Column("read", "what"),
    Column("of", "of"),
    Column("opened", "count", right=True),
)


@command(app, "add")
def add(
    session: Session,
    name: Annotated[str, typer.Option(help="Short name of the account.")],
    person: Annotated[str, typer.Option(help="The person behind it: maker and checker differ by person.")],
    public_key: Annotated[Path | None, typer.Option("--public-key", help="The operator's public key.")] = None,
    generate_key: Annotated[
        Path | None, typer.Option("--generate-key", help="Make the key pair in this file instead.")
    ] = None,
    role: Annotated[
        list[str] | None, typer.Option("--role", help="admin, payroll or approver; may be repeated.")
    ] = None,
) -> None:
    """Register an operator."""
    if (public_key is None) == (generate_key is None):
        raise CommandError(
            "an operator needs one public key",
            "name it with --public-key, or make one with --generate-key",
            status=USAGE,
        )
    made = None if generate_key is None else make_key(generate_key)
    key = made.public if made is not None else read_public_key(public_key or Path())
    args = {"name": name, "person": person, "publicKey": key.pem(), "roles": role or ["admin"]}
    with kept_if_taken(made):
        answer = session.client.change("operator.add", args)
    text = f"operator {name} added, key {key.key_id}"
    session.result(answer, text if generate_key is None else f"{text}\nprivate key  {generate_key}")


@command(app, "list")
def show_all(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List operators."""
    page = session.client.get(target("operators", limit=limit, after=after))
    session.listing(page, COLUMNS, empty="no operator yet")


@command(app, "log")
def show_log(
    session: Session,
    reads: Annotated[
        bool, typer.Option("--reads", help="Who read personal data, instead of who changed what.")
    ] = False,
    limit: LimitOption = 50,
    after: AfterOption = None,
) -> None:
    """Show what operators did, newest first: changes, or reads of personal data."""
    found = session.client.get(target("audit" if reads else "changes", limit=limit, after=after))
    session.listing(found, READS if reads else CHANGES, empty="nothing yet")


@command(app, "suspend")
def suspend(session: Session, key_id: Annotated[str, typer.Argument(help="Key id of the operator.")]) -> None:
    """Refuse an operator's signature from now on."""
    answer = session.client.change("operator.suspend", {"keyId": key_id})
    session.result(answer, f"operator {key_id} suspended")
