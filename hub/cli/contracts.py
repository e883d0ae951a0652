"""`amana contract`: the contracts that records keep, canonical ones and those of the adapters' wire formats."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import CommandError
from hub.cli.terminal import Column, Session

app = group("Contracts: what records look like.")

COLUMNS = (Column("name", "name"), Column("version", "version"), Column("kind", "kind"), Column("title", "title"))


def _schemas() -> dict[str, dict[str, Any]]:
    """Every contract by name: `{"name", "version", "kind", "title", "schema"}`."""
    from adapters.kit.registry import find
    from schemas.contracts import CONTRACTS

    found: dict[str, dict[str, Any]] = {}
    for name, contract in CONTRACTS.items():
        title = str(contract.schema.get("title", name))
        found[name] = {
            "name": name,
            "version": contract.version,
            "kind": "canonical",
            "title": title,
            "schema": contract.schema,
        }
    for adapter in find().values():
        for exchange in adapter.manifest.exchanges:
            name = adapter.wire_contract(exchange.name)
            found[name] = {
                "name": name,
                "version": None,
                "kind": "wire",
                "title": exchange.title,
                "schema": None,
                "make": (adapter, exchange.name),
            }
    return found


def _schema(entry: dict[str, Any]) -> dict[str, Any]:
    if entry["schema"] is None:
        adapter, exchange = entry["make"]
        entry["schema"] = adapter.wire_schema(exchange)
    schema: dict[str, Any] = entry["schema"]
    return schema


@command(app, "list")
def show_all(
    session: Session,
    registry: Annotated[bool, typer.Option("--registry", help="What the hub's registry holds, by subject.")] = False,
    prefix: Annotated[str, typer.Option(help="With --registry: subjects that begin so.")] = "",
) -> None:
    """List contracts: those that are installed, or the subjects of the hub's registry."""
    if registry:
        from hub.cli.registered import list_registered

        list_registered(session, prefix)
        return
    rows = [
        {name: entry[name] for name in ("name", "version", "kind", "title")} for _, entry in sorted(_schemas().items())
    ]
    session.listing({"items": rows, "next": None}, COLUMNS, empty="no contract")


@command(app, "show")
def show(
    session: Session,
    name: Annotated[str, typer.Argument(help="Name, as `amana contract list` prints it, or a subject.")],
    version: Annotated[
        str | None, typer.Option(help="Version of that subject in the hub's registry: a number, or latest.")
    ] = None,
    notices: Annotated[
        bool, typer.Option("--notices", help="What was announced about it, to whom, and whether it arrived.")
    ] = False,
) -> None:
    """Print a contract as JSON Schema, or a version of a subject of the registry, or what was announced about it."""
    if notices:
        from hub.cli.contract_changes import show_notices

        show_notices(session, name)
        return
    if version is not None:
        from hub.cli.registered import show_registered

        show_registered(session, name, version)
        return
    entries = _schemas()
    if name not in entries:
        raise CommandError(
            f"there is no contract {name}",
            "look it up with `amana contract list`; a subject of the registry is shown with --version latest",
        )
    session.print_json(_schema(entries[name]))


@command(app, "export")
def export(
    session: Session,
    directory: Annotated[Path | None, typer.Argument(help="Directory to write the JSON Schemas to.")] = None,
    asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="The topics of the log as one AsyncAPI document.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="With --asyncapi: file to write to; else it is printed.")] = None,
) -> None:
    """Write every contract as a JSON Schema file, or the topics of the log as an AsyncAPI document."""
    import msgspec

    from signing.jsontext import render

    if asyncapi == (directory is not None) or (out is not None and not asyncapi):
        raise typer.BadParameter("a directory expected, or --asyncapi (with --out FILE)")
    if directory is None:
        _export_asyncapi(session, out)
        return
    directory.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for name, entry in sorted(_schemas().items()):
        path = directory / f"{name.replace(':', '.')}.json"
        path.write_bytes(msgspec.json.format(render(_schema(entry)), indent=2) + b"\n")
        written.append(str(path))
    session.result({"files": written}, f"{len(written)} contracts written to {directory}")


def _export_asyncapi(session: Session, out: Path | None) -> None:
    import msgspec

    from adapters.kit.registry import find
    from hub.asyncapi import make_document
    from signing.jsontext import render

    document = make_document(session.settings, adapters=find(), addresses=True)
    if out is None:
        session.print_json(document)
        return
    out.write_bytes(msgspec.json.format(render(document), indent=2) + b"\n")
    session.result({"file": str(out)}, f"{len(document['channels'])} channels written to {out}")
