"""`amana adapter`: what the hub can talk to, and how a new one begins."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.command import command, group
from hub.cli.failures import CommandError
from hub.cli.terminal import Column, Session

if TYPE_CHECKING:
    from adapters.kit.manifest import Exchange
    from adapters.kit.registry import Adapter

app = group("Adapters: one folder per external system.")

COLUMNS = (
    Column("id", "id"),
    Column("title", "title"),
    Column("level", "level"),
    Column("exchanges", "exchanges"),
    Column("routes", "routes"),
    Column("gaps", lambda row: len(row["gaps"]), right=True),
)


@command(app, "list")
def show_all(session: Session) -> None:
    """List adapters with their exchanges."""
    from adapters.kit.registry import find

    rows = [
        {
            "id": adapter.id,
            "title": adapter.manifest.title,
            "owner": adapter.manifest.owner,
            "level": adapter.manifest.level,
            "exchanges": [f"{exchange.name} ({exchange.direction})" for exchange in adapter.manifest.exchanges],
            "routes": [route.path for route in adapter.manifest.routes],
            "gaps": list(adapter.manifest.gaps),
        }
        for adapter in find().values()
    ]
    session.listing({"items": rows, "next": None}, COLUMNS, empty="no adapter is installed")


def find_exchange(adapter_id: str, exchange: str) -> tuple[Adapter, Exchange]:
    """An exchange of an installed adapter, or a failure that names what there is."""
    from adapters.kit.registry import find

    found = find()
    adapter = found.get(adapter_id)
    if adapter is None:
        raise CommandError(f"there is no adapter {adapter_id}", f"choose one of: {', '.join(sorted(found))}")
    for known in adapter.manifest.exchanges:
        if known.name == exchange:
            return adapter, known
    names = ", ".join(known.name for known in adapter.manifest.exchanges)
    raise CommandError(f"adapter {adapter_id} has no exchange {exchange}", f"choose one of: {names}")


def api_arguments(code: str, adapter_id: str, exchange: str) -> dict[str, Any]:
    """Arguments of `api.add`, filled in from the manifest: the signed change says all of it."""
    adapter, found = find_exchange(adapter_id, exchange)
    return {
        "code": code,
        "adapter": adapter_id,
        "exchange": exchange,
        "direction": found.direction,
        "contract": adapter.wire_contract(exchange),
        "dedupe": found.dedupe.rule,
        "fields": list(found.dedupe.fields) if found.dedupe.rule == "natural-key" else [],
        "assurance": found.assurance,
    }


@command(app, "check")
def check(
    session: Session,
    name: Annotated[str | None, typer.Argument(help="Id of an adapter; all of them otherwise.")] = None,
    folder: Annotated[Path | None, typer.Option("--in", help="Folder of the adapters.")] = None,
) -> None:
    """Run the adapter laws: manifest, imports, golden cases."""
    from adapters.kit.check import check as check_one
    from adapters.kit.registry import ROOT, find

    root = folder or ROOT
    names = [name] if name is not None else sorted(find(root))
    rows = [finding._asdict() for one in names for finding in check_one(one, root)]
    if session.as_json:
        session.print_json({"ok": not rows, "checked": names, "findings": rows})
    else:
        columns = (Column("adapter", "adapter"), Column("law", "law"), Column("breaks it", "text"))
        session.table(rows, columns, empty=f"every law holds: {', '.join(names)}")
    if rows:
        raise typer.Exit(1)


@command(app, "new")
def new(
    session: Session,
    name: Annotated[str, typer.Argument(help="Id: small letters, digits, underscores.")],
    folder: Annotated[Path | None, typer.Option("--in", help="Folder of the adapters.")] = None,
) -> None:
    """Begin a new adapter from the template; it passes the suite as it is."""
    from adapters.kit.errors import AdapterError
    from adapters.kit.new import create
    from adapters.kit.registry import ROOT

    try:
        made = create(name, folder or ROOT)
    except AdapterError as error:
        raise CommandError(f"no adapter made: {error.reason}", "choose another name") from error
    session.result({"folder": str(made)}, f"{made} made: describe the system in manifest.toml first")
