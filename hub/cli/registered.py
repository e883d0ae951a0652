"""`amana contract register`, `list --registry`, `show --version`: the schemas that a hub's registry holds.

Rule: reading needs no operator; registering is signed by one, over method, target and body.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from hub.cli.command import command
from hub.cli.contracts import app as app  # noqa: PLC0414 - the group goes on: `contract_changes` adds to it
from hub.cli.failures import USAGE, CommandError
from hub.cli.terminal import Column, Session

if TYPE_CHECKING:
    from hub.control.client import HubClient

COLUMNS: Final = (
    Column("subject", "subject"),
    Column("version", "version", right=True),
    Column("id", "id", right=True),
    Column("kind", lambda row: row.get("schemaType", "AVRO")),
)


@contextmanager
def anybody(session: Session) -> Iterator[HubClient]:
    """The hub, asked without a key."""
    client = session.stranger()
    try:
        yield client
    finally:
        client.close()


def list_registered(session: Session, prefix: str) -> None:
    """The latest version of each subject."""
    with anybody(session) as client:
        rows: list[dict[str, Any]] = []
        while True:
            found = client.registry(
                "GET", f"/schemas?latestOnly=true&subjectPrefix={quote(prefix)}&limit=1000&offset={len(rows)}"
            )
            rows += found
            if len(found) < 1000:
                break
    session.listing({"items": rows, "next": None}, COLUMNS, empty="no subject")


def show_registered(session: Session, subject: str, version: str) -> None:
    """The schema of a version, as it is registered."""
    with anybody(session) as client:
        session.print_json(client.registry("GET", f"/subjects/{quote(subject, safe='')}/versions/{version}/schema"))


@command(app, "register")
def register(
    session: Session,
    file: Annotated[Path, typer.Argument(help="File with the schema.", exists=True, dir_okay=False)],
    subject: Annotated[str, typer.Option(help="Subject of the registry.")],
    kind: Annotated[str, typer.Option("--type", help="JSON or AVRO.")] = "JSON",
    reference: Annotated[
        list[str] | None,
        typer.Option(help="What the schema refers to, as NAME=SUBJECT:VERSION; may be repeated."),
    ] = None,
    normalize: Annotated[bool, typer.Option("--normalize", help="Let the order of members not matter.")] = False,
) -> None:
    """Register a schema under a subject, unless it breaks the versions before it."""
    body = {
        "schema": file.read_text(encoding="utf-8"),
        "schemaType": kind.upper(),
        "references": [_reference(text) for text in reference or ()],
    }
    place = f"/subjects/{quote(subject, safe='')}"
    query = "?normalize=true" if normalize else ""
    session.client.registry("POST", f"{place}/versions{query}", body, signed=True)
    found = session.client.registry("POST", f"{place}{query}", body)
    made = {name: found[name] for name in ("subject", "version", "id")}
    session.result(made, f"version {made['version']} of {made['subject']}, id {made['id']}")


def _reference(text: str) -> dict[str, Any]:
    name, _, place = text.rpartition("=")
    subject, _, version = place.rpartition(":")
    if not name or not subject or not version.isdigit():
        raise CommandError(f"{text} is no reference", "write it as NAME=SUBJECT:VERSION", status=USAGE)
    return {"name": name, "subject": subject, "version": int(version)}
